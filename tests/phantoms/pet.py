"""PET of known standardized uptake values, with everything that SUV needs, or with one thing missing.

SUVbw = activity concentration [Bq/ml] · body weight [g] / dose at the start of the series [Bq] (QIBA FDG-PET profile).
"""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import PositronEmissionTomographyImageStorage
from tests.phantoms.basics import Place, Plane, a_code, an_item, an_object, on_plane, with_grey
from tests.phantoms.space import AXIAL, a_stack

SIDE = 64
SPACING = (4.0, 4.0)
SLICES = 5
GAP_MM = 4.0
WEIGHT_KG, HEIGHT_M, SEX = 70.0, 1.75, "M"
DOSE_BQ = 370e6
HALF_LIFE_S = 6586.2
"""Of fluorine-18."""
INJECTED, SERIES_STARTED, WAITED_S = "133000", "143000", 3600.0
DECAYED_DOSE_BQ = DOSE_BQ * 2 ** (-WAITED_S / HALF_LIFE_S)
SUVS: dict[str, tuple[tuple[int, int, int, int], float]] = {
    "background": ((4, 4, 60, 60), 1.0),
    "liver": ((8, 8, 24, 24), 2.0),
    "lesion": ((32, 8, 48, 24), 8.0),
    "bladder": ((8, 32, 24, 48), 20.0),
}
"""Blocks (left, top, right, bottom in image points) and their SUVbw; the later lie over the earlier. Outside: 0."""
_LARGEST = 32000


def becquerels_per_ml(suv: float) -> float:
    """The activity concentration that makes this SUVbw."""
    return suv * DECAYED_DOSE_BQ / (WEIGHT_KG * 1000)


def slope_of(index: int) -> float:
    """Every slice has a rescale slope of its own, as real PET has."""
    return becquerels_per_ml(20.0) / _LARGEST * (1 + 0.25 * index)


def suv_tolerance(index: int) -> float:
    """Half of a stored step, in SUV."""
    return slope_of(index) / becquerels_per_ml(1.0) / 2


def lean_body_mass_kg() -> float:
    """Of the man in these objects after Janmahasatian (2005): 9270 · w / (6680 + 216 · BMI)."""
    return 9270 * WEIGHT_KG / (6680 + 216 * WEIGHT_KG / HEIGHT_M**2)


def body_surface_m2() -> float:
    """After Du Bois: 0.007184 · w^0.425 · h[cm]^0.725."""
    return float(0.007184 * WEIGHT_KG**0.425 * (HEIGHT_M * 100) ** 0.725)


def suv_lbm(suv_bw: float) -> float:
    """The same uptake by lean body mass (g/ml)."""
    return suv_bw * lean_body_mass_kg() / WEIGHT_KG


def suv_bsa(suv_bw: float) -> float:
    """The same uptake by body surface (cm2/ml)."""
    return suv_bw * body_surface_m2() * 10_000 / (WEIGHT_KG * 1000)


