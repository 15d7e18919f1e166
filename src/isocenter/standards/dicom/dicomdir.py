"""The DICOMDIR of a file-set (PS3.3 Annex F, PS3.10 8): patients, studies, series and instances as directory records.

Records are made from DICOM JSON (PS3.18 F.2) of the instances and written in Explicit VR Little Endian, text in UTF-8.
Offsets count from the first byte of the file, preamble included (PS3.3 F.3.2.2).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from isocenter.standards.dicom.part10 import file_meta
from isocenter.standards.dicom.person_name import joined_name
from isocenter.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN

MEDIA_STORAGE_DIRECTORY: Final = "1.2.840.10008.1.3.10"
JsonDataSet = Mapping[str, Any]

_IN_USE: Final = 0xFFFF
_CHARACTER_SET: Final = {"00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}
_LONG: Final = frozenset({"OB", "OW", "UN", "UT", "UC", "UR", "SQ"})
_BINARY: Final = {"US": "H", "UL": "I", "SS": "h", "SL": "i", "FL": "f", "FD": "d"}
_PADDED_BY_ZERO: Final = frozenset({"UI", "OB", "UN"})

# Keys by type of record: tag and VR, those that must not be absent (type 1 and 2 of PS3.3 F.5) first in meaning; what
# an object lacks is written empty.
_PATIENT: Final = {"00100010": "PN", "00100020": "LO", "00100021": "LO", "00100030": "DA", "00100040": "CS"}
_STUDY: Final = {
    "00080020": "DA",
    "00080030": "TM",
    "00080050": "SH",
    "00081030": "LO",
    "0020000D": "UI",
    "00200010": "SH",
}
_SERIES: Final = {"00080060": "CS", "0008103E": "LO", "0020000E": "UI", "00200011": "IS"}
_NUMBER: Final = {"00200013": "IS"}
_CONTENT: Final = {"00080023": "DA", "00080033": "TM", "00200013": "IS"}
_CONCEPT: Final = {"0040A043": "SQ"}
_LABEL: Final = {"00700080": "CS", "00700081": "LO"}

_KEYS: Final[dict[str, dict[str, str]]] = {
    "IMAGE": {"00080008": "CS", "00200013": "IS", "00280008": "IS", "00280010": "US", "00280011": "US"},
    "SR DOCUMENT": _CONTENT | {"0040A491": "CS", "0040A493": "CS"} | _CONCEPT,
    "KEY OBJECT DOC": _CONTENT | _CONCEPT,
    "PRESENTATION": _LABEL | {"00700082": "DA", "00700083": "TM", "00081115": "SQ", "00200013": "IS"},
    "WAVEFORM": _CONTENT,
    "RT DOSE": _NUMBER | {"3004000A": "CS"},
    "RT STRUCTURE SET": _NUMBER | {"30060002": "SH", "30060008": "DA", "30060009": "TM"},
    "RT PLAN": _NUMBER | {"300A0002": "SH", "300A0006": "DA", "300A0007": "TM"},
    "RT TREAT RECORD": _NUMBER | {"30080250": "DA", "30080251": "TM"},
    "ENCAP DOC": _CONTENT | {"00420010": "ST", "00420012": "LO"} | _CONCEPT,
    "REGISTRATION": _CONTENT | _LABEL,
    "FIDUCIAL": _CONTENT | _LABEL,
    "RAW DATA": _CONTENT,
    "SPECTROSCOPY": _CONTENT | {"00080008": "CS", "00280008": "IS", "00280010": "US", "00280011": "US"},
    "STEREOMETRIC": _CONTENT | _LABEL,
    "VALUE MAP": _CONTENT | _LABEL,
    "SURFACE": _CONTENT | _LABEL,
    "MEASUREMENT": _CONTENT | _LABEL,
    "PLAN": _NUMBER,
}

_RECORD_TYPES: Final[tuple[tuple[str, str], ...]] = (
    ("1.2.840.10008.5.1.4.1.1.481.2", "RT DOSE"),
    ("1.2.840.10008.5.1.4.1.1.481.3", "RT STRUCTURE SET"),
    ("1.2.840.10008.5.1.4.1.1.481.5", "RT PLAN"),
    ("1.2.840.10008.5.1.4.1.1.481.8", "RT PLAN"),
    ("1.2.840.10008.5.1.4.1.1.481.4", "RT TREAT RECORD"),
    ("1.2.840.10008.5.1.4.1.1.481.6", "RT TREAT RECORD"),
    ("1.2.840.10008.5.1.4.1.1.481.7", "RT TREAT RECORD"),
    ("1.2.840.10008.5.1.4.1.1.481.9", "RT TREAT RECORD"),
    ("1.2.840.10008.5.1.4.1.1.88.59", "KEY OBJECT DOC"),
    ("1.2.840.10008.5.1.4.1.1.88.", "SR DOCUMENT"),
    ("1.2.840.10008.5.1.4.1.1.11.", "PRESENTATION"),
    ("1.2.840.10008.5.1.4.1.1.9.", "WAVEFORM"),
    ("1.2.840.10008.5.1.4.1.1.104.", "ENCAP DOC"),
    ("1.2.840.10008.5.1.4.1.1.66.1", "REGISTRATION"),
    ("1.2.840.10008.5.1.4.1.1.66.3", "REGISTRATION"),
    ("1.2.840.10008.5.1.4.1.1.66.2", "FIDUCIAL"),
    ("1.2.840.10008.5.1.4.1.1.66.5", "SURFACE"),
    ("1.2.840.10008.5.1.4.1.1.66", "RAW DATA"),
    ("1.2.840.10008.5.1.4.1.1.67", "VALUE MAP"),
    ("1.2.840.10008.5.1.4.1.1.4.2", "SPECTROSCOPY"),
    ("1.2.840.10008.5.1.4.1.1.77.1.5.3", "STEREOMETRIC"),
    ("1.2.840.10008.5.1.4.1.1.78.", "MEASUREMENT"),
)
"""By SOP class or, with a dot at its end, the beginning of one (PS3.3 F.4); the first that fits, everything else is an
IMAGE."""


@dataclass(frozen=True, slots=True)
class FiledInstance:
    """One file of the set. file_id: its components, 1 to 8 of 1 to 8 characters A-Z 0-9 _ (PS3.10 8.2).

    data_set: DICOM JSON of the instance. transfer_syntax_uid: of the file.
    """

    file_id: Sequence[str]
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    data_set: JsonDataSet


@dataclass(slots=True)
class _Record:
    """One directory record: what its item holds after the offsets, and the records one level below."""

    kind: str
    keys: dict[str, dict[str, Any]]
    file: FiledInstance | None = None
    below: list[_Record] = field(default_factory=list)
    offset: int = 0


def record_type(sop_class_uid: str) -> str:
    """Directory Record Type (0004,1430) of an instance."""
    for start, kind in _RECORD_TYPES:
        if sop_class_uid == start or (start.endswith(".") and sop_class_uid.startswith(start)):
            return kind
    return "IMAGE"


def dicomdir(instances: Sequence[FiledInstance], file_set_id: str, sop_instance_uid: str) -> bytes:
    """A DICOMDIR file. Instances are put under their series, study and patient in the order given.

    file_set_id: up to 16 characters, or "". sop_instance_uid: of the directory itself, new for every file-set.
    """
    patients = _tree(instances)
    head = file_meta(MEDIA_STORAGE_DIRECTORY, sop_instance_uid, EXPLICIT_VR_LITTLE_ENDIAN)
    records = list(_in_order(patients))
    items = [_item(record, 0, 0) for record in records]
    offset = len(head) + len(_opening(file_set_id, 0, 0, 0))
    for record, item in zip(records, items, strict=True):
        record.offset = offset
        offset += len(item)
    first, last = (patients[0].offset, patients[-1].offset) if patients else (0, 0)
    following = {id(one): after.offset for group in _groups(patients) for one, after in pairwise(group)}
    written = [
        _item(record, following.get(id(record), 0), record.below[0].offset if record.below else 0) for record in records
    ]
    return b"".join((head, _opening(file_set_id, first, last, sum(map(len, items))), *written))


def _tree(instances: Sequence[FiledInstance]) -> list[_Record]:
    patients: dict[tuple[str, ...], _Record] = {}
    for instance in instances:
        data_set = instance.data_set
        patient = (_text(data_set, "00100020"), _text(data_set, "00100021"), _text(data_set, "00100010"))
        study, series = (*patient, _text(data_set, "0020000D")), (*patient, "", _text(data_set, "0020000E"))
        for key, above, kind, keys in (
            (patient, None, "PATIENT", _PATIENT),
            (study, patient, "STUDY", _STUDY),
            (series, study, "SERIES", _SERIES),
        ):
            if key not in patients:
                patients[key] = _Record(kind, _selected(data_set, keys))
                if above is not None:
                    patients[above].below.append(patients[key])
        kind = record_type(instance.sop_class_uid)
        patients[series].below.append(_Record(kind, _selected(data_set, _KEYS[kind]), instance))
    return [record for record in patients.values() if record.kind == "PATIENT"]


def _text(data_set: JsonDataSet, tag: str) -> str:
    return repr((data_set.get(tag) or {}).get("Value"))


def _selected(data_set: JsonDataSet, keys: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """The keys of a record: as the object has them, empty where it lacks them."""
    found = {tag: {"vr": vr, "Value": (data_set.get(tag) or {}).get("Value") or []} for tag, vr in keys.items()}
    return _CHARACTER_SET | found


def _groups(patients: list[_Record]) -> Iterator[list[_Record]]:
    yield patients
    for record in patients:
        yield from _groups(record.below) if record.below else ()


def _in_order(group: list[_Record]) -> Iterator[_Record]:
    for record in group:
        yield record
        yield from _in_order(record.below)


def _opening(file_set_id: str, first: int, last: int, length: int) -> bytes:
    return b"".join(
        (
            element("00041130", "CS", [file_set_id] if file_set_id else []),
            element("00041200", "UL", [first]),
            element("00041202", "UL", [last]),
            element("00041212", "US", [0]),
            struct.pack("<HH2sHI", 0x0004, 0x1220, b"SQ", 0, length),
        )
    )


def _item(record: _Record, following: int, below: int) -> bytes:
    content = [
        element("00041400", "UL", [following]),
        element("00041410", "US", [_IN_USE]),
        element("00041420", "UL", [below]),
        element("00041430", "CS", [record.kind]),
    ]
    if record.file is not None:
        content += [
            element("00041500", "CS", list(record.file.file_id)),
            element("00041510", "UI", [record.file.sop_class_uid]),
            element("00041511", "UI", [record.file.sop_instance_uid]),
            element("00041512", "UI", [record.file.transfer_syntax_uid]),
        ]
    content += [element(tag, one["vr"], one["Value"]) for tag, one in sorted(record.keys.items())]
    return _as_item(b"".join(content))


def _as_item(content: bytes) -> bytes:
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(content)) + content


def element(tag: str, vr: str, values: Sequence[Any]) -> bytes:
    """One element in Explicit VR Little Endian from its values in DICOM JSON (PS3.18 F.2.2), text as UTF-8.

    A value that does not fit its VR is left out: a directory names what it can.
    """
    if vr == "SQ":
        content = b"".join(_as_item(_elements(item)) for item in values if isinstance(item, Mapping))
    elif vr in _BINARY:
        content = b"".join(_number(_BINARY[vr], value) for value in values)
    else:
        content = "\\".join(_word(value) for value in values).encode("utf-8", "replace")
        content += (b"\0" if vr in _PADDED_BY_ZERO else b" ") * (len(content) % 2)
    group, number = int(tag[:4], 16), int(tag[4:], 16)
    if vr in _LONG:
        return struct.pack("<HH2sHI", group, number, vr.encode(), 0, len(content)) + content
    if len(content) > 0xFFFE:
        content = b""
    return struct.pack("<HH2sH", group, number, vr.encode(), len(content)) + content


def _elements(item: JsonDataSet) -> bytes:
    inside = {tag: one for tag, one in item.items() if len(tag) == 8 and isinstance(one, Mapping) and "vr" in one}
    return b"".join(element(tag, str(one["vr"]), one.get("Value") or []) for tag, one in sorted(inside.items()))


def _number(code: str, value: object) -> bytes:
    try:
        return struct.pack(f"<{code}", value)
    except struct.error:
        return b""


def _word(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):  # a person name by its component groups
        return joined_name(value)
    return str(value)
