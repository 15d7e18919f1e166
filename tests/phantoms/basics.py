"""What every made object has: a head, pixels, and the plane on which its pixels lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from bench.data import uid
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

Point = tuple[float, float, float]
ImagePoint = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Plane:
    """Where pixels lie (PS3.3 C.7.6.2.1.1).

    position: centre of the first pixel, mm, LPS. row: direction in which columns rise; column: direction in which rows
    rise. spacing: mm between rows, mm between columns. shape: rows, columns.
    """

    position: Point
    row: Point
    column: Point
    spacing: tuple[float, float]
    shape: tuple[int, int]

    @property
    def normal(self) -> Point:
        """row × column, of length 1."""
        return _triple(np.cross(self.row, self.column))

    def patient_point(self, at: ImagePoint) -> Point:
        """The place in the patient of an image point [column, row], mm."""
        along_row, along_column = (at[0] - 0.5) * self.spacing[1], (at[1] - 0.5) * self.spacing[0]
        return _triple(
            np.asarray(self.position) + np.asarray(self.row) * along_row + np.asarray(self.column) * along_column
        )

    def image_point(self, place: Point) -> ImagePoint:
        """The foot of the perpendicular from a place in the patient, as image point."""
        away = np.asarray(place) - np.asarray(self.position)
        return (
            float(away @ np.asarray(self.row)) / self.spacing[1] + 0.5,
            float(away @ np.asarray(self.column)) / self.spacing[0] + 0.5,
        )

    def distance_mm(self, place: Point) -> float:
        """How far a place lies before (positive, along the normal) or behind the plane, mm."""
        return float((np.asarray(place) - np.asarray(self.position)) @ np.asarray(self.normal))

    def moved(self, by: Point) -> Plane:
        """The same plane elsewhere."""
        return replace(self, position=_triple(np.asarray(self.position) + np.asarray(by)))

    def moved_along_normal(self, by_mm: float) -> Plane:
        """The plane of a neighbouring slice."""
        return self.moved(_triple(np.asarray(self.normal) * by_mm))

    def places(self) -> NDArray[np.float64]:
        """The places in the patient of all pixel centres: (rows, columns, 3), mm."""
        rows, columns = self.shape
        along_row = np.arange(columns)[None, :, None] * self.spacing[1] * np.asarray(self.row)
        along_column = np.arange(rows)[:, None, None] * self.spacing[0] * np.asarray(self.column)
        return np.asarray(np.asarray(self.position) + along_row + along_column)


def _triple(values: NDArray[np.float64]) -> Point:
    return (float(values[0]), float(values[1]), float(values[2]))


def length_mm(a: ImagePoint, b: ImagePoint, spacing: tuple[float, float]) -> float:
    """The distance of two image points; spacing: mm between rows, mm between columns."""
    return float(np.hypot((b[0] - a[0]) * spacing[1], (b[1] - a[1]) * spacing[0]))


def angle_deg(a: ImagePoint, vertex: ImagePoint, b: ImagePoint, spacing: tuple[float, float]) -> float:
    """The angle at the vertex in mm, not in pixels, 0 to 180."""
    scale = np.asarray((spacing[1], spacing[0]))
    first, second = (np.asarray(a) - vertex) * scale, (np.asarray(b) - vertex) * scale
    return float(np.degrees(np.arccos(first @ second / np.linalg.norm(first) / np.linalg.norm(second))))


@dataclass(frozen=True, slots=True)
class Place:
    """Where an object belongs. name: of the study, and of the patient unless a person is given."""

    name: str
    series: str = "1"
    series_number: int = 1
    study: str = ""
    person: str = ""
    frame_of_reference: str = "one"
    date: str = "20240305"


def an_object(place: Place, number: int, sop_class_uid: str, modality: str) -> Dataset:
    """The head of an object, with file meta, in explicit VR little endian; number: the instance's."""
    data_set = Dataset()
    data_set.file_meta = FileMetaDataset()
    data_set.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    study = place.study or place.name
    person = place.person or place.name
    data_set.SpecificCharacterSet = "ISO_IR 192"
    data_set.SOPClassUID, data_set.SOPInstanceUID = sop_class_uid, uid("phantom", study, place.series, number)
    data_set.StudyDate, data_set.StudyTime, data_set.AccessionNumber = place.date, "143000", f"A-{study}"[:16]
    data_set.SeriesDate, data_set.SeriesTime = place.date, "143000"
    data_set.AcquisitionDate, data_set.AcquisitionTime = place.date, "143000"
    data_set.ContentDate, data_set.ContentTime = place.date, "143000"
    data_set.Modality, data_set.Manufacturer, data_set.ReferringPhysicianName = modality, "Synthetic", ""
    data_set.StudyDescription, data_set.SeriesDescription = study, place.series
    data_set.PatientName, data_set.PatientID = f"{person.title()}^Synthetic=合成^影像", person
    data_set.PatientBirthDate, data_set.PatientSex = "19800101", "O"
    data_set.StudyInstanceUID = uid("phantom", study)
    data_set.SeriesInstanceUID = uid("phantom", study, place.series)
    data_set.StudyID, data_set.SeriesNumber, data_set.InstanceNumber = "1", place.series_number, number
    data_set.file_meta.MediaStorageSOPClassUID = data_set.SOPClassUID
    data_set.file_meta.MediaStorageSOPInstanceUID = data_set.SOPInstanceUID
    return data_set


def on_plane(data_set: Dataset, plane: Plane, place: Place, thickness_mm: float | None = None) -> Dataset:
    """The geometry of a single-frame object."""
    data_set.FrameOfReferenceUID = frame_of_reference_uid(place)
    data_set.PositionReferenceIndicator = ""
    data_set.ImagePositionPatient = decimals(plane.position)
    data_set.ImageOrientationPatient = decimals((*plane.row, *plane.column))
    data_set.PixelSpacing = decimals(plane.spacing)
    if thickness_mm is not None:
        data_set.SliceThickness = decimals([thickness_mm])[0]
    return data_set


def frame_of_reference_uid(place: Place) -> str:
    """Shared by all series of a study that name the same frame of reference."""
    return uid("phantom", place.study or place.name, "frame of reference", place.frame_of_reference)


def decimals(values: Sequence[float]) -> list[str]:
    """Decimal strings of at most 16 characters (PS3.5 6.2, DS)."""
    return [f"{value:.10g}"[:16] for value in values]


def with_grey(data_set: Dataset, pixels: NDArray[np.generic], photometric: str = "MONOCHROME2") -> Dataset:
    """Pixels of one sample: (rows, columns) or (frames, rows, columns), 8 or 16 bits, signed or not."""
    data_set.SamplesPerPixel, data_set.PhotometricInterpretation = 1, photometric
    data_set.Rows, data_set.Columns = pixels.shape[-2:]
    if pixels.ndim == 3:
        data_set.NumberOfFrames = pixels.shape[0]
    data_set.BitsAllocated = data_set.BitsStored = pixels.dtype.itemsize * 8
    data_set.HighBit, data_set.PixelRepresentation = data_set.BitsStored - 1, int(pixels.dtype.kind == "i")
    data_set.PixelData = pixels.tobytes()
    data_set["PixelData"].VR = "OB" if pixels.dtype.itemsize == 1 else "OW"
    return data_set


def an_item(**values: object) -> Dataset:
    """An item of a sequence."""
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def a_code(value: str, scheme: str, meaning: str) -> Dataset:
    """A coded concept."""
    return an_item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)
