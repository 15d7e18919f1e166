"""Objects that lie on images or are none: segmentation, structure set, map, dose, report, documents, ECG, video.

All overlays lie on one oblique stack whose pixels are 1.5 mm high and 1 mm wide. What they cover is said here in image
points of the slices, worked out apart from any code under test.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from bench.data import uid
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    MPEG4HP41,
    ComprehensiveSRStorage,
    EncapsulatedPDFStorage,
    EncapsulatedSTLStorage,
    ParametricMapStorage,
    RTDoseStorage,
    RTPlanStorage,
    RTStructureSetStorage,
    SegmentationStorage,
    TwelveLeadECGWaveformStorage,
    VideoEndoscopicImageStorage,
)
from tests.phantoms.basics import (
    Place,
    Plane,
    Point,
    a_code,
    an_item,
    an_object,
    decimals,
    frame_of_reference_uid,
    with_grey,
)
from tests.phantoms.ct import a_ct_image

NAME = "OBJECTS"
SIDE, SLICES, GAP_MM = 64, 6, 4.0
ROW: Point = (0.8, 0.6, 0.0)
COLUMN: Point = (-0.36, 0.48, 0.8)
SPACING = (1.5, 1.0)
FIRST = Plane((-30.0, -40.0, -35.0), ROW, COLUMN, SPACING, (SIDE, SIDE))

Box = tuple[int, int, int, int]
"""left, top, right, bottom in image points of the slice."""

GRID: Box = (10, 20, 40, 52)
"""The segmentation's own grid: a part of the slice, so that a place taken for the other one shows."""
SEGMENTS: dict[int, tuple[str, int, Box]] = {
    1: ("Liver", 2, (12, 22, 30, 40)),
    2: ("Cyst", 2, (26, 36, 38, 50)),
    3: ("Spleen", 4, (14, 30, 22, 44)),
}
"""Number: name, index of the slice from 0, pixels from left to right - 1 and from top to bottom - 1."""
CONTOUR: Box = (8, 9, 50, 44)
CONTOUR_SLICE, BETWEEN_SLICES = 3, 1.5
"""A region outlines CONTOUR on this slice, and the same half way between two others, where it may be shown on none."""
MAP_SLICE, MAP_BOX = 1, (16, 16, 48, 48)
MAP_UNIT = "mm2/s"
DOSE_GY = 60.0
ECG_RATE, ECG_SECONDS = 500, 10
ECG_BEAT_S, ECG_PEAK_MV = 0.8, 1.2
"""Peaks 0.8 s apart, 75 a minute, of 1.2 mV in lead II."""
SIZE_MM = "12.5"
PDF_WORDS = "Isocenter prints"
VIDEO_FRAMES, VIDEO_RATE = 20, 10


def plane_of(index: float) -> Plane:
    """The plane of a slice, from 0; halves lie between two."""
    return FIRST.moved_along_normal(GAP_MM * index)


def the_stack(name: str = NAME) -> list[Dataset]:
    """The images: air with a lighter square, whose grey tells the slice."""
    made = []
    for index in range(SLICES):
        hu = np.full((SIDE, SIDE), -150, np.int16)
        hu[8:56, 8:56] = -100 + 30 * index
        made.append(a_ct_image(Place(name, "images", 1), index + 1, plane_of(index), hu))
    return made


def _on_the_stack(data_set: Dataset, name: str) -> Dataset:
    data_set.FrameOfReferenceUID = frame_of_reference_uid(Place(name))
    images = the_stack(name)
    references = [
        an_item(ReferencedSOPClassUID=one.SOPClassUID, ReferencedSOPInstanceUID=one.SOPInstanceUID) for one in images
    ]
    data_set.ReferencedSeriesSequence = [
        an_item(SeriesInstanceUID=images[0].SeriesInstanceUID, ReferencedInstanceSequence=Sequence(references))
    ]
    return data_set


def _groups(plane: Plane, segment: int | None = None) -> Dataset:
    item = an_item(
        PlanePositionSequence=[an_item(ImagePositionPatient=decimals(plane.position))],
        FrameContentSequence=[an_item(DimensionIndexValues=[1])],
    )
    if segment is not None:
        item.SegmentIdentificationSequence = [an_item(ReferencedSegmentNumber=segment)]
    return item


