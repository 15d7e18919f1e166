"""The file format (PS3.10 7): preamble, DICM and file meta information, written and read. Not the data set."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from isocenter.kit.errors import Invalid
from isocenter.standards.dicom.uids import (
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    check_uid,
    uid_from_value,
)

PREAMBLE_LENGTH: Final = 128
PREFIX: Final = b"DICM"
META_LIMIT_BYTES: Final = 1 << 16
"""File meta information longer than this is refused."""

_ELEMENT = struct.Struct("<HH2sH")
_LONG_FORM_VRS: Final = frozenset({b"OB", b"OW", b"UN", b"SQ", b"UT", b"UC", b"UR", b"OF", b"OD", b"OL", b"OV"})
_MEDIA_STORAGE_SOP_CLASS_UID: Final = 0x0002
_MEDIA_STORAGE_SOP_INSTANCE_UID: Final = 0x0003
_TRANSFER_SYNTAX_UID: Final = 0x0010


class NotPart10(Invalid):
    """The bytes do not begin with the preamble, DICM and file meta information of PS3.10 7.1."""

    reason = "not-a-dicom-file"


class MalformedFileMeta(Invalid):
    """The file meta information is cut, over-long, or misses what PS3.10 7.1 requires."""

    reason = "malformed-file-meta"


@dataclass(frozen=True, slots=True)
class FileMeta:
    """What the file meta information says, and where the data set begins (bytes from the start of the file)."""

    transfer_syntax_uid: str
    sop_class_uid: str
    sop_instance_uid: str
    data_set_offset: int


def file_meta(sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str, source_ae: str = "") -> bytes:
    """Everything of a file before its data set: zero preamble, DICM, group 0002 in explicit VR little endian.

    source_ae: Source Application Entity Title, left out when empty.
    """
    source = _text(0x0016, b"AE", source_ae, b" ") if source_ae else b""
    body = b"".join(
        (
            b"\x02\x00\x01\x00OB\x00\x00\x02\x00\x00\x00\x00\x01",
            _text(_MEDIA_STORAGE_SOP_CLASS_UID, b"UI", sop_class_uid),
            _text(_MEDIA_STORAGE_SOP_INSTANCE_UID, b"UI", sop_instance_uid),
            _text(_TRANSFER_SYNTAX_UID, b"UI", transfer_syntax_uid),
            _OUR_NAME,
            source,
        )
    )
    return b"".join((_START, len(body).to_bytes(4, "little"), body))


def read_file_meta(data: memoryview) -> FileMeta:
    """Read the file meta information at the start of a file.

    data: the file, or at least its first 64 KiB. Tolerates a missing or wrong group length: the group ends where
    another group begins. The two UIDs of the instance may be missing (""): the data set says them too.
    Raises NotPart10, MalformedFileMeta, InvalidUid.
    """
    start = PREAMBLE_LENGTH + len(PREFIX)
    if len(data) < start or bytes(data[PREAMBLE_LENGTH:start]) != PREFIX:
        raise NotPart10("This is not a DICOM file: bytes 128 to 131 are not DICM.")
    values, end = _meta_values(data, start)
    syntax = values.get(_TRANSFER_SYNTAX_UID)
    if not syntax:
        raise MalformedFileMeta("The file meta information names no Transfer Syntax UID (0002,0010).")
    return FileMeta(
        transfer_syntax_uid=uid_from_value(syntax, "TransferSyntaxUID"),
        sop_class_uid=_optional_uid(values.get(_MEDIA_STORAGE_SOP_CLASS_UID), "MediaStorageSOPClassUID"),
        sop_instance_uid=_optional_uid(values.get(_MEDIA_STORAGE_SOP_INSTANCE_UID), "MediaStorageSOPInstanceUID"),
        data_set_offset=end,
    )


def _meta_values(data: memoryview, start: int) -> tuple[dict[int, bytes], int]:
    """Raw values of group 0002 by element number, and the offset of what follows the group."""
    values: dict[int, bytes] = {}
    position, declared_end = start, -1
    while position != declared_end and position + 8 <= len(data):
        group, element, vr, length = _ELEMENT.unpack_from(data, position)
        if group != 2:
            return values, position
        value_at = position + 8
        if vr in _LONG_FORM_VRS:
            if position + 12 > len(data):
                break
            length, value_at = int.from_bytes(data[position + 8 : position + 12], "little"), position + 12
        position = value_at + length
        if position > len(data) or position - start > META_LIMIT_BYTES:
            raise MalformedFileMeta(
                "An element of the file meta information ends beyond the file or the limit.",
                tag=f"0002{element:04x}",
                offset=value_at,
            )
        values.setdefault(element, bytes(data[value_at:position]))
        if element == 0 and length == 4:
            declared_end = position + int.from_bytes(values[0], "little")
    if position in (declared_end, len(data)) and values:
        return values, position
    raise MalformedFileMeta("The file ends inside its file meta information.", offset=position)


def _optional_uid(value: bytes | None, keyword: str) -> str:
    stripped = (value or b"").rstrip(b"\0 ")
    return check_uid(stripped.decode("latin-1"), keyword) if stripped else ""


def _text(element: int, vr: bytes, text: str, padding: bytes = b"\0") -> bytes:
    value = text.encode("ascii")
    if len(value) & 1:
        value += padding
    return _ELEMENT.pack(2, element, vr, len(value)) + value


_START: Final = bytes(PREAMBLE_LENGTH) + PREFIX + b"\x02\x00\x00\x00UL\x04\x00"
_OUR_NAME: Final = _text(0x0012, b"UI", IMPLEMENTATION_CLASS_UID) + _text(
    0x0013, b"SH", IMPLEMENTATION_VERSION_NAME, b" "
)
