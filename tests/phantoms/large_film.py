"""Films of four million pixels, compressed as our packs hold them: over a slow line they are seconds in coming."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import DigitalXRayImageStorageForPresentation, HTJ2KLossless
from tests.phantoms.basics import Place, an_object, with_grey

from isocenter.pixels.description import ImageDescription
from isocenter.pixels.encode import encode_htj2k

ROWS, COLUMNS = 2304, 1792
FILM_GREY, PART_GREY, MARK_GREY = 3400, 1500, 600
NOISE = 4.0


def a_large_film(name: str = "LARGE-FILM") -> list[Dataset]:
    """Two series of one film: an ellipse with a bright square, and the same upside down; low values are bright."""
    rows, columns = np.mgrid[0:ROWS, 0:COLUMNS].astype(np.float32)
    inside = ((columns - COLUMNS / 2) / 700) ** 2 + ((rows - ROWS / 2) / 950) ** 2 <= 1
    upright = np.where(inside, PART_GREY + 400 * np.sin(rows / 60) * np.cos(columns / 45), FILM_GREY)
    upright[600:900, 500:800] = MARK_GREY
    upright += np.random.default_rng(8).normal(0, NOISE, upright.shape)
    pixels = np.clip(np.rint(upright), 0, 4095).astype("<u2")
    return [_a_film(name, "upright", 1, pixels), _a_film(name, "upside down", 2, pixels[::-1].copy())]


def _a_film(name: str, series: str, number: int, pixels: NDArray[np.uint16]) -> Dataset:
    data_set = an_object(Place(name, series, number), 1, DigitalXRayImageStorageForPresentation, "DX")
    data_set.BodyPartExamined, data_set.PatientOrientation = "HAND", ["L", "F"]
    data_set.ImagerPixelSpacing = ["0.1", "0.1"]
    data_set.RescaleIntercept, data_set.RescaleSlope, data_set.RescaleType = 0, 1, "US"
    data_set.WindowCenter, data_set.WindowWidth = 2048, 4096
    data_set = with_grey(data_set, pixels)
    data_set.BitsStored, data_set.HighBit = 12, 11
    data_set.PhotometricInterpretation, data_set.PresentationLUTShape = "MONOCHROME1", "INVERSE"
    data_set.file_meta.TransferSyntaxUID = HTJ2KLossless
    stream = encode_htj2k(pixels, ImageDescription(ROWS, COLUMNS, bits_stored=12, high_bit=11))
    data_set.PixelData = encapsulate([stream])
    data_set["PixelData"].VR = "OB"
    data_set["PixelData"].is_undefined_length = True
    return data_set
