"""The rows behind each level of a search: one bounded statement, keyset order, indexes under row-level security.

What is out of sight (rejected, deleted) stays out of results and counts here: `conditions_of` leaves out studies
without visible instances, and `_SERIES_INSTANCES` counts what is visible of a series.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from isocenter.index.dicom_query import Attribute, DicomQuery, Found, Level, Position
from isocenter.index.matching import Conditions, forget_common
from isocenter.index.query_keys import (
    ACCESSION_NUMBER,
    MODALITIES_IN_STUDY,
    PATIENT_COLUMNS,
    PATIENT_COUNTS,
    PATIENT_ID,
    SERIES_COLUMNS,
    SERIES_INSTANCES,
    STUDY_COLUMNS,
    STUDY_DATE,
    STUDY_INSTANCE_UID,
    STUDY_TIME,
    TIMEZONE_OFFSET,
    Column,
    conditions_of,
    offset_minutes,
)
from isocenter.index.shifting import shifted
from isocenter.kit.database import Connection

BATCH = 500

_SERIES_INSTANCES = """(e.sealed_instance_count
    + (SELECT count(*) FROM instance i WHERE i.study_id = e.study_id AND i.series_id = e.series_id)
    - (SELECT count(*) FROM hidden_instance h WHERE h.study_id = e.study_id AND h.series_id = e.series_id))::integer"""
# Most institutions hide nothing: whether a series has something hidden is one look into an index.
_SERIES_IS_SEEN = f"""(NOT EXISTS (
    SELECT FROM hidden_instance h WHERE h.study_id = e.study_id AND h.series_id = e.series_id)
    OR {_SERIES_INSTANCES} > 0)"""
_OF_PATIENT = """(SELECT {} FROM study q WHERE q.patient_key = s.patient_key AND q.instance_count > 0)"""
_PATIENT_COUNTS = {"studies": "count(*)", "series": "sum(q.series_count)", "instances": "sum(q.instance_count)"}
_STUDY_TAGS = {**PATIENT_COLUMNS, **STUDY_COLUMNS}


def studies(
    connection: Connection, query: DicomQuery, position: Position | None, limit: int, offset: int
) -> list[Found]:
    """Studies, newest study date first."""
    conditions = conditions_of(connection, query)
    few = forget_common(connection, conditions)
    if position is not None:
        conditions.add("(s.study_date, s.study_id) < (%s, %s)", *position)
    counts = _wanted_counts(query)
    columns = ", ".join(["s.study_id", *_names(_STUDY_TAGS), *counts.values()])
    statement = f"""
        SELECT {columns} FROM study s WHERE {conditions.sql()}
        ORDER BY s.study_date DESC, s.study_id DESC LIMIT %s OFFSET %s
    """  # noqa: S608 - fragments are ours
    rows = _rows(connection, statement, conditions, limit, offset, prepare=few or _by_an_index(query))
    read = _reader(_STUDY_TAGS, query)
    return [
        Found(
            Level.STUDY,
            _attributes(read, row, 1) | _counted(counts, row, 1 + len(_STUDY_TAGS)),
            (row[1 + _DATE_AT], row[0]),
            row[1 + _UID_AT],
        )
        for row in rows
    ]


def series(
    connection: Connection, query: DicomQuery, position: Position | None, limit: int, offset: int
) -> list[Found]:
    """Series, newest arrived study first, in order of arrival inside it."""
    conditions = conditions_of(connection, query)
    few = forget_common(connection, conditions)
    if position is not None:
        conditions.add("s.study_id <= %s AND (s.study_id < %s OR e.series_id > %s)", position[0], *position)
    conditions.add(_SERIES_IS_SEEN)
    counts = _wanted_counts(query)
    tags = _STUDY_TAGS | SERIES_COLUMNS
    instances = [_SERIES_INSTANCES] if query.level is Level.SERIES else []
    columns = ", ".join(["s.study_id", "e.series_id", *_names(tags), *instances, *counts.values()])
    statement = f"""
        SELECT {columns} FROM study s JOIN series e USING (institution_id, study_id) WHERE {conditions.sql()}
        ORDER BY s.study_id DESC, e.series_id LIMIT %s OFFSET %s
    """  # noqa: S608 - fragments are ours
    rows = _rows(connection, statement, conditions, limit, offset, prepare=few or _by_an_index(query))
    read = _reader(tags, query)
    return [
        Found(
            Level.SERIES,
            _attributes(read, row, 2) | _counted([SERIES_INSTANCES] * len(instances) + [*counts], row, 2 + len(tags)),
            (row[0], row[1]),
            row[2 + _UID_AT],
            row[2 + _SERIES_UID_AT],
        )
        for row in rows
    ]


def patients(
    connection: Connection, query: DicomQuery, position: Position | None, limit: int, offset: int
) -> list[Found]:
    """Patients by Patient ID and issuer; studies without a Patient ID are found at the level STUDY only.

    The attributes are those of the newest arrived study that matches; the counts are of all studies of the patient.
    """
    conditions = conditions_of(connection, query)
    few = forget_common(connection, conditions)
    where, parameters = conditions.sql(), conditions.parameters
    found = Conditions()
    found.add(f"p.patient_key IN (SELECT s.patient_key FROM study s WHERE {where})", *parameters)  # noqa: S608
    if position is not None:
        clause = "p.patient_id >= %s AND (p.patient_id > %s OR p.issuer_of_patient_id > %s)"
        found.add(clause, position[0], *position)
    counts = _wanted_counts(query)
    columns = ", ".join([*_names(PATIENT_COLUMNS), *counts.values(), "p.patient_id", "p.issuer_of_patient_id"])
    statement = f"""
        SELECT {columns} FROM patient p CROSS JOIN LATERAL (
            SELECT s.* FROM study s WHERE s.patient_key = p.patient_key AND {where} ORDER BY s.study_id DESC LIMIT 1
        ) s WHERE {found.sql()} ORDER BY p.patient_id, p.issuer_of_patient_id LIMIT %s OFFSET %s
    """  # noqa: S608 - fragments are ours
    bound = Conditions([("", tuple(parameters)), *found.parts])
    rows = _rows(connection, statement, bound, limit, offset, prepare=few or _by_an_index(query))
    read = _reader(PATIENT_COLUMNS, query)
    return [
        Found(
            Level.PATIENT,
            _attributes(read, row, 0) | _counted(counts, row, len(PATIENT_COLUMNS)),
            (row[-2], row[-1]),
        )
        for row in rows
    ]


_DATE_AT = list(_STUDY_TAGS).index(STUDY_DATE)
_UID_AT = list(_STUDY_TAGS).index(0x0020000D)
_SERIES_UID_AT = list(_STUDY_TAGS | SERIES_COLUMNS).index(0x0020000E)


def _names(tags: dict[int, Column]) -> list[str]:
    return [column.name for column in tags.values()]


def _rows(
    connection: Connection, statement: str, conditions: Conditions, limit: int, offset: int, *, prepare: bool
) -> list[tuple[Any, ...]]:
    parameters = [*conditions.parameters, limit, offset]
    return connection.execute(statement.encode(), parameters, prepare=prepare).fetchall()


def _by_an_index(query: DicomQuery) -> bool:
    """Whether one plan is the best for all values: few studies share a key that is matched by its value, or studies are
    walked in the order of their dates. For everything else it depends on how common the words and dates are."""
    narrowing = [key for key in query.keys if key.matches_something]
    if query.level is Level.STUDY and all(key.tag == STUDY_DATE for key in narrowing):
        return query.patient_keys is None
    return any(
        key.tag == STUDY_INSTANCE_UID
        or (key.tag in _NAMES_OF_FEW and len(key.values) == 1 and not set("*?") & set(key.values[0]))
        for key in narrowing
    )


_NAMES_OF_FEW = frozenset({PATIENT_ID, ACCESSION_NUMBER})


def _wanted_counts(query: DicomQuery) -> dict[int, str]:
    """NumberOfPatientRelated…: only when asked for, because every row costs a look at the patient's studies."""
    asked = {key.tag for key in query.keys} | ({*PATIENT_COUNTS} if query.level is Level.PATIENT else set())
    return {
        tag: _OF_PATIENT.format(_PATIENT_COUNTS[what]) + "::bigint"
        for tag, what in PATIENT_COUNTS.items()
        if tag in asked
    }


