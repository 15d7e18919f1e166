"""Reversible HTJ2K (ISO 15444-15, PS3.5 A.4.12): the one coding we write."""

from __future__ import annotations

from typing import Final

import imagecodecs
import numpy as np

from isocenter.pixels.description import ImageDescription
from isocenter.pixels.errors import InvalidImageDescription
from isocenter.pixels.native import Samples, stored_values

SSIZ: Final = 40
"""Ssiz, the depth of the first component, from the SIZ marker (ISO 15444-1 A.5.1)."""


def can_encode(description: ImageDescription) -> bool:
    """8 or 16 bits allocated, grey (or palette indexes) or RGB or full-width YBR."""
    return (
        not description.floating
        and description.bits_allocated in (8, 16)
        and description.samples_per_pixel in (1, 3)
        and description.high_bit == description.bits_stored - 1
        and not description.photometric_interpretation.endswith(("_422", "_420"))
    )


def encode_htj2k(frame: Samples, description: ImageDescription) -> bytes:
    """One frame as a reversible code stream whose precision is Bits Stored: RPCL, 5/3 wavelet, RCT for RGB.

    frame: (rows, columns) or (rows, columns, 3) of description.dtype. Its values must fit Bits Stored; what lies
    beside them would be lost: InvalidImageDescription. Label: 1.2.840.10008.1.2.4.201.
    """
    if not can_encode(description) or not _fits(frame, description):
        raise InvalidImageDescription("These pixels are not encoded as HTJ2K.")
    bits, signed = description.bits_stored, bool(description.pixel_representation)
    rgb = frame.ndim == 3 and description.photometric_interpretation == "RGB"
    if bits == description.bits_allocated:
        planar = None if frame.ndim == 2 else False
        return bytes(imagecodecs.htj2k_encode(np.ascontiguousarray(frame), rgb=rgb, planar=planar))
    if frame.ndim == 3:
        raise InvalidImageDescription("These pixels are not encoded as HTJ2K.")
    # The encoder knows whole bytes only. Shift the level ourselves (ISO 15444-1 G.1), encode as signed, and write the
    # true depth: the code stream then is what an encoder that knows Bits Stored would write.
    words = frame if signed else np.subtract(frame, 1 << (bits - 1), dtype=f"i{frame.dtype.itemsize}", casting="unsafe")
    stream = bytearray(imagecodecs.htj2k_encode(np.ascontiguousarray(words)))
    stream[stream.index(b"\xff\x51") + SSIZ] = (0x80 if signed else 0) | (bits - 1)
    return bytes(stream)


def _fits(frame: Samples, description: ImageDescription) -> bool:
    """Whether no bit beside Bits Stored is set (overlays in high bits, or signs that were not extended)."""
    if description.bits_stored == description.bits_allocated:
        return True
    if not description.pixel_representation:
        return int(frame.max(initial=0)) < 1 << description.bits_stored
    return bool(np.array_equal(stored_values(frame, description), frame))
