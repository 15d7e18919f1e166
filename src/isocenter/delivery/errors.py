"""Why something cannot be delivered. Every one says what is missing or why it cannot be drawn."""

from __future__ import annotations

from typing import ClassVar

from isocenter.kit.errors import Conflict, Exhausted, Invalid, NotFound


class UnknownStudy(NotFound):
    """The caller's institution has no such study; a study of another institution looks the same."""

    reason: ClassVar[str] = "unknown-study"


class UnknownSeries(NotFound):
    """The study has no such series."""

    reason: ClassVar[str] = "unknown-series"


class UnknownInstance(NotFound):
    """The series has no such instance."""

    reason: ClassVar[str] = "unknown-instance"


class UnknownFrame(NotFound):
    """The instance has fewer frames."""

    reason: ClassVar[str] = "unknown-frame"


class UnknownBulkData(NotFound):
    """The instance has no such element, or none that is kept apart from the metadata."""

    reason: ClassVar[str] = "unknown-bulk-data"


class NoPixels(Invalid):
    """The object has no pixel data: a report, a document, a plan, a waveform."""

    reason: ClassVar[str] = "no-pixels"


class NotDrawable(Invalid):
    """There are pixels and we cannot make a picture of them; `cause` in the fields says why."""

    reason: ClassVar[str] = "not-drawable"


class BadRendering(Invalid):
    """A window, viewport or quality that the standard does not allow."""

    reason: ClassVar[str] = "bad-rendering"


class BytesAway(Exhausted):
    """The index knows the object and its bytes cannot be read now: never answered with 404."""

    reason: ClassVar[str] = "bytes-away"


class TooBusy(Exhausted):
    """Too many large answers are being sent, or too many pictures made; try again in a moment."""

    reason: ClassVar[str] = "too-busy"


class NotCorrectable(Conflict):
    """The object belongs to a corrected study and cannot be read well enough to lay the correction over it.

    It is not given out: it would name the wrong patient. As received it is still there (`received`).
    """

    reason: ClassVar[str] = "not-correctable"


class NotAhead(Conflict):
    """The study is sent to whoever opens it, and to nobody before: not everybody of the institution may see it."""

    reason: ClassVar[str] = "not-ahead"