def _counted(counts: Iterable[int], row: tuple[Any, ...], start: int) -> dict[int, Attribute]:
    return {tag: ("IS", (row[at] or 0,)) for at, tag in enumerate(counts, start)}


_Reader = tuple[list[tuple[int, str]], int | None]


def _reader(tags: dict[int, Column], query: DicomQuery) -> _Reader:
    """(tags with their VRs in the order of columns, minutes of the offset to give moments in)."""
    minutes = None if query.timezone_offset is None else offset_minutes(query.timezone_offset)
    return [(tag, column.vr) for tag, column in tags.items()], minutes


def _attributes(read: _Reader, row: tuple[Any, ...], start: int) -> dict[int, Attribute]:
    """The attributes of a row, whose columns lie from start on in the order of the tags."""
    columns, minutes = read
    found: dict[int, Attribute] = {}
    for at, (tag, vr) in enumerate(columns, start):
        value = row[at]
        if tag == MODALITIES_IN_STUDY:
            found[tag] = (vr, tuple(value))
        else:
            found[tag] = (vr, () if value is None or value == "" else (value,))
    if minutes is not None and TIMEZONE_OFFSET in found and found[TIMEZONE_OFFSET][1]:
        date, time, offset = (found[tag][1] for tag in (STUDY_DATE, STUDY_TIME, TIMEZONE_OFFSET))
        date, time = shifted(date, time, minutes - offset_minutes(offset[0]))
        found |= {STUDY_DATE: ("DA", date), STUDY_TIME: ("TM", time), TIMEZONE_OFFSET: ("SH", (_offset(minutes),))}
    return found


def _offset(minutes: int) -> str:
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}{abs(minutes) % 60:02d}"
