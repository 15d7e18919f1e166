"""Attribute IDs in DICOMweb queries (PS3.18 8.3.4.1): keywords, eight hexadecimal digits, and paths into sequences."""

from __future__ import annotations

from functools import lru_cache

from isocenter.standards.dicom.data_dictionary import vr_of

MAX_DEPTH = 8
_COMMON = {
    "StudyDate": 0x00080020,
    "StudyTime": 0x00080030,
    "AccessionNumber": 0x00080050,
    "Modality": 0x00080060,
    "ModalitiesInStudy": 0x00080061,
    "ReferringPhysicianName": 0x00080090,
    "TimezoneOffsetFromUTC": 0x00080201,
    "StationName": 0x00081010,
    "StudyDescription": 0x00081030,
    "SeriesDescription": 0x0008103E,
    "SOPClassUID": 0x00080016,
    "SOPInstanceUID": 0x00080018,
    "PatientName": 0x00100010,
    "PatientID": 0x00100020,
    "IssuerOfPatientID": 0x00100021,
    "PatientBirthDate": 0x00100030,
    "PatientSex": 0x00100040,
    "BodyPartExamined": 0x00180015,
    "ProtocolName": 0x00181030,
    "StudyInstanceUID": 0x0020000D,
    "SeriesInstanceUID": 0x0020000E,
    "StudyID": 0x00200010,
    "SeriesNumber": 0x00200011,
    "InstanceNumber": 0x00200013,
    "Laterality": 0x00200060,
    "NumberOfPatientRelatedStudies": 0x00201200,
    "NumberOfPatientRelatedSeries": 0x00201202,
    "NumberOfPatientRelatedInstances": 0x00201204,
    "NumberOfStudyRelatedSeries": 0x00201206,
    "NumberOfStudyRelatedInstances": 0x00201208,
    "NumberOfSeriesRelatedInstances": 0x00201209,
    "NumberOfFrames": 0x00280008,
    "Rows": 0x00280010,
    "Columns": 0x00280011,
    "BitsAllocated": 0x00280100,
}
# Two names of the dictionary are ours; in a query they are what they mostly stand for.
_QUERY_VRS = {"XS": "US", "LU": "US"}


@lru_cache(maxsize=2048)
def tag_of(name: str) -> int | None:
    """The tag of a keyword or of eight hexadecimal digits; None when it is neither, or no attribute of a data set."""
    found = _COMMON.get(name)
    if found is not None:
        return found
    if len(name) == 8 and name.isascii() and all(digit in "0123456789abcdefABCDEF" for digit in name):
        tag = int(name, 16)
        return tag if 0x0008 <= tag >> 16 < 0xFFFE else None
    if not name.isascii() or not name.isalnum() or len(name) > 64:
        return None
    from pydicom.datadict import tag_for_keyword  # loaded when the first uncommon keyword comes

    tag = tag_for_keyword(name) or 0
    return tag if 0x0008 <= tag >> 16 < 0xFFFE else None


def path_of(name: str) -> tuple[int, ...] | None:
    """The tags of a path such as RequestAttributesSequence.00401001; None when a step is no attribute."""
    steps = name.split(".")
    if len(steps) > MAX_DEPTH:
        return None
    tags = [tag_of(step) for step in steps]
    known = [tag for tag in tags if tag is not None]
    if len(known) < len(tags) or any(vr_of(tag) not in ("SQ", "UN") for tag in known[:-1]):
        return None
    return tuple(known)


def query_vr(tag: int) -> str:
    """The VR that a tag is matched by."""
    vr = vr_of(tag)
    return _QUERY_VRS.get(vr, vr)
