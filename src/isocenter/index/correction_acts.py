"""Rows of acts of correcting: what was done, to what, by whom, why, and whether it was undone.

Every function runs inside `Database.transaction(institution_id)` and sees that institution alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from isocenter.index.patients import survivor_of
from isocenter.kit.database import Connection


@dataclass(frozen=True, slots=True)
class NewAct:
    """An act as it begins."""

    kind: str
    study_instance_uid: str | None
    series_instance_uid: str | None
    patient_key: int | None
    into_patient_key: int | None
    reason: str
    object_key: str
    caller_kind: str
    caller_id: str


@dataclass(frozen=True, slots=True)
class ActRow:
    """An act. before and after hold patient data: show them, never log them."""

    correction_id: int
    kind: str
    study_instance_uid: str | None
    series_instance_uid: str | None
    patient_key: int | None
    into_patient_key: int | None
    reason: str
    before: dict[str, Any]
    after: dict[str, Any]
    object_key: str | None
    caller_id: str
    created_at: datetime
    undone_at: datetime | None


_ACT = """
    SELECT c.correction_id, c.kind, c.study_instance_uid, c.series_instance_uid, c.patient_key, c.into_patient_key,
        c.reason, c.before, c.after, c.object_key, c.caller_id, c.created_at, c.undone_at
    FROM correction c
