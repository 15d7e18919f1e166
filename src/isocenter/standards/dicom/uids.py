"""Unique identifiers (PS3.5 9, PS3.8 Annex F): what is accepted as one, and ours. Not the registries of names."""

from __future__ import annotations

from typing import Final

from isocenter.kit.errors import Invalid

MAX_UID_LENGTH: Final = 64
IMPLEMENTATION_CLASS_UID: Final = "2.25.273401947195417965407629521964295917937"
IMPLEMENTATION_VERSION_NAME: Final = "ISOCENTER_0_1"

VERIFICATION_SOP_CLASS: Final = "1.2.840.10008.1.1"
DICOM_APPLICATION_CONTEXT: Final = "1.2.840.10008.3.1.1.1"
DICOM_ROOT: Final = "1.2.840.10008."

_UID_CHARACTERS: Final = frozenset("0123456789.")


class InvalidUid(Invalid):
    """A UID is empty, over-long, or made of anything but numbers separated by single dots."""

    reason = "invalid-uid"


def check_uid(text: str, keyword: str) -> str:
    """The text itself when it is a UID that we keep; keyword names the attribute in the error.

    Padding must have been removed. Components with leading zeros are tolerated: real devices send them.
    Raises InvalidUid.
    """
    if 0 < len(text) <= MAX_UID_LENGTH and _UID_CHARACTERS.issuperset(text) and _has_no_empty_component(text):
        return text
    raise InvalidUid(f"{keyword} is not a valid UID.", attribute=keyword, found=printable(text))


def uid_from_value(value: bytes | memoryview, keyword: str) -> str:
    """The UID in the raw value of a UI element: trailing padding removed, checked. Raises InvalidUid."""
    return check_uid(bytes(value).rstrip(b"\0 ").decode("latin-1"), keyword)


def printable(text: str, limit: int = 80) -> str:
    """Foreign text made safe for a log line or an error: ASCII only, control characters escaped, shortened."""
    escaped = text[:limit].encode("unicode_escape").decode("ascii")
    return f"{escaped}…" if len(text) > limit else escaped


def _has_no_empty_component(text: str) -> bool:
    return ".." not in text and text[0] != "." and text[-1] != "."
