"""HTJ2K: reversible, with the precision that Bits Stored says."""

from __future__ import annotations

from typing import Any

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isocenter.pixels.codestreams import Coding, identify
from isocenter.pixels.decode import decode_frame
from isocenter.pixels.description import ImageDescription
from isocenter.pixels.encode import encode_htj2k
from isocenter.pixels.errors import InvalidImageDescription

HTJ2K = "1.2.840.10008.1.2.4.201"


def described(rows: int, columns: int, samples: int, allocated: int, stored: int, signed: int) -> ImageDescription:
    label = "MONOCHROME2" if samples == 1 else "RGB"
    return ImageDescription(rows, columns, samples, allocated, stored, stored - 1, signed, label)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_every_image_comes_back_with_its_depth_in_the_code_stream(data: st.DataObject) -> None:
    samples = data.draw(st.sampled_from([1, 1, 3]))
    allocated = data.draw(st.sampled_from([8, 16]))
    stored = allocated if samples == 3 else data.draw(st.integers(2, allocated))
    signed = 0 if samples == 3 else data.draw(st.integers(0, 1))
    rows, columns = data.draw(st.integers(1, 70)), data.draw(st.integers(1, 70))
    description = described(rows, columns, samples, allocated, stored, signed)
    low, high = (-(1 << (stored - 1)), 1 << (stored - 1)) if signed else (0, 1 << stored)
    random = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    frame = random.integers(low, high, description.shape).astype(description.dtype)
    stream = encode_htj2k(frame, description)
    header = identify(stream)
    assert header is not None
    assert (header.coding, header.precision, header.signed) == (Coding.HTJ2K, stored, bool(signed))
    assert np.array_equal(decode_frame(stream, HTJ2K, description), frame)
    # A decoder by other people agrees.
    assert np.array_equal(imagecodecs.jpeg2k_decode(stream, planar=False).reshape(frame.shape), frame)


@pytest.mark.parametrize(
    "frame",
    [np.full((8, 8), 0x1000, dtype="u2"), np.full((8, 8), -2049, dtype="i2"), np.full((8, 8), 0x0FFF, dtype="i2")],
)
def test_bits_beside_bits_stored_are_never_thrown_away(frame: np.ndarray[Any, Any]) -> None:
    description = described(8, 8, 1, 16, 12, int(frame.dtype.kind == "i"))
    with pytest.raises(InvalidImageDescription):
        encode_htj2k(frame, description)