def _shared() -> Dataset:
    return an_item(
        PlaneOrientationSequence=[an_item(ImageOrientationPatient=decimals((*ROW, *COLUMN)))],
        PixelMeasuresSequence=[
            an_item(PixelSpacing=decimals(SPACING), SliceThickness=decimals([GAP_MM])[0]),
        ],
    )


def part_of(plane: Plane, box: Box) -> Plane:
    """The plane of a part of the slice, by its own first pixel."""
    left, top, right, bottom = box
    corner = plane.patient_point((left + 0.5, top + 0.5))
    return Plane(corner, plane.row, plane.column, plane.spacing, (bottom - top, right - left))


def mask_of(segment: int) -> NDArray[np.uint8]:
    """A segment in the segmentation's own grid, (rows, columns), 0 or 1."""
    _, _, (left, top, right, bottom) = SEGMENTS[segment]
    mask = np.zeros((GRID[3] - GRID[1], GRID[2] - GRID[0]), np.uint8)
    mask[top - GRID[1] : bottom - GRID[1], left - GRID[0] : right - GRID[0]] = 1
    return mask


def a_segmentation(name: str = NAME) -> Dataset:
    """Three segments, binary, one bit a pixel; frames of 30 × 32 pixels, so that each begins at a whole byte."""
    made = _on_the_stack(an_object(Place(name, "segmentation", 2), 1, SegmentationStorage, "SEG"), name)
    made.ContentLabel, made.SegmentationType, made.LossyImageCompression = "ORGANS", "BINARY", "00"
    made.SegmentSequence = [
        an_item(
            SegmentNumber=number,
            SegmentLabel=label,
            SegmentAlgorithmType="MANUAL",
            SegmentedPropertyCategoryCodeSequence=[a_code("123037004", "SCT", "Anatomical structure")],
            SegmentedPropertyTypeCodeSequence=[a_code("10200004", "SCT", label)],
        )
        for number, (label, _, _) in SEGMENTS.items()
    ]
    made.SharedFunctionalGroupsSequence = [_shared()]
    made.PerFrameFunctionalGroupsSequence = [
        _groups(part_of(plane_of(index), GRID), number) for number, (_, index, _) in SEGMENTS.items()
    ]
    frames = np.stack([mask_of(number) for number in SEGMENTS])
    made.NumberOfFrames, made.Rows, made.Columns = len(frames), frames.shape[1], frames.shape[2]
    made.SamplesPerPixel, made.PhotometricInterpretation, made.PixelRepresentation = 1, "MONOCHROME2", 0
    made.BitsAllocated, made.BitsStored, made.HighBit = 1, 1, 0
    made.PixelData = np.packbits(frames.ravel(), bitorder="little").tobytes()
    made["PixelData"].VR = "OB"
    return made


def corners_of(box: Box) -> list[tuple[float, float]]:
    """Image points of the corners, around."""
    left, top, right, bottom = box
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def a_structure_set(name: str = NAME) -> Dataset:
    """One region with a contour on a slice and one between slices, and a point."""
    made = an_object(Place(name, "structures", 3), 1, RTStructureSetStorage, "RTSTRUCT")
    made.StructureSetLabel = "PLAN"
    frame_of_reference = frame_of_reference_uid(Place(name))
    series = an_item(SeriesInstanceUID=the_stack(name)[0].SeriesInstanceUID)
    study = an_item(ReferencedSOPInstanceUID=made.StudyInstanceUID, RTReferencedSeriesSequence=Sequence([series]))
    made.ReferencedFrameOfReferenceSequence = [
        an_item(FrameOfReferenceUID=frame_of_reference, RTReferencedStudySequence=Sequence([study]))
    ]
    made.StructureSetROISequence = [
        an_item(ROINumber=number, ROIName=label, ReferencedFrameOfReferenceUID=frame_of_reference)
        for number, label in ((1, "Target"), (2, "Marker"))
    ]
    outlines = [[plane_of(at).patient_point(corner) for corner in corners_of(CONTOUR)] for at in _CONTOUR_PLANES]
    marker = [plane_of(CONTOUR_SLICE).patient_point((30.0, 30.0))]
    made.ROIContourSequence = [
        an_item(
            ReferencedROINumber=1,
            ROIDisplayColor=[255, 0, 0],
            ContourSequence=Sequence([_contour("CLOSED_PLANAR", points) for points in outlines]),
        ),
        an_item(ReferencedROINumber=2, ContourSequence=Sequence([_contour("POINT", marker)])),
    ]
    return made


