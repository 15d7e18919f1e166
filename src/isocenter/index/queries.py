"""Searching the hierarchy: studies and series by the main keys, one study, totals. Every search is bounded.

Every function runs inside `Database.transaction(institution_id)` and sees that institution alone.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from psycopg.rows import class_row

from isocenter.index.locators import SeriesRow
from isocenter.index.matching import (
    Conditions,
    InvalidQuery,
    forget_common,
    match_any,
    match_anything,
    match_dates,
    match_folded,
    match_name,
    match_name_words,
    match_text,
    match_times,
)
from isocenter.kit.database import Connection

MAX_LIMIT = 5000
MAX_OFFSET = 100_000


class StudySort(StrEnum):
    """Orders of the study list; received_at is the order of first arrival. Ties go by that order too."""

    STUDY_DATE = "study_date"
    STUDY_DATE_DESCENDING = "-study_date"
    PATIENT_NAME = "patient_name"
    PATIENT_NAME_DESCENDING = "-patient_name"
    RECEIVED_AT = "received_at"
    RECEIVED_AT_DESCENDING = "-received_at"


@dataclass(frozen=True, slots=True)
class StudyQuery:
    """What to look for; None and empty match everything.

    Values match as PS3.4 C.2.2.2 says (wildcards in text, ranges in dates and times). name_words and text are the study
    list's: words that parts of the name begin with; words found in name, description, Patient ID or accession number.
    patient_keys: the only patients that can be in sight, so that an index finds them; None: any.
    """

    patient_name: str | None = None
    name_words: str | None = None
    text: str | None = None
    patient_id: str | None = None
    issuer_of_patient_id: str | None = None
    patient_birth_date: str | None = None
    patient_sex: str | None = None
    accession_number: str | None = None
    study_date: str | None = None
    study_time: str | None = None
    dicom_study_id: str | None = None
    study_description: str | None = None
    referring_physician_name: str | None = None
    study_instance_uids: Sequence[str] = ()
    modalities: Sequence[str] = ()
    patient_keys: Sequence[int] | None = None


@dataclass(frozen=True, slots=True)
class SeriesQuery:
    """What series to look for; empty matches everything."""

    series_instance_uids: Sequence[str] = ()
    modalities: Sequence[str] = ()
    series_number: int | None = None
    series_description: str | None = None


@dataclass(frozen=True, slots=True)
class StudyRow:
    """One study. Dates and times are civil, as sent; study_date is "" when unknown. state: open or sealed."""

    study_id: int
    study_instance_uid: str
    patient_id: str | None
    issuer_of_patient_id: str | None
    patient_name: str | None
    patient_birth_date: str | None
    patient_sex: str | None
    study_date: str
    study_time: str | None
    accession_number: str | None
    dicom_study_id: str | None
    study_description: str | None
    referring_physician_name: str | None
    timezone_offset_from_utc: str | None
    sort_name: str
    modalities: list[str]
    state: str
    version: int
    series_count: int
    instance_count: int
    first_received_at: datetime
    last_received_at: datetime


@dataclass(frozen=True, slots=True)
class StudyPage:
    """Studies in order. next_cursor: give it back for the next page; None when this is the last."""

    studies: list[StudyRow]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Totals:
    """What an institution holds. sealed_bytes: size of its packs; open_bytes: of data sets that are not sealed yet."""

    studies: int
    sealed_studies: int
    series: int
    instances: int
    open_instances: int
    sealed_bytes: int
    open_bytes: int
    open_quality_tasks: int


_STUDY_COLUMNS = ", ".join(f"s.{name}" for name in StudyRow.__slots__)
_SORT_COLUMNS = {"study_date": "study_date", "patient_name": "sort_name", "received_at": "study_id"}


def search_studies(
    connection: Connection,
    query: StudyQuery,
    *,
    sort: StudySort = StudySort.STUDY_DATE_DESCENDING,
    limit: int = 50,
    cursor: str | None = None,
    offset: int = 0,
) -> StudyPage:
    """One page of the studies that match. Raises InvalidQuery for a bad date, pattern or cursor."""
    limit, offset = min(max(limit, 0), MAX_LIMIT), min(max(offset, 0), MAX_OFFSET)
    conditions = study_conditions(query)
    few = forget_common(connection, conditions)
    column = _SORT_COLUMNS[sort.lstrip("-")]
    direction, beyond = ("DESC", "<") if sort.startswith("-") else ("ASC", ">")
    if cursor is not None:
        value, study_id = _read_cursor(cursor, sort)
        conditions.add(f"(s.{column}, s.study_id) {beyond} (%s, %s)", value, study_id)
    statement = (
        f"SELECT {_STUDY_COLUMNS} FROM study s WHERE {conditions.sql()} "  # noqa: S608 - fragments are ours
        f"ORDER BY s.{column} {direction}, s.study_id {direction} LIMIT %s OFFSET %s"
    )
    with connection.cursor(row_factory=class_row(StudyRow)) as reading:
        # Without a list of few studies the best plan depends on how common the words and dates asked for are.
        reading.execute(statement.encode(), [*conditions.parameters, limit + 1, offset], prepare=few)
        studies = reading.fetchall()
    more = len(studies) > limit
    del studies[limit:]
    return StudyPage(studies, cursor_after(studies[-1], sort) if more and studies else None)


def count_studies(connection: Connection, query: StudyQuery, *, at_most: int = 1000) -> tuple[int, bool]:
    """(count, whether it is exact): counting stops at at_most."""
    conditions = study_conditions(query)
    forget_common(connection, conditions)
    statement = f"SELECT count(*) FROM (SELECT FROM study s WHERE {conditions.sql()} LIMIT %s) found"  # noqa: S608
    row = connection.execute(statement.encode(), [*conditions.parameters, at_most + 1], prepare=False).fetchone()
    assert row is not None
    count = int(str(row[0]))
    return min(count, at_most), count <= at_most


def study_by_uid(connection: Connection, study_instance_uid: str) -> StudyRow | None:
    """One study."""
    statement = f"SELECT {_STUDY_COLUMNS} FROM study s WHERE s.study_instance_uid = %s"  # noqa: S608
    with connection.cursor(row_factory=class_row(StudyRow)) as reading:
        return reading.execute(statement.encode(), [study_instance_uid]).fetchone()


def study_by_id(connection: Connection, study_id: int) -> StudyRow | None:
    """One study by our own number, as `locators.resolve` gives it."""
    statement = f"SELECT {_STUDY_COLUMNS} FROM study s WHERE s.study_id = %s"  # noqa: S608
    with connection.cursor(row_factory=class_row(StudyRow)) as reading:
        return reading.execute(statement.encode(), [study_id]).fetchone()


def search_series(
    connection: Connection, studies: StudyQuery, query: SeriesQuery, *, limit: int = 50, offset: int = 0
) -> list[tuple[StudyRow, SeriesRow]]:
    """Series over all studies that match, newest study first. Raises InvalidQuery."""
    conditions = study_conditions(studies)
    match_any(conditions, "e.series_instance_uid", query.series_instance_uids)
    match_any(conditions, "e.modality", query.modalities)
    match_text(conditions, "e.series_description", query.series_description)
    if query.series_number is not None:
        conditions.add("e.series_number = %s", query.series_number)
    if query.modalities and not studies.modalities:
        _match_modalities(conditions, query.modalities, studies.study_date)
    series_columns = ", ".join(f"e.{name}" for name in SeriesRow.__slots__ if not name.endswith("_count"))
    statement = f"""
        SELECT {_STUDY_COLUMNS}, {series_columns},
            (e.sealed_instance_count + o.instances)::integer, (e.sealed_frame_count + o.frames)::integer,
            o.instances::integer
        FROM study s JOIN series e USING (institution_id, study_id)
        CROSS JOIN LATERAL (
            SELECT count(*) AS instances, coalesce(sum(i.number_of_frames), 0) AS frames
            FROM instance i WHERE i.study_id = e.study_id AND i.series_id = e.series_id
        ) o
        WHERE {conditions.sql()} ORDER BY s.study_id DESC, e.series_id LIMIT %s OFFSET %s
    """  # noqa: S608 - fragments are ours
    bounds = [min(max(limit, 0), MAX_LIMIT), min(max(offset, 0), MAX_OFFSET)]
    rows = connection.execute(statement.encode(), [*conditions.parameters, *bounds], prepare=False).fetchall()
    width = len(StudyRow.__slots__)
    return [(StudyRow(*row[:width]), SeriesRow(*row[width:])) for row in rows]  # type: ignore[arg-type]


def totals(connection: Connection) -> Totals:
    """What the institution holds."""
    row = connection.execute(
        """
        SELECT s.studies, s.sealed, s.series, s.instances, o.instances,
            (SELECT coalesce(sum(size_bytes), 0) FROM pack)::bigint, o.bytes,
            (SELECT count(*) FROM quality_task WHERE resolved_at IS NULL)
        FROM (
            SELECT count(*) AS studies, count(*) FILTER (WHERE state = 'sealed') AS sealed,
                coalesce(sum(series_count), 0)::bigint AS series, coalesce(sum(instance_count), 0)::bigint AS instances
            FROM study
        ) s, (
            SELECT count(*) AS instances, coalesce(sum(data_set_length), 0)::bigint AS bytes FROM instance
        ) o
        """
    ).fetchone()
    assert row is not None
    return Totals(*(int(str(value)) for value in row))


def study_conditions(query: StudyQuery) -> Conditions:
    """The conditions of a query on the study table, named s; a study of which nothing can be seen is none."""
    conditions = Conditions()
    conditions.add("s.instance_count > 0")
    if query.patient_keys is not None:
        conditions.add("s.patient_key = ANY(%s)", list(query.patient_keys))
    match_any(conditions, "s.study_instance_uid", query.study_instance_uids)
    match_text(conditions, "s.accession_number", query.accession_number)
    match_text(conditions, "s.patient_id", query.patient_id)
    match_text(conditions, "s.issuer_of_patient_id", query.issuer_of_patient_id)
    match_name(conditions, query.patient_name)
    match_name_words(conditions, query.name_words)
    match_anything(conditions, query.text)
    match_dates(conditions, "s.study_date", query.study_date)
    match_times(conditions, "s.study_time", query.study_time)
    match_dates(conditions, "s.patient_birth_date", query.patient_birth_date)
    match_text(conditions, "s.patient_sex", query.patient_sex)
    match_text(conditions, "s.dicom_study_id", query.dicom_study_id)
    match_folded(conditions, "s.study_description", query.study_description)
    match_folded(conditions, "s.referring_physician_name", query.referring_physician_name)
    if query.modalities:
        _match_modalities(conditions, query.modalities, query.study_date)
    return conditions


def _match_modalities(conditions: Conditions, modalities: Sequence[str], study_date: str | None) -> None:
    """Studies with a series of one of these modalities; the dates again, because the index holds them together."""
    inner = Conditions()
    match_any(inner, "m.modality", modalities)
    match_dates(inner, "m.study_date", study_date)
    conditions.extend(inner, "s.study_id IN (SELECT m.study_id FROM study_modality m WHERE {})")


def sorted_by(study: StudyRow, sort: StudySort) -> tuple[str | int, int]:
    """What a study is sorted by, ties by order of arrival (in the whole region)."""
    return getattr(study, _SORT_COLUMNS[sort.lstrip("-")]), study.study_id


def known_studies(connection: Connection, study_instance_uids: Sequence[str]) -> frozenset[str]:
    """Which of these studies there are."""
    query = "SELECT study_instance_uid FROM study WHERE study_instance_uid = ANY(%s) AND instance_count > 0"
    return frozenset(str(row[0]) for row in connection.execute(query, [list(study_instance_uids)]))


def cursor_after(study: StudyRow, sort: StudySort) -> str:
    """Give it back to `search_studies` for what comes behind this study."""
    value = getattr(study, _SORT_COLUMNS[sort.lstrip("-")])
    return base64.urlsafe_b64encode(json.dumps([sort, value, study.study_id]).encode()).decode()


def _read_cursor(cursor: str, sort: StudySort) -> tuple[str | int, int]:
    try:
        of_sort, value, study_id = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (ValueError, TypeError, binascii.Error):
        raise InvalidQuery("The cursor is not one of ours.") from None
    wanted = int if _SORT_COLUMNS[sort.lstrip("-")] == "study_id" else str
    if of_sort != sort or type(value) is not wanted or type(study_id) is not int:
        raise InvalidQuery("The cursor belongs to another search.")
    return value, study_id
