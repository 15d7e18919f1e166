"""The DICOM JSON model (PS3.18 Annex F) straight from encoded bytes, without objects for elements.

Text is Unicode, whatever the sender used; IS, DS and binary numbers are JSON numbers where they can be; binary values
up to 1 KiB stand in line, longer ones are named by a URI. Group lengths are left out (PS3.18 F.2.2).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from isocenter.standards.dicom.character_sets import CharacterSet, character_set
from isocenter.standards.dicom.data_dictionary import vr_of
from isocenter.standards.dicom.elements import (
    LONG_FORM_VRS,
    MAX_DEPTH,
    PIXEL_DATA_TAGS,
    SHORT_FORM_VRS,
    UNDEFINED_LENGTH,
    MalformedDataSet,
    PixelDataSpan,
    inflate,
)
from isocenter.standards.dicom.json_values import BINARY_VRS, MAX_INLINE_BYTES, inline_binary, json_value
from isocenter.standards.dicom.transfer_syntaxes import TransferSyntax

MAX_ELEMENTS: Final = 200_000
"""A data set with more elements and items than this has no JSON form."""

JsonDataSet = dict[str, dict[str, Any]]

_SPECIFIC_CHARACTER_SET: Final = 0x00080005
_PIXEL_REPRESENTATION: Final = 0x00280103
_LUT_DESCRIPTOR: Final = 0x00283002
_ITEM: Final = 0xFFFEE000
_ITEM_DELIMITER: Final = 0xFFFEE00D
_SEQUENCE_DELIMITER: Final = 0xFFFEE0DD
_ASCII: Final = character_set(b"")
_VR_NAMES: Final = {vr: vr.decode() for vr in SHORT_FORM_VRS | LONG_FORM_VRS}


@dataclass(frozen=True, slots=True)
class _Coding:
    """How elements are encoded where we stand."""

    explicit: bool
    little_endian: bool

    def headers(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """Readers of (group, element, VR, 16-bit length) and (group, element, 32-bit length)."""
        return _LITTLE_HEADERS if self.little_endian else _BIG_HEADERS


_LITTLE_HEADERS: Final = (struct.Struct("<HH2sH").unpack_from, struct.Struct("<HHI").unpack_from)
_BIG_HEADERS: Final = (struct.Struct(">HH2sH").unpack_from, struct.Struct(">HHI").unpack_from)
_IMPLICIT_LITTLE: Final = _Coding(False, True)


@dataclass(slots=True)
class _Item:
    """A data set that is being read: the object itself (no sequence) or one item of a sequence."""

    out: JsonDataSet
    end: int
    delimited: bool
    coding: _Coding
    declared: CharacterSet
    signed: bool
    sequence: _Sequence | None
    path: str


@dataclass(slots=True)
class _Sequence:
    """A sequence that is being read; parent is the item that holds it."""

    values: list[JsonDataSet]
    end: int
    delimited: bool
    coding: _Coding
    parent: _Item
    path: str
    depth: int


def data_set_to_json(
    data: memoryview | bytes,
    syntax: TransferSyntax,
    *,
    bulk_data_uri: Callable[[str], str],
    pixel_data: PixelDataSpan | None = None,
    default_character_set: str | None = None,
    max_inline_bytes: int = MAX_INLINE_BYTES,
) -> JsonDataSet:
    """The JSON model of one data set.

    data: the encoded data set, whole or cut off at its pixel data. bulk_data_uri: gives the URI of a long
    value from its path, "gggggeee" joined by item indexes from 0 ("00400555/0/00189810"). pixel_data: where the pixel
    data is when `data` stops before its header; it is then named by a URI too. max_inline_bytes: longer binary values
    are named by a URI; a renderer, which needs look-up tables, asks for more.
    Raises MalformedDataSet: beyond the end, nested deeper than MAX_DEPTH, more than MAX_ELEMENTS.
    """
    if syntax.deflated:
        data = inflate(memoryview(data))
        syntax = TransferSyntax("", "inflated")
    walk = _Walk(memoryview(data), bulk_data_uri, max_inline_bytes)
    coding = _Coding(_is_explicit(walk.data, syntax), syntax.little_endian)
    declared = character_set(b"", default_character_set)
    root = _Item({}, len(walk.data), False, coding, declared, False, None, "")
    walk.run(root)
    if pixel_data is not None and (key := f"{pixel_data.tag:08X}") not in root.out:
        vr = (pixel_data.vr or b"OW").decode("ascii", "replace")
        root.out[key] = {"vr": vr, "BulkDataURI": bulk_data_uri(key)}
    if walk.has_text:
        root.out = {"00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}} | {
            key: value for key, value in root.out.items() if key != "00080005"
        }
    return root.out


def _is_explicit(data: memoryview, syntax: TransferSyntax) -> bool:
    """Whether the first element shows a VR; an empty data set is what it was declared."""
    if len(data) < 8:
        return syntax.explicit_vr
    return bytes(data[4:6]) in _VR_NAMES


class _Walk:
    """One pass over the bytes. Sequences are kept on the linked _Item/_Sequence chain, never on Python's stack."""

    __slots__ = ("bulk_data_uri", "count", "data", "has_text", "max_inline_bytes")

    def __init__(self, data: memoryview, bulk_data_uri: Callable[[str], str], max_inline_bytes: int) -> None:
        self.max_inline_bytes = max_inline_bytes
        self.data = data
        self.bulk_data_uri = bulk_data_uri
        self.count = 0
        self.has_text = False

    def run(self, root: _Item) -> None:
        item, position = root, 0
        try:
            while True:
                position, opened = self._elements(item, position)
                if opened is None and item.sequence is None:
                    return
                sequence = opened or item.sequence
                assert sequence is not None
                position, item = self._next_item(sequence, position)
        except struct.error as error:
            raise _malformed("The data set ends inside an element.", position) from error

    def _elements(self, item: _Item, position: int) -> tuple[int, _Sequence | None]:
        """Read elements until the item ends or a sequence opens: (where, the sequence)."""
        data, out, end = self.data, item.out, item.end
        explicit = item.coding.explicit
        explicit_header, implicit_header = item.coding.headers()
        while position < end:
            start = position
            if explicit:
                group, element, vr, length = explicit_header(data, position)
                tag = group << 16 | element
                if vr in SHORT_FORM_VRS:
                    position += 8
                    name = _VR_NAMES[vr]
                elif vr in LONG_FORM_VRS:
                    length = int.from_bytes(data[position + 8 : position + 12], _order(item.coding))
                    position += 12
                    name = _VR_NAMES[vr]
                else:
                    name, position, length = self._odd_element(item, position, tag)
            else:
                group, element, length = implicit_header(data, position)
                tag = group << 16 | element
                position += 8
                name = vr_of(tag)
            self.count += 1
            if self.count > MAX_ELEMENTS:
                raise _malformed("The data set has too many elements.", start)
            if tag in (_ITEM_DELIMITER, _SEQUENCE_DELIMITER):
                if item.sequence is None and position >= end:
                    return position, None
                # A sequence delimiter here: the item's own is missing.
                return (position if tag == _ITEM_DELIMITER else start), None
            if tag in PIXEL_DATA_TAGS and (item.sequence is None or length == UNDEFINED_LENGTH):
                position = self._pixel_data(item, tag, name, position, length)
                continue
            if length == UNDEFINED_LENGTH or (length and (name == "SQ" or self._hides_items(tag, name, position))):
                return position, self._open(item, tag, name, position, length)
            if position + length > end:
                raise _malformed("An element ends beyond the end of its data set.", start)
            if element and group != 0xFFFE and f"{tag:08X}" not in out:
                self._value(item, tag, name, position, length)
            position += length
        return position, None

    def _hides_items(self, tag: int, vr: str, position: int) -> bool:
        """Whether an element of VR UN is a standard sequence, whose content then is implicit VR (PS3.5 6.2.2)."""
        return vr == "UN" and vr_of(tag) == "SQ" and bytes(self.data[position : position + 4]) == b"\xfe\xff\x00\xe0"

    def _value(self, item: _Item, tag: int, vr: str, position: int, length: int) -> None:
        """Put one element with a value of known length into its item."""
        key = f"{tag:08X}"
        coding = item.coding
        if vr == "UN" and not tag & 0x10000 and (known := vr_of(tag)) not in ("UN", "SQ"):
            vr, coding = known, _IMPLICIT_LITTLE  # PS3.5 6.2.2: the content of UN is implicit VR little endian
        if vr in ("XS", "LU"):
            vr = self._settled(item, vr)
        if not length:
            item.out[key] = {"vr": vr}
            return
        if vr in BINARY_VRS:
            item.out[key] = self._binary(item, key, vr, coding, position, length)
            return
        raw = bytes(self.data[position : position + length])
        if tag == _SPECIFIC_CHARACTER_SET:
            item.declared = character_set(raw[:256])
            self.has_text = True
            item.out[key] = {"vr": "CS", "Value": ["ISO_IR 192"]}
            return
        if tag == _PIXEL_REPRESENTATION:
            item.signed = any(raw[:2])
        self.has_text = self.has_text or not raw.isascii()
        value = json_value(vr, raw, little_endian=coding.little_endian, declared=item.declared)
        item.out[key] = {"vr": vr, "Value": value} if value else {"vr": vr}

    def _settled(self, item: _Item, vr: str) -> str:
        if vr == "XS":
            return "SS" if item.signed else "US"
        descriptor = item.out.get(f"{_LUT_DESCRIPTOR:08X}", {}).get("Value", [0])
        return "US" if descriptor[0] == 1 else "OW"

    def _binary(self, item: _Item, key: str, vr: str, coding: _Coding, position: int, length: int) -> dict[str, Any]:
        if length <= self.max_inline_bytes:
            raw = self.data[position : position + length]
            return {"vr": vr, "InlineBinary": inline_binary(vr, raw, little_endian=coding.little_endian)}
        return {"vr": vr, "BulkDataURI": self.bulk_data_uri(f"{item.path}{key}")}

    def _pixel_data(self, item: _Item, tag: int, vr: str, position: int, length: int) -> int:
        """Name pixel data by a URI; returns where it ends, which may be the end of what we were given."""
        key = f"{tag:08X}"
        if vr == "UN" or length == UNDEFINED_LENGTH:
            vr = "OB" if length == UNDEFINED_LENGTH else "OW"
        item.out.setdefault(key, {"vr": vr, "BulkDataURI": self.bulk_data_uri(item.path + key)})
        if length != UNDEFINED_LENGTH:
            return min(position + length, item.end)
        _, header = item.coding.headers()
        while position + 8 <= item.end:
            group, element, size = header(self.data, position)
            position += 8
            if (group << 16 | element) != _ITEM:
                return position
            position += size
        return item.end

    def _open(self, item: _Item, tag: int, vr: str, position: int, length: int) -> _Sequence:
        key = f"{tag:08X}"
        depth = item.sequence.depth + 1 if item.sequence else 1
        if depth > MAX_DEPTH:
            raise _malformed("Sequences are nested too deep.", position)
        delimited = length == UNDEFINED_LENGTH
        end = item.end if delimited else position + length
        if end > item.end:
            raise _malformed("A sequence ends beyond the end of its data set.", position)
        coding = item.coding
        if vr == "UN" and bytes(self.data[position + 12 : position + 14]) not in _VR_NAMES:
            coding = _IMPLICIT_LITTLE
        sequence = _Sequence([], end, delimited, coding, item, f"{item.path}{key}", depth)
        if key not in item.out:
            item.out[key] = {"vr": "SQ", "Value": sequence.values}
        return sequence

    def _next_item(self, sequence: _Sequence, position: int) -> tuple[int, _Item]:
        """The next item of the sequence, or the item that holds the sequence when it is at its end."""
        _, header = sequence.coding.headers()
        parent = sequence.parent
        if not sequence.delimited and position >= sequence.end:
            return self._closed(sequence, position)
        group, element, length = header(self.data, position)
        tag = group << 16 | element
        if tag == _SEQUENCE_DELIMITER:
            return self._closed(sequence, position + 8)
        if tag != _ITEM:
            raise _malformed("A sequence holds something that is not an item.", position)
        position += 8
        delimited = length == UNDEFINED_LENGTH
        end = sequence.end if delimited else position + length
        if end > sequence.end:
            raise _malformed("An item ends beyond the end of its sequence.", position)
        self.count += 1
        if self.count > MAX_ELEMENTS:
            raise _malformed("The data set has too many items.", position)
        path = f"{sequence.path}/{len(sequence.values)}/"
        item = _Item({}, end, delimited, sequence.coding, parent.declared, parent.signed, sequence, path)
        sequence.values.append(item.out)
        return position, item

    @staticmethod
    def _closed(sequence: _Sequence, position: int) -> tuple[int, _Item]:
        key = sequence.path[-8:]
        if not sequence.values and sequence.parent.out.get(key, {}).get("Value") is sequence.values:
            del sequence.parent.out[key]["Value"]
        return position, sequence.parent

    def _odd_element(self, item: _Item, position: int, tag: int) -> tuple[str, int, int]:
        """(VR, value offset, length) of an explicit element whose VR is none of the standard's.

        Delimiters have none. Real files have blank VRs, elements in implicit form, and VRs of a later edition, which
        have the long form (PS3.5 7.1.2): the first reading that leads to a later tag or the end is taken.
        """
        explicit_header, implicit_header = item.coding.headers()
        _, _, vr, short_length = explicit_header(self.data, position)
        _, _, implicit_length = implicit_header(self.data, position)
        if tag >> 16 == 0xFFFE:
            return "UN", position + 8, implicit_length
        readings = [(position + 8, implicit_length), (position + 8, short_length)]
        if vr.isalpha() and vr.isupper():
            readings.insert(
                0, (position + 12, int.from_bytes(self.data[position + 8 : position + 12], _order(item.coding)))
            )
        for value_at, length in readings:
            end = value_at + length
            if end == item.end:
                return "UN", value_at, length
            if end + 8 <= item.end:
                group, element, _ = implicit_header(self.data, end)
                if (group << 16 | element) > tag:
                    return "UN", value_at, length
        raise _malformed("An element has an impossible VR or length.", position)


def _order(coding: _Coding) -> Any:
    return "little" if coding.little_endian else "big"


def _malformed(message: str, offset: int) -> MalformedDataSet:
    return MalformedDataSet(message, offset=offset)