_CONTOUR_PLANES = (CONTOUR_SLICE, BETWEEN_SLICES)


def _contour(kind: str, points: list[Point]) -> Dataset:
    return an_item(
        ContourGeometricType=kind,
        NumberOfContourPoints=len(points),
        ContourData=decimals([value for point in points for value in point]),
    )


def a_parametric_map(name: str = NAME) -> Dataset:
    """Floating point, on a part of one slice: columns rise by 0.001 from 0; the last row has no value."""
    made = _on_the_stack(an_object(Place(name, "map", 4), 1, ParametricMapStorage, "OT"), name)
    made.ContentLabel = "ADC"
    box_columns, box_rows = MAP_BOX[2] - MAP_BOX[0], MAP_BOX[3] - MAP_BOX[1]
    values = np.tile(np.arange(box_columns, dtype="<f4") / 1000, (box_rows, 1))
    values[-1] = np.nan
    mapping = an_item(
        LUTLabel="ADC",
        LUTExplanation="Apparent diffusion",
        RealWorldValueSlope=1.0,
        RealWorldValueIntercept=0.0,
        MeasurementUnitsCodeSequence=[a_code(MAP_UNIT, "UCUM", MAP_UNIT)],
    )
    shared = _shared()
    shared.RealWorldValueMappingSequence = [mapping]
    made.SharedFunctionalGroupsSequence = [shared]
    made.PerFrameFunctionalGroupsSequence = [_groups(part_of(plane_of(MAP_SLICE), MAP_BOX))]
    made.NumberOfFrames, made.Rows, made.Columns = 1, box_rows, box_columns
    made.SamplesPerPixel, made.PhotometricInterpretation, made.BitsAllocated = 1, "MONOCHROME2", 32
    made.FloatPixelData = values.tobytes()
    return made


def a_dose(name: str = NAME) -> Dataset:
    """A grid of 10 mm in the planes of the stack: dose rises along the rows from 0 to DOSE_GY."""
    made = an_object(Place(name, "dose", 5), 1, RTDoseStorage, "RTDOSE")
    made.FrameOfReferenceUID = frame_of_reference_uid(Place(name))
    grid = Plane(FIRST.patient_point((0.5, 0.5)), ROW, COLUMN, (10.0, 10.0), (9, 7))
    made.ImagePositionPatient = decimals(grid.position)
    made.ImageOrientationPatient = decimals((*ROW, *COLUMN))
    made.PixelSpacing, made.GridFrameOffsetVector = decimals(grid.spacing), decimals([0, 10, 20])
    made.DoseUnits, made.DoseType, made.DoseSummationType = "GY", "PHYSICAL", "PLAN"
    stored = np.tile(np.linspace(0, 60_000, 7).astype("<u4"), (3, 9, 1))
    made = with_grey(made, stored)
    made.DoseGridScaling = "0.001"
    return made


PRESCRIBED_GY = 50.0
"""By the plan, to a target; another target gets 10 Gy less."""


def a_plan(name: str = NAME) -> Dataset:
    """What is prescribed, with a dose to an organ at risk that is no prescription."""
    made = an_object(Place(name, "plan", 12), 1, RTPlanStorage, "RTPLAN")
    made.RTPlanLabel, made.RTPlanGeometry = "PLAN", "PATIENT"
    references = [("TARGET", PRESCRIBED_GY - 10), ("ORGAN_AT_RISK", 99.0), ("TARGET", PRESCRIBED_GY)]
    made.DoseReferenceSequence = [
        an_item(
            DoseReferenceNumber=number,
            DoseReferenceStructureType="SITE",
            DoseReferenceType=kind,
            TargetPrescriptionDose=gray,
        )
        for number, (kind, gray) in enumerate(references, 1)
    ]
    return made


