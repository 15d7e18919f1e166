"""Where the bytes of a frame lie (PS3.3 C.7.6.3, PS3.5 8.2, A.4), and the frame itself when it lies nowhere as such.

Frames count from 0 here (`frame_index`). For native pixel data a frame is arithmetic: rows x columns x samples x bits.
For encapsulated pixel data it is the fragments that belong to it. Big endian, deflated and 1-bit frames that begin
inside a byte are "derived": cut out of the whole, little endian, first pixel in the lowest bit of the first byte.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from isocenter.delivery.errors import NoPixels, NotDrawable, UnknownFrame
from isocenter.delivery.files import Files
from isocenter.delivery.study_view import Form, InstanceView
from isocenter.pixels.encapsulation import frame_fragments
from isocenter.standards.dicom.elements import scan
from isocenter.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from isocenter.storage.extents import Extent

SMALL_PIXELS: Final = 512 * 512
"""A frame of no more is drawn or decoded so quickly that a connection may do it by itself."""
BIG_ENDIAN_PIXELS: Final = frozenset({"1.2.840.10008.1.2.2", "1.2.840.113619.5.2"})
VIDEO: Final = frozenset(
    f"1.2.840.10008.1.2.4.{last}" for last in (100, 101, 102, 103, 104, 105, 106, 107, 108)
) | frozenset(f"1.2.840.10008.1.2.4.{last}.1" for last in (100, 101, 102, 103, 104, 105, 106))
"""MPEG-2, MPEG-4 and HEVC: one stream, not frames; given as stored and never decoded here."""

EXTENDED_OFFSET_TABLE: Final = 0x7FE00001

FrameExtents = tuple[Extent, ...] | None


def check_frame(instance: InstanceView, form: Form, frame_index: int) -> None:
    """Raise NoPixels or UnknownFrame unless the instance has this frame."""
    if form.pixel_offset is None and not (form.syntax.deflated and instance.rows):
        raise NoPixels("This object has no pixel data.", sop_class_uid=instance.sop_class_uid)
    if not 0 <= frame_index < instance.number_of_frames:
        raise UnknownFrame(
            "The instance has no such frame.", frame_number=frame_index + 1, frames=instance.number_of_frames
        )


def label_of(form: Form) -> str:
    """The transfer syntax that stored frames are labelled with: all uncompressed ones are given as little endian."""
    return form.transfer_syntax_uid if form.encapsulated else EXPLICIT_VR_LITTLE_ENDIAN


def frame_bits(instance: InstanceView) -> int:
    """Bits of one native frame, without padding. Raises NotDrawable when the object does not say them.

    YBR_FULL_422 has two samples for each pixel although it says three (PS3.3 C.7.6.3.1.2).
    """
    samples = instance.samples_per_pixel or 1
    if instance.photometric_interpretation == "YBR_FULL_422" and samples == 3:
        samples = 2
    bits = (instance.rows or 0) * (instance.columns or 0) * samples * (instance.bits_allocated or 0)
    if not bits:
        raise NotDrawable("The object does not say how large a frame is.", cause="no-image-size")
    return bits


def native_extents(instance: InstanceView, form: Form, frame_index: int) -> FrameExtents:
    """The bytes of one native frame where it lies; None when it must be derived. Raises NotDrawable if it is cut."""
    assert form.pixel_offset is not None
    assert form.pixel_length is not None
    bits = frame_bits(instance)
    if form.transfer_syntax_uid in BIG_ENDIAN_PIXELS:
        return None
    if (bits * frame_index) % 8:
        return None
    offset, length = bits * frame_index // 8, (bits + 7) // 8
    if offset + length > form.pixel_length:
        raise NotDrawable("The pixel data is shorter than the object says.", cause="pixel-data-too-short")
    if bits % 8 and instance.number_of_frames > 1:
        return None
    return (form.within(form.pixel_offset + offset, length),)


def extents_at_hand(instance: InstanceView, form: Form, frame_index: int) -> FrameExtents:
    """The bytes of a stored frame if that can be said without reading anything; None when not."""
    if form.packed is not None:
        return form.packed.manifest.frame(form.packed.entry, frame_index)
    if form.pixel_length is not None:
        return native_extents(instance, form, frame_index)
    return None


def scan_fragments(files: Files, instance: InstanceView, form: Form) -> tuple[tuple[Extent, ...], ...]:
    """The extents of all frames of an encapsulated form, from its items (walks over the whole data set once).

    Raises UndecodableFrame when the fragments cannot be told apart into frames, MalformedDataSet.
    """
    data = files.view(form.data_set)
    try:
        scanned = scan(data, form.syntax, frozenset({EXTENDED_OFFSET_TABLE}))
        if scanned.fragments is None:
            raise NoPixels("This object has no pixel data in fragments.", sop_class_uid=instance.sop_class_uid)
        assigned = frame_fragments(
            scanned.fragments,
            instance.number_of_frames,
            lambda offset, length: bytes(data[offset : offset + length]),
            extended_offsets=scanned.values.get(EXTENDED_OFFSET_TABLE, b""),
            video=form.transfer_syntax_uid in VIDEO,
        )
    finally:
        data.release()
    return tuple(tuple(form.within(offset, length) for offset, length in frame) for frame in assigned)


def derive_native(files: Files, instance: InstanceView, form: Form, frame_index: int) -> bytes:
    """A native frame cut out of its surroundings: 1-bit frames aligned to bytes, big endian turned little."""
    assert form.pixel_offset is not None
    assert form.pixel_length is not None
    bits = frame_bits(instance)
    first, last = bits * frame_index // 8, (bits * (frame_index + 1) + 7) // 8
    if last > form.pixel_length:
        raise NotDrawable("The pixel data is shorter than the object says.", cause="pixel-data-too-short")
    word = 8
    if form.transfer_syntax_uid in BIG_ENDIAN_PIXELS:
        word = max(instance.bits_allocated or 8, _word_bits(files, form))
    start, end = first - first % (word // 8), last + -last % (word // 8)
    content = bytes(files.read(form.within(form.pixel_offset + start, min(end, form.pixel_length) - start)))
    content = swapped(content, word)[first - start : last - start]
    return content if bits % 8 == 0 else cut_bits(content, bits * frame_index % 8, bits)


def _word_bits(files: Files, form: Form) -> int:
    """Bits of the words that a big endian sender swapped: those of VR OW even for smaller samples (PS3.5 A.3)."""
    if not form.syntax.explicit_vr:
        return 8
    return 16 if files.read(form.within(form.header_length + 4, 2)) == b"OW" else 8


def cut_bits(content: bytes, first_bit: int, count: int) -> bytes:
    """`count` bits from bit `first_bit`, lowest bit first, as bytes that begin at a bit 0; padded with zeros."""
    unpacked = np.unpackbits(np.frombuffer(content, np.uint8), bitorder="little")[first_bit : first_bit + count]
    return np.packbits(unpacked, bitorder="little").tobytes()


def swapped(content: bytes, bits_allocated: int) -> bytes:
    """Big endian samples of 16, 32 or 64 bits as little endian."""
    width = bits_allocated // 8
    if width not in (2, 4, 8):
        return content
    return np.frombuffer(content, f">u{width}").astype(f"<u{width}").tobytes()
