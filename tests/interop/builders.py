"""Small synthetic objects for the tests of doors: what matters is named by the test, the rest is plausible."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pydicom
from bench.data import part10, uid
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
    copy = pydicom.dcmread(BytesIO(part10(data_set)))
    copy.file_meta.TransferSyntaxUID = transfer_syntax_uid
    if transfer_syntax_uid == "1.2.840.10008.1.2.2":
        copy.PixelData = np.frombuffer(copy.PixelData, "<u2").astype(">u2").tobytes()
    return copy
