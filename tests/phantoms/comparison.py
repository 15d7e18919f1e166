"""Studies of one person at two times, and of somebody else of the same name."""

from __future__ import annotations

from pydicom.dataset import Dataset
from tests.phantoms.basics import Place
from tests.phantoms.ct import BLOCKS, SLICE_MM, a_ct_image, axial, known_hu

PERSON = "TWICE-SEEN"
CURRENT, PRIOR, STRANGER = "TWICE-CURRENT", "TWICE-PRIOR", "TWICE-STRANGER"
CURRENT_DATE, PRIOR_DATE = "20240305", "20230110"
SLICES = 8
PRIOR_WATER_HU, CURRENT_WATER_HU = 0, 60
"""The block "water" of tests.phantoms.ct has grown denser since."""
PRIOR_SHIFT_MM = 5.0
"""The prior has a frame of reference of its own and its slices lie two slices further up: the offset to link by."""


def a_prior_and_a_current() -> list[Dataset]:
    """Two CT studies of one person, the prior a year older; name them by PRIOR and CURRENT."""
    return _a_study(CURRENT, CURRENT_DATE, CURRENT_WATER_HU, 0.0) + _a_study(
        PRIOR, PRIOR_DATE, PRIOR_WATER_HU, PRIOR_SHIFT_MM
    )


def a_stranger() -> list[Dataset]:
    """A study of another person, who has the same name and another ID and birth date."""
    made = _a_study(STRANGER, CURRENT_DATE, 200, 0.0)
    for each in made:
        each.PatientID, each.PatientBirthDate = f"{PERSON}-NOT", "19510101"
    return made


def _a_study(study: str, date: str, water_hu: int, shift_mm: float) -> list[Dataset]:
    place = Place(study, "abdomen", study=study, person=PERSON, date=date, frame_of_reference=study)
    hu = known_hu()
    left, top, right, bottom = BLOCKS["water"][0]
    made = []
    for index in range(SLICES):
        plane = hu.copy()
        plane[top:bottom, left:right] = water_hu + index
        image = a_ct_image(place, index + 1, axial(z_mm=index * SLICE_MM + shift_mm), plane)
        image.BodyPartExamined = "ABDOMEN"
        made.append(image)
    return made
