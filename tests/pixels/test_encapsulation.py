"""Fragments to frames by tables, by count, and by the beginnings of code streams."""

from __future__ import annotations

import struct

import pytest

from isocenter.pixels.encapsulation import Extent, frame_fragments
from isocenter.pixels.errors import UndecodableFrame


def layout(*values: bytes) -> tuple[bytes, list[Extent]]:
    """Encapsulated items one after the other, and the extents of their values; the first is the offset table."""
    data, extents = b"", []
    for value in values:
        data += struct.pack("<HHI", 0xFFFE, 0xE000, len(value))
        extents.append((len(data), len(value)))
        data += value
    return data, extents


def frames(data: bytes, extents: list[Extent], count: int, extended: bytes = b"") -> list[list[bytes]]:
    found = frame_fragments(extents, count, lambda o, n: data[o : o + n], extended_offsets=extended)
    return [[data[offset : offset + length] for offset, length in frame] for frame in found]


def jpeg(size: int) -> bytes:
    return b"\xff\xd8\xff" + bytes(size) + b"\xff\xd9"


def test_one_frame_is_all_fragments() -> None:
    assert frames(*layout(b"", b"aa", b"bb"), 1) == [[b"aa", b"bb"]]


def test_the_basic_offset_table_is_followed() -> None:
    table = struct.pack("<2I", 0, 20)
    assert frames(*layout(table, b"aa", b"bb", b"cc"), 2) == [[b"aa", b"bb"], [b"cc"]]


def test_the_extended_offset_table_goes_first() -> None:
    table = struct.pack("<2Q", 0, 10)
    assert frames(*layout(b"", b"aa", b"bb", b"cc"), 2, table) == [[b"aa"], [b"bb", b"cc"]]


@pytest.mark.parametrize(
    "table", [b"", struct.pack("<3I", 0, 10, 21), struct.pack("<3I", 0, 20, 10), b"abc", bytes(12)]
)
def test_without_a_usable_table_each_fragment_is_a_frame(table: bytes) -> None:
    assert frames(*layout(table, b"aa", b"bb", b"cc"), 3) == [[b"aa"], [b"bb"], [b"cc"]]


def test_an_empty_last_fragment_is_no_frame() -> None:
    assert frames(*layout(b"", b"aa", b"bb", b""), 2) == [[b"aa"], [b"bb"]]


def test_frames_begin_where_code_streams_begin() -> None:
    first, second = jpeg(10), jpeg(7) + b"\0"
    assert frames(*layout(b"", first[:8], first[8:], second), 2) == [[first[:8], first[8:]], [second]]


@pytest.mark.parametrize("values", [(), (b"",), (b"", b"aa", b"bb", b"cc")])
def test_fragments_that_are_not_frames_are_refused(values: tuple[bytes, ...]) -> None:
    with pytest.raises(UndecodableFrame):
        frames(*layout(*values), 2)
