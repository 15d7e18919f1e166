"""Synthetic objects and multipart bodies for the tests of DICOMweb."""

from __future__ import annotations

import io
from collections.abc import Iterable

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import UID, ExplicitVRLittleEndian

from isocenter.wire.multipart import (
    MultipartParser,
    PartBegin,
    PartData,
    boundary_of,
    closing,
    parse_media_type,
    part_head,
)

CT = "1.2.840.10008.5.1.4.1.1.2"
STUDY, SERIES = "2.25.1001", "2.25.1002"


def a_ct(
    number: int = 1,
    *,
    study: str = STUDY,
    series: str = SERIES,
    uid: str | None = None,
    frames: int = 1,
    pixels: np.ndarray | None = None,
    **extra: object,
) -> Dataset:
    """A small CT image; pixels default to a ramp that depends on the number."""
    if pixels is None:
        pixels = (np.arange(frames * 16 * 12).reshape(frames, 16, 12) * 7 + number).astype(np.int16)
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID, ds.SOPInstanceUID = CT, uid or f"{series}.{number}"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = study, series
    ds.StudyDate, ds.StudyTime, ds.Modality = "20240131", "101112", "CT"
    ds.PatientName, ds.PatientID, ds.AccessionNumber = "Müller^Änne", "P-1", "A-1"
    ds.SeriesNumber, ds.InstanceNumber = 3, number
    ds.Rows, ds.Columns, ds.NumberOfFrames = pixels.shape[1], pixels.shape[2], frames
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
    ds.RescaleSlope, ds.RescaleIntercept = 1, 0
    for keyword, value in extra.items():
        setattr(ds, keyword, value)
    ds.PixelData = pixels.astype("<i2").tobytes()
    return ds


def a_file(ds: Dataset, syntax: str = ExplicitVRLittleEndian) -> bytes:
    """The data set as a file."""
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = UID(syntax)
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    written = io.BytesIO()
    dcmwrite(written, ds, enforce_file_format=True)
    return written.getvalue()


def a_body(files: Iterable[bytes], boundary: str = "b-o-u-n-d") -> tuple[bytes, dict[str, str]]:
    """A store request: (body, headers)."""
    pieces: list[bytes] = []
    for number, file in enumerate(files):
        pieces += [part_head(boundary.encode(), [("Content-Type", "application/dicom")], first=number == 0), file]
    pieces.append(closing(boundary.encode()))
    content_type = f'multipart/related; type="application/dicom"; boundary={boundary}'
    return b"".join(pieces), {"content-type": content_type, "accept": "application/dicom+json"}


def parts_of(content_type: str, body: bytes) -> list[tuple[dict[str, str], bytes]]:
    """The parts of a multipart answer: (headers, bytes)."""
    parser = MultipartParser(boundary_of(parse_media_type(content_type)))
    parts: list[tuple[dict[str, str], bytes]] = []
    for event in parser.feed(body):
        if isinstance(event, PartBegin):
            parts.append((dict(event.headers), b""))
        elif isinstance(event, PartData):
            parts[-1] = (parts[-1][0], parts[-1][1] + bytes(event.data))
    parser.finish()
    return parts
