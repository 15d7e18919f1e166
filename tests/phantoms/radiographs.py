"""Projection images: a chest in two views whose heart and thorax are known, a mammogram in four views."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import (
    DigitalMammographyXRayImageStorageForPresentation,
    DigitalXRayImageStorageForPresentation,
)
from tests.phantoms.basics import Place, a_code, an_item, an_object, with_grey

CHEST_SIDE = 256
CHEST_AT_DETECTOR_MM = 1.4
THORAX_COLUMNS = (28, 228)
HEART_COLUMNS = (98, 188)
"""First and last + 1: a thorax of 200 columns, a heart of 90."""
CARDIOTHORACIC_RATIO = 0.45


def _a_radiograph(place: Place, number: int, view: str, toward: tuple[str, str]) -> Dataset:
    data_set = an_object(place, number, DigitalXRayImageStorageForPresentation, "DX")
    data_set.ImageType, data_set.PresentationIntentType = ["ORIGINAL", "PRIMARY"], "FOR PRESENTATION"
    data_set.ImagerPixelSpacing = [f"{CHEST_AT_DETECTOR_MM:g}"] * 2
    data_set.BodyPartExamined, data_set.ViewPosition = "CHEST", view
    data_set.PatientOrientation, data_set.ImageLaterality = list(toward), "U"
    data_set.PixelIntensityRelationship, data_set.PixelIntensityRelationshipSign = "LIN", 1
    data_set.RescaleIntercept, data_set.RescaleSlope, data_set.RescaleType = 0, 1, "US"
    data_set.PresentationLUTShape, data_set.BurnedInAnnotation = "IDENTITY", "NO"
    data_set.WindowCenter, data_set.WindowWidth = 2048, 4096
    return data_set


def a_chest(name: str = "CHEST-FILM") -> list[Dataset]:
    """PA and left lateral, each a series, at the detector: no magnification is given, so lengths are detector's."""
    frontal = _a_radiograph(Place(name, "PA", 1), 1, "PA", ("L", "F"))
    rows = np.mgrid[0:CHEST_SIDE, 0:CHEST_SIDE][0]
    pixels = np.full((CHEST_SIDE, CHEST_SIDE), 3000, "<u2")
    pixels[30:230, THORAX_COLUMNS[0] : THORAX_COLUMNS[1]] = 800
    pixels[130:215, HEART_COLUMNS[0] : HEART_COLUMNS[1]] = 2600
    pixels[:, 122:134] = np.maximum(pixels[:, 122:134], 2200)
    lateral = _a_radiograph(Place(name, "lateral", 2), 1, "LL", ("P", "F"))
    side = np.where((rows > 30) & (rows < 230), 1200, 3000).astype("<u2")
    side[:, 200:216] = 2800
    side[140:210, 60:130] = 2400
    return [_twelve_bits(with_grey(frontal, pixels)), _twelve_bits(with_grey(lateral, side))]


def _twelve_bits(data_set: Dataset) -> Dataset:
    data_set.BitsStored, data_set.HighBit = 12, 11
    return data_set


BREAST_AT_DETECTOR_MM, BREAST_MAGNIFICATION = 0.8, 1.05
_VIEWS: tuple[tuple[str, str, str, tuple[str, str]], ...] = (
    ("R", "CC", "R-10242", ("P", "L")),
    ("L", "CC", "R-10242", ("A", "R")),
    ("R", "MLO", "R-10226", ("P", "FL")),
    ("L", "MLO", "R-10226", ("A", "FR")),
)
"""Side, view, its code, and toward what a row and a column run: the chest wall is right in R and left in L."""
BREAST_GREY, CHEST_WALL_GREY = 2500, 3600
BREAST_ROWS, BREAST_COLUMNS = 240, 180
CHEST_WALL_COLUMNS = 6


def a_mammogram(name: str = "MAMMOGRAM") -> list[Dataset]:
    """Four views, each a series of one image, in the order R CC, L CC, R MLO, L MLO."""
    return [_a_view(name, number, *view) for number, view in enumerate(_VIEWS, start=1)]


def _a_view(name: str, number: int, side: str, view: str, code: str, toward: tuple[str, str]) -> Dataset:
    place = Place(name, f"{side} {view}", number)
    data_set = an_object(place, 1, DigitalMammographyXRayImageStorageForPresentation, "MG")
    data_set.ImageType, data_set.PresentationIntentType = ["ORIGINAL", "PRIMARY"], "FOR PRESENTATION"
    data_set.ImagerPixelSpacing = [f"{BREAST_AT_DETECTOR_MM:g}"] * 2
    data_set.EstimatedRadiographicMagnificationFactor = f"{BREAST_MAGNIFICATION:g}"
    data_set.BodyPartExamined, data_set.ViewPosition = "BREAST", view
    data_set.ImageLaterality, data_set.PatientOrientation = side, list(toward)
    meaning = "cranio-caudal" if view == "CC" else "medio-lateral oblique"
    data_set.ViewCodeSequence = [a_code(code, "SRT", meaning)]
    data_set.ViewCodeSequence[0].ViewModifierCodeSequence = []
    data_set.AnatomicRegionSequence = [a_code("T-04000", "SRT", "Breast")]
    data_set.PixelIntensityRelationship, data_set.PixelIntensityRelationshipSign = "LOG", 1
    data_set.RescaleIntercept, data_set.RescaleSlope, data_set.RescaleType = 0, 1, "US"
    data_set.PresentationLUTShape, data_set.BurnedInAnnotation = "IDENTITY", "NO"
    data_set.AcquisitionContextSequence, data_set.BreastImplantPresent = [an_item()], "NO"
    data_set.AcquisitionContextSequence = []
    data_set.WindowCenter, data_set.WindowWidth = 2048, 4096
    rows, columns = np.mgrid[0:BREAST_ROWS, 0:BREAST_COLUMNS]
    from_wall = columns if side == "L" else BREAST_COLUMNS - 1 - columns
    inside = (from_wall / 140) ** 2 + ((rows - BREAST_ROWS / 2) / 95) ** 2 <= 1
    pixels = np.where(inside, BREAST_GREY, 0).astype("<u2")
    pixels[from_wall < CHEST_WALL_COLUMNS] = CHEST_WALL_GREY
    return _twelve_bits(with_grey(data_set, pixels))
