"""Which attributes the index holds, by tag, and the conditions that keys on them become (PS3.4 C.2.2.2, C.6)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from isocenter.index.dicom_query import DicomQuery, Key, Level
from isocenter.index.locators import resolve
from isocenter.index.matching import (
    Conditions,
    InvalidQuery,
    date_bounds,
    match_any,
    match_dates,
    match_folded,
    match_fuzzy_name,
    match_name,
    match_text,
    match_times,
    time_bounds,
)
from isocenter.kit.database import Connection
from isocenter.standards.dicom.dates import offset_from_utc_of

STUDY_DATE, STUDY_TIME = 0x00080020, 0x00080030
MODALITY, MODALITIES_IN_STUDY = 0x00080060, 0x00080061
TIMEZONE_OFFSET = 0x00080201
PATIENT_NAME = 0x00100010
STUDY_INSTANCE_UID, SERIES_INSTANCE_UID, SOP_INSTANCE_UID = 0x0020000D, 0x0020000E, 0x00080018
EMPTY = '""'
MAX_VALUES = 1000
_INTEGER = re.compile(r"[+-]?\d{1,9}")
_LISTS = frozenset({"UI"})


@dataclass(frozen=True, slots=True)
class Column:
    """An attribute that the index holds: its VR and its column."""

    vr: str
    name: str


PATIENT_COLUMNS = {
    PATIENT_NAME: Column("PN", "s.patient_name"),
    0x00100020: Column("LO", "s.patient_id"),
    0x00100021: Column("LO", "s.issuer_of_patient_id"),
    0x00100030: Column("DA", "s.patient_birth_date"),
    0x00100040: Column("CS", "s.patient_sex"),
}
STUDY_COLUMNS = {
    STUDY_DATE: Column("DA", "s.study_date"),
    STUDY_TIME: Column("TM", "s.study_time"),
    0x00080050: Column("SH", "s.accession_number"),
    MODALITIES_IN_STUDY: Column("CS", "s.modalities"),
    0x00080090: Column("PN", "s.referring_physician_name"),
    TIMEZONE_OFFSET: Column("SH", "s.timezone_offset_from_utc"),
    0x00081030: Column("LO", "s.study_description"),
    STUDY_INSTANCE_UID: Column("UI", "s.study_instance_uid"),
    0x00200010: Column("SH", "s.dicom_study_id"),
    0x00201206: Column("IS", "s.series_count"),
    0x00201208: Column("IS", "s.instance_count"),
}
SERIES_COLUMNS = {
    MODALITY: Column("CS", "e.modality"),
    0x00081010: Column("SH", "e.station_name"),
    0x0008103E: Column("LO", "e.series_description"),
    0x00180015: Column("CS", "e.body_part_examined"),
    0x00181030: Column("LO", "e.protocol_name"),
    SERIES_INSTANCE_UID: Column("UI", "e.series_instance_uid"),
    0x00200011: Column("IS", "e.series_number"),
    0x00200060: Column("CS", "e.laterality"),
}
SERIES_INSTANCES = 0x00201209
PATIENT_ID, ACCESSION_NUMBER = 0x00100020, 0x00080050
PATIENT_COUNTS = {0x00201200: "studies", 0x00201202: "series", 0x00201204: "instances"}
INSTANCE_VRS = {
    0x00080016: "UI",
    SOP_INSTANCE_UID: "UI",
    0x00200013: "IS",
    0x00280008: "IS",
    0x00280010: "US",
    0x00280011: "US",
    0x00280100: "US",
}
# Of the answer, not of objects: nothing is matched by them.
ANSWER_TAGS = frozenset({0x00080005, 0x00080052, 0x00080053, 0x00080054, 0x00080056, 0x00081190, TIMEZONE_OFFSET})
# Worked out by us when asked for; nobody searches by them.
_COUNTS = frozenset({*PATIENT_COUNTS, SERIES_INSTANCES})
_FOLDED = frozenset({0x00081030, 0x00080090})


def held(level: Level) -> frozenset[int]:
    """Tags that an answer of this level has from the index and from what is known of instances."""
    known = {*PATIENT_COLUMNS, *PATIENT_COUNTS}
    if level is not Level.PATIENT:
        known |= {*STUDY_COLUMNS}
    if level in (Level.SERIES, Level.IMAGE):
        known |= {*SERIES_COLUMNS, SERIES_INSTANCES}
    if level is Level.IMAGE:
        known |= {*INSTANCE_VRS}
    return frozenset(known | ANSWER_TAGS)


def keys_to_look_for_inside(query: DicomQuery) -> tuple[Key, ...]:
    """Keys that narrow the search and that only objects can answer; none at the level PATIENT."""
    if query.level is Level.PATIENT:
        return ()
    by_index = {*PATIENT_COLUMNS, *STUDY_COLUMNS, *SERIES_COLUMNS, *_COUNTS, *ANSWER_TAGS, SOP_INSTANCE_UID}
    if query.level is Level.IMAGE:
        by_index |= {*INSTANCE_VRS}
    return tuple(key for key in query.keys if key.matches_something and (key.items or key.tag not in by_index))


def conditions_of(connection: Connection, query: DicomQuery) -> Conditions:
    """The conditions on study (s), and on series (e) at the levels SERIES and IMAGE, that the index can answer."""
    conditions = Conditions()
    # A study whose every instance was taken out of sight by rejection notes is out of sight itself.
    conditions.add("s.instance_count > 0")
    if query.patient_keys is not None:
        conditions.add("s.patient_key = ANY(%s)", list(query.patient_keys))
    inside = Conditions()
    for key in query.keys:
        if not key.matches_something or key.items:
            continue
        if len(key.values) > MAX_VALUES:
            raise InvalidQuery("Too many values for one key.", limit=MAX_VALUES)
        column = PATIENT_COLUMNS.get(key.tag) or STUDY_COLUMNS.get(key.tag)
        if key.tag in (STUDY_DATE, STUDY_TIME, TIMEZONE_OFFSET):
            continue
        if key.tag == MODALITIES_IN_STUDY:
            _match_modalities(conditions, query, key)
        elif key.tag == SOP_INSTANCE_UID:
            _match_instances(connection, conditions, query, key)
        elif column is not None:
            _match(conditions, column, key, query)
        elif key.tag in SERIES_COLUMNS:
            _match(inside, SERIES_COLUMNS[key.tag], key, query)
    _match_moment(conditions, query)
    _narrow_by_series(conditions, inside, query)
    return conditions


def _narrow_by_series(conditions: Conditions, inside: Conditions, query: DicomQuery) -> None:
    modality, study = query.key(MODALITY), query.key(STUDY_INSTANCE_UID)
    if modality is not None and modality.matches_something and not (study and study.matches_something):
        _match_modalities(conditions, query, modality)
    if query.level in (Level.SERIES, Level.IMAGE):
        conditions.extend(inside)
    else:
        conditions.extend(inside, "s.study_id IN (SELECT e.study_id FROM series e WHERE {})")


def _match_modalities(conditions: Conditions, query: DicomQuery, key: Key) -> None:
    """Studies with a series of one of these modalities; the dates again, because the index holds them together."""
    inner = Conditions()
    _match(inner, Column("CS", "m.modality"), key, query)
    dates = query.key(STUDY_DATE)
    if dates is not None and query.timezone_offset is None:
        _any_of(inner, dates.values, lambda one, value: match_dates(one, "m.study_date", value))
    if any(set("*?") & set(value) for value in key.values) or EMPTY in key.values:
        conditions.extend(inner, "s.study_id IN (SELECT m.study_id FROM study_modality m WHERE {})")
        return
    chosen = f"SELECT m.study_id FROM study_modality m WHERE {inner.sql()}"  # noqa: S608 - fragments are ours
    conditions.narrow(chosen, *inner.parameters, implied=True)
    conditions.add("s.modalities && %s", [value.strip() for value in key.values])


def _match_instances(connection: Connection, conditions: Conditions, query: DicomQuery, key: Key) -> None:
    """Studies, and at lower levels series, that hold these instances; asked of the lookup, one by one."""
    places = [place for uid in key.values if (place := resolve(connection, uid.strip())) is not None]
    conditions.add("s.study_id = ANY (%s)", [place.study_id for place in places])
    if query.level in (Level.SERIES, Level.IMAGE):
        pairs = sorted({(place.study_id, place.series_id) for place in places})
        columns = [[pair[0] for pair in pairs], [pair[1] for pair in pairs]]
        conditions.add("(e.study_id, e.series_id) IN (SELECT * FROM unnest(%s::int[], %s::int[]))", *columns)


def _match(conditions: Conditions, column: Column, key: Key, query: DicomQuery) -> None:
    values = tuple(value.strip(" ") for value in key.values)
    if column.vr in _LISTS and EMPTY not in values:
        match_any(conditions, column.name, [value for value in values if value])
    elif column.vr == "CS" and len(values) > 1 and not any(set("*?") & set(value) for value in values):
        match_any(conditions, column.name, values)
    else:
        _any_of(conditions, values, lambda one, value: _match_value(one, column, key.tag, value, query))


def _match_value(conditions: Conditions, column: Column, tag: int, value: str, query: DicomQuery) -> None:
    if value == EMPTY:
        conditions.add(f"coalesce({column.name}::text, '') = ''")
    elif tag == PATIENT_NAME:
        (match_fuzzy_name if query.fuzzy else match_name)(conditions, value)
    elif column.vr == "DA":
        match_dates(conditions, column.name, value)
    elif column.vr == "IS":
        # What is no number equals none; the column is then compared with nothing at all.
        conditions.add(f"{column.name} = %s", int(value) if _INTEGER.fullmatch(value) else None)
    elif tag in _FOLDED:
        match_folded(conditions, column.name, value)
    else:
        match_text(conditions, column.name, value)


def _any_of(conditions: Conditions, values: tuple[str, ...], match: Callable[[Conditions, str], None]) -> None:
    """One of several values; one that matches everything makes the others needless."""
    alternatives = []
    for value in values:
        one = Conditions()
        match(one, value)
        if not one.clauses:
            return
        alternatives.append(one)
    if len(alternatives) == 1:
        conditions.extend(alternatives[0])
    elif alternatives:
        parameters = [parameter for one in alternatives for parameter in one.parameters]
        conditions.add("(" + " OR ".join(f"({one.sql()})" for one in alternatives) + ")", *parameters)


# Date and time ------------------------------------------------------------------------------------------------------

_OWN_MINUTES = (
    "(CASE WHEN s.timezone_offset_from_utc < '-' THEN 1 ELSE -1 END"
    " * (substr(s.timezone_offset_from_utc, 2, 2)::int * 60 + substr(s.timezone_offset_from_utc, 4, 2)::int))"
)
_MOMENT = (
    "((s.study_date || ' ' || rpad(left(coalesce(s.study_time, ''), 6), 6, '0'))::timestamp"
    f" + make_interval(mins => %s - {_OWN_MINUTES}))"
)
_SHIFTED = (
    "(CASE WHEN s.study_date <> '' AND s.timezone_offset_from_utc IS NOT NULL THEN to_char({}, '{}') ELSE {} END)"
)


def offset_minutes(offset: str) -> int:
    """Minutes of ±HHMM. Raises InvalidQuery."""
    known = offset_from_utc_of(offset)
    if known is None:
        raise InvalidQuery("Timezone Offset From UTC is ±HHMM.")
    minutes = int(known[1:3]) * 60 + int(known[3:5])
    return -minutes if known.startswith("-") else minutes


def _match_moment(conditions: Conditions, query: DicomQuery) -> None:
    """StudyDate and StudyTime: apart, or as one range; in the time zone of whoever asks when she says one."""
    date_key, time_key = query.key(STUDY_DATE), query.key(STUDY_TIME)
    dates = tuple(value for value in date_key.values if value.strip("* ")) if date_key else ()
    times = tuple(value for value in time_key.values if value.strip("* ")) if time_key else ()
    if not dates and not times:
        return
    date_column, time_column, shift = "s.study_date", "s.study_time", []
    if query.timezone_offset is not None:
        minutes = offset_minutes(query.timezone_offset)
        date_column = _SHIFTED.format(_MOMENT, "YYYYMMDD", "s.study_date")
        time_column = _SHIFTED.format(_MOMENT, "HH24MISS", "s.study_time")
        shift = [minutes]
        _roughly(conditions, dates)
    if query.combined_datetime and len(dates) == 1 and len(times) == 1:
        _match_combined(conditions, (date_column, time_column), shift, dates[0], times[0])
        return
    _any_of(conditions, dates, lambda one, value: _with_shift(one, shift, date_column, value, match_dates))
    _any_of(conditions, times, lambda one, value: _with_shift(one, shift, time_column, value, match_times))


def _with_shift(
    conditions: Conditions,
    shift: list[int],
    column: str,
    value: str,
    match: Callable[[Conditions, str, str], None],
) -> None:
    if value == EMPTY:
        conditions.add(f"coalesce({column}, '') = ''", *shift)
        return
    plain = Conditions()
    match(plain, "{}", value)
    for clause, parameter in zip(plain.clauses, plain.parameters, strict=True):
        conditions.add(clause.replace("{}", column), *shift, parameter)


def _roughly(conditions: Conditions, dates: tuple[str, ...]) -> None:
    """Two days around the dates, which the index can serve; the exact condition follows."""
    if len(dates) != 1 or dates[0] == EMPTY:
        return
    first, last = date_bounds(dates[0])
    if first:
        conditions.add("s.study_date >= %s", _days_from(first, -2))
    if last:
        conditions.add("s.study_date <= %s", _days_from(last, 2))


def _days_from(day: str, days: int) -> str:
    try:
        return (datetime.strptime(day, "%Y%m%d") + timedelta(days)).strftime("%Y%m%d")
    except (ValueError, OverflowError):
        raise InvalidQuery("A date is YYYYMMDD or a range YYYYMMDD-YYYYMMDD, open at either end.") from None


def _match_combined(conditions: Conditions, columns: tuple[str, str], shift: list[int], dates: str, times: str) -> None:
    """From the first date at the first time to the last date at the last time (PS3.4 C.2.2.2.5)."""
    date_column, time_column = columns
    (first_date, last_date), (first_time, beyond_time) = date_bounds(dates), time_bounds(times)
    if first_date is not None:
        conditions.add(f"{date_column} >= %s", *shift, first_date)
        if first_time != "0":
            clause = f"({date_column} > %s OR {time_column} >= %s)"
            conditions.add(clause, *shift, first_date, *shift, first_time)
    if last_date is not None:
        conditions.add(f"{date_column} <= %s", *shift, last_date)
        if beyond_time is not None:
            clause = f"({date_column} < %s OR {time_column} < %s)"
            conditions.add(clause, *shift, last_date, *shift, beyond_time)
