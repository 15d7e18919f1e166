"""From error family to HTTP status (PS3.18 8.5) and to the failure reason of one instance (PS3.18 I.2.2, PS3.7 C.4).

What is not one of ours is our defect: it is logged and answered with 500 and no detail.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from isocenter.access.errors import NotSignedIn
from isocenter.adapters.dicomweb.negotiation import NotAcceptable
from isocenter.delivery.errors import BadRendering, NoPixels, NotDrawable
from isocenter.domain.archive.errors import DataSetMismatch, ObjectTooLarge, StudyMismatch
from isocenter.kit.confined import ConfinedFailure
from isocenter.kit.errors import Conflict, Exhausted, Invalid, IsocenterError, NotFound, Refused
from isocenter.pixels.errors import InvalidImageDescription, UndecodableFrame
from isocenter.standards.dicom.elements import MalformedDataSet
from isocenter.storage.errors import StorageFull
from isocenter.wire.multipart import MultipartTooLarge


class UnsupportedMediaType(Invalid):
    """The body is of a kind that this resource does not take."""

    reason: ClassVar[str] = "unsupported-media-type"


class MethodNotAllowed(Invalid):
    """The resource exists and has no such method."""

    reason: ClassVar[str] = "method-not-allowed"


class NoSuchResource(NotFound):
    """No resource of the DICOMweb service has this path."""

    reason: ClassVar[str] = "no-such-resource"


class BadParameter(Invalid):
    """A query parameter that does not parse or that the standard does not allow."""

    reason: ClassVar[str] = "bad-parameter"


class RangeNotSatisfiable(Invalid):
    """The range begins beyond the end of the value (RFC 9110 15.5.17)."""

    reason: ClassVar[str] = "range-not-satisfiable"


HTTP_STATUS: tuple[tuple[type[IsocenterError], int], ...] = (
    (NotAcceptable, 406),
    (RangeNotSatisfiable, 416),
    (NoPixels, 406),
    (NotDrawable, 406),
    (UndecodableFrame, 406),
    (InvalidImageDescription, 406),
    (MalformedDataSet, 406),
    (ConfinedFailure, 406),
    (UnsupportedMediaType, 415),
    (MethodNotAllowed, 405),
    (MultipartTooLarge, 413),
    (ObjectTooLarge, 413),
    (NotSignedIn, 401),
    (BadRendering, 400),
    (Invalid, 400),
    (NotFound, 404),
    (Conflict, 409),
    (Refused, 403),
    (StorageFull, 507),
    (Exhausted, 503),
)
"""First match wins; the five families stand last. What cannot be drawn or given in the form asked for is a 406."""

FAILURE_REASON: tuple[tuple[type[IsocenterError], int], ...] = (
    (DataSetMismatch, 0xA900),
    (StudyMismatch, 0xA901),
    (ObjectTooLarge, 0xA700),
    (Invalid, 0xC000),
    (NotFound, 0x0112),
    (Conflict, 0xC000),
    (Refused, 0x0124),
    (Exhausted, 0xA700),
)
"""The same statuses that C-STORE answers with (PS3.4 Table B.2-1)."""

DEFECT_REASON = 0x0110
COERCED_OR_KEPT_ASIDE = 0xB000


def http_status(error: IsocenterError) -> int:
    """The status code of an error."""
    return next((status for family, status in HTTP_STATUS if isinstance(error, family)), 500)


def failure_reason(error: BaseException) -> int:
    """Failure Reason (0008,1197) of an instance that was not stored."""
    return next((code for family, code in FAILURE_REASON if isinstance(error, family)), DEFECT_REASON)


def error_body(error: IsocenterError) -> bytes:
    """{"error": {"reason", "message", "fields"}}: the body that every door of ours over HTTP gives."""
    content = {"reason": error.reason, "message": error.message, "fields": {k: str(v) for k, v in error.fields.items()}}
    return msgspec.json.encode({"error": content})
