"""Walking the elements of an encoded data set (PS3.5 7, A.4) without decoding them: the only parser at reception.

`scan` proves that the data set is whole, finds where its pixel data lies, and hands out the raw values that the index
wants. It makes no objects for elements, jumps over whatever has a length, and never recurses on what was sent.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from isocenter.kit.errors import Invalid
from isocenter.standards.dicom.transfer_syntaxes import TransferSyntax

UNDEFINED_LENGTH: Final = 0xFFFFFFFF
MAX_DEPTH: Final = 64
"""Sequences of undefined length nested deeper than this are refused."""
MAX_VALUE_BYTES: Final = 1 << 16
"""Longer values are not handed out."""
MAX_INFLATED_BYTES: Final = 256 << 20
"""A deflated data set that inflates to more than this is refused."""

PIXEL_DATA: Final = 0x7FE00010
FLOAT_PIXEL_DATA: Final = 0x7FE00008
DOUBLE_FLOAT_PIXEL_DATA: Final = 0x7FE00009
PIXEL_DATA_TAGS: Final = frozenset({PIXEL_DATA, FLOAT_PIXEL_DATA, DOUBLE_FLOAT_PIXEL_DATA})

INDEX_TAGS: Final[frozenset[int]] = frozenset(
    {
        0x00080005,  # SpecificCharacterSet
        0x00080016,  # SOPClassUID
        0x00080018,  # SOPInstanceUID
        0x00080020,  # StudyDate
        0x00080030,  # StudyTime
        0x00080050,  # AccessionNumber
        0x00080060,  # Modality
        0x00080090,  # ReferringPhysicianName
        0x00080201,  # TimezoneOffsetFromUTC
        0x00081010,  # StationName
        0x00081030,  # StudyDescription
        0x0008103E,  # SeriesDescription
        0x00100010,  # PatientName
        0x00100020,  # PatientID
        0x00100021,  # IssuerOfPatientID
        0x00100030,  # PatientBirthDate
        0x00100040,  # PatientSex
        0x00180015,  # BodyPartExamined
        0x00181030,  # ProtocolName
        0x0020000D,  # StudyInstanceUID
        0x0020000E,  # SeriesInstanceUID
        0x00200010,  # StudyID
        0x00200011,  # SeriesNumber
        0x00200013,  # InstanceNumber
        0x00200060,  # Laterality
        0x00280002,  # SamplesPerPixel
        0x00280004,  # PhotometricInterpretation
        0x00280008,  # NumberOfFrames
        0x00280010,  # Rows
        0x00280011,  # Columns
        0x00280100,  # BitsAllocated
    }
)

SHORT_FORM_VRS: Final = frozenset(b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split())
"""VRs with a 16-bit length in explicit VR (PS3.5 7.1.2)."""
LONG_FORM_VRS: Final = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
"""VRs with two reserved bytes and a 32-bit length in explicit VR (PS3.5 7.1.2)."""


class MalformedDataSet(Invalid):
    """The data set does not hold together: something ends beyond its end, lacks its delimiter, or nests too deep."""

    reason = "malformed-data-set"


@dataclass(slots=True)  # not frozen: decision 0005
class PixelDataSpan:
    """Where (Float, Double Float) Pixel Data lies; offsets in bytes from the start of the data set.

    vr: b"" when implicit. length: of the value; None is undefined length, that is encapsulated.
    """

    tag: int
    vr: bytes
    element_offset: int
    value_offset: int
    length: int | None


@dataclass(slots=True)  # not frozen: decision 0005
class ScannedDataSet:
    """What a walk over a data set found.

    values: raw values of the wanted top-level tags that are present and at most MAX_VALUE_BYTES long.
    pixel_data: the first pixel data element; None when there is none or the data set is deflated.
    length: bytes of the data set as sent. big_endian: how the values are to be read.
    fragments: (offset, length) of each item's value when encapsulated, the basic offset table first.
    explicit_vr: how the first element is really encoded, whatever the transfer syntax said.
    """

    values: dict[int, bytes]
    pixel_data: PixelDataSpan | None
    length: int
    big_endian: bool
    fragments: tuple[tuple[int, int], ...] | None
    explicit_vr: bool


_Unpack = Callable[..., tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class _Coding:
    """How element headers are read in one encoding.

    Tags are compared as the struct module reads four bytes, to save an operation per element: in little endian
    that is the element number in the upper half (see `key`).
    """

    little_endian: bool
    explicit: _Unpack  # tag key, VR, 16-bit length
    implicit: _Unpack  # tag key, 32-bit length
    long_length: _Unpack
    item: int
    item_delimiter: int
    sequence_delimiter: int

    def key(self, tag: int) -> int:
        """The number that a tag reads as; its own inverse."""
        return (tag & 0xFFFF) << 16 | tag >> 16 if self.little_endian else tag


_LITTLE: Final = _Coding(
    True,
    struct.Struct("<I2sH").unpack_from,
    struct.Struct("<II").unpack_from,
    struct.Struct("<I").unpack_from,
    0xE000FFFE,
    0xE00DFFFE,
    0xE0DDFFFE,
)
_BIG: Final = _Coding(
    False,
    struct.Struct(">I2sH").unpack_from,
    struct.Struct(">II").unpack_from,
    struct.Struct(">I").unpack_from,
    0xFFFEE000,
    0xFFFEE00D,
    0xFFFEE0DD,
)
_KNOWN_VRS: Final = SHORT_FORM_VRS | LONG_FORM_VRS


def scan(
    data: memoryview,
    syntax: TransferSyntax,
    wanted: frozenset[int] = INDEX_TAGS,
    *,
    max_inflated_bytes: int = MAX_INFLATED_BYTES,
) -> ScannedDataSet:
    """Walk a whole data set, from its first byte to its last.

    data: the data set alone, as sent. Top-level order and duplicates do not matter (of duplicates the first counts),
    blank and unknown VRs are read the way that leads to a plausible next element, and a data set whose first element
    shows the other VR encoding than declared is read as what it is.
    Raises MalformedDataSet with offset and tag.
    """
    if syntax.deflated:
        inflated = scan(memoryview(inflate(data, max_inflated_bytes)), _INFLATED, wanted)
        return ScannedDataSet(inflated.values, None, len(data), False, None, inflated.explicit_vr)
    coding = _LITTLE if syntax.little_endian else _BIG
    explicit = _is_explicit(data, coding, syntax.explicit_vr)
    walk = _Walk(data, coding, _noted(wanted, coding))
    if explicit:
        walk.explicit()
    else:
        walk.implicit()
    fragments = None if walk.fragments is None else tuple(walk.fragments)
    return ScannedDataSet(walk.values, walk.pixel_data, len(data), not coding.little_endian, fragments, explicit)


def inflate(data: memoryview, max_bytes: int = MAX_INFLATED_BYTES) -> bytes:
    """A deflated data set inflated (PS3.5 A.5, RFC 1951). Raises MalformedDataSet if torn or larger than max_bytes."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        inflated = inflater.decompress(data, max_bytes)
    except zlib.error as error:
        raise MalformedDataSet("The deflated data set cannot be inflated.") from error
    if inflater.unconsumed_tail:
        raise MalformedDataSet("The deflated data set inflates to more than is allowed.", limit_bytes=max_bytes)
    if not inflater.eof:
        raise MalformedDataSet("The deflated data set ends too early.", offset=len(data))
    return inflated


