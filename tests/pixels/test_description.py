"""Impossible and huge descriptions are refused before anything is allocated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from isocenter.pixels.description import ImageDescription, image_description
from isocenter.pixels.errors import InvalidImageDescription

CT = {
    "00280002": {"vr": "US", "Value": [1]},
    "00280004": {"vr": "CS", "Value": ["MONOCHROME2"]},
    "00280010": {"vr": "US", "Value": [512]},
    "00280011": {"vr": "US", "Value": [400]},
    "00280100": {"vr": "US", "Value": [16]},
    "00280101": {"vr": "US", "Value": [12]},
    "00280103": {"vr": "US", "Value": [1]},
}


def test_a_description_says_shape_and_type() -> None:
    description = image_description(CT)
    assert (description.shape, description.dtype, description.high_bit) == ((512, 400), np.dtype("i2"), 11)
    assert description.native_frame_bits == 512 * 400 * 16


def test_float_pixel_data_says_its_own_depth() -> None:
    description = image_description({**CT, "7FE00009": {"vr": "OD", "BulkDataURI": "x"}})
    assert description.dtype == np.dtype("f8")


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("00280010", 0),
        ("00280010", -5),
        ("00280010", 2**31),
        ("00280011", "x"),
        ("00280002", 0),
        ("00280002", 60000),
        ("00280100", 7),
        ("00280100", 65535),
        ("00280101", 0),
        ("00280101", 17),
        ("00280102", 3),
        ("00280102", 16),
        ("00280103", 2),
        ("00280008", 0),
        ("00280008", -1),
        ("00280008", 2**40),
    ],
)
def test_impossible_values_are_refused_by_name(tag: str, value: Any) -> None:
    with pytest.raises(InvalidImageDescription) as raised:
        image_description({**CT, tag: {"vr": "US", "Value": [value]}})
    assert "attribute" in raised.value.fields


def test_a_frame_larger_than_we_decode_is_refused() -> None:
    with pytest.raises(InvalidImageDescription):
        ImageDescription(65535, 65535, 3, 16, 16, 15)
