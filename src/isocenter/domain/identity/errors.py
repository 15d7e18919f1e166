"""What identity and correction refuse, and why."""

from __future__ import annotations

from isocenter.kit.errors import Conflict, Invalid, NotFound


class InvalidCorrection(Invalid):
    """What should be corrected cannot be, or not to this value; `attribute` in the fields says which."""

    reason = "invalid-correction"


class UnknownPatient(NotFound):
    """The caller's institution has no such patient, or the patient no such identifier."""

    reason = "unknown-patient"


class UnknownCorrection(NotFound):
    """The caller's institution has no such correction."""

    reason = "unknown-correction"


class UnknownVersion(NotFound):
    """No such version of an instance is kept aside, or it came in another study or series."""

    reason = "unknown-version"


class UnknownTask(NotFound):
    """The caller's institution has no such quality task."""

    reason = "unknown-task"


class AlreadyUndone(Conflict):
    """The correction was undone before."""

    reason = "already-undone"


class AlreadyResolved(Conflict):
    """Somebody resolved the quality task before."""

    reason = "already-resolved"


class CorrectedSince(Conflict):
    """A later correction builds on this one; `correction_id` in the fields says which."""

    reason = "corrected-since"


class PatientIsMerged(Conflict):
    """The patient was merged into another: correct that one."""

    reason = "patient-is-merged"


class IdentifierInUse(Conflict):
    """Another patient has the identifier, or studies are under it."""

    reason = "identifier-in-use"