_INFLATED: Final = TransferSyntax("", "inflated")


@lru_cache(maxsize=32)
def _noted(wanted: frozenset[int], coding: _Coding) -> dict[int, int]:
    """Key → tag of everything that a walk has to stop at."""
    return {coding.key(tag): tag for tag in wanted | PIXEL_DATA_TAGS}


def _is_explicit(data: memoryview, coding: _Coding, declared: bool) -> bool:
    """Whether the first element carries a VR; where that contradicts the declaration, whether it can only be so."""
    if len(data) < 8:
        return declared
    shows_vr = bytes(data[4:6]) in _KNOWN_VRS
    if shows_vr == declared:
        return declared
    key, length = coding.implicit(data, 0)
    return not _leads_on(data, coding, key, 8, length)


class _Walk:
    """One walk over the top level of a data set; what it found is in values, pixel_data and fragments."""

    __slots__ = ("coding", "data", "fragments", "noted", "pixel_data", "values")

    def __init__(self, data: memoryview, coding: _Coding, noted: dict[int, int]) -> None:
        self.data = data
        self.coding = coding
        self.noted = noted
        self.values: dict[int, bytes] = {}
        self.pixel_data: PixelDataSpan | None = None
        self.fragments: list[tuple[int, int]] | None = None

    def explicit(self) -> None:
        """Walk as explicit VR (PS3.5 7.1.2)."""
        data, noted, values = self.data, self.noted, self.values
        header, long_length = self.coding.explicit, self.coding.long_length
        position = key = 0
        try:
            while True:
                key, vr, length = header(data, position)
                if vr in SHORT_FORM_VRS:
                    position += 8
                    if key in noted and (tag := noted[key]) not in values:
                        values[tag] = bytes(data[position : position + length])
                    position += length
                    continue
                if vr in LONG_FORM_VRS:
                    (length,) = long_length(data, position + 8)
                    value_at = position + 12
                else:
                    value_at, length = _odd_element(data, self.coding, position)
                    vr = b"UN"
                position = self._long_value(key, vr, position, value_at, length)
        except struct.error:
            _check_end(data, self.coding, position, key)

    def implicit(self) -> None:
        """Walk as implicit VR (PS3.5 7.1.3)."""
        data, noted = self.data, self.noted
        header = self.coding.implicit
        position = key = 0
        try:
            while True:
                key, length = header(data, position)
                if key in noted or length == UNDEFINED_LENGTH or key & 0xFFFF == 0xFFFE:
                    position = self._long_value(key, b"", position, position + 8, length)
                else:
                    position += 8 + length
        except struct.error:
            _check_end(data, self.coding, position, key)

    def _long_value(self, key: int, vr: bytes, position: int, value_at: int, length: int) -> int:
        """Note the element at position if it is wanted; returns where the next begins."""
        tag = self.noted.get(key)
        if tag in PIXEL_DATA_TAGS and self.pixel_data is None:
            defined = None if length == UNDEFINED_LENGTH else length
            self.pixel_data = PixelDataSpan(tag, vr, position, value_at, defined)
            if defined is None:
                self.fragments, end = _fragments(self.data, self.coding, value_at, tag)
                return end
        if length == UNDEFINED_LENGTH:
            implicit = vr in (b"", b"UN")
            return _skip_sequence(self.data, self.coding, value_at, key, explicit=not implicit, unknown=vr == b"UN")
        if tag is not None and length <= MAX_VALUE_BYTES and tag not in self.values and tag not in PIXEL_DATA_TAGS:
            self.values[tag] = bytes(self.data[value_at : value_at + length])
        elif tag is None and self.coding.key(key) >> 16 == 0xFFFE and length:
            raise _malformed("An item lies outside any sequence.", self.coding, position, key)
        return value_at + length