"""


def insert_act(connection: Connection, act: NewAct) -> int:
    """Write an act down; returns its correction_id."""
    row = connection.execute(
        """
        INSERT INTO correction (institution_id, kind, study_instance_uid, series_instance_uid, patient_key,
            into_patient_key, reason, object_key, caller_kind, caller_id)
        VALUES (isocenter_institution(), %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING correction_id
        """,
        [
            act.kind,
            act.study_instance_uid,
            act.series_instance_uid,
            act.patient_key,
            act.into_patient_key,
            act.reason,
            act.object_key,
            act.caller_kind,
            act.caller_id,
        ],
    ).fetchone()
    assert row is not None
    return int(str(row[0]))


def describe_act(
    connection: Connection, correction_id: int, before: Mapping[str, Any], after: Mapping[str, Any]
) -> None:
    """What people are shown of an act: attributes by keyword, before and after."""
    connection.execute(
        "UPDATE correction SET before = %s, after = %s WHERE correction_id = %s",
        [Jsonb(dict(before)), Jsonb(dict(after)), correction_id],
    )


def mark_undone(connection: Connection, correction_id: int, caller_id: str) -> None:
    """The act is undone."""
    connection.execute(
        "UPDATE correction SET undone_at = now(), undone_by = %s WHERE correction_id = %s", [caller_id, correction_id]
    )


def act_of(connection: Connection, correction_id: int) -> ActRow | None:
    """One act, locked against being undone twice."""
    with connection.cursor(row_factory=class_row(ActRow)) as cursor:
        return cursor.execute(f"{_ACT} WHERE c.correction_id = %s FOR UPDATE".encode(), [correction_id]).fetchone()


def acts_of_study(connection: Connection, study_instance_uid: str, limit: int = 200) -> list[ActRow]:
    """Acts about a study, newest first: its own, and merges that lie on it."""
    query = f"""
        {_ACT} WHERE c.study_instance_uid = %(uid)s OR c.correction_id IN (
            SELECT l.correction_id FROM study_correction l JOIN study s USING (institution_id, study_id)
            WHERE s.study_instance_uid = %(uid)s)
        ORDER BY c.correction_id DESC LIMIT %(limit)s
    """  # noqa: S608 - ours
    with connection.cursor(row_factory=class_row(ActRow)) as cursor:
        return cursor.execute(query.encode(), {"uid": study_instance_uid, "limit": limit}).fetchall()


def merges(connection: Connection, limit: int = 200) -> list[ActRow]:
    """Merges of patients, undone ones too, newest first."""
    query = f"{_ACT} WHERE c.kind = 'merge' ORDER BY c.correction_id DESC LIMIT %s"
    with connection.cursor(row_factory=class_row(ActRow)) as cursor:
        return cursor.execute(query.encode(), [limit]).fetchall()


@dataclass(frozen=True, slots=True)
class Corrected:
    """A study as the verbs need it: where it is and what its columns say now."""

    study_id: int
    study_instance_uid: str
    columns: dict[str, Any]


_STUDY = """
    SELECT s.study_id, s.study_instance_uid, jsonb_build_object(
        'patient_key', s.patient_key, 'patient_id', s.patient_id, 'issuer_of_patient_id', s.issuer_of_patient_id,
        'patient_name', s.patient_name, 'patient_birth_date', s.patient_birth_date, 'patient_sex', s.patient_sex,
        'study_date', s.study_date, 'study_time', s.study_time, 'accession_number', s.accession_number,
        'dicom_study_id', s.dicom_study_id, 'study_description', s.study_description,
        'referring_physician_name', s.referring_physician_name) AS columns
    FROM study s
"""


def locked_study(connection: Connection, study_instance_uid: str) -> Corrected | None:
    """One study, locked."""
    with connection.cursor(row_factory=class_row(Corrected)) as cursor:
        query = f"{_STUDY} WHERE s.study_instance_uid = %s AND s.deleted_at IS NULL FOR UPDATE"
        return cursor.execute(query.encode(), [study_instance_uid]).fetchone()


def locked_studies(connection: Connection, study_ids: list[int]) -> list[Corrected]:
    """Studies by number, locked in the order in which they are locked everywhere."""
    with connection.cursor(row_factory=class_row(Corrected)) as cursor:
        query = f"{_STUDY} WHERE s.study_id = ANY (%s) ORDER BY s.study_instance_uid FOR UPDATE"
        return cursor.execute(query.encode(), [study_ids]).fetchall()


def locked_studies_of_patient(connection: Connection, patient_key: int) -> list[Corrected]:
    """All studies of a patient, locked in that order."""
    with connection.cursor(row_factory=class_row(Corrected)) as cursor:
        query = f"{_STUDY} WHERE s.patient_key = %s ORDER BY s.study_instance_uid FOR UPDATE"
        return cursor.execute(query.encode(), [patient_key]).fetchall()


def series_of_study(
    connection: Connection, study_id: int, series_instance_uid: str
) -> tuple[int, dict[str, Any]] | None:
    """(series_id, columns) of one series."""
    row = connection.execute(
        """
        SELECT series_id, jsonb_build_object('series_description', series_description,
            'body_part_examined', body_part_examined, 'laterality', laterality, 'protocol_name', protocol_name)
        FROM series WHERE study_id = %s AND series_instance_uid = %s
        """,
        [study_id, series_instance_uid],
    ).fetchone()
    return None if row is None else (int(str(row[0])), dict(row[1]))  # type: ignore[call-overload]


def patients_of_study(connection: Connection, study_id: int) -> set[int]:
    """Every patient that a study belongs to or did."""
    rows = connection.execute(
        """
        SELECT patient_key FROM study WHERE study_id = %(id)s
        UNION SELECT patient_key FROM study_correction WHERE study_id = %(id)s
        UNION SELECT (received ->> 'patient_key')::integer FROM study_received
            WHERE study_id = %(id)s AND series_id = 0
        """,
        {"id": study_id},
    ).fetchall()
    return {int(str(row[0])) for row in rows if row[0] is not None}


def forget_study(connection: Connection, study_id: int, study_instance_uid: str) -> list[str]:
    """Forget what was corrected in an erased study; returns the objects in the store that hold the values."""
    for table in ("study_correction", "study_received"):
        connection.execute(f"DELETE FROM {table} WHERE study_id = %s".encode(), [study_id])  # noqa: S608
    rows = connection.execute(
        "DELETE FROM correction WHERE study_instance_uid = %s RETURNING object_key", [study_instance_uid]
    ).fetchall()
    return [str(row[0]) for row in rows if row[0] is not None]


def forget_patients(connection: Connection, patient_keys: set[int]) -> list[str]:
    """Forget patients of whom no study is left, with whom they were merged with; returns objects as `forget_study`."""
    keys: list[str] = []
    for key in sorted({survivor_of(connection, one) for one in patient_keys}):
        family = _family(connection, key)
        used = connection.execute(
            """
            SELECT FROM study WHERE patient_key = ANY (%(family)s)
            UNION ALL SELECT FROM study_received WHERE (received ->> 'patient_key')::integer = ANY (%(family)s)
            UNION ALL SELECT FROM patient_restriction WHERE patient_key = ANY (%(family)s) LIMIT 1
            """,
            {"family": family},
        ).fetchone()
        if used is not None:
            continue
        rows = connection.execute(
            """
            DELETE FROM correction WHERE patient_key = ANY (%(family)s) OR into_patient_key = ANY (%(family)s)
            RETURNING object_key
            """,
            {"family": family},
        ).fetchall()
        keys += [str(row[0]) for row in rows if row[0] is not None]
        for table in ("patient_identifier", "patient"):
            connection.execute(f"DELETE FROM {table} WHERE patient_key = ANY (%s)".encode(), [family])  # noqa: S608
    return keys


def _family(connection: Connection, patient_key: int) -> list[int]:
    """A patient and everybody who was merged into her, directly or not."""
    rows = connection.execute(
        """
        WITH RECURSIVE family AS (
            SELECT %s::integer AS patient_key
            UNION SELECT p.patient_key FROM patient p JOIN family f ON p.merged_into = f.patient_key
        )
        SELECT patient_key FROM family
        """,
        [patient_key],
    ).fetchall()
    return [int(str(row[0])) for row in rows]
