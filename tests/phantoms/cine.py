"""Films and ultrasound: frames of known grey, frame times that differ, regions of known scale."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import UltrasoundImageStorage, UltrasoundMultiFrameImageStorage, XRayAngiographicImageStorage
from tests.phantoms.basics import Place, an_item, an_object, with_grey

XA_FRAMES = 12
XA_FRAME_TIMES_MS = (0, 40, 40, 40, 40, 40, 200, 200, 200, 40, 40, 40)
"""Frame Time Vector: the time between a frame and the one before; the first is 0 (PS3.3 C.7.6.5.1.2)."""
XA_SIDE = 128
XA_AT_DETECTOR_MM = 0.3
XA_TO_DETECTOR_MM, XA_TO_PATIENT_MM = 1000.0, 750.0
XA_MAGNIFICATION = XA_TO_DETECTOR_MM / XA_TO_PATIENT_MM
XA_IN_PATIENT_MM = XA_AT_DETECTOR_MM / XA_MAGNIFICATION
"""What a pixel is at the isocentre: 0.225 mm."""


def frame_grey(index: int, frames: int) -> int:
    """The grey of the middle of frame `index`, by which it is told from the others: 20 to 240."""
    return 20 + index * 220 // max(1, frames - 1)


def film(frames: int, rows: int, columns: int) -> NDArray[np.uint8]:
    """(frames, rows, columns): a grey middle that tells the frame, and a white dot that goes from left to right."""
    made = np.zeros((frames, rows, columns), np.uint8)
    for index in range(frames):
        made[index, rows // 4 : rows * 3 // 4, columns // 4 : columns * 3 // 4] = frame_grey(index, frames)
        column = 2 + index * (columns - 6) // max(1, frames - 1)
        made[index, 2:6, column : column + 4] = 255
    return made


def an_angiogram(name: str = "ANGIO-FILM") -> list[Dataset]:
    """A coronary film: a Frame Time Vector with a pause in it, magnification by the distances of the source."""
    data_set = an_object(Place(name, "left coronary"), 1, XRayAngiographicImageStorage, "XA")
    data_set.ImageType = ["ORIGINAL", "PRIMARY", "SINGLE PLANE"]
    data_set.PixelIntensityRelationship, data_set.RadiationSetting = "DISP", "GR"
    data_set.FrameIncrementPointer = Tag(0x0018, 0x1065)
    data_set.FrameTimeVector = [f"{time}" for time in XA_FRAME_TIMES_MS]
    data_set.ImagerPixelSpacing = [f"{XA_AT_DETECTOR_MM:g}"] * 2
    data_set.DistanceSourceToDetector = f"{XA_TO_DETECTOR_MM:g}"
    data_set.DistanceSourceToPatient = f"{XA_TO_PATIENT_MM:g}"
    data_set.EstimatedRadiographicMagnificationFactor = f"{XA_MAGNIFICATION:.8g}"
    data_set.PositionerPrimaryAngle, data_set.PositionerSecondaryAngle = "-30", "20"
    data_set.WindowCenter, data_set.WindowWidth = 128, 256
    return [with_grey(data_set, film(XA_FRAMES, XA_SIDE, XA_SIDE))]


US_ROWS, US_COLUMNS = 240, 320
US_TISSUE = (10, 10, 150, 110)
US_M_MODE = (170, 10, 310, 110)
US_DOPPLER = (10, 130, 310, 230)
"""x0, y0, x1, y1 of the regions: first and last column and row, from 0, inclusive (PS3.3 C.8.5.5.1.3)."""
US_TISSUE_CM, US_M_MODE_S, US_M_MODE_CM, US_DOPPLER_S, US_DOPPLER_CM_S = 0.025, 0.01, 0.05, 0.005, -2.0
"""Physical delta of a pixel: tissue both ways 0.25 mm; M-mode 10 ms by 0.5 mm; Doppler 5 ms by 2 cm/s, upward."""
US_BASELINE_ROW = 180
"""The row of the Doppler region where the velocity is 0: 50 rows below the region's top."""
_CM, _SECONDS, _CM_PER_SECOND = 3, 4, 7


