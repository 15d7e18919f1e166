"""What the archive refuses, and why (doors translate: `adapters/dimse/status.py`, `adapters/dicomweb/errors.py`)."""

from __future__ import annotations

from isocenter.kit.errors import Conflict, Exhausted, Invalid, NotFound


class DataSetMismatch(Invalid):
    """The data set names another SOP class or instance than the message that carried it (PS3.4 B.2.3, A900)."""

    reason = "data-set-mismatch"


class StudyMismatch(Invalid):
    """The object belongs to another study than the one in the address it was sent to (PS3.18 10.5.1)."""

    reason = "study-mismatch"


class InvalidSender(Invalid):
    """What is said of a sender is no character set or no issuer of patient IDs."""

    reason = "invalid-sender"


class NotDeleted(NotFound):
    """The caller's institution has no deleted study of this UID."""

    reason = "not-deleted"


class ObjectTooLarge(Invalid):
    """The object is larger than this archive receives."""

    reason = "object-too-large"


class ArchiveStopping(Exhausted):
    """The process is being stopped; the sender's retry will find the next one."""

    reason = "archive-stopping"


class IndexAway(Exhausted):
    """The database does not answer; nothing was acknowledged."""

    reason = "index-away"


class OnLegalHold(Conflict):
    """The patient is on legal hold: nothing of hers is deleted or erased until it is lifted."""

    reason = "legal-hold"


class KeptByLaw(Conflict):
    """The years that the law asks for are not over: the study can be hidden, not erased."""

    reason = "kept-by-law"


class AwaitsApproval(Conflict):
    """The years are over, and two people have to approve that the study is destroyed."""

    reason = "awaits-approval"


class UnknownStudy(NotFound):
    """The caller's institution has no such study."""

    reason = "unknown-study"


class UnknownInstance(NotFound):
    """The study has no such instance."""

    reason = "unknown-instance"


class NothingErased(NotFound):
    """Nothing of this name was ever erased in the caller's institution."""

    reason = "nothing-erased"
