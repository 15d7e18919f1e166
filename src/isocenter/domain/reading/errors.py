"""Errors of reading."""

from __future__ import annotations

from isocenter.kit.errors import Conflict, Invalid, NotFound, Refused


class Changed(Conflict):
    """Somebody, or the same person elsewhere, changed it since it was loaded."""

    reason = "changed"


class TooLarge(Invalid):
    """A document that readers keep is larger than is kept."""

    reason = "too-large"


class InvalidMeasurement(Invalid):
    """A measurement contradicts itself or the study."""

    reason = "invalid-measurement"


class UnknownImage(Invalid):
    """An image that is referred to is not in the study."""

    reason = "unknown-image"


class ImagesDiffer(Invalid):
    """One presentation state cannot hold for all these images."""

    reason = "images-differ"


class InvalidPresentation(Invalid):
    """A presentation state contradicts itself."""

    reason = "invalid-presentation"


class UnknownHandOver(NotFound):
    """There is no such hand-over for this person, or its ten minutes are over."""

    reason = "unknown-hand-over"


class UnknownHangingProtocol(NotFound):
    """There is no such hanging protocol for this person."""

    reason = "unknown-hanging-protocol"


class NoDepartment(Invalid):
    """A hanging protocol for a department, and the person belongs to none."""

    reason = "no-department"


class SharedStudy(Refused):
    """The study belongs to an allied institution: only its own people file objects into it."""

    reason = "shared-study"
