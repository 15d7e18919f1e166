"""Uncompressed pixel data: bytes of a frame to an array (PS3.5 8.1, 8.2.1, Annex D; PS3.3 C.7.6.3.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from isocenter.pixels.description import ImageDescription
from isocenter.pixels.errors import UndecodableFrame

Samples = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True)
class FrameSpan:
    """Where one frame lies in native pixel data.

    bit_offset: bits of other frames before it, where frames of 1 bit share a byte or swapped bytes a word.
    """

    offset: int
    length: int
    bit_offset: int = 0


def frame_span(description: ImageDescription, frame_index: int, *, big_endian: bool = False) -> FrameSpan:
    """Bytes of a frame from the start of the value; frame_index counts from 0. 1-bit frames follow without padding."""
    unit = 16 if big_endian and _is_swapped(description) else 8
    bits = description.native_frame_bits
    start, end = bits * frame_index, bits * (frame_index + 1)
    first, last = start // unit, (end + unit - 1) // unit
    return FrameSpan(first * unit // 8, (last - first) * unit // 8, start % unit)


def _is_swapped(description: ImageDescription) -> bool:
    """Whether bytes of big endian pixel data stand in words, and so in pairs the wrong way round."""
    return description.bits_allocated == 8 and description.pixel_data_vr == "OW"


def decode_native(
    data: bytes | memoryview, description: ImageDescription, *, big_endian: bool = False, bit_offset: int = 0
) -> Samples:
    """The samples of one frame as an array of description.shape and dtype, without any look-up table or colour change.

    Chroma of YBR_FULL_422 is repeated to full width. The array may be read-only. Raises UndecodableFrame when bytes
    are missing; a byte of padding after the frame is ignored.
    """
    needed = (bit_offset + description.native_frame_bits + 7) // 8
    if len(data) < needed:
        raise UndecodableFrame("The pixel data is shorter than its frames.", bytes=len(data), needed=needed)
    if description.bits_allocated == 1:
        return _one_bit(data, description, bit_offset)
    if big_endian and _is_swapped(description):
        data = _swapped_words(data, needed)
    count = description.native_frame_bits // description.bits_allocated
    dtype = description.dtype.newbyteorder(">" if big_endian else "<")
    samples: Samples = np.frombuffer(data, dtype=dtype, count=count, offset=bit_offset // 8)
    if big_endian:
        samples = samples.astype(description.dtype)
    return arrange(samples, description)


def arrange(samples: Samples, description: ImageDescription) -> Samples:
    """A flat run of samples in the order of Planar Configuration as (rows, columns[, samples])."""
    rows, columns, per_pixel = description.rows, description.columns, description.samples_per_pixel
    if per_pixel == 1:
        return samples.reshape(rows, columns)
    if per_pixel == 3 and description.photometric_interpretation.endswith("_422"):
        return _full_width(samples, rows, columns)
    if description.planar_configuration:
        return np.ascontiguousarray(samples.reshape(per_pixel, rows, columns).transpose(1, 2, 0))
    return samples.reshape(rows, columns, per_pixel)


def _one_bit(data: bytes | memoryview, description: ImageDescription, bit_offset: int) -> Samples:
    """Bits are packed from the least significant one of each byte (PS3.5 8.1.1)."""
    needed = (bit_offset + description.samples_per_frame + 7) // 8
    bits = np.unpackbits(np.frombuffer(data, dtype=np.uint8, count=needed), bitorder="little")
    return bits[bit_offset : bit_offset + description.samples_per_frame].reshape(description.shape)


def _swapped_words(data: bytes | memoryview, needed: int) -> bytes:
    even = bytes(data[: needed + needed % 2])
    if len(even) % 2:
        even += b"\0"
    return np.frombuffer(even, dtype="<u2").byteswap().tobytes()


def _full_width(samples: Samples, rows: int, columns: int) -> Samples:
    """Y1 Y2 Cb Cr for each pair of pixels (PS3.3 C.7.6.3.1.2) to one Y Cb Cr per pixel."""
    if columns % 2:
        raise UndecodableFrame("An image with halved chroma has an odd number of columns.")
    quads = samples.reshape(rows, columns // 2, 4)
    full = np.empty((rows, columns, 3), dtype=samples.dtype)
    full[:, 0::2, 0] = quads[:, :, 0]
    full[:, 1::2, 0] = quads[:, :, 1]
    full[:, :, 1] = np.repeat(quads[:, :, 2], 2, axis=1)
    full[:, :, 2] = np.repeat(quads[:, :, 3], 2, axis=1)
    return full


def stored_values(samples: Samples, description: ImageDescription) -> Samples:
    """The stored values alone: bits beside Bits Stored (old overlays, garbage) cleared, the sign extended.

    samples: as decoded, any shape. Returns the same shape; the same array where there is nothing to do.
    """
    allocated, stored, high = description.bits_allocated, description.bits_stored, description.high_bit
    if description.floating or allocated == 1 or stored == allocated:
        return samples
    # Shift the stored bits to the top, where the sign is, and back down.
    left = np.left_shift(samples, allocated - 1 - high)
    return np.right_shift(left, allocated - stored)
