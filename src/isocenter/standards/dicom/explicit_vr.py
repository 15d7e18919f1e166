"""A data set, or the part of it before its pixel data, written anew in Explicit VR Little Endian (PS3.5 7.1.2, A.2),
and one in that encoding written anew in Implicit VR Little Endian (PS3.5 7.1.3, A.1).

Values keep their content; sequences and items get undefined length; group lengths, which would be wrong, are left out.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from isocenter.kit.errors import Invalid
from isocenter.standards.dicom.data_dictionary import vr_of
from isocenter.standards.dicom.elements import LONG_FORM_VRS, MAX_DEPTH, SHORT_FORM_VRS, UNDEFINED_LENGTH

_ITEM: Final = 0xFFFEE000
_ITEM_DELIMITER: Final = 0xFFFEE00D
_SEQUENCE_DELIMITER: Final = 0xFFFEE0DD
_PIXEL_REPRESENTATION: Final = 0x00280103
_OPEN_SEQUENCE: Final = b"SQ\0\0\xff\xff\xff\xff"
_OPEN_ITEM: Final = b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
_CLOSE_ITEM: Final = b"\xfe\xff\x0d\xe0\0\0\0\0"
_CLOSE_SEQUENCE: Final = b"\xfe\xff\xdd\xe0\0\0\0\0"
_WORD_BYTES: Final = {
    **dict.fromkeys((b"US", b"SS", b"OW", b"AT"), 2),
    **dict.fromkeys((b"UL", b"SL", b"FL", b"OF", b"OL"), 4),
    **dict.fromkeys((b"FD", b"OD", b"OV", b"SV", b"UV"), 8),
}
_Value = bytes | memoryview


class NotConvertible(Invalid):
    """The data set holds something that cannot be written anew without doubt about what it means."""

    reason = "not-convertible"


@dataclass(slots=True)
class _Level:
    """Where we are inside: an item (or the object itself), or between the items of a sequence."""

    is_item: bool
    end: int
    delimited: bool
    signed: bool


def to_explicit_little_endian(
    data: memoryview, *, explicit_vr: bool, little_endian: bool, replace: Mapping[int, bytes] | None = None
) -> bytes:
    """The elements of data in Explicit VR Little Endian.

    data: whole elements, without pixel data at the top level. replace: top-level tag → other value of the same VR,
    padded; an absent one is not added. Raises NotConvertible.
    """
    return _Writer(data, explicit_vr, little_endian, replace or {}).run()


def to_implicit_little_endian(data: memoryview) -> bytes:
    """A whole data set in Explicit VR Little Endian, with native pixel data or none, in Implicit VR Little Endian.

    What is lost is the VR of private and unknown elements. Raises NotConvertible.
    """
    return _ImplicitWriter(data, True, True, {}).run()


class _Writer:
    __slots__ = ("data", "explicit", "levels", "little", "out", "replace")

    def __init__(self, data: memoryview, explicit: bool, little: bool, replace: Mapping[int, bytes]) -> None:
        self.data = data
        self.explicit = explicit
        self.little = little
        self.replace = replace
        self.out = bytearray()
        self.levels = [_Level(True, len(data), False, False)]

    def run(self) -> bytes:
        position = 0
        try:
            while self.levels:
                level = self.levels[-1]
                if not level.delimited and position >= level.end:
                    self._close(position)
                elif level.is_item:
                    position = self._element(level, position)
                else:
                    position = self._item(level, position)
        except struct.error:
            raise NotConvertible("The data set ends inside an element.", offset=position) from None
        return bytes(self.out)

    def _close(self, position: int) -> None:
        level = self.levels.pop()
        if position > level.end:
            raise NotConvertible("An element ends beyond the end of its data set.", offset=position)
        if self.levels:
            self.out += _CLOSE_ITEM if level.is_item else _CLOSE_SEQUENCE

    def _header(self, position: int) -> tuple[int, bytes, int, int]:
        """(tag, VR or b"" when implicit, value offset, length)."""
        order = "<" if self.little else ">"
        group, element, length = struct.unpack_from(f"{order}HHI", self.data, position)
        tag = group << 16 | element
        if not self.explicit or group == 0xFFFE:
            return tag, b"", position + 8, length
        vr = bytes(self.data[position + 4 : position + 6])
        if vr in SHORT_FORM_VRS:
            return tag, vr, position + 8, struct.unpack_from(f"{order}H", self.data, position + 6)[0]
        if vr not in LONG_FORM_VRS:
            raise NotConvertible("An element has an unknown VR.", offset=position)
        return tag, vr, position + 12, struct.unpack_from(f"{order}I", self.data, position + 8)[0]

    def _element(self, level: _Level, position: int) -> int:
        tag, vr, value_at, length = self._header(position)
        if tag in (_ITEM_DELIMITER, _SEQUENCE_DELIMITER):
            if len(self.levels) == 1:
                raise NotConvertible("A delimiter stands outside any sequence.", offset=position)
            self.levels.pop()
            self.out += _CLOSE_ITEM
            return value_at if tag == _ITEM_DELIMITER else position
        if tag >> 16 == 0xFFFE:
            raise NotConvertible("An item stands outside any sequence.", offset=position)
        if not vr:
            vr = self._settled(level, tag)
        if length == UNDEFINED_LENGTH or vr == b"SQ":
            self._open_sequence(level, tag, vr, value_at, length)
            return value_at
        if value_at + length > level.end:
            raise NotConvertible("An element ends beyond the end of its data set.", offset=position)
        if tag & 0xFFFF:
            if tag == _PIXEL_REPRESENTATION:
                level.signed = any(self.data[value_at : value_at + 2])
            self._write(tag, vr, self.data[value_at : value_at + length])
        return value_at + length

    def _settled(self, level: _Level, tag: int) -> bytes:
        vr = vr_of(tag)
        if vr == "XS":
            return b"SS" if level.signed else b"US"
        return b"OW" if vr == "LU" else vr.encode()

    def _write(self, tag: int, vr: bytes, value: _Value) -> None:
        if len(self.levels) == 1 and tag in self.replace:
            value = self.replace[tag]
        elif not self.little and (size := _WORD_BYTES.get(vr)):
            value = _swapped(bytes(value), size)
        if vr in SHORT_FORM_VRS and len(value) > 0xFFFF:
            vr = b"UN"  # PS3.5 6.2.2: what does not fit the short form is sent as UN
        if vr in SHORT_FORM_VRS:
            self.out += struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr, len(value))
        else:
            self.out += struct.pack("<HH2sHI", tag >> 16, tag & 0xFFFF, vr, 0, len(value))
        self.out += value

    def _open_sequence(self, level: _Level, tag: int, vr: bytes, value_at: int, length: int) -> None:
        if len(self.levels) > 2 * MAX_DEPTH:
            raise NotConvertible("Sequences are nested too deep.", offset=value_at)
        if self.explicit and vr != b"SQ":
            # UN hides implicit VR, OB and OW hide fragments: neither is a sequence in this encoding.
            raise NotConvertible("An element of undefined length is no sequence.", offset=value_at)
        self._sequence_head(tag)
        delimited = length == UNDEFINED_LENGTH
        end = level.end if delimited else value_at + length
        if end > level.end:
            raise NotConvertible("A sequence ends beyond the end of its data set.", offset=value_at)
        self.levels.append(_Level(False, end, delimited, level.signed))

    def _sequence_head(self, tag: int) -> None:
        self.out += struct.pack("<HH", tag >> 16, tag & 0xFFFF) + _OPEN_SEQUENCE

    def _item(self, level: _Level, position: int) -> int:
        tag, _, value_at, length = self._header(position)
        if tag == _SEQUENCE_DELIMITER:
            self.levels.pop()
            self.out += _CLOSE_SEQUENCE
            return value_at
        if tag != _ITEM:
            raise NotConvertible("A sequence holds something that is not an item.", offset=position)
        delimited = length == UNDEFINED_LENGTH
        end = level.end if delimited else value_at + length
        if end > level.end:
            raise NotConvertible("An item ends beyond the end of its sequence.", offset=position)
        self.out += _OPEN_ITEM
        self.levels.append(_Level(True, end, delimited, level.signed))
        return value_at


class _ImplicitWriter(_Writer):
    __slots__ = ()

    def _write(self, tag: int, vr: bytes, value: _Value) -> None:  # noqa: ARG002 - implicit VR does not say it
        self.out += struct.pack("<HHI", tag >> 16, tag & 0xFFFF, len(value))
        self.out += value

    def _sequence_head(self, tag: int) -> None:
        self.out += struct.pack("<HHI", tag >> 16, tag & 0xFFFF, UNDEFINED_LENGTH)


def _swapped(value: bytes, size: int) -> bytes:
    whole = len(value) - len(value) % size
    return b"".join(value[at : at + size][::-1] for at in range(0, whole, size)) + value[whole:]