def pet_plane(index: int) -> Plane:
    """Slice `index` from 0; the middle one is at z = 0."""
    corner = -(SIDE - 1) / 2 * SPACING[0]
    return Plane((corner, corner, (index - SLICES // 2) * GAP_MM), (1, 0, 0), (0, 1, 0), SPACING, (SIDE, SIDE))


def a_pet_image(place: Place, index: int) -> Dataset:
    """One slice in Bq/ml, decay-corrected to the start of the series."""
    data_set = an_object(place, index + 1, PositronEmissionTomographyImageStorage, "PT")
    data_set.ImageType = ["ORIGINAL", "PRIMARY"]
    data_set.PatientWeight, data_set.PatientSize, data_set.PatientSex = f"{WEIGHT_KG:g}", f"{HEIGHT_M:g}", SEX
    data_set.SeriesTime = data_set.AcquisitionTime = SERIES_STARTED
    data_set.Units, data_set.CountsSource, data_set.SeriesType = "BQML", "EMISSION", ["STATIC", "IMAGE"]
    data_set.DecayCorrection, data_set.CorrectedImage = "START", ["DECY", "ATTN", "SCAT", "NORM"]
    data_set.NumberOfSlices, data_set.ImageIndex, data_set.ActualFrameDuration = SLICES, index + 1, 180000
    data_set.FrameReferenceTime, data_set.DecayFactor = "0", "1"
    data_set.RadiopharmaceuticalInformationSequence = [_radiopharmaceutical(place)]
    data_set = on_plane(data_set, pet_plane(index), place, GAP_MM)
    values = np.zeros((SIDE, SIDE))
    for (left, top, right, bottom), suv in SUVS.values():
        values[top:bottom, left:right] = becquerels_per_ml(suv)
    data_set.RescaleIntercept, data_set.RescaleSlope = "0", f"{slope_of(index):.8g}"
    stored = np.rint(values / float(data_set.RescaleSlope)).astype("<u2")
    data_set.WindowCenter, data_set.WindowWidth = f"{becquerels_per_ml(5):.6g}", f"{becquerels_per_ml(10):.6g}"
    return with_grey(data_set, stored)


def _radiopharmaceutical(place: Place) -> Dataset:
    return an_item(
        Radiopharmaceutical="FDG",
        RadiopharmaceuticalStartTime=INJECTED,
        RadiopharmaceuticalStartDateTime=place.date + INJECTED,
        RadionuclideTotalDose=f"{DOSE_BQ:.6g}",
        RadionuclideHalfLife=f"{HALF_LIFE_S:g}",
        RadionuclidePositronFraction="0.97",
        RadionuclideCodeSequence=[a_code("C-111A1", "SRT", "^18^Fluorine")],
    )


def a_known_pet(name: str = "KNOWN-PET", **changed: object) -> list[Dataset]:
    """Five slices; changed: attributes of the image that are other than usual, or None to be left out."""
    place = Place(name, "uptake")
    return [_changed(a_pet_image(place, index), changed) for index in range(SLICES)]


def _changed(data_set: Dataset, changed: dict[str, object]) -> Dataset:
    for keyword, value in changed.items():
        if value is None:
            delattr(data_set, keyword)
        else:
            setattr(data_set, keyword, value)
    return data_set


def a_pet_without_weight(name: str = "PET-NO-WEIGHT") -> list[Dataset]:
    """Nobody weighed the patient: there is no SUV."""
    return a_known_pet(name, PatientWeight=None)


def a_pet_without_dose(name: str = "PET-NO-DOSE") -> list[Dataset]:
    """The dose is missing: there is no SUV."""
    made = a_known_pet(name)
    for each in made:
        del each.RadiopharmaceuticalInformationSequence[0].RadionuclideTotalDose
    return made


def a_pet_corrected_to_injection(name: str = "PET-ADMIN") -> list[Dataset]:
    """Decay-corrected to the injection: the same stored values are a SUV by the whole dose, so smaller."""
    return a_known_pet(name, DecayCorrection="ADMIN")


def suv_when_corrected_to_injection(suv: float) -> float:
    """What SUVS become in `a_pet_corrected_to_injection`."""
    return suv * DECAYED_DOSE_BQ / DOSE_BQ


def a_pet_in_counts_of_philips(name: str = "PET-PHILIPS") -> list[Dataset]:
    """Counts with the private SUV scale factor (7053,xx00) that makes the same SUVs."""
    made = a_known_pet(name, Units="CNTS", Manufacturer="Philips Medical Systems")
    for each in made:
        private = each.private_block(0x7053, "Philips PET Private Group", create=True)
        private.add_new(0x00, "DS", f"{1 / becquerels_per_ml(1.0):.10g}")
        private.add_new(0x09, "DS", "1")
    return made


def pet_and_ct(name: str = "PET-CT", same_frame: bool = True) -> list[Dataset]:
    """PET and CT of one study; same_frame False puts them in two frames of reference, which nothing relates."""
    pet = [a_pet_image(Place(name, "PET", 2), index) for index in range(SLICES)]
    ct = Place(name, "CT", 1, frame_of_reference="one" if same_frame else "another")
    return a_stack(ct, AXIAL, slices=SLICES) + pet
