"""The phantom is a correct CT volume, the same every time, and obviously nobody's."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from pydicom.filebase import DicomBytesIO

from isocenter.apps.phantom import SLICE_SPACING_MM, SLICES, chest_ct, part10


@pytest.fixture(scope="module")
def slices() -> list[pydicom.Dataset]:
    return [pydicom.dcmread(DicomBytesIO(part10(each))) for each in chest_ct(range(118, 122))]


def test_positions_rise_evenly_and_numbers_fall(slices: list[pydicom.Dataset]) -> None:
    heights = [float(each.ImagePositionPatient[2]) for each in slices]
    assert np.allclose(np.diff(heights), SLICE_SPACING_MM)
    assert [int(each.InstanceNumber) for each in slices] == [SLICES - index for index in range(118, 122)]
    assert len({each.SOPInstanceUID for each in slices}) == len(slices)
    assert len({each.SeriesInstanceUID for each in slices}) == 1


def test_values_are_those_of_a_chest(slices: list[pydicom.Dataset]) -> None:
    hu = slices[0].pixel_array.astype(int) + int(slices[0].RescaleIntercept)
    assert hu.shape == (512, 512)
    assert hu[5, 5] < -950  # air around
    assert ((hu > -900) & (hu < -780)).sum() > 20_000  # lung
    assert ((hu > 20) & (hu < 90)).sum() > 10_000  # muscle and blood
    assert (hu > 300).sum() > 1_000  # bone
    assert slices[0].pixel_array.max() < 4096


def test_the_name_is_synthetic_and_has_an_ideographic_group(slices: list[pydicom.Dataset]) -> None:
    name = slices[0].PatientName
    assert "Synthetic" in str(name)
    assert name.ideographic == "体模^合成"


def test_the_same_bytes_every_time(slices: list[pydicom.Dataset]) -> None:
    again = next(iter(chest_ct(range(118, 119))))
    assert again.PixelData == slices[0].PixelData
    assert again.SOPInstanceUID == slices[0].SOPInstanceUID
