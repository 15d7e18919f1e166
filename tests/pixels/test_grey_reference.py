"""The server's greys are those of the reference, and the reference is what pydicom and DCMTK make today."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from pydicom.dataset import Dataset
from tests.pixels.grey_reference import REFERENCE, UNLIKE_DCMTK, by_dcmtk, case, expected, synthetic

from isocenter.pixels.description import image_description
from isocenter.pixels.render import display, render_frame

CASES = json.loads(REFERENCE.read_text())


@pytest.mark.parametrize("kept", CASES, ids=lambda kept: str(kept["name"]))
def test_the_server_shows_the_greys_of_the_reference(kept: dict) -> None:  # type: ignore[type-arg]
    model = kept["elements"] | {"00280010": {"Value": [1]}, "00280011": {"Value": [len(kept["stored"])]}}
    description = image_description(model)
    kind = f"{'i' if description.pixel_representation else 'u'}{description.bits_allocated // 8}"
    shown = render_frame(np.array([kept["stored"]], kind), description, display(model))
    assert np.abs(shown[0] - np.array(kept["greys"])).max() <= 0.51


@pytest.mark.parametrize(
    ("name", "data_set"), list(synthetic()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_the_reference_is_what_pydicom_and_dcmtk_make(name: str, data_set: Dataset) -> None:
    kept = next(each for each in CASES if each["name"] == name)
    assert kept == json.loads(json.dumps(case(name, data_set)))
    theirs = by_dcmtk(data_set) if shutil.which("dcm2pnm") else None
    if theirs and name not in UNLIKE_DCMTK:
        # DCMTK cuts where we round to the nearest.
        assert np.abs(np.array(theirs) - np.array(expected(data_set))).max() <= 1