def _check_end(data: memoryview, coding: _Coding, position: int, key: int) -> None:
    """Raise unless the walk ended where the data ends.

    Up to 7 zero bytes after it are padding of the sender's; in big endian a cut element may begin with zeros too.
    """
    if position > len(data):
        raise _malformed("An element ends beyond the end of the data set.", coding, position, key)
    rest = data[position:]
    if any(rest) or len(rest) > 7 or (rest and not coding.little_endian):
        raise _malformed("The data set ends inside the header of an element.", coding, position, key)


def _fragments(data: memoryview, coding: _Coding, position: int, tag: int) -> tuple[list[tuple[int, int]], int]:
    """Offset and length of every item of encapsulated pixel data (PS3.5 A.4), and where its delimiter ends."""
    header, item, delimiter = coding.implicit, coding.item, coding.sequence_delimiter
    end, found = len(data), []
    key = coding.key(tag)
    while position + 8 <= end:
        item_key, length = header(data, position)
        position += 8
        if item_key == item and position + length <= end:
            found.append((position, length))
            position += length
        elif item_key == delimiter:
            return found, position
        else:
            raise _malformed("A fragment of the pixel data is torn.", coding, position - 8, key)
    raise _malformed("The pixel data has no sequence delimiter.", coding, position, key)


def _skip_sequence(
    data: memoryview, coding: _Coding, position: int, key: int, *, explicit: bool, unknown: bool = False, depth: int = 0
) -> int:
    """Where a sequence of undefined length ends, its first item header being at position (PS3.5 7.5).

    unknown: it stands in an element of VR UN, whose content is implicit VR little endian (PS3.5 6.2.2) unless it
    plainly shows VRs. Items with a length are jumped over.
    """
    if unknown:
        shows_vr = bytes(data[position + 12 : position + 14]) in _KNOWN_VRS
        explicit, coding = (True, coding) if shows_vr else (False, _LITTLE)
    try:
        if explicit:
            return _skip_explicit_sequence(data, coding, position, key, depth)
        return _skip_implicit_sequence(data, coding, position, key, depth)
    except struct.error as error:
        raise _malformed("A sequence has no delimiter.", coding, position, key) from error


