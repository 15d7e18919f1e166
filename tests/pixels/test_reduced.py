"""Our HTJ2K decoded coarser: the band that the standard's wavelet has there, never wrapped round."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isocenter.pixels.description import ImageDescription
from isocenter.pixels.encode import encode_htj2k
from isocenter.pixels.errors import UndecodableFrame
from isocenter.pixels.reduced import MOST_HALVINGS, decode_reduced, halvings_for

Array = np.ndarray[Any, Any]


def low_pass(values: Array) -> Array:
    """The low-pass half of one level of the reversible 5/3 transform along the first axis (ISO 15444-1 F.4.8)."""
    size = len(values)
    if size == 1:
        return values
    around = np.concatenate([values[[2, 1] if size > 2 else [0, 1]], values, values[[-2, -3] if size > 2 else [0, 1]]])

    def at(index: Array) -> Array:
        found: Array = around[index + 2]
        return found

    even = np.arange(0, size, 2)
    after = at(even + 1) - np.floor_divide(at(even) + at(np.minimum(even + 2, size + 1)), 2)
    before = at(even - 1) - np.floor_divide(at(even - 2) + at(even), 2)
    if size % 2:  # mirrored: what follows the last is what goes before it
        after[-1] = before[-1]
    low: Array = at(even) + np.floor_divide(before + after + 2, 4)
    return low


def band(frame: Array, description: ImageDescription, halvings: int) -> Array:
    """What `decode_reduced` should give, by the standard's own steps."""
    half = 1 << (description.bits_stored - 1)
    shift, low = (0, -half) if description.pixel_representation else (half, 0)
    values = frame.astype(np.int64) - shift
    for _ in range(halvings):
        values = low_pass(low_pass(values).T).T
    return np.clip(values + shift, low, low + 2 * half - 1)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_every_depth_gives_the_band_of_the_standards_wavelet(data: st.DataObject) -> None:
    allocated = data.draw(st.sampled_from([8, 16]))
    stored, signed = data.draw(st.integers(2, allocated)), data.draw(st.integers(0, 1))
    rows, columns = data.draw(st.integers(1, 70)), data.draw(st.integers(1, 70))
    description = ImageDescription(rows, columns, 1, allocated, stored, stored - 1, signed)
    low, high = (-(1 << (stored - 1)), (1 << (stored - 1)) - 1) if signed else (0, (1 << stored) - 1)
    random = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    # Black beside white: nothing swings over its edges more.
    frame = random.choice([low, high], description.shape).astype(description.dtype)
    halvings = data.draw(st.integers(0, MOST_HALVINGS))
    found = decode_reduced(encode_htj2k(frame, description), description, halvings)
    assert found.dtype == description.dtype
    assert np.array_equal(found, band(frame, description, halvings))


def test_an_image_is_halved_while_it_stays_larger_than_is_wanted() -> None:
    assert halvings_for((512, 512), (256, 256)) == 0
    assert halvings_for((512, 512), (180, 180)) == 1
    assert halvings_for((512, 512), (180, 185)) == 0
    assert halvings_for((351, 512), (125, 125)) == 1
    assert halvings_for((3000, 2500), (256, 213)) == 3
    assert halvings_for((512, 512), (1024, 1024)) == 0
    assert halvings_for((9000, 9000), (1, 1)) == MOST_HALVINGS


def test_what_does_not_say_the_depth_or_size_that_is_described_is_refused() -> None:
    described = ImageDescription(16, 16, 1, 16, 12, 11)
    stream = encode_htj2k(np.arange(256, dtype="u2").reshape(16, 16), described)
    with pytest.raises(UndecodableFrame, match="depth"):
        decode_reduced(stream, ImageDescription(16, 16, 1, 16, 13, 12), 1)
    with pytest.raises(UndecodableFrame, match="size"):
        decode_reduced(stream, ImageDescription(16, 18, 1, 16, 12, 11), 1)
    with pytest.raises(UndecodableFrame):
        decode_reduced(stream[:60], described, 1)
    with pytest.raises(UndecodableFrame):
        decode_reduced(b"no image", described, 1)
