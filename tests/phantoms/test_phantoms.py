"""The rulers are straight: what is said of the objects is what their bytes hold, read back by pydicom alone."""

from __future__ import annotations

from collections import defaultdict
from io import BytesIO

import numpy as np
import pydicom
import pytest
from bench.data import part10
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from tests.phantoms import ct, pet, space
from tests.phantoms.__main__ import everything
from tests.phantoms.basics import Place
from tests.phantoms.cine import XA_FRAME_TIMES_MS, XA_FRAMES, an_angiogram, an_ultrasound_with_regions
from tests.phantoms.comparison import a_prior_and_a_current, a_stranger
from tests.phantoms.enhanced import STORED_ORDER, an_enhanced_ct, slice_z_mm
from tests.phantoms.radiographs import CARDIOTHORACIC_RATIO, HEART_COLUMNS, THORAX_COLUMNS, a_mammogram


@pytest.fixture(scope="module")
def all_objects() -> list[Dataset]:
    return everything()


def read_back(data_set: Dataset) -> Dataset:
    return pydicom.dcmread(BytesIO(part10(data_set)))


def hu_of(data_set: Dataset) -> NDArray[np.float64]:
    return np.asarray(data_set.pixel_array * float(data_set.RescaleSlope) + float(data_set.RescaleIntercept))


def test_every_object_is_written_and_has_a_uid_of_its_own(all_objects: list[Dataset]) -> None:
    assert len({each.SOPInstanceUID for each in all_objects}) == len(all_objects)
    of_series = defaultdict(set)
    for each in all_objects:
        of_series[each.SeriesInstanceUID].add((each.StudyInstanceUID, each.Modality, each.SeriesNumber))
        assert read_back(each).SOPInstanceUID == each.SOPInstanceUID
    assert {len(found) for found in of_series.values()} == {1}


@pytest.mark.parametrize("spacing", [ct.ISOTROPIC, ct.ANISOTROPIC])
def test_blocks_marks_and_the_disc_are_where_they_are_said_to_be(spacing: tuple[float, float]) -> None:
    image = read_back(ct.a_known_ct(spacing=spacing, slices=1)[0])
    hu = hu_of(image)
    for (left, top, right, bottom), value in ct.BLOCKS.values():
        assert set(hu[top:bottom, left:right].ravel()) == {value}
    left, top, right, bottom = ct.CHECKERED
    assert (hu[top:bottom, left:right].mean(), hu[top:bottom, left:right].std()) == (50, 10)
    for column, row in ct.MARKS.values():
        assert hu[int(row), int(column)] == ct.MARK_HU
    area = (hu == ct.DISC_HU).sum() * spacing[0] * spacing[1]
    assert area == pytest.approx(np.pi * ct.DISC_RADIUS_MM**2, rel=0.03)
    assert [float(each) for each in image.PixelSpacing] == list(spacing)


def test_distances_on_pixels_that_are_not_square() -> None:
    assert ct.mark_distances_mm(ct.ANISOTROPIC) == pytest.approx({"AB": 40, "AC": 60, "BC": 72.111026})
    assert ct.mark_angle_at_b_deg(ct.ANISOTROPIC) == pytest.approx(56.309932)
    assert ct.mark_angle_at_b_deg(ct.ISOTROPIC) == pytest.approx(20.556045)


def test_the_ball_is_in_one_place_in_every_plane() -> None:
    for plane in (space.AXIAL, space.SAGITTAL, space.CORONAL, space.OBLIQUE):
        index, off_mm = space.slice_of(plane, space.BALL_CENTRE)
        stack = space.a_stack(Place("BALL"), plane)
        image = read_back(stack[index])
        rows, columns = np.nonzero(hu_of(image) == space.BALL_HU)
        found = (columns.mean() + 0.5, rows.mean() + 0.5)
        assert abs(off_mm) <= space.GAP_MM / 2
        assert found == pytest.approx(plane.image_point(space.BALL_CENTRE), abs=0.3)
        spread = np.sqrt(len(rows) / np.pi)
        assert spread == pytest.approx(np.sqrt(space.BALL_RADIUS_MM**2 - off_mm**2), abs=0.3)


