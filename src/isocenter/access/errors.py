"""What can go wrong when somebody asks to come in.

Refused   ├── NotSignedIn        no valid session or bearer token
          └── BadCredentials     wrong user name or password (never says which)
Exhausted └── TooManyAttempts    sign-in is slowed down for this name at this address
Invalid   ├── WeakPassword
          ├── InvalidUsername
          ├── InvalidRole
          ├── RolesKeptApart
          ├── InvalidInstitution
          └── InvalidDepartment
NotFound  ├── UnknownEnrolment   never issued, used or expired (never says which)
          ├── UnknownUser
          ├── UnknownToken
          ├── UnknownInstitution
          └── UnknownDepartment
Conflict  ├── UsernameTaken
          ├── LastAdministrator  nobody would be left to administer
          ├── InstitutionExists
          ├── InstitutionInUse   it cannot be deactivated, or already has an administrator
          ├── DepartmentExists
          └── DepartmentInUse
"""

from __future__ import annotations

from isocenter.kit.errors import Conflict, Exhausted, Invalid, NotFound, Refused


class NotSignedIn(Refused):
    """No valid session or bearer token."""

    reason = "not-signed-in"


class BadCredentials(Refused):
    """Wrong user name or password; never says which."""

    reason = "bad-credentials"


class TooManyAttempts(Exhausted):
    """Sign-in is slowed down for this name at this address."""

    reason = "too-many-attempts"


class WeakPassword(Invalid):
    """The password breaks a rule; the message says which, the fields never hold the password."""

    reason = "weak-password"


class InvalidUsername(Invalid):
    """The user name has other characters or another length than user names have."""

    reason = "invalid-username"


class InvalidRole(Invalid):
    """There is no such role for people or programs."""

    reason = "invalid-role"


class RolesKeptApart(Invalid):
    """Administration, security and audit are not given to one person."""

    reason = "roles-kept-apart"


class UnknownEnrolment(NotFound):
    """The enrolment link was never issued, is used up or has expired."""

    reason = "unknown-enrolment"


class UnknownUser(NotFound):
    """There is no such user in this institution."""

    reason = "unknown-user"


class UnknownToken(NotFound):
    """There is no such bearer token in this institution."""

    reason = "unknown-token"


class UnknownInstitution(NotFound):
    """There is no such institution."""

    reason = "unknown-institution"


class UsernameTaken(Conflict):
    """Another user has this name."""

    reason = "username-taken"


class InvalidInstitution(Invalid):
    """The code or a name of an institution has another form than they have."""

    reason = "invalid-institution"


class InvalidDepartment(Invalid):
    """The code or a name of a department has another form than they have."""

    reason = "invalid-department"


class UnknownDepartment(NotFound):
    """There is no such department in this institution."""

    reason = "unknown-department"


class LastAdministrator(Conflict):
    """Nobody would be left to administer the institution, or the region."""

    reason = "last-administrator"


class InstitutionExists(Conflict):
    """Another institution has this code or name."""

    reason = "institution-exists"


class InstitutionInUse(Conflict):
    """The institution cannot be deactivated, or has what it was to get."""

    reason = "institution-in-use"


class DepartmentExists(Conflict):
    """Another department of the institution has this code or name."""

    reason = "department-exists"


class DepartmentInUse(Conflict):
    """People or devices are in the department."""

    reason = "department-in-use"
