"""The one table from families of error to DIMSE status codes (PS3.7 Annex C; C-STORE: PS3.4 table B.2-1).

STOW-RS reports the same numbers as Failure Reason (PS3.18 I.2.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from isocenter.kit.errors import Conflict, Exhausted, Invalid, IsocenterError, NotFound, Refused
from isocenter.standards.dicom.dimse import Status

STATUS_BY_FAMILY: Final[Mapping[type[IsocenterError], Status]] = MappingProxyType(
    {
        Invalid: Status.CANNOT_UNDERSTAND,
        NotFound: Status.NO_SUCH_OBJECT_INSTANCE,
        Conflict: Status.DUPLICATE_SOP_INSTANCE,
        Refused: Status.NOT_AUTHORIZED,
        Exhausted: Status.OUT_OF_RESOURCES,
    }
)

STATUS_BY_REASON: Final[Mapping[str, Status]] = MappingProxyType(
    {
        "data-set-mismatch": Status.DATA_SET_DOES_NOT_MATCH_SOP_CLASS,
        "object-too-large": Status.OUT_OF_RESOURCES,
        "sop-class-not-supported": Status.SOP_CLASS_NOT_SUPPORTED,
    }
)
"""Reasons that have a status of their own within their family."""


def status_of(error: Exception) -> Status:
    """The status that an error becomes; anything that is not of our families is our own defect (0110)."""
    if not isinstance(error, IsocenterError):
        return Status.PROCESSING_FAILURE
    if error.reason in STATUS_BY_REASON:
        return STATUS_BY_REASON[error.reason]
    families = (family for family in type(error).__mro__ if family in STATUS_BY_FAMILY)
    return next((STATUS_BY_FAMILY[family] for family in families), Status.PROCESSING_FAILURE)


def offending_element_of(error: Exception) -> int | None:
    """The tag that an error is about, when it names one as (gggg,eeee)."""
    tag = error.fields.get("tag") if isinstance(error, IsocenterError) else None
    digits = str(tag or "").strip("()").replace(",", "")
    try:
        return int(digits, 16) if len(digits) == 8 else None
    except ValueError:
        return None