def test_an_image_point_goes_to_the_patient_and_comes_back() -> None:
    plane = space.OBLIQUE.moved_along_normal(12.0)
    place = plane.patient_point((17.25, 60.5))
    assert plane.image_point(place) == pytest.approx((17.25, 60.5))
    assert plane.distance_mm(place) == pytest.approx(0, abs=1e-9)
    assert plane.patient_point((0.5, 0.5)) == pytest.approx(plane.position)


def test_slices_of_a_tilted_gantry_are_sheared_against_their_normal() -> None:
    first, second = space.a_tilted_ct()[:2]
    step = np.asarray(second.ImagePositionPatient, float) - np.asarray(first.ImagePositionPatient, float)
    row, column = np.split(np.asarray(first.ImageOrientationPatient, float), 2)
    normal = np.cross(row, column)
    assert step @ normal == pytest.approx(space.GAP_MM * np.cos(np.radians(space.TILT_DEG)))
    assert np.linalg.norm(step - (step @ normal) * normal) > 1


def test_there_are_24_orientations_and_each_edge_tells_its_side() -> None:
    made = {each.SeriesDescription: read_back(each) for each in space.all_orientations()}
    assert len(made) == 24
    hu = hu_of(made["AF"])
    middle = hu.shape[0] // 2
    greys = {"left": hu[middle, 0], "right": hu[middle, -1], "top": hu[0, middle], "bottom": hu[-1, middle]}
    assert greys == {edge: space.EDGE_HU[letter] for edge, letter in zip(greys, "PAHF", strict=True)}


def test_uptake_is_what_the_formula_makes_of_the_stored_values() -> None:
    for index, each in enumerate(pet.a_known_pet()):
        image = read_back(each)
        (about,) = image.RadiopharmaceuticalInformationSequence
        waited_s = (14 * 60 + 30) * 60 - (13 * 60 + 30) * 60
        dose = float(about.RadionuclideTotalDose) * 0.5 ** (waited_s / float(about.RadionuclideHalfLife))
        suv = hu_of(image) * float(image.PatientWeight) * 1000 / dose
        for (left, top, right, bottom), wanted in list(pet.SUVS.values())[1:]:
            assert suv[top:bottom, left:right] == pytest.approx(wanted, abs=pet.suv_tolerance(index) + 1e-4)


def test_a_film_has_a_time_for_every_frame() -> None:
    film = read_back(an_angiogram()[0])
    assert len(film.FrameTimeVector) == XA_FRAMES == film.NumberOfFrames == len(XA_FRAME_TIMES_MS)


def test_regions_do_not_overlap() -> None:
    image = read_back(an_ultrasound_with_regions()[0])
    covered = np.zeros((image.Rows, image.Columns), int)
    for region in image.SequenceOfUltrasoundRegions:
        rows = slice(region.RegionLocationMinY0, region.RegionLocationMaxY1 + 1)
        covered[rows, region.RegionLocationMinX0 : region.RegionLocationMaxX1 + 1] += 1
    assert covered.max() == 1


def test_frames_of_the_enhanced_object_are_stored_out_of_their_order() -> None:
    image = read_back(an_enhanced_ct()[0])
    heights = [
        float(frame.PlanePositionSequence[0].ImagePositionPatient[2])
        for frame in image.PerFrameFunctionalGroupsSequence
    ]
    assert heights == [slice_z_mm(index) for index in STORED_ORDER] != sorted(heights)


def test_radiographs_and_comparisons_are_what_they_say() -> None:
    ratio = (HEART_COLUMNS[1] - HEART_COLUMNS[0]) / (THORAX_COLUMNS[1] - THORAX_COLUMNS[0])
    assert ratio == CARDIOTHORACIC_RATIO
    for each in a_mammogram():
        middle = read_back(each).pixel_array[120]
        wall = {"R": middle[-1], "L": middle[0]}[each.ImageLaterality]
        assert wall == middle.max() > 0 == middle[0 if each.ImageLaterality == "R" else -1]
    pair, stranger = a_prior_and_a_current(), a_stranger()
    assert len({each.PatientID for each in pair}) == 1 != len({each.StudyInstanceUID for each in pair})
    assert {each.PatientName for each in pair} == {each.PatientName for each in stranger}
    assert {each.PatientID for each in pair}.isdisjoint({each.PatientID for each in stranger})