def a_planned_dose(name: str = NAME) -> Dataset:
    """The same dose, which names its plan."""
    plan, made = a_plan(name), a_dose(name)
    place = Place(name, "planned", 13)
    other = an_object(place, 1, RTDoseStorage, "RTDOSE")
    for element in ("SeriesInstanceUID", "SOPInstanceUID", "SeriesNumber", "SeriesDescription"):
        setattr(made, element, getattr(other, element))
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    made.ReferencedRTPlanSequence = [
        an_item(ReferencedSOPClassUID=plan.SOPClassUID, ReferencedSOPInstanceUID=plan.SOPInstanceUID)
    ]
    return made


def _measurement(meaning: str, value: str, unit: tuple[str, str], children: list[Dataset]) -> Dataset:
    measured = an_item(NumericValue=value, MeasurementUnitsCodeSequence=[a_code(unit[0], "UCUM", unit[1])])
    return an_item(
        RelationshipType="CONTAINS",
        ValueType="NUM",
        ConceptNameCodeSequence=[a_code("81827009", "SCT", meaning)],
        MeasuredValueSequence=[measured],
        ContentSequence=children,
    )


def a_report(name: str = NAME) -> Dataset:
    """A finding in two scripts, a length, and the image that it was seen on."""
    made = an_object(Place(name, "report", 6), 1, ComprehensiveSRStorage, "SR")
    image = the_stack(name)[4]
    reference = an_item(ReferencedSOPClassUID=image.SOPClassUID, ReferencedSOPInstanceUID=image.SOPInstanceUID)
    seen_on = an_item(RelationshipType="INFERRED FROM", ValueType="IMAGE", ReferencedSOPSequence=[reference])
    finding = an_item(
        RelationshipType="CONTAINS",
        ValueType="TEXT",
        ConceptNameCodeSequence=[a_code("121071", "DCM", "Finding")],
        TextValue="A round lesion 圆形病灶",
    )
    section = an_item(
        RelationshipType="CONTAINS",
        ValueType="CONTAINER",
        ContinuityOfContent="SEPARATE",
        ConceptNameCodeSequence=[a_code("121070", "DCM", "Findings")],
        ContentSequence=[finding, _measurement("Diameter", SIZE_MM, ("mm", "millimeter"), [seen_on])],
    )
    made.ValueType, made.ContinuityOfContent = "CONTAINER", "SEPARATE"
    made.ConceptNameCodeSequence = [a_code("18748-4", "LN", "Diagnostic Imaging Report")]
    made.CompletionFlag, made.VerificationFlag = "COMPLETE", "UNVERIFIED"
    made.ContentSequence = [section]
    series = an_item(SeriesInstanceUID=image.SeriesInstanceUID, ReferencedSOPSequence=[reference])
    made.CurrentRequestedProcedureEvidenceSequence = [
        an_item(StudyInstanceUID=made.StudyInstanceUID, ReferencedSeriesSequence=[series])
    ]
    return made


def pdf_bytes() -> bytes:
    """A page with some words, of an odd number of bytes, so that the object pads it."""
    stream = f"BT /F1 24 Tf 40 120 Td ({PDF_WORDS}) Tj ET".encode("ascii")
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    file, places = b"%PDF-1.4\n", []
    for number, body in enumerate(bodies, 1):
        places.append(len(file))
        file += b"%d 0 obj%s endobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"xref\n0 6\n0000000000 65535 f \n%strailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (
        table,
        len(file),
    )
    return file + end + (b"" if len(file + end) % 2 else b"\n")


def a_pdf(name: str = NAME) -> Dataset:
    """A letter."""
    return _document(
        an_object(Place(name, "letter", 7), 1, EncapsulatedPDFStorage, "DOC"), pdf_bytes(), "application/pdf"
    )


def a_surface(name: str = NAME) -> Dataset:
    """Something for a 3-D printer, which is not shown."""
    made = an_object(Place(name, "surface", 8), 1, EncapsulatedSTLStorage, "M3D")
    return _document(made, bytes(84), "model/stl")


