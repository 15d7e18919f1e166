"""The one search behind C-FIND and QIDO-RS: all levels and all matching of PS3.4 C.2.2.2, lazily and in batches.

Every batch is a short transaction of its own that goes on behind the last thing found (keyset): memory is bounded, a
slow reader holds no connection, and whoever stops reading has stopped the search. What the index does not hold is read
through `Contents`, after everything else has narrowed the search. Order: studies newest study date first, series and
instances newest arrived study first, patients by Patient ID.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

from isocenter.index.described import attribute_of, attributes_of, matches
from isocenter.index.dicom_query import (
    Attribute,
    Contents,
    DataSetJson,
    DicomQuery,
    Found,
    InstanceFacts,
    Key,
    Level,
    LookedFarEnough,
    Position,
    position_of,
)
from isocenter.index.find_instances import InstanceMatch, instance_matches
from isocenter.index.find_rows import BATCH, patients, series, studies
from isocenter.index.matching import InvalidQuery
from isocenter.index.query_keys import (
    SERIES_INSTANCE_UID,
    STUDY_INSTANCE_UID,
    held,
    keys_to_look_for_inside,
)
from isocenter.index.text import clean
from isocenter.kit.database import Connection

__all__ = ["Attribute", "Contents", "DicomQuery", "Found", "Key", "Level", "LookedFarEnough", "Opening", "find"]

Opening = Callable[[], AbstractContextManager[Connection]]
"""Begins a transaction that sees what may be found: inside one institution, on behalf of one caller."""

MAX_STUDIES_OPENED = 1000
"""One search reads the inside of at most so many studies."""
MAX_OFFSET = 100_000
DESCRIBED_AT_ONCE = 200
_BEFORE_ALL = -(2**31) + 1
"""No instance has this number: a cursor with it stands before the first instance of its series."""
STUDIES_AT_ONCE = 20
_SOP_CLASSES_IN_STUDY = "00080062"
_READERS: dict[Level, Callable[[Connection, DicomQuery, Position | None, int, int], list[Found]]] = {
    Level.PATIENT: patients,
    Level.STUDY: studies,
    Level.SERIES: series,
    Level.IMAGE: series,
}


def find(opening: Opening, query: DicomQuery, contents: Contents | None = None) -> Iterator[Found]:
    """What matches, in order, as it is found; stop reading to stop the search.

    contents: needed at the level IMAGE and for attributes that the index does not hold (`held`); without it, keys on
    those are left out of the matching. Raises InvalidQuery before anything is found, LookedFarEnough after what was
    found until then, DatabaseAway.
    """
    _check(query, contents)
    query = replace(query, keys=tuple(_clean(key) for key in query.keys))
    found = _rows(opening, query)
    if query.level is Level.IMAGE:
        assert contents is not None
        found = _instances(query, contents, found)
    if contents is not None and query.level is not Level.PATIENT:
        found = _described(query, contents, found)
    offset = min(max(query.offset, 0), MAX_OFFSET) if _counts_afterwards(query, contents) else 0
    return islice(found, offset, None if query.limit is None else offset + max(query.limit, 0))


def _clean(key: Key) -> Key:
    """Without what PostgreSQL cannot hold: it is in no value either."""
    values = tuple(clean(value) for value in key.values)
    return replace(key, values=values, items=tuple(_clean(item) for item in key.items))


def _check(query: DicomQuery, contents: Contents | None) -> None:
    """Raises InvalidQuery for a cursor that is none, or a hierarchical query without its unique keys (C.4.1.2.1)."""
    position_of(query)
    needed = {Level.SERIES: (STUDY_INSTANCE_UID,), Level.IMAGE: (STUDY_INSTANCE_UID, SERIES_INSTANCE_UID)}
    for tag in () if query.relational else needed.get(query.level, ()):
        key = query.key(tag)
        if key is None or len([value for value in key.values if value.strip("*? ")]) != 1:
            raise InvalidQuery("A hierarchical query names the one study, and at IMAGE the one series, it looks into.")
    if query.level is Level.IMAGE and contents is None:
        raise InvalidQuery("Instances cannot be searched for here.")


def _counts_afterwards(query: DicomQuery, contents: Contents | None) -> bool:
    """Whether rows of the index are not yet what is found, so that offset and limit count behind them."""
    return query.level is Level.IMAGE or (contents is not None and bool(keys_to_look_for_inside(query)))


def _rows(opening: Opening, query: DicomQuery) -> Iterator[Found]:
    """Rows of the index, batch by batch. For IMAGE these are the series to look into."""
    position = position_of(query)
    read = _READERS[query.level]
    offset = 0 if query.level is Level.IMAGE or keys_to_look_for_inside(query) else query.offset
    offset, wanted = min(max(offset, 0), MAX_OFFSET), _batch(query, BATCH)
    if query.level is Level.IMAGE and position is not None:
        # The series of the last instance is looked into again, behind that instance.
        study_id, series_id = position[:2]
        position = (study_id, int(series_id or 0) - 1)
    while True:
        with opening() as connection:
            batch = read(connection, query, position, wanted, offset)
        yield from batch
        if len(batch) < wanted:
            return
        position, offset, wanted = batch[-1].position, 0, BATCH


def _batch(query: DicomQuery, most: int) -> int:
    """So many rows at first: no more than a small page needs."""
    if query.limit is None or query.level is Level.IMAGE or keys_to_look_for_inside(query):
        return 100
    return min(max(query.limit, 1), most)


def _instances(query: DicomQuery, contents: Contents, found: Iterator[Found]) -> Iterator[Found]:
    """The instances of each series that match; opening studies is counted."""
    position, opened, study, members = position_of(query), 0, "", {}
    wanted = InstanceMatch.of(query)
    for one in found:
        assert one.study_instance_uid is not None and one.series_instance_uid is not None
        if one.study_instance_uid != study:
            if opened == MAX_STUDIES_OPENED:
                before = replace(one, level=Level.IMAGE, position=(*one.position, _BEFORE_ALL, ""))
                raise LookedFarEnough(before.cursor, studies=opened)
            study, members, opened = (
                one.study_instance_uid,
                dict(contents.instances(one.study_instance_uid)),
                opened + 1,
            )
        for facts in members.get(one.series_instance_uid, ()):
            place = (*one.position, facts.instance_number, facts.sop_instance_uid)
            if instance_matches(wanted, facts) and not _is_before(place, position):
                attributes = one.attributes | InstanceMatch.attributes(facts)
                uids = (one.study_instance_uid, one.series_instance_uid)
                yield Found(Level.IMAGE, attributes, place, *uids, facts, one.institution_id)


def _is_before(place: Position, position: Position | None) -> bool:
    """Whether an instance lies at or before where the search goes on, inside the same series."""
    if position is None or place[:2] != position[:2]:
        return False

    def order(of: Position) -> tuple[object, ...]:
        return (of[2] is None, of[2] or 0, of[3])

    return order(place) <= order(position)


def _described(query: DicomQuery, contents: Contents, found: Iterator[Found]) -> Iterator[Found]:
    """What matches the keys that only objects answer, with the attributes that only they have when asked for."""
    inside = keys_to_look_for_inside(query)
    known = held(query.level)
    wanted = [key for key in query.keys if key.tag not in known or key.items] if query.described else []
    if not inside and not wanted and not query.all_attributes:
        yield from found
        return
    opened, study, last = 0, None, None
    at_once = min(DESCRIBED_AT_ONCE if query.level is Level.IMAGE else STUDIES_AT_ONCE, query.limit or MAX_OFFSET)
    while batch := list(islice(found, at_once)):
        if opened >= MAX_STUDIES_OPENED and last is not None:
            raise LookedFarEnough(last.cursor, studies=opened)
        last = batch[-1]
        for one, data_set in zip(batch, _data_sets(contents, batch), strict=True):
            opened, study = opened + (one.study_instance_uid != study), one.study_instance_uid
            if matches(data_set, inside):
                yield replace(one, attributes=_filled(one, query, wanted, data_set))


def _filled(one: Found, query: DicomQuery, wanted: Sequence[Key], data_set: DataSetJson) -> dict[int, Attribute]:
    if query.all_attributes:
        return attributes_of(data_set) | one.attributes
    return {key.tag: attribute_of(data_set.get(f"{key.tag:08X}"), key.vr) for key in wanted} | one.attributes


def _data_sets(contents: Contents, batch: Sequence[Found]) -> list[DataSetJson]:
    """One data set for each: of the instance itself, or of the first one of the series or study."""
    uids: dict[str, dict[str, None]] = {}
    chosen: list[str | None] = []
    first = partial(_first, contents)
    for one in batch:
        assert one.study_instance_uid is not None
        uid = first(one.study_instance_uid, one.series_instance_uid) if one.instance is None else _uid(one.instance)
        chosen.append(uid)
        if uid is not None:
            uids.setdefault(one.study_instance_uid, {})[uid] = None
    read = {study: dict(zip(of, contents.describe(study, list(of)), strict=True)) for study, of in uids.items()}
    found = [
        {} if uid is None else read[one.study_instance_uid or ""].get(uid, {})
        for one, uid in zip(batch, chosen, strict=True)
    ]
    return [
        {**data_set, _SOP_CLASSES_IN_STUDY: _sop_classes(contents, one.study_instance_uid or "")}
        if one.level is Level.STUDY
        else data_set
        for one, data_set in zip(batch, found, strict=True)
    ]


def _sop_classes(contents: Contents, study: str) -> dict[str, Any]:
    """SOP Classes in Study (0008,0062), which no object says."""
    members = contents.instances(study).values()
    return {"vr": "UI", "Value": sorted({facts.sop_class_uid for series in members for facts in series})}


def _first(contents: Contents, study: str, series_uid: str | None) -> str | None:
    members = contents.instances(study)
    chosen = members.get(series_uid, ()) if series_uid is not None else next(iter(members.values()), ())
    return chosen[0].sop_instance_uid if chosen else None


def _uid(facts: InstanceFacts) -> str:
    return facts.sop_instance_uid
