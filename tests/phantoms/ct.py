"""CT of known Hounsfield units: blocks, a disc, and three marks whose distances and angles are known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage
from tests.phantoms.basics import Place, Plane, an_object, angle_deg, length_mm, on_plane, with_grey

SIDE = 128
INTERCEPT = -1024
CENTRE, WIDTH = 40, 400
SLICE_MM = 2.5
AIR_HU = -1000

Block = tuple[int, int, int, int]
"""left, top, right, bottom in image points: the pixels from left to right - 1 and from top to bottom - 1."""

BODY: Block = (4, 4, 124, 124)
BODY_HU = 40
BLOCKS: dict[str, tuple[Block, int]] = {
    "fat": ((8, 8, 32, 32), -100),
    "water": ((40, 8, 64, 32), 0),
    "bone": ((72, 8, 96, 32), 1000),
    "lung": ((100, 8, 120, 32), -800),
}
"""Each block is of one value throughout."""
CHECKERED: Block = (8, 40, 32, 64)
CHECKERED_MEAN_HU, CHECKERED_SPREAD_HU = 50, 10
"""Pixels are mean ± spread in turn: any region of whole pairs has this mean, minimum 40, maximum 60, and the spread as
standard deviation of the population; of a sample of n it is spread · √(n / (n − 1))."""
DISC_CENTRE, DISC_RADIUS_MM, DISC_HU = (88.0, 64.0), 12.0, 300
"""A disc that is round in mm, with its centre on a corner between pixels, on the isotropic phantom 12 pixels around."""
MARKS: dict[str, tuple[float, float]] = {"A": (24.5, 112.5), "B": (104.5, 112.5), "C": (24.5, 82.5)}
"""Single pixels of MARK_HU; A and B lie 80 columns apart, A and C 30 rows. The angle at A is a right one."""
MARK_HU = 2000

ISOTROPIC = (1.0, 1.0)
ANISOTROPIC = (2.0, 0.5)
"""mm between rows, mm between columns."""


def mark_distances_mm(spacing: tuple[float, float]) -> dict[str, float]:
    """AB, AC and BC by the theorem of Pythagoras."""
    names = ("AB", "AC", "BC")
    return {name: length_mm(MARKS[name[0]], MARKS[name[1]], spacing) for name in names}


def mark_angle_at_b_deg(spacing: tuple[float, float]) -> float:
    """The angle at B between A and C, in mm: 20.556° on square pixels, 56.310° on the anisotropic ones."""
    return angle_deg(MARKS["A"], MARKS["B"], MARKS["C"], spacing)


def block_area_mm2(block: Block, spacing: tuple[float, float]) -> float:
    """Area of a block."""
    left, top, right, bottom = block
    return (right - left) * spacing[1] * (bottom - top) * spacing[0]


def known_hu(spacing: tuple[float, float] = ISOTROPIC) -> NDArray[np.int16]:
    """One plane, (rows, columns), HU."""
    plane = np.full((SIDE, SIDE), AIR_HU, np.int16)
    _fill(plane, BODY, BODY_HU)
    for block, value in BLOCKS.values():
        _fill(plane, block, value)
    left, top, right, bottom = CHECKERED
    rows, columns = np.mgrid[top:bottom, left:right]
    turn = np.where((rows + columns) % 2 == 0, CHECKERED_SPREAD_HU, -CHECKERED_SPREAD_HU)
    plane[top:bottom, left:right] = CHECKERED_MEAN_HU + turn
    rows, columns = np.mgrid[0:SIDE, 0:SIDE] + 0.5
    away = np.hypot((columns - DISC_CENTRE[0]) * spacing[1], (rows - DISC_CENTRE[1]) * spacing[0])
    plane[away <= DISC_RADIUS_MM] = DISC_HU
    for column, row in MARKS.values():
        plane[int(row), int(column)] = MARK_HU
    return plane


def _fill(plane: NDArray[np.int16], block: Block, value: int) -> None:
    left, top, right, bottom = block
    plane[top:bottom, left:right] = value


def a_ct_image(place: Place, number: int, plane: Plane, hu: NDArray[np.generic]) -> Dataset:
    """One CT image with these Hounsfield units, stored unsigned with an intercept of -1024."""
    data_set = an_object(place, number, CTImageStorage, "CT")
    data_set.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    data_set.KVP, data_set.AcquisitionNumber = "120", 1
    data_set = on_plane(data_set, plane, place, SLICE_MM)
    data_set.RescaleIntercept, data_set.RescaleSlope, data_set.RescaleType = INTERCEPT, 1, "HU"
    data_set.WindowCenter, data_set.WindowWidth = CENTRE, WIDTH
    return with_grey(data_set, (hu.astype(int) - INTERCEPT).astype("<u2"))


def axial(spacing: tuple[float, float] = ISOTROPIC, z_mm: float = 0.0) -> Plane:
    """An axial plane of a patient on the back; the middle of the image is at x = y = 0."""
    position = (-(SIDE - 1) / 2 * spacing[1], -(SIDE - 1) / 2 * spacing[0], z_mm)
    return Plane(position, (1, 0, 0), (0, 1, 0), spacing, (SIDE, SIDE))


def a_known_ct(name: str = "KNOWN-CT", spacing: tuple[float, float] = ISOTROPIC, slices: int = 3) -> list[Dataset]:
    """The phantom, the same on every slice, SLICE_MM apart."""
    place = Place(name, "known")
    hu = known_hu(spacing)
    return [a_ct_image(place, index + 1, axial(spacing, index * SLICE_MM), hu) for index in range(slices)]


def an_anisotropic_ct(name: str = "ANISOTROPIC-CT", slices: int = 3) -> list[Dataset]:
    """The same with pixels of 2 mm by 0.5 mm: what is measured in pixels is wrong by up to four."""
    return a_known_ct(name, ANISOTROPIC, slices)


def a_ct_with_missing_slices(
    name: str = "MISSING-SLICES", slices: int = 10, missing: tuple[int, ...] = (4, 5)
) -> list[Dataset]:
    """Slices at regular places, of which some (from 0) never came; "water" is 10 HU brighter on each slice."""
    place = Place(name, "with a gap")
    made = []
    for index in range(slices):
        if index in missing:
            continue
        hu = known_hu()
        _fill(hu, BLOCKS["water"][0], 10 * index)
        made.append(a_ct_image(place, index + 1, axial(z_mm=index * SLICE_MM), hu))
    return made


def a_ct_without_spacing(name: str = "NO-SPACING") -> list[Dataset]:
    """No spacing at all: lengths cannot be known."""
    made = a_known_ct(name, slices=1)
    for each in made:
        del each.PixelSpacing
    return made