def _document(made: Dataset, content: bytes, mime_type: str) -> Dataset:
    made.DocumentTitle, made.MIMETypeOfEncapsulatedDocument = "A document", mime_type
    made.BurnedInAnnotation, made.EncapsulatedDocumentLength = "YES", len(content)
    made.EncapsulatedDocument = content + b"\0" * (len(content) % 2)
    return made


def ecg_millivolts() -> NDArray[np.float64]:
    """(samples, 2): leads I and II. A triangle of ECG_PEAK_MV each beat in II, half of it in I."""
    time = np.arange(ECG_RATE * ECG_SECONDS) / ECG_RATE
    lead = ECG_PEAK_MV * np.clip(1 - np.abs((time % ECG_BEAT_S) - 0.4) / 0.04, 0, 1)
    return np.stack([lead / 2, lead], axis=1)


def an_ecg(name: str = NAME) -> Dataset:
    """Two leads of an ECG, 2.5 µV a step, filtered by the device."""
    made = an_object(Place(name, "ecg", 9), 1, TwelveLeadECGWaveformStorage, "ECG")
    stored = np.round(ecg_millivolts() * 1000 / 2.5).astype("<i2")
    channels = [
        an_item(
            ChannelSourceSequence=[a_code(code, "MDC", meaning)],
            ChannelSensitivity="2.5",
            ChannelSensitivityUnitsSequence=[a_code("uV", "UCUM", "microvolt")],
            ChannelSensitivityCorrectionFactor="1",
            ChannelBaseline="0",
            WaveformBitsStored=16,
            FilterLowFrequency="0.05",
            FilterHighFrequency="150",
        )
        for code, meaning in (("2:1", "Lead I (Einthoven)"), ("2:2", "Lead II"))
    ]
    group = an_item(
        WaveformOriginality="ORIGINAL",
        NumberOfWaveformChannels=2,
        NumberOfWaveformSamples=len(stored),
        SamplingFrequency=str(ECG_RATE),
        ChannelDefinitionSequence=channels,
        WaveformBitsAllocated=16,
        WaveformSampleInterpretation="SS",
        WaveformData=stored.tobytes(),
    )
    group["WaveformData"].VR = "OW"
    made.WaveformSequence = [group]
    return made


def a_video(name: str = NAME) -> Dataset:
    """Two seconds of H.264 in MP4; the stream lies beside this file."""
    made = an_object(Place(name, "film", 10), 1, VideoEndoscopicImageStorage, "ES")
    made.file_meta.TransferSyntaxUID = MPEG4HP41
    stream = (Path(__file__).parent / "film.mp4").read_bytes()
    made.NumberOfFrames, made.Rows, made.Columns, made.SamplesPerPixel = VIDEO_FRAMES, 48, 64, 3
    made.PhotometricInterpretation, made.PlanarConfiguration = "YBR_PARTIAL_420", 0
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 8, 8, 7, 0
    made.FrameTime, made.CineRate = str(1000 // VIDEO_RATE), VIDEO_RATE
    made.LossyImageCompression = "01"
    made.PixelData = encapsulate([stream], has_bot=False)
    made["PixelData"].VR = "OB"
    made["PixelData"].is_undefined_length = True
    return made


def all_objects(name: str = NAME) -> list[Dataset]:
    """Everything in one study."""
    makers = (a_segmentation, a_structure_set, a_parametric_map, a_dose, a_report, a_pdf, a_surface, an_ecg, a_video)
    return [*the_stack(name), *(make(name) for make in makers)]


def foreign_mask(name: str = NAME) -> Dataset:
    """The segmentation again, in another frame of reference: it may be shown on none of the images."""
    made = a_segmentation(name)
    made.SeriesInstanceUID, made.SOPInstanceUID = uid("phantom", name, "foreign"), uid("phantom", name, "foreign", 1)
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    made.SeriesDescription, made.SeriesNumber = "foreign", 11
    made.FrameOfReferenceUID = uid("phantom", name, "another frame of reference")
    return made
