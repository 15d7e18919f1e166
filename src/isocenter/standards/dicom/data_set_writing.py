"""A data set in Explicit VR Little Endian (PS3.5 7.1.2, A.2) from its DICOM JSON model (PS3.18 Annex F), in UTF-8.

What does not fit its VR is refused, never cut.
"""

from __future__ import annotations

import struct
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from isocenter.kit.errors import Invalid
from isocenter.standards.dicom.elements import LONG_FORM_VRS
from isocenter.standards.dicom.person_name import joined_name

UTF_8: Final = "ISO_IR 192"
MAX_DS: Final = 16
_ENOUGH_DIGITS: Final = 17
"""Every 64-bit number can be told apart with so many."""
_NUMBERS: Final = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "UV": "Q", "SV": "q", "FL": "f", "FD": "d"}
_ITEM: Final = struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
_ITEM_END: Final = struct.pack("<HHI", 0xFFFE, 0xE00D, 0)
_SEQUENCE_END: Final = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
_PADDED_BY_ZERO: Final = frozenset({"UI", "OB", "OW", "OF", "OD", "OL", "OV", "UN"})
_LONGEST_SHORT: Final = 0xFFFE
_LONGEST_LONG: Final = 0xFFFFFFFE
_UNDEFINED_LENGTH: Final = 0xFFFFFFFF

Model = Mapping[str, Mapping[str, Any]]


class NotWritable(Invalid):
    """A value does not fit into its value representation."""

    reason = "not-writable"


@dataclass(frozen=True, slots=True)
class BulkValue:
    """A value that lies elsewhere. length: in bytes; None for encapsulated pixel data, whose pieces are all items, the
    offset table among them, and the sequence delimiter (PS3.5 A.4).
    """

    vr: str
    length: int | None
    pieces: Iterable[bytes]


FindBulk = Callable[[str, str, Mapping[str, Any]], BulkValue]
"""The value of an element: its tag, its BulkDataURI, and the data set or item that it stands in."""


def data_set_of(model: Model) -> bytes:
    """The encoded data set, elements in ascending order. model: tag as 8 hexadecimal digits → vr and Value or
    InlineBinary; text as it is to be read. Raises NotWritable."""
    return b"".join(data_set_pieces(model))


def data_set_pieces(model: Model, find_bulk: FindBulk | None = None) -> Iterator[bytes]:
    """The encoded data set piece by piece, with the values that BulkDataURIs name. Raises NotWritable."""
    for tag in sorted(model):
        element = model[tag]
        vr = str(element["vr"])
        if vr == "SQ":
            yield _header(tag, vr, _UNDEFINED_LENGTH)
            for item in element.get("Value") or ():
                yield _ITEM
                yield from data_set_pieces(item, find_bulk)
                yield _ITEM_END
            yield _SEQUENCE_END
        elif "BulkDataURI" in element:
            if find_bulk is None:
                raise NotWritable("A value lies elsewhere.", tag=tag, vr=vr)
            yield from _bulk(tag, find_bulk(tag, element["BulkDataURI"], model))
        else:
            value = _value(vr, element, tag)
            yield _header(tag, vr, len(value)) + value


def decimal_string(value: float) -> str:
    """A number as DS (PS3.5 6.2): at most 16 characters, as exact as those allow."""
    text = repr(float(value)).removesuffix(".0")
    if len(text) <= MAX_DS:
        return text
    for digits in range(_ENOUGH_DIGITS, 0, -1):
        text = f"{value:.{digits}g}"
        if len(text) <= MAX_DS:
            return text
    raise NotWritable("A number has no decimal string.")


def _header(tag: str, vr: str, length: int) -> bytes:
    group, number = int(tag[:4], 16), int(tag[4:], 16)
    if vr.encode() in LONG_FORM_VRS:
        return struct.pack("<HH2sHI", group, number, vr.encode(), 0, length)
    if length > _LONGEST_SHORT:
        raise NotWritable("A value is too long for its element.", tag=tag, vr=vr)
    return struct.pack("<HH2sH", group, number, vr.encode(), length)


def _bulk(tag: str, value: BulkValue) -> Iterator[bytes]:
    if value.length is None:
        yield _header(tag, value.vr, _UNDEFINED_LENGTH)
        yield from value.pieces
        return
    padding = value.length % 2
    if value.length + padding > _LONGEST_LONG:
        raise NotWritable("A value is too long for its element.", tag=tag, vr=value.vr)
    yield _header(tag, value.vr, value.length + padding)
    yield from value.pieces
    yield _padding(value.vr) * padding


def _padding(vr: str) -> bytes:
    return b"\0" if vr in _PADDED_BY_ZERO else b" "


def _value(vr: str, element: Mapping[str, Any], tag: str) -> bytes:
    if "InlineBinary" in element:
        raw = b64decode(element["InlineBinary"])
        return raw + _padding(vr) * (len(raw) % 2)
    values: Sequence[Any] = element.get("Value") or ()
    try:
        if vr in _NUMBERS:
            return struct.pack(f"<{len(values)}{_NUMBERS[vr]}", *values)
        if vr == "AT":
            return b"".join(struct.pack("<HH", int(each[:4], 16), int(each[4:], 16)) for each in values)
    except (struct.error, OverflowError, TypeError, ValueError):
        raise NotWritable("A number does not fit its element.", tag=tag, vr=vr) from None
    text = "\\".join(_text(vr, each) for each in values)
    try:
        raw = text.encode("utf-8")
    except UnicodeEncodeError:
        raise NotWritable("A text holds half a character.", tag=tag, vr=vr) from None
    return raw + _padding(vr) * (len(raw) % 2)


def _text(vr: str, value: Any) -> str:
    if value is None:
        return ""
    if vr == "PN":
        return joined_name(value)
    if vr == "DS" and not isinstance(value, str):
        return decimal_string(value)
    return str(value)
