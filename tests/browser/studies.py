"""Synthetic studies whose pictures say what they are: four quarters of known grey, a centre that tells the slice."""

from __future__ import annotations

import numpy as np
from bench.data import uid
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    ComprehensiveSRStorage,
    CTImageStorage,
    ExplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    KeyObjectSelectionDocumentStorage,
    SecondaryCaptureImageStorage,
    UltrasoundMultiFrameImageStorage,
)

SIDE = 64
SLICES = 12
QUARTERS_HU = {"top left": -60, "top right": 0, "bottom left": 100, "bottom right": 180}
CENTRE, WIDTH = 40, 400


def shown_grey(value: float, centre: float = CENTRE, width: float = WIDTH) -> int:
    """The grey on screen of a value under a LINEAR window (PS3.3 C.11.2.1.2.1)."""
    return round(min(1.0, max(0.0, (value - (centre - 0.5)) / (width - 1) + 0.5)) * 255)


def slice_hu(index: int) -> int:
    """The grey of the centre of a slice, by which it is told from its neighbours."""
    return -140 + index * 30


def _plane(index: int) -> NDArray[np.int16]:
    half, middle = SIDE // 2, SIDE // 2
    plane = np.empty((SIDE, SIDE), np.int16)
    plane[:half, :half], plane[:half, half:] = QUARTERS_HU["top left"], QUARTERS_HU["top right"]
    plane[half:, :half], plane[half:, half:] = QUARTERS_HU["bottom left"], QUARTERS_HU["bottom right"]
    plane[middle - 6 : middle + 6, middle - 6 : middle + 6] = slice_hu(index)
    return plane


def _image(study: str, series: str, number: int, sop_class_uid: UID, syntax: UID) -> Dataset:
    data_set = Dataset()
    data_set.file_meta = FileMetaDataset()
    data_set.file_meta.TransferSyntaxUID = syntax
    data_set.SpecificCharacterSet = "ISO_IR 192"
    data_set.SOPClassUID, data_set.SOPInstanceUID = sop_class_uid, uid("browser", study, series, number)
    data_set.StudyInstanceUID, data_set.SeriesInstanceUID = uid("browser", study), uid("browser", study, series)
    data_set.PatientName, data_set.PatientID = f"{study.title()}^Synthetic=合成^影像", study
    data_set.PatientBirthDate, data_set.PatientSex = "19800101", "O"
    data_set.StudyDate, data_set.StudyTime, data_set.AccessionNumber = "20240305", "143000", f"A-{study}"
    data_set.StudyDescription, data_set.SeriesDescription = f"Study {study}", series
    data_set.StudyID, data_set.SeriesNumber, data_set.InstanceNumber = "1", 1, number
    data_set.file_meta.MediaStorageSOPClassUID = data_set.SOPClassUID
    data_set.file_meta.MediaStorageSOPInstanceUID = data_set.SOPInstanceUID
    return data_set


def _with_pixels(data_set: Dataset, pixels: NDArray[np.generic]) -> Dataset:
    data_set.SamplesPerPixel, data_set.PhotometricInterpretation = 1, "MONOCHROME2"
    data_set.Rows, data_set.Columns = pixels.shape[-2:]
    data_set.BitsAllocated = data_set.BitsStored = pixels.dtype.itemsize * 8
    data_set.HighBit, data_set.PixelRepresentation = data_set.BitsStored - 1, int(pixels.dtype.kind == "i")
    data_set.PixelData = pixels.tobytes()
    data_set["PixelData"].VR = "OB" if pixels.dtype.itemsize == 1 else "OW"
    return data_set


def a_ct_slice(study: str, index: int, series: str = "axial") -> Dataset:
    """One axial slice; the instance numbers run against the positions in the list they are made in."""
    data_set = _image(study, series, index + 1, CTImageStorage, ExplicitVRLittleEndian)
    data_set.Modality = "CT"
    data_set.ImagePositionPatient, data_set.ImageOrientationPatient = [-32, -32, -2.5 * index], [1, 0, 0, 0, 1, 0]
    data_set.FrameOfReferenceUID = uid("browser", study, "frame")
    data_set.PixelSpacing, data_set.SliceThickness = [1, 1], 2.5
    data_set.RescaleIntercept, data_set.RescaleSlope = -1024, 1
    data_set.WindowCenter, data_set.WindowWidth = CENTRE, WIDTH
    return _with_pixels(data_set, (_plane(index) + 1024).astype("<i2"))


