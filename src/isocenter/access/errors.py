"""What can go wrong when somebody asks to come in.

Refused   ├── NotSignedIn        no valid session or bearer token
          └── BadCredentials     wrong user name or password (never says which)
Exhausted └── TooManyAttempts    sign-in is slowed down for this name at this address
Invalid   ├── WeakPassword
          ├── InvalidUsername
          ├── InvalidRole
          └── RolesKeptApart
NotFound  ├── UnknownEnrolment   never issued, used or expired (never says which)
          ├── UnknownUser
          ├── UnknownToken
          └── UnknownInstitution
Conflict  └── UsernameTaken
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
