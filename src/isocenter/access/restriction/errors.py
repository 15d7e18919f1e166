"""What can go wrong around restricted patients.

Invalid  ├── InvalidRestriction
         └── InvalidReason
NotFound ├── UnknownPatient
         ├── UnknownRestriction
         ├── UnknownCare
         └── UnknownAccess      nothing under this number, or no such access to review
Conflict ├── AlreadyRestricted
         ├── NotRestricted      there is no glass to break
         └── AlreadyReviewed
Refused  ├── OwnAccess          nobody judges, or gives, access of her own
         └── PeopleOnly         a program breaks no glass
"""

from __future__ import annotations

from isocenter.kit.errors import Conflict, Invalid, NotFound, Refused


class InvalidRestriction(Invalid):
    """No kind of restriction, no such source or time of care; `attribute` in the fields says which."""

    reason = "invalid-restriction"


class InvalidReason(Invalid):
    """The reason is missing, too short or too long."""

    reason = "invalid-reason"


class UnknownPatient(NotFound):
    """The caller's institution has no such patient."""

    reason = "unknown-patient"


class UnknownRestriction(NotFound):
    """The patient has no such restriction, or it was lifted."""

    reason = "unknown-restriction"


class UnknownCare(NotFound):
    """There is no such care relationship, or it has ended."""

    reason = "unknown-care-relationship"


class UnknownAccess(NotFound):
    """Nothing is known under this number."""

    reason = "unknown-access"


class AlreadyRestricted(Conflict):
    """The patient has this restriction already."""

    reason = "already-restricted"


class NotRestricted(Conflict):
    """The caller sees this already: there is no glass to break."""

    reason = "not-restricted"


class AlreadyReviewed(Conflict):
    """Somebody has judged this access before."""

    reason = "already-reviewed"


class OwnAccess(Refused):
    """Nobody judges her own access, nor gives herself any."""

    reason = "own-access"


class PeopleOnly(Refused):
    """Only a person breaks the glass."""

    reason = "people-only"
