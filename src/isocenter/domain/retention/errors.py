"""What can go wrong around retention and destruction.

Invalid  ├── InvalidPolicy
         └── InvalidVisit
NotFound ├── UnknownVisit
         └── UnknownDestruction
Conflict ├── NotInThisState     the step does not follow from where the study or the proposal stands
         ├── VisitKnown         the same visit is recorded with other days
         ├── AlreadyDischarged
         └── ClockLeapt         the clock went far ahead since the last day that was believed
Refused  ├── SamePerson         nobody approves twice
         └── SamePower          two approvals come from two powers
"""

from __future__ import annotations

from isocenter.kit.errors import Conflict, Invalid, NotFound, Refused


class InvalidPolicy(Invalid):
    """A number of years that nobody can mean; `attribute` in the fields says which."""

    reason = "invalid-retention-policy"


class InvalidVisit(Invalid):
    """A day that is no day, lies in the future, or a discharge before the admission."""

    reason = "invalid-visit"


class UnknownVisit(NotFound):
    """The caller's institution has no such visit or stay, or it was withdrawn."""

    reason = "unknown-visit"


class UnknownDestruction(NotFound):
    """The caller's institution has no such proposal."""

    reason = "unknown-destruction"


class NotInThisState(Conflict):
    """The step does not follow from where the study or the proposal stands; `state` in the fields says where."""

    reason = "not-in-this-state"


class VisitKnown(Conflict):
    """The same visit is recorded with other days: withdraw that one first."""

    reason = "visit-known"


class AlreadyDischarged(Conflict):
    """The stay has ended before."""

    reason = "already-discharged"


class ClockLeapt(Conflict):
    """The clock went far ahead since the last day that was believed: somebody has to say that it is right."""

    reason = "clock-leapt"


class SamePerson(Refused):
    """Nobody approves a destruction twice."""

    reason = "same-person"


class SamePower(Refused):
    """The two approvals of a destruction come from two powers: administration, security, medicine."""

    reason = "same-power"