def _skip_explicit_sequence(data: memoryview, coding: _Coding, position: int, key: int, depth: int) -> int:
    header, item_header, long_length = coding.explicit, coding.implicit, coding.long_length
    start, level, in_item = position, depth + 1, False
    while True:
        if not in_item:
            position, in_item, closed = _item(data, coding, item_header, position, key)
            if closed:
                level -= 1
                if level == depth:
                    return position
                in_item = True
            continue
        key, vr, length = header(data, position)
        if vr in SHORT_FORM_VRS:
            position += 8 + length
            continue
        if vr in LONG_FORM_VRS:
            (length,) = long_length(data, position + 8)
            position += 12
        elif key == coding.item_delimiter:
            position, in_item = position + 8, False
            continue
        elif key == coding.sequence_delimiter:  # the item's own delimiter is missing
            in_item = False
            continue
        else:
            vr = b"UN"
            position, length = _odd_element(data, coding, position)
        if length != UNDEFINED_LENGTH:
            position += length
        elif level >= MAX_DEPTH:
            raise _malformed("Sequences are nested too deep.", coding, start, key)
        elif vr == b"UN":
            position = _skip_sequence(data, coding, position, key, explicit=False, unknown=True, depth=level)
        else:
            level, in_item = level + 1, False


def _skip_implicit_sequence(data: memoryview, coding: _Coding, position: int, key: int, depth: int) -> int:
    header = coding.implicit
    item_delimiter, sequence_delimiter = coding.item_delimiter, coding.sequence_delimiter
    start, level, in_item = position, depth + 1, False
    while True:
        if not in_item:
            position, in_item, closed = _item(data, coding, header, position, key)
            if closed:
                level -= 1
                if level == depth:
                    return position
                in_item = True
            continue
        key, length = header(data, position)
        if key == sequence_delimiter:  # the item's own delimiter is missing
            in_item = False
            continue
        position += 8
        if key == item_delimiter:
            in_item = False
        elif length != UNDEFINED_LENGTH:
            position += length
        elif level >= MAX_DEPTH:
            raise _malformed("Sequences are nested too deep.", coding, start, key)
        else:
            level, in_item = level + 1, False


def _item(data: memoryview, coding: _Coding, header: _Unpack, position: int, key: int) -> tuple[int, bool, bool]:
    """Read what stands between items: (next position, inside an item of undefined length, sequence closed)."""
    item_key, length = header(data, position)
    position += 8
    if item_key == coding.item:
        return (position, True, False) if length == UNDEFINED_LENGTH else (position + length, False, False)
    if item_key == coding.sequence_delimiter:
        return position, False, True
    raise _malformed("A sequence holds something that is not an item.", coding, position - 8, key)


def _odd_element(data: memoryview, coding: _Coding, position: int) -> tuple[int, int]:
    """Value offset and length of an explicit element whose VR is none of the standard's.

    Real files have blank VRs, zero VRs, elements written in implicit form, and VRs of a later edition (which have the
    long form, PS3.5 7.1.2). The first reading that leads to a plausible next element is taken.
    Raises MalformedDataSet when none does; struct.error at the end of the data.
    """
    key, vr, length = coding.explicit(data, position)
    _, implicit_length = coding.implicit(data, position)
    short, implicit = (position + 8, length), (position + 8, implicit_length)
    readings = [implicit, short]
    if vr.isalpha() and vr.isupper() and not length and position + 12 <= len(data):
        readings = [(position + 12, coding.long_length(data, position + 8)[0]), short]
    if key in (coding.item_delimiter, coding.sequence_delimiter) and not implicit_length:
        return implicit  # a delimiter too many does no harm
    for value_at, value_length in readings:
        if _leads_on(data, coding, key, value_at, value_length):
            return value_at, value_length
    raise _malformed("An element has an impossible VR or length.", coding, position, key)


def _leads_on(data: memoryview, coding: _Coding, key: int, value_at: int, length: int) -> bool:
    """Whether the value ends at the end of the data, or before a tag that may follow."""
    if length == UNDEFINED_LENGTH:
        return value_at + 8 <= len(data) and coding.long_length(data, value_at)[0] in (
            coding.item,
            coding.sequence_delimiter,
        )
    end = value_at + length
    if end == len(data):
        return True
    return end + 8 <= len(data) and coding.key(coding.long_length(data, end)[0]) > coding.key(key) & 0xFFFF0000


def _malformed(message: str, coding: _Coding, offset: int, key: int) -> MalformedDataSet:
    tag = coding.key(key)
    return MalformedDataSet(message, tag=f"({tag >> 16:04x},{tag & 0xFFFF:04x})", offset=offset)
