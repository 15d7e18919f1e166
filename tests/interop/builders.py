"""Small synthetic objects for the tests of doors: what matters is named by the test, the rest is plausible."""

from __future__ import annotations

import numpy as np
import pydicom
from bench.data import Instance, instance_of, uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian


def a_ct(*salt: object, seed: int = 0, **attributes: object) -> Dataset:
    """A 32×32 CT image; the salt makes its UIDs, attributes override or (None) remove."""
    data_set = Dataset()
    data_set.file_meta = FileMetaDataset()
    data_set.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data_set.SpecificCharacterSet = "ISO_IR 192"
    data_set.SOPClassUID = CTImageStorage
    data_set.SOPInstanceUID = uid("instance", *salt)
    data_set.StudyInstanceUID = uid("study", *salt[:1])
    data_set.SeriesInstanceUID = uid("series", *salt[:1])
    data_set.PatientName, data_set.PatientID = "Synthetic^Phantom", f"P-{salt[0]}"
    data_set.PatientBirthDate, data_set.PatientSex = "19500101", "O"
    data_set.StudyDate, data_set.StudyTime, data_set.StudyID = "20240229", "101112", "1"
    data_set.AccessionNumber = ""
    data_set.Modality, data_set.SeriesNumber, data_set.InstanceNumber = "CT", 1, 1
    data_set.Rows = data_set.Columns = 32
    data_set.SamplesPerPixel, data_set.PhotometricInterpretation = 1, "MONOCHROME2"
    data_set.BitsAllocated, data_set.BitsStored, data_set.HighBit, data_set.PixelRepresentation = 16, 12, 11, 0
    pixels = np.random.default_rng(seed).integers(0, 4096, (32, 32)).astype("<u2")
    data_set.PixelData = pixels.tobytes()
    data_set["PixelData"].VR = "OW"
    for keyword, value in attributes.items():
        if value is None:
            delattr(data_set, keyword)
        else:
            setattr(data_set, keyword, value)
    return with_meta(data_set)


def with_meta(data_set: Dataset) -> Dataset:
    """File meta that says what the data set says."""
    data_set.file_meta.MediaStorageSOPClassUID = data_set.SOPClassUID
    data_set.file_meta.MediaStorageSOPInstanceUID = data_set.SOPInstanceUID
    return data_set


def in_syntax(data_set: Dataset, transfer_syntax_uid: str) -> Dataset:
    """The same data set to be written in another uncompressed transfer syntax."""
    copy = pydicom.dcmread(_file(data_set))
    copy.file_meta.TransferSyntaxUID = transfer_syntax_uid
    if transfer_syntax_uid == "1.2.840.10008.1.2.2":
        copy.PixelData = np.frombuffer(copy.PixelData, "<u2").astype(">u2").tobytes()
    return copy


def part10(data_set: Dataset) -> bytes:
    """The data set as a Part 10 file."""
    buffer = _file(data_set)
    return buffer.getvalue()


def _file(data_set: Dataset) -> pydicom.filebase.DicomBytesIO:
    buffer = pydicom.filebase.DicomBytesIO()
    syntax = pydicom.uid.UID(data_set.file_meta.TransferSyntaxUID)
    pydicom.dcmwrite(
        buffer,
        data_set,
        enforce_file_format=True,
        implicit_vr=syntax.is_implicit_VR,
        little_endian=syntax.is_little_endian,
    )
    buffer.seek(0)
    return buffer


def an_instance(data_set: Dataset) -> Instance:
    """The data set as bytes ready for our client."""
    return instance_of(data_set)
