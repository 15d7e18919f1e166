"""An enhanced multi-frame object: its frames lie in another order than in space, each with its own plane and window."""

from __future__ import annotations

import numpy as np
from bench.data import uid
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import EnhancedCTImageStorage
from tests.phantoms.basics import Place, an_item, an_object, decimals, frame_of_reference_uid, with_grey
from tests.phantoms.ct import INTERCEPT
from tests.phantoms.space import AXIAL, BALL_CENTRE, body_hu

FRAMES = 7
GAP_MM = 6.0
STORED_ORDER = (3, 0, 5, 1, 6, 2, 4)
"""Frame number n (from 1) shows the slice STORED_ORDER[n - 1]; slice 0 is nearest to the feet."""
LOWEST_Z_MM = BALL_CENTRE[2] - 3 * GAP_MM
"""Slice 3 goes through the middle of the ball."""


def slice_z_mm(index: int) -> float:
    """Height of a slice from 0."""
    return LOWEST_Z_MM + index * GAP_MM


def window_of(index: int) -> tuple[int, int]:
    """Each frame names its own window: centre, width."""
    return 40 + 10 * index, 400


def an_enhanced_ct(name: str = "ENHANCED-CT") -> list[Dataset]:
    """Seven frames of the body with the ball (tests.phantoms.space) in one object."""
    place = Place(name, "enhanced")
    data_set = an_object(place, 1, EnhancedCTImageStorage, "CT")
    data_set.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    data_set.FrameOfReferenceUID = frame_of_reference_uid(place)
    data_set.PositionReferenceIndicator, data_set.PresentationLUTShape = "", "IDENTITY"
    data_set.BurnedInAnnotation, data_set.LossyImageCompression = "NO", "00"
    data_set.PixelPresentation, data_set.VolumetricProperties = "MONOCHROME", "VOLUME"
    data_set.VolumeBasedCalculationTechnique, data_set.ContentQualification = "NONE", "RESEARCH"
    data_set.AcquisitionDateTime, data_set.AcquisitionNumber = f"{place.date}143000", 1
    dimension = uid("phantom", name, "dimension")
    data_set.DimensionOrganizationSequence = [an_item(DimensionOrganizationUID=dimension)]
    data_set.DimensionIndexSequence = [
        an_item(
            DimensionOrganizationUID=dimension,
            DimensionIndexPointer=Tag(0x0020, 0x0032),
            FunctionalGroupPointer=Tag(0x0020, 0x9113),
        )
    ]
    data_set.SharedFunctionalGroupsSequence = [_shared()]
    data_set.PerFrameFunctionalGroupsSequence = [_of_frame(index) for index in STORED_ORDER]
    planes = [AXIAL.moved((0.0, 0.0, slice_z_mm(index))) for index in STORED_ORDER]
    stored = np.stack([body_hu(plane.places()).astype(int) - INTERCEPT for plane in planes]).astype("<u2")
    return [with_grey(data_set, stored)]


def _shared() -> Dataset:
    orientation = decimals((*AXIAL.row, *AXIAL.column))
    return an_item(
        PixelMeasuresSequence=[an_item(PixelSpacing=decimals(AXIAL.spacing), SliceThickness=f"{GAP_MM:g}")],
        PlaneOrientationSequence=[an_item(ImageOrientationPatient=orientation)],
        PixelValueTransformationSequence=[an_item(RescaleIntercept=f"{INTERCEPT}", RescaleSlope="1", RescaleType="HU")],
        CTImageFrameTypeSequence=[
            an_item(
                FrameType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"],
                PixelPresentation="MONOCHROME",
                VolumetricProperties="VOLUME",
                VolumeBasedCalculationTechnique="NONE",
            )
        ],
    )


def _of_frame(index: int) -> Dataset:
    centre, width = window_of(index)
    position = decimals(AXIAL.moved((0.0, 0.0, slice_z_mm(index))).position)
    return an_item(
        PlanePositionSequence=[an_item(ImagePositionPatient=position)],
        FrameContentSequence=[an_item(StackID="1", InStackPositionNumber=index + 1, DimensionIndexValues=[index + 1])],
        FrameVOILUTSequence=[an_item(WindowCenter=f"{centre}", WindowWidth=f"{width}")],
    )
