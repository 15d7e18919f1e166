"""Our own HTJ2K decoded at half its rows and columns, a quarter, an eighth …: what a small picture needs, no more."""

from __future__ import annotations

from typing import Final

import imagecodecs
import numpy as np

from isocenter.pixels.description import ImageDescription
from isocenter.pixels.encode import SSIZ
from isocenter.pixels.errors import UndecodableFrame
from isocenter.pixels.native import Samples

MOST_HALVINGS: Final = 5
"""Levels of the wavelet that `encode_htj2k` makes."""
ROOM_TO_SMOOTH: Final = 1.4
"""A band has more grain than the means of the same pixels; with some more pixels the scaling smooths it away."""
_SIGNED: Final = 0x80
_DEPTH_WITH_ROOM: Final = 20


def halvings_for(shape: tuple[int, int], wanted: tuple[int, int]) -> int:
    """How often (rows, columns) can be halved, rounding up, and stay ROOM_TO_SMOOTH times as many as are wanted."""
    halvings = 0
    while halvings < MOST_HALVINGS and all(
        -(-size // (2 << halvings)) >= ROOM_TO_SMOOTH * least for size, least in zip(shape, wanted, strict=True)
    ):
        halvings += 1
    return halvings


def decode_reduced(stream: bytes | bytearray, description: ImageDescription, halvings: int) -> Samples:
    """The low-pass band of the 5/3 wavelet after so many halvings, of description.dtype: (rows, columns), rounded up.

    stream: one grey frame of `encode_htj2k`. The band is a smoothed image that swings over at edges (ISO 15444-1 F.3):
    beyond the depth that the stream declares, where the decoder wraps round. So a deeper, signed one is declared to it,
    the level shift (G.1) is undone here, and what is beyond Bits Stored is cut off. Raises UndecodableFrame.
    """
    at = stream.find(b"\xff\x51") + SSIZ
    bits, signed = description.bits_stored, bool(description.pixel_representation)
    if at < SSIZ or at >= len(stream) or stream[at] != (_SIGNED if signed else 0) | (bits - 1):
        raise UndecodableFrame("The compressed image has another depth than is described.")
    roomy = bytearray(stream)
    roomy[at] = _SIGNED | (_DEPTH_WITH_ROOM - 1)
    try:
        band = np.asarray(imagecodecs.htj2k_decode(bytes(roomy), planar=False, skipres=halvings))
    except Exception as error:  # the codec has an exception class of its own
        raise UndecodableFrame("The compressed image is damaged.", coding="htj2k") from error
    expected = tuple(-(-size // (1 << halvings)) for size in (description.rows, description.columns))
    if band.shape != expected or band.dtype != np.int32:
        raise UndecodableFrame("The compressed image has another size than is described.")
    half = 1 << (bits - 1)
    low, high = (-half, half - 1) if signed else (0, 2 * half - 1)
    values: Samples = np.clip(band if signed else band + half, low, high).astype(description.dtype)
    return values
