"""Where each element of one level of a little endian data set lies, read as leniently as at reception (`elements`)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from isocenter.standards.dicom.data_dictionary import vr_of
from isocenter.standards.dicom.elements import (
    _LITTLE,
    LONG_FORM_VRS,
    SHORT_FORM_VRS,
    UNDEFINED_LENGTH,
    MalformedDataSet,
    _is_explicit,
    _odd_element,
    _skip_sequence,
)

_ITEM: Final = 0xFFFEE000
_KNOWN_VRS: Final = SHORT_FORM_VRS | LONG_FORM_VRS


class ElementSpan(NamedTuple):
    """One element. Offsets in bytes from the start of the data.

    vr: as sent, b"" when it shows none (implicit VR). end: after the value and its delimiter; value_end: before
    the delimiter of an undefined length. undefined: whether the length was.
    """

    tag: int
    vr: bytes
    start: int
    value_at: int
    value_end: int
    end: int
    undefined: bool

    @property
    def known_vr(self) -> str:
        """The VR that the element has by its own word, or by PS3.6 where it shows none or UN."""
        if self.vr in (b"", b"UN") and not self.tag & 0x10000:
            return vr_of(self.tag)
        return self.vr.decode("ascii", "replace") or "UN"


def is_explicit(data: memoryview, declared: bool) -> bool:
    """Whether the first element of the data set shows its VR, whatever the transfer syntax said."""
    return _is_explicit(data, _LITTLE, declared)


def element_spans(data: memoryview, *, explicit: bool, start: int = 0, end: int | None = None) -> Iterator[ElementSpan]:
    """The elements from start to end, or to the delimiter that closes an item; trailing zero padding is left out.

    end: of an item; None for a whole data set, in which delimiters too many are passed over. Raises MalformedDataSet.
    """
    position, stop = start, len(data) if end is None else end
    while position + 8 <= stop:
        try:
            span = _element(data, position, explicit)
        except struct.error as error:
            raise MalformedDataSet("The data set ends inside an element.", offset=position) from error
        if span.tag >> 16 == 0xFFFE and end is not None:
            return
        if span.tag >> 16 == 0xFFFE:
            position = span.end
            continue
        if span.end > stop:
            raise MalformedDataSet("An element ends beyond the end of its data set.", offset=position)
        yield span
        position = span.end


def item_spans(data: memoryview, sequence: ElementSpan, *, explicit: bool) -> Iterator[tuple[int, int]]:
    """(start, end) of the content of each item of a sequence, delimiters left out. Raises MalformedDataSet."""
    position = sequence.value_at
    while position + 8 <= sequence.value_end:
        group, element, length = struct.unpack_from("<HHI", data, position)
        if group << 16 | element != _ITEM:
            return
        start = position + 8
        if length != UNDEFINED_LENGTH:
            yield start, start + length
            position = start + length
            continue
        last = start
        for span in element_spans(data, explicit=explicit, start=start, end=sequence.value_end):
            last = span.end
        yield start, last
        position = last + 8 if _closes_item(data, last) else last


def _closes_item(data: memoryview, position: int) -> bool:
    return bytes(data[position : position + 4]) == b"\xfe\xff\x0d\xe0"


_HEADER: Final = struct.Struct("<HHI").unpack_from
_EXPLICIT: Final = struct.Struct("<HH2sH").unpack_from
_LONG_LENGTH: Final = struct.Struct("<I").unpack_from


def _element(data: memoryview, position: int, explicit: bool) -> ElementSpan:
    if explicit:
        group, element, vr, length = _EXPLICIT(data, position)
        if vr in SHORT_FORM_VRS and group != 0xFFFE:
            end = position + 8 + length
            return ElementSpan(group << 16 | element, vr, position, position + 8, end, end, False)
    return _long_element(data, position, explicit)


def _long_element(data: memoryview, position: int, explicit: bool) -> ElementSpan:
    group, element, length = _HEADER(data, position)
    tag, vr, value_at = group << 16 | element, b"", position + 8
    if explicit and group != 0xFFFE:
        vr = bytes(data[position + 4 : position + 6])
        if vr in LONG_FORM_VRS:
            length, value_at = _LONG_LENGTH(data, position + 8)[0], position + 12
        else:
            vr = b"UN"
            value_at, length = _odd_element(data, _LITTLE, position)
    if length != UNDEFINED_LENGTH:
        return ElementSpan(tag, vr, position, value_at, value_at + length, value_at + length, False)
    inside = vr not in (b"", b"UN")
    end = _skip_sequence(data, _LITTLE, value_at, _LITTLE.key(tag), explicit=inside, unknown=vr == b"UN")
    closed = bytes(data[end - 8 : end - 4]) == b"\xfe\xff\xdd\xe0"
    return ElementSpan(tag, vr, position, value_at, end - 8 if closed else end, end, True)


def items_are_explicit(data: memoryview, sequence: ElementSpan) -> bool:
    """Whether the items of a sequence show VRs: those of an implicit one never do, those of UN seldom (PS3.5 6.2.2)."""
    if sequence.vr == b"UN":
        return bytes(data[sequence.value_at + 12 : sequence.value_at + 14]) in _KNOWN_VRS
    return bool(sequence.vr)