def a_ct_study(study: str, slices: int = SLICES, first: int = 0) -> list[Dataset]:
    """A stack of slices, and a second, shorter series."""
    stack = [a_ct_slice(study, index) for index in range(first, first + slices)]
    if first == 0:
        short = [a_ct_slice(study, index, "short") for index in range(3)]
        for each in short:
            each.SeriesNumber = 2
        stack += short
    return stack


def a_cine() -> list[Dataset]:
    """Ten frames of ultrasound at 20 a second; each frame has one grey."""
    data_set = _image("CINE", "loop", 1, UltrasoundMultiFrameImageStorage, ExplicitVRLittleEndian)
    data_set.Modality, data_set.NumberOfFrames, data_set.FrameTime = "US", 10, 50
    frames = np.stack([np.full((48, 64), 20 + 20 * frame, np.uint8) for frame in range(10)])
    data_set = _with_pixels(data_set, frames)
    data_set.WindowCenter, data_set.WindowWidth = 128, 256
    return [data_set]


def a_negative() -> list[Dataset]:
    """A radiograph whose smallest values are white (MONOCHROME1)."""
    data_set = a_ct_slice("NEGATIVE", 0)
    data_set.PhotometricInterpretation = "MONOCHROME1"
    return [data_set]


def a_report() -> list[Dataset]:
    """Something that has no picture."""
    data_set = _image("REPORT", "findings", 1, ComprehensiveSRStorage, ExplicitVRLittleEndian)
    data_set.Modality = "SR"
    return [data_set]


def a_lossy_image() -> list[Dataset]:
    """A picture that was compressed with loss before it was sent, 12:1."""
    import simplejpeg

    data_set = _image("LOSSY", "photo", 1, SecondaryCaptureImageStorage, JPEGBaseline8Bit)
    data_set.Modality, data_set.ConversionType = "OT", "WSD"
    grey = np.tile(np.linspace(0, 255, 64, dtype=np.uint8), (64, 1))
    data_set = _with_pixels(data_set, grey)
    jpeg = simplejpeg.encode_jpeg(np.ascontiguousarray(grey[..., None]), quality=80, colorspace="GRAY")
    data_set.PixelData = encapsulate([jpeg])
    data_set["PixelData"].VR = "OB"
    data_set["PixelData"].is_undefined_length = True
    data_set.LossyImageCompression, data_set.LossyImageCompressionRatio = "01", "12"
    return [data_set]


def a_bad_frame_among_good_ones() -> list[Dataset]:
    """Four slices; the second says that it is JPEG-LS and is rubbish, the last has lost its pixels."""
    stack = [a_ct_slice("BROKEN", index) for index in range(4)]
    del stack[3].PixelData
    bad = stack[1]
    bad.file_meta.TransferSyntaxUID = JPEGLSLossless
    bad.PixelData = encapsulate([b"\xff\xd8\xff\xf7" + bytes(range(200))])
    bad["PixelData"].VR = "OB"
    bad["PixelData"].is_undefined_length = True
    return stack


def a_rejection_of(image: Dataset) -> Dataset:
    """The note by which a sender rejects one of its images for reasons of quality (IHE RAD-66)."""
    note = _image(str(image.PatientID), "note", 1, KeyObjectSelectionDocumentStorage, ExplicitVRLittleEndian)
    note.Modality = "KO"
    title, reference, series, study, content = (Dataset() for _ in range(5))
    title.CodeValue, title.CodingSchemeDesignator = "113001", "DCM"
    title.CodeMeaning = "Rejected for Quality Reasons"
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
    series.SeriesInstanceUID, series.ReferencedSOPSequence = image.SeriesInstanceUID, [reference]
    study.StudyInstanceUID, study.ReferencedSeriesSequence = image.StudyInstanceUID, [series]
    content.RelationshipType, content.ValueType, content.ReferencedSOPSequence = "CONTAINS", "IMAGE", [reference]
    note.ConceptNameCodeSequence, note.ContentSequence = [title], [content]
    note.CurrentRequestedProcedureEvidenceSequence = [study]
    return note


def many_studies(count: int) -> list[Dataset]:
    """Studies of one tiny MR image each, a day apart, older than all the others."""
    made = []
    for number in range(count):
        data_set = _image(f"ROW{number:03d}", "tiny", 1, SecondaryCaptureImageStorage, ExplicitVRLittleEndian)
        data_set.Modality, data_set.ConversionType = "MR", "WSD"
        data_set.StudyDate = f"2020{1 + number // 28:02d}{1 + number % 28:02d}"
        made.append(_with_pixels(data_set, np.full((8, 8), number, np.uint8)))
    return made
