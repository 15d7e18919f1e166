"""One body in several planes: a ball and a box at known places in the patient, cut in any direction."""

from __future__ import annotations

from itertools import permutations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from tests.phantoms.basics import Place, Plane, Point
from tests.phantoms.ct import AIR_HU, a_ct_image

SIDE = 96
SPACING = (1.0, 1.0)
SLICES = 25
GAP_MM = 4.0
BALL_CENTRE: Point = (10.0, -6.0, 14.0)
"""mm, LPS: ten to the left, six to the front, fourteen to the head of the middle of every series."""
BALL_RADIUS_MM, BALL_HU = 8.0, 900
BODY_RADIUS_MM, BODY_HU = 44.0, 40
BOX: tuple[Point, Point] = ((-30.0, 5.0, -20.0), (-14.0, 21.0, -4.0))
BOX_HU = -100
TILT_DEG = 20.0


def body_hu(places: NDArray[np.float64]) -> NDArray[np.int16]:
    """HU at places in the patient: (..., 3) mm to (...)."""
    hu = np.full(places.shape[:-1], AIR_HU, np.int16)
    hu[np.linalg.norm(places, axis=-1) <= BODY_RADIUS_MM] = BODY_HU
    hu[np.all((places >= BOX[0]) & (places <= BOX[1]), axis=-1)] = BOX_HU
    hu[np.linalg.norm(places - np.asarray(BALL_CENTRE), axis=-1) <= BALL_RADIUS_MM] = BALL_HU
    return hu


def centred(row: Point, column: Point, spacing: tuple[float, float] = SPACING, side: int = SIDE) -> Plane:
    """The plane through the middle of the patient; the image's middle is (0, 0, 0)."""
    corner = -np.asarray(row) * spacing[1] * (side - 1) / 2 - np.asarray(column) * spacing[0] * (side - 1) / 2
    return Plane((float(corner[0]), float(corner[1]), float(corner[2])), row, column, spacing, (side, side))


AXIAL = centred((1, 0, 0), (0, 1, 0))
SAGITTAL = centred((0, 1, 0), (0, 0, -1))
CORONAL = centred((1, 0, 0), (0, 0, -1))


def _turned(first_deg: float, second_deg: float) -> Plane:
    a, b = np.radians(first_deg), np.radians(second_deg)
    row = (float(np.cos(a)), float(np.sin(a)), 0.0)
    column = (float(-np.sin(a) * np.cos(b)), float(np.cos(a) * np.cos(b)), float(np.sin(b)))
    return centred(row, column)


OBLIQUE = _turned(25.0, 35.0)
"""Turned by 25° about the body's axis and then by 35° about its own rows."""


def a_stack(place: Place, middle: Plane, slices: int = SLICES, gap_mm: float = GAP_MM) -> list[Dataset]:
    """Parallel slices along the normal, the middle one through the middle of the patient."""
    made = []
    for index in range(slices):
        plane = middle.moved_along_normal((index - (slices - 1) / 2) * gap_mm)
        made.append(a_ct_image(place, index + 1, plane, body_hu(plane.places())))
        made[-1].SliceThickness = f"{gap_mm:g}"
    return made


def three_planes(name: str = "THREE-PLANES") -> list[Dataset]:
    """Axial, sagittal, coronal and oblique series of one frame of reference, and one axial of another.

    The ball is at BALL_CENTRE in each: a crosshair set on it in one series must lie on it in all of the first four.
    """
    kinds = {"axial": AXIAL, "sagittal": SAGITTAL, "coronal": CORONAL, "oblique": OBLIQUE}
    made = []
    for number, (series, plane) in enumerate(kinds.items(), start=1):
        made += a_stack(Place(name, series, number), plane)
    return made + a_stack(Place(name, "elsewhere", 5, frame_of_reference="another"), AXIAL, slices=5)


def slice_of(middle: Plane, place: Point, slices: int = SLICES, gap_mm: float = GAP_MM) -> tuple[int, float]:
    """The slice of `a_stack` (from 0) nearest to a place, and how far from it the place lies, mm."""
    along = middle.distance_mm(place)
    index = round(along / gap_mm + (slices - 1) / 2)
    return index, along - (index - (slices - 1) / 2) * gap_mm


def a_tilted_ct(name: str = "TILTED-GANTRY") -> list[Dataset]:
    """Gantry tilt: slices leaning by 20° whose positions go straight up, so that they are sheared against the normal.

    The distance along the normal is GAP_MM · cos 20°. They must not be taken for an upright volume.
    """
    lean = np.radians(TILT_DEG)
    middle = centred((1, 0, 0), (0, float(np.cos(lean)), float(-np.sin(lean))))
    place = Place(name, "leaning")
    made = []
    for index in range(11):
        plane = middle.moved((0.0, 0.0, (index - 5) * GAP_MM))
        made.append(a_ct_image(place, index + 1, plane, body_hu(plane.places())))
        made[-1].GantryDetectorTilt, made[-1].SliceThickness = f"{TILT_DEG:g}", f"{GAP_MM:g}"
    return made


EDGE_HU: dict[str, int] = {"R": -60, "L": 160, "A": -20, "P": 120, "F": 20, "H": 220}
"""The grey of the edge that looks toward each side of the patient, in the objects of `all_orientations`."""
EDGE_PIXELS = 8
_AXES: dict[str, Point] = {
    "L": (1, 0, 0),
    "R": (-1, 0, 0),
    "P": (0, 1, 0),
    "A": (0, -1, 0),
    "H": (0, 0, 1),
    "F": (0, 0, -1),
}
_OPPOSITE = dict(zip("LRPAHF", "RLAPFH", strict=True))


def orientations() -> dict[str, tuple[Point, Point]]:
    """The 24 ways in which rows and columns lie along the axes, named by the letters toward their ends."""
    named = {}
    for row, column in permutations(_AXES, 2):
        if _OPPOSITE[row] != column:
            named[row + column] = (_AXES[row], _AXES[column])
    return named


def edge_letters_of(orientation: str) -> dict[str, str]:
    """The letters at the edges of an upright image of `all_orientations`."""
    row, column = orientation[0], orientation[1]
    return {"right": row, "left": _OPPOSITE[row], "bottom": column, "top": _OPPOSITE[column]}


def all_orientations(name: str = "ORIENTATIONS") -> list[Dataset]:
    """24 series of one image each, named by their orientation; each edge has the grey of its side of the patient."""
    made = []
    for number, (orientation, (row, column)) in enumerate(orientations().items(), start=1):
        plane = centred(row, column, side=64)
        edges = edge_letters_of(orientation)
        hu = np.full(plane.shape, 40, np.int16)
        for edge, (rows, columns) in _EDGES.items():
            hu[rows, columns] = EDGE_HU[edges[edge]]
        made.append(a_ct_image(Place(name, orientation, number), 1, plane, hu))
    return made


_INNER = slice(EDGE_PIXELS, -EDGE_PIXELS)
_EDGES = {
    "left": (_INNER, slice(0, EDGE_PIXELS)),
    "right": (_INNER, slice(-EDGE_PIXELS, None)),
    "top": (slice(0, EDGE_PIXELS), _INNER),
    "bottom": (slice(-EDGE_PIXELS, None), _INNER),
}
