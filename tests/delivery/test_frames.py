"""Where frames lie: arithmetic for native pixels, items for encapsulated ones, cut out where they lie nowhere."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.delivery.builders import SEGMENT, a_form, an_instance, files_of

from isocenter.delivery.errors import NoPixels, NotDrawable, UnknownFrame
from isocenter.delivery.frames import (
    check_frame,
    cut_bits,
    derive_native,
    extents_at_hand,
    native_extents,
    scan_fragments,
    swapped,
)
from isocenter.delivery.study_view import UNSCANNED

BIG_ENDIAN = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
JPEG_LS = "1.2.840.10008.1.2.4.80"


def test_a_native_frame_is_arithmetic() -> None:
    form = a_form(100, start=1000, pixel_offset=20, pixels=24)
    found = native_extents(an_instance(form, frames=3), form, 2)
    assert found is not None
    assert (found[0].source, found[0].offset, found[0].length) == (SEGMENT.source, 1000 + 20 + 16, 8)


def test_no_pixels_are_known_only_where_the_data_set_was_looked_at() -> None:
    lost = a_form(100)
    assert an_instance(lost).without_pixels
    assert not an_instance(a_form(100, pixel_offset=20, pixels=24)).without_pixels
    assert not an_instance(a_form(100, pixel_offset=20)).without_pixels
    assert not an_instance(replace(lost, header_length=UNSCANNED)).without_pixels
    assert not an_instance(a_form(100, syntax=DEFLATED)).without_pixels


def test_halved_chroma_makes_a_shorter_frame() -> None:
    form = a_form(100, pixel_offset=20, pixels=16)
    instance = an_instance(form, frames=2, bits=8, samples=3, photometric="YBR_FULL_422")
    found = native_extents(instance, form, 1)
    assert found is not None
    assert (found[0].offset, found[0].length) == (28, 8)


def test_pixel_data_shorter_than_its_frames_is_refused_with_the_reason() -> None:
    form = a_form(100, pixel_offset=20, pixels=20)
    with pytest.raises(NotDrawable) as caught:
        native_extents(an_instance(form, frames=3), form, 2)
    assert caught.value.fields["cause"] == "pixel-data-too-short"


def test_frames_that_are_not_there_are_unknown_and_objects_without_pixels_say_so() -> None:
    form = a_form(100, pixel_offset=20, pixels=24)
    with pytest.raises(UnknownFrame):
        check_frame(an_instance(form, frames=3), form, 3)
    with pytest.raises(NoPixels):
        check_frame(an_instance(), a_form(10), 0)


def test_one_bit_frames_that_begin_inside_a_byte_are_derived(tmp_path: Path) -> None:
    bits = np.random.default_rng(1).integers(0, 2, size=(5, 9), dtype=np.uint8)  # five frames of nine bits
    value = np.packbits(bits.ravel(), bitorder="little").tobytes()
    form = a_form(20 + len(value), pixel_offset=20, pixels=len(value))
    instance = an_instance(form, frames=5, size=(3, 3), bits=1)
    files = files_of(tmp_path, bytes(20) + value)
    for index in range(5):
        assert native_extents(instance, form, index) is None
        frame = derive_native(files, instance, form, index)
        assert len(frame) == 2
        unpacked = np.unpackbits(np.frombuffer(frame, np.uint8), bitorder="little")
        assert np.array_equal(unpacked[:9], bits[index])
        assert not unpacked[9:].any()


def test_big_endian_frames_are_turned_little(tmp_path: Path) -> None:
    pixels = np.arange(8, dtype=np.uint16) * 257 + 1
    header = b"\x7f\xe0\x00\x10OW\0\0" + struct.pack(">I", 16)
    form = a_form(28, syntax=BIG_ENDIAN, pixel_offset=12, pixels=16)
    instance = an_instance(form, frames=2)
    files = files_of(tmp_path, header + pixels.astype(">u2").tobytes())
    assert extents_at_hand(instance, form, 1) is None
    assert derive_native(files, instance, form, 1) == pixels[4:].astype("<u2").tobytes()


def test_big_endian_bytes_in_words_are_turned_even_for_odd_frames(tmp_path: Path) -> None:
    pixels = bytes(range(1, 19))  # two frames of nine bytes
    words = np.frombuffer(pixels, "<u2").astype(">u2").tobytes()
    header = b"\x7f\xe0\x00\x10OW\0\0" + struct.pack(">I", 18)
    form = a_form(30, syntax=BIG_ENDIAN, pixel_offset=12, pixels=18)
    instance = an_instance(form, frames=2, size=(3, 3), bits=8)
    files = files_of(tmp_path, header + words)
    assert [derive_native(files, instance, form, index) for index in range(2)] == [pixels[:9], pixels[9:]]


def test_the_fragments_of_an_encapsulated_object_become_its_frames(tmp_path: Path) -> None:
    def item(content: bytes) -> bytes:
        return b"\xfe\xff\x00\xe0" + struct.pack("<I", len(content)) + content

    offset_table = struct.pack("<II", 0, 24)
    header = b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff"
    data_set = header + item(offset_table) + item(b"AAAA") + item(b"BBBB") + item(b"CCCC") + b"\xfe\xff\xdd\xe0\0\0\0\0"
    form = a_form(len(data_set), syntax=JPEG_LS, start=7, pixel_offset=12)
    files = files_of(tmp_path, b"xxxxxxx" + data_set)
    frames = scan_fragments(files, an_instance(form, frames=2), form)
    assert [b"".join(bytes(files.read(extent)) for extent in frame) for frame in frames] == [b"AAAABBBB", b"CCCC"]


def test_bits_are_cut_and_words_swapped() -> None:
    assert cut_bits(bytes([0b10110100]), 2, 4) == bytes([0b1101])
    assert swapped(b"\1\2\3\4", 16) == b"\2\1\4\3"
    assert swapped(b"\1\2\3\4", 32) == b"\4\3\2\1"
    assert swapped(b"\1\2", 8) == b"\1\2"
