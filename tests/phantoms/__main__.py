"""Writes every synthetic object as a Part 10 file: `python -m tests.phantoms FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

from bench.data import part10
from pydicom.dataset import Dataset
from tests.phantoms.cine import a_colour_ultrasound, an_angiogram, an_ultrasound_film, an_ultrasound_with_regions
from tests.phantoms.comparison import a_prior_and_a_current, a_stranger
from tests.phantoms.ct import a_ct_with_missing_slices, a_ct_without_spacing, a_known_ct, an_anisotropic_ct
from tests.phantoms.enhanced import an_enhanced_ct
from tests.phantoms.pet import (
    a_known_pet,
    a_pet_corrected_to_injection,
    a_pet_in_counts_of_philips,
    a_pet_without_dose,
    a_pet_without_weight,
    pet_and_ct,
)
from tests.phantoms.radiographs import a_chest, a_mammogram
from tests.phantoms.space import a_tilted_ct, all_orientations, three_planes


def everything() -> list[Dataset]:
    """All objects of all makers."""
    makers = (
        a_known_ct,
        an_anisotropic_ct,
        a_ct_with_missing_slices,
        a_ct_without_spacing,
        three_planes,
        a_tilted_ct,
        all_orientations,
        an_enhanced_ct,
        a_known_pet,
        a_pet_corrected_to_injection,
        a_pet_in_counts_of_philips,
        a_pet_without_dose,
        a_pet_without_weight,
        pet_and_ct,
        an_angiogram,
        an_ultrasound_film,
        an_ultrasound_with_regions,
        a_colour_ultrasound,
        a_chest,
        a_mammogram,
        a_prior_and_a_current,
        a_stranger,
    )
    made = [each for maker in makers for each in maker()]
    return made + pet_and_ct("PET-CT-APART", same_frame=False)


def main(folder: Path) -> None:
    """One file for each object, named by its study, series and number."""
    for each in everything():
        name = f"{each.StudyDescription}/{each.SeriesDescription}-{int(each.InstanceNumber):03d}.dcm".replace(" ", "_")
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(part10(each))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