def _region(
    box: tuple[int, int, int, int], kind: tuple[int, int], units: tuple[int, int], deltas: tuple[float, float]
) -> Dataset:
    spatial_format, data_type = kind
    return an_item(
        RegionSpatialFormat=spatial_format,
        RegionDataType=data_type,
        RegionFlags=0,
        RegionLocationMinX0=box[0],
        RegionLocationMinY0=box[1],
        RegionLocationMaxX1=box[2],
        RegionLocationMaxY1=box[3],
        PhysicalUnitsXDirection=units[0],
        PhysicalUnitsYDirection=units[1],
        PhysicalDeltaX=deltas[0],
        PhysicalDeltaY=deltas[1],
    )


def _regions() -> list[Dataset]:
    tissue = _region(US_TISSUE, (1, 1), (_CM, _CM), (US_TISSUE_CM, US_TISSUE_CM))
    m_mode = _region(US_M_MODE, (2, 1), (_SECONDS, _CM), (US_M_MODE_S, US_M_MODE_CM))
    doppler = _region(US_DOPPLER, (3, 3), (_SECONDS, _CM_PER_SECOND), (US_DOPPLER_S, US_DOPPLER_CM_S))
    doppler.ReferencePixelX0, doppler.ReferencePixelY0 = 0, US_BASELINE_ROW - US_DOPPLER[1]
    doppler.ReferencePixelPhysicalValueX = doppler.ReferencePixelPhysicalValueY = 0.0
    return [tissue, m_mode, doppler]


def an_ultrasound_with_regions(name: str = "US-REGIONS") -> list[Dataset]:
    """Tissue, M-mode and spectral Doppler on one image; there is no Pixel Spacing, only the regions have a scale."""
    data_set = an_object(Place(name, "regions"), 1, UltrasoundImageStorage, "US")
    data_set.ImageType = ["ORIGINAL", "PRIMARY"]
    grey = np.zeros((US_ROWS, US_COLUMNS), np.uint8)
    for (left, top, right, bottom), value in ((US_TISSUE, 90), (US_M_MODE, 130), (US_DOPPLER, 60)):
        grey[top : bottom + 1, left : right + 1] = value
    grey[US_BASELINE_ROW, US_DOPPLER[0] : US_DOPPLER[2] + 1] = 255
    data_set.SequenceOfUltrasoundRegions = _regions()
    data_set.WindowCenter, data_set.WindowWidth = 128, 256
    return [with_grey(data_set, grey)]


US_FRAME_TIME_MS = 25.0


def an_ultrasound_film(name: str = "US-FILM", frames: int = 20) -> list[Dataset]:
    """A loop at 40 frames a second."""
    data_set = an_object(Place(name, "loop"), 1, UltrasoundMultiFrameImageStorage, "US")
    data_set.ImageType = ["ORIGINAL", "PRIMARY"]
    data_set.FrameIncrementPointer, data_set.FrameTime = Tag(0x0018, 0x1063), f"{US_FRAME_TIME_MS:g}"
    data_set.SequenceOfUltrasoundRegions = _regions()[:1]
    data_set.WindowCenter, data_set.WindowWidth = 128, 256
    return [with_grey(data_set, film(frames, US_ROWS, US_COLUMNS))]


def a_colour_ultrasound(name: str = "US-COLOUR", frames: int = 4) -> list[Dataset]:
    """Colour by pixel: red toward the probe in the left half, blue away from it in the right half, on grey."""
    data_set = an_object(Place(name, "colour"), 1, UltrasoundMultiFrameImageStorage, "US")
    data_set.ImageType = ["ORIGINAL", "PRIMARY"]
    data_set.FrameIncrementPointer, data_set.FrameTime = Tag(0x0018, 0x1063), "50"
    colour = np.full((frames, US_ROWS, US_COLUMNS, 3), 40, np.uint8)
    colour[:, 60:180, 40:140] = (220, 30, 20)
    colour[:, 60:180, 180:280] = (20, 40, 210)
    data_set.SamplesPerPixel, data_set.PhotometricInterpretation, data_set.PlanarConfiguration = 3, "RGB", 0
    data_set.NumberOfFrames, data_set.Rows, data_set.Columns = frames, US_ROWS, US_COLUMNS
    data_set.BitsAllocated = data_set.BitsStored = 8
    data_set.HighBit, data_set.PixelRepresentation = 7, 0
    data_set.PixelData = colour.tobytes()
    data_set["PixelData"].VR = "OB"
    return [data_set]
