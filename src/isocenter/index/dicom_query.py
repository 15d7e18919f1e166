"""What C-FIND and QIDO-RS ask of the index and what they are given (PS3.4 C.4.1, PS3.18 10.6), free of any encoding."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from isocenter.index.matching import InvalidQuery
from isocenter.index.text import clean
from isocenter.kit.errors import Exhausted

Attribute = tuple[str, tuple[Any, ...]]
"""(VR, values): text as str, PN as "alphabetic=ideographic=phonetic", IS, US and other numbers as int or float, items
of sequences as dicts of attributes by tag, binary values in line as bytes. No values: the attribute is empty."""

DataSetJson = Mapping[str, Any]
Position = tuple[int | str | None, ...]

MAX_CURSOR = 2000


class LookedFarEnough(Exhausted):
    """Keys that the index does not hold made the search read as many objects as one search may; ask for less.

    cursor: goes on behind what was looked into.
    """

    reason = "too-much-to-look-into"

    def __init__(self, cursor: str, *, studies: int) -> None:
        super().__init__("The search would have to look into too many studies.", studies=studies)
        self.cursor = cursor


class Level(StrEnum):
    """Query/Retrieve Level (0008,0052)."""

    PATIENT = "PATIENT"
    STUDY = "STUDY"
    SERIES = "SERIES"
    IMAGE = "IMAGE"


@dataclass(frozen=True, slots=True)
class Key:
    """One attribute of an identifier. values: any may match; () only asks for the attribute to be returned.

    Text is Unicode. items: of a sequence key, the keys of its one item (PS3.4 C.2.2.2.6). '""' as value matches what
    is empty (C.2.2.2.8).
    """

    tag: int
    vr: str
    values: tuple[str, ...] = ()
    items: tuple[Key, ...] = ()

    @property
    def matches_something(self) -> bool:
        """Whether it narrows the search; one without values, or with "*" alone, matches everything."""
        return any(value.strip("* ") for value in self.values) or any(key.matches_something for key in self.items)


@dataclass(frozen=True, slots=True)
class DicomQuery:
    """What to look for, and how.

    relational: unique keys of higher levels may be missing (C.4.1.2.2). combined_datetime: StudyDate and StudyTime are
    one range (C.2.2.2.5). timezone_offset: ±HHMM of whoever asks; dates and times of studies that say their own offset
    are then matched and returned in hers (C.2.2.2.9). described: attributes that the index does not hold are read from
    objects. limit None: until the end. cursor: of the last thing found (`Found.cursor`); offset counts from there.
    patient_keys: the only patients that can be in sight, so that an index finds them; None: any.
    """

    level: Level
    keys: tuple[Key, ...] = ()
    relational: bool = False
    fuzzy: bool = False
    combined_datetime: bool = False
    timezone_offset: str | None = None
    described: bool = False
    all_attributes: bool = False
    limit: int | None = None
    cursor: str | None = None
    offset: int = 0
    patient_keys: tuple[int, ...] | None = None

    def key(self, tag: int) -> Key | None:
        """The key of a tag at the top of the identifier."""
        return next((key for key in self.keys if key.tag == tag), None)


class InstanceFacts(Protocol):
    """What the door's library knows of an instance without reading it (delivery.study_view.InstanceView)."""

    @property
    def sop_instance_uid(self) -> str: ...
    @property
    def sop_class_uid(self) -> str: ...
    @property
    def series_instance_uid(self) -> str: ...
    @property
    def instance_number(self) -> int | None: ...
    @property
    def number_of_frames(self) -> int: ...
    @property
    def rows(self) -> int | None: ...
    @property
    def columns(self) -> int | None: ...
    @property
    def bits_allocated(self) -> int | None: ...


class Contents(Protocol):
    """The inside of studies: which instances, and what their data sets say. The door hands it in."""

    def instances(self, study_instance_uid: str) -> Mapping[str, Sequence[InstanceFacts]]:
        """Instances in order by Series Instance UID; {} when the study is gone meanwhile."""

    def describe(self, study_instance_uid: str, sop_instance_uids: Sequence[str]) -> Sequence[DataSetJson]:
        """Data sets in the DICOM JSON model, in the same order."""


@dataclass(frozen=True, slots=True)
class Found:
    """One match. attributes: of its level and those above, by tag; instance: at the level IMAGE.

    institution_id: of the ally that shares it; None at home.
    """

    level: Level
    attributes: dict[int, Attribute]
    position: Position
    study_instance_uid: str | None = None
    series_instance_uid: str | None = None
    instance: InstanceFacts | None = None
    institution_id: int | None = None

    @property
    def cursor(self) -> str:
        """Give it back in `DicomQuery.cursor`, with the same keys, to go on behind this one."""
        return base64.urlsafe_b64encode(json.dumps([self.level, *self.position]).encode()).decode()


_POSITION_TYPES: dict[Level, tuple[tuple[type, ...], ...]] = {
    Level.PATIENT: ((str,), (str,)),
    Level.STUDY: ((str,), (int,)),
    Level.SERIES: ((int,), (int,)),
    Level.IMAGE: ((int,), (int,), (int, type(None)), (str,)),
}


def position_of(query: DicomQuery) -> Position | None:
    """Where a query goes on; None at the beginning. Raises InvalidQuery for a cursor that is not one of ours."""
    if query.cursor is None:
        return None
    try:
        level, *position = json.loads(base64.urlsafe_b64decode(query.cursor[:MAX_CURSOR].encode()))
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise InvalidQuery("The cursor is not one of ours.") from None
    types = _POSITION_TYPES[query.level]
    if level != query.level or len(position) != len(types):
        raise InvalidQuery("The cursor belongs to another search.")
    if any(type(value) not in allowed for value, allowed in zip(position, types, strict=True)):
        raise InvalidQuery("The cursor belongs to another search.")
    if any(isinstance(value, int) and abs(value) > 2**31 - 1 for value in position):
        raise InvalidQuery("The cursor belongs to another search.")
    return tuple(clean(value) if isinstance(value, str) else value for value in position)
