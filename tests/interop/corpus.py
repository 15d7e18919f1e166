"""The real DICOM files as the tests send them: byte for byte, each under a SOP Instance UID of its own."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pydicom
from bench.data import Instance, uid
from pydicom.dataset import FileDataset
from pydicom.errors import InvalidDicomError

SETS = (
    "charset",
    "cr-dx",
    "ct-chest-cmbcrc",
    "ct-gantry-tilt",
    "dicomdir",
    "enhanced-multiframe",
    "mammo",
    "mr-brain-remind",
    "mr-small",
    "nm",
    "pdf-ecg",
    "petct-cervix",
    "rt",
    "seg-sr-pr",
    "transfer-syntax-ct",
    "transfer-syntax-misc",
    "us-xa-multiframe",
    "wsi",
)
"""Every folder of the shared data but `malformed`, which has tests of its own."""


SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
IDENTITY = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")


@dataclass(frozen=True, slots=True)
class Sample:
    """One file: what is sent and what pydicom reads in it."""

    path: Path
    instance: Instance
    header: FileDataset

    @property
    def address(self) -> str:
        """Its place below /dicom-web/studies/."""
        one = self.instance
        return f"{one.study_instance_uid}/series/{one.series_instance_uid}/instances/{one.sop_instance_uid}"


def files_of(folder: Path) -> list[Path]:
    """The DICOM files of one set."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".md", ".txt", ".json"))


def is_storable(path: Path) -> bool:
    """Whether it is an object with file meta: no DICOMDIR, no bare or torn data set (those are refused)."""
    try:
        header = pydicom.dcmread(path)  # whole: a torn one loses everything
    except InvalidDicomError:
        return False
    return "TransferSyntaxUID" in header.file_meta and len(header) > 0 and not is_dicomdir(header)


def is_dicomdir(header: FileDataset) -> bool:
    """Whether it is a directory of files and no object (PS3.10 8.6)."""
    return str(header.file_meta.get("MediaStorageSOPClassUID")) == "1.2.840.10008.1.3.10"


def samples(folder: Path) -> list[Sample]:
    """Every storable file of a set; what has no UIDs or known ones gets new ones and is written anew."""
    known: set[str] = set()
    found = []
    for path in files_of(folder):
        if is_storable(path):
            sample = _as_it_is(path)
            if sample is None or sample.instance.sop_instance_uid in known:
                sample = _under_new_uids(path)
            known.add(sample.instance.sop_instance_uid)
            found.append(sample)
    return found


def _as_it_is(path: Path) -> Sample | None:
    header = pydicom.dcmread(path)
    if not all(header.get(keyword) for keyword in IDENTITY):
        return None
    content = memoryview(path.read_bytes())
    position = 132
    while content[position : position + 2] == b"\x02\x00":  # group 2, explicit VR little endian
        long = bytes(content[position + 4 : position + 6]) in (b"OB", b"OW", b"UN", b"SQ", b"UT")
        size = content[position + 8 : position + 12] if long else content[position + 6 : position + 8]
        position += (12 if long else 8) + int.from_bytes(size, "little")
    return Sample(path, _instance(header, content[position:]), header)


def _under_new_uids(path: Path) -> Sample:
    header = pydicom.dcmread(path)
    header.setdefault("SOPClassUID", header.file_meta.get("MediaStorageSOPClassUID") or SECONDARY_CAPTURE)
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        setattr(header, keyword, uid(path.parent.name, path.name, keyword))
    header.file_meta.MediaStorageSOPInstanceUID = header.SOPInstanceUID
    buffer = BytesIO()
    header.save_as(buffer)
    content = memoryview(buffer.getvalue())
    return Sample(path, _instance(header, content[144 + int.from_bytes(content[140:144], "little") :]), header)


def _instance(header: FileDataset, data_set: memoryview) -> Instance:
    return Instance(
        sop_class_uid=str(header.SOPClassUID),
        sop_instance_uid=str(header.SOPInstanceUID),
        study_instance_uid=str(header.StudyInstanceUID),
        series_instance_uid=str(header.SeriesInstanceUID),
        transfer_syntax_uid=str(header.file_meta.TransferSyntaxUID),
        data_set=(data_set,),
    )
