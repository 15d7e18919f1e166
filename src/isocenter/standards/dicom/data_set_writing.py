"""A data set in Explicit VR Little Endian (PS3.5 7.1.2, A.2) from its DICOM JSON model (PS3.18 Annex F), in UTF-8.

For objects that we make ourselves: what does not fit its VR is refused, never cut.
"""

from __future__ import annotations

import struct
from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any, Final

from isocenter.kit.errors import Invalid
from isocenter.standards.dicom.elements import LONG_FORM_VRS

UTF_8: Final = "ISO_IR 192"
MAX_DS: Final = 16
_ENOUGH_DIGITS: Final = 17
"""Every 64-bit number can be told apart with so many."""
_NUMBERS: Final = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d"}
_ITEM: Final = struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
_ITEM_END: Final = struct.pack("<HHI", 0xFFFE, 0xE00D, 0)
_SEQUENCE_END: Final = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
_GROUPS: Final = ("Alphabetic", "Ideographic", "Phonetic")
_LONGEST_SHORT: Final = 0xFFFE


class NotWritable(Invalid):
    """A value does not fit into its value representation."""

    reason = "not-writable"


def data_set_of(model: Mapping[str, Mapping[str, Any]]) -> bytes:
    """The encoded data set, elements in ascending order. model: tag as 8 hexadecimal digits → vr and Value or
    InlineBinary; text as it is to be read. Raises NotWritable."""
    out = bytearray()
    for tag in sorted(model):
        _element(out, tag, model[tag])
    return bytes(out)


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


def _element(out: bytearray, tag: str, element: Mapping[str, Any]) -> None:
    vr = str(element["vr"])
    group, number = int(tag[:4], 16), int(tag[4:], 16)
    if vr == "SQ":
        out += struct.pack("<HH2sHI", group, number, b"SQ", 0, 0xFFFFFFFF)
        for item in element.get("Value") or ():
            out += _ITEM + data_set_of(item) + _ITEM_END
        out += _SEQUENCE_END
        return
    value = _value(vr, element)
    if vr.encode() in LONG_FORM_VRS:
        out += struct.pack("<HH2sHI", group, number, vr.encode(), 0, len(value))
    elif len(value) > _LONGEST_SHORT:
        raise NotWritable("A value is too long for its element.", tag=tag, vr=vr)
    else:
        out += struct.pack("<HH2sH", group, number, vr.encode(), len(value))
    out += value


def _value(vr: str, element: Mapping[str, Any]) -> bytes:
    if "InlineBinary" in element:
        raw = b64decode(element["InlineBinary"])
        return raw + b"\0" * (len(raw) % 2)
    values: Sequence[Any] = element.get("Value") or ()
    if vr in _NUMBERS:
        try:
            return struct.pack(f"<{len(values)}{_NUMBERS[vr]}", *values)
        except (struct.error, OverflowError, TypeError):
            raise NotWritable("A number does not fit its element.", vr=vr) from None
    text = "\\".join(_text(vr, each) for each in values)
    try:
        raw = text.encode("utf-8")
    except UnicodeEncodeError:
        raise NotWritable("A text holds half a character.", vr=vr) from None
    return raw + (b"\0" if vr == "UI" else b" ") * (len(raw) % 2)


def _text(vr: str, value: Any) -> str:
    if value is None:
        return ""
    if vr == "PN":
        groups = [str(value.get(group) or "") for group in _GROUPS]
        return "=".join(groups).rstrip("=")
    if vr == "DS" and not isinstance(value, str):
        return decimal_string(value)
    return str(value)
