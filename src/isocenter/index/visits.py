"""Visits and inpatient stays as a hospital said them: under an identifier, before or after the patient is known here.

Every function runs inside `Database.transaction(institution_id)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg.rows import class_row

from isocenter.kit.database import Connection

MAX_LISTED = 1000


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit or stay. number: the hospital's own of it, '' when it has none.

    ended_on: None of a visit, and of a stay that lasts.
    """

    visit_id: int
    patient_id: str
    issuer_of_patient_id: str
    kind: str
    number: str
    began_on: date
    ended_on: date | None
    recorded_at: datetime
    recorded_by: str
    withdrawn_at: datetime | None
    withdrawn_by: str | None
    withdrawn_reason: str | None


_VISIT = """
    SELECT visit_id, patient_id, issuer_of_patient_id, kind, number, began_on, ended_on, recorded_at, recorded_by,
        withdrawn_at, withdrawn_by, withdrawn_reason
    FROM visit
"""


def insert_visit(
    connection: Connection, identifier: tuple[str, str], kind: str, number: str, days: tuple[date, date | None], by: str
) -> Visit | None:
    """A new visit or stay; None when there is one of this number, or without number of this day. days: began, ended."""
    row: Any = connection.execute(
        """
        INSERT INTO visit (institution_id, patient_id, issuer_of_patient_id, kind, number, began_on, ended_on,
            recorded_by)
        VALUES (isocenter_institution(), %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING visit_id
        """,
        [*identifier, kind, number, *days, by],
    ).fetchone()
    return None if row is None else visit_of(connection, int(row[0]))


def same_visit(
    connection: Connection, identifier: tuple[str, str], kind: str, number: str, began_on: date
) -> Visit | None:
    """The visit or stay that stands where this one would, locked; None when there is none."""
    found = _visits(
        connection,
        "patient_id = %s AND issuer_of_patient_id = %s AND kind = %s AND number = %s"
        " AND (number <> '' OR began_on = %s) AND withdrawn_at IS NULL FOR UPDATE",
        [*identifier, kind, number, began_on],
    )
    return found[0] if found else None


def stays_of(connection: Connection, identifiers: Sequence[tuple[str, str]], number: str) -> list[Visit]:
    """Stays under these identifiers, oldest first, locked: of this number, or with '' those that last."""
    return _visits(
        connection,
        "kind = 'stay' AND withdrawn_at IS NULL AND (patient_id, issuer_of_patient_id) IN"
        " (SELECT * FROM unnest(%s::text[], %s::text[]))"
        " AND (CASE WHEN %s = '' THEN ended_on IS NULL ELSE number = %s END) ORDER BY visit_id FOR UPDATE",
        [*_columns(identifiers), number, number],
    )


def end_stay(connection: Connection, visit_id: int, ended_on: date) -> None:
    """The patient went home on this day."""
    connection.execute("UPDATE visit SET ended_on = %s WHERE visit_id = %s", [ended_on, visit_id])


def withdraw_visit(connection: Connection, visit_id: int, by: str, reason: str) -> bool:
    """It was recorded wrongly; False when there is none that holds."""
    done = connection.execute(
        "UPDATE visit SET withdrawn_at = now(), withdrawn_by = %s, withdrawn_reason = %s"
        " WHERE visit_id = %s AND withdrawn_at IS NULL RETURNING 1",
        [by, reason, visit_id],
    ).fetchone()
    return done is not None


def visit_of(connection: Connection, visit_id: int) -> Visit | None:
    """One of them, withdrawn or not."""
    found = _visits(connection, "visit_id = %s", [visit_id])
    return found[0] if found else None


def visits_under(connection: Connection, identifiers: Sequence[tuple[str, str]]) -> list[Visit]:
    """Everything recorded under these identifiers, withdrawn too, newest first."""
    return _visits(
        connection,
        "(patient_id, issuer_of_patient_id) IN (SELECT * FROM unnest(%s::text[], %s::text[]))"
        " ORDER BY began_on DESC, visit_id DESC LIMIT %s",
        [*_columns(identifiers), MAX_LISTED],
    )


def identifiers_of(connection: Connection, patient_key: int) -> list[tuple[str, str]]:
    """Every identifier of a patient and of whom she was merged with, (ID, issuer), her own first; [] for nobody."""
    rows: list[Any] = connection.execute(
        """
        WITH RECURSIVE family AS (
            SELECT patient_key FROM patient WHERE patient_key = %(key)s
            UNION
            SELECT n.patient_key FROM family f CROSS JOIN LATERAL (
                SELECT p.merged_into AS patient_key FROM patient p
                    WHERE p.patient_key = f.patient_key AND p.merged_into IS NOT NULL
                UNION ALL SELECT p.patient_key FROM patient p WHERE p.merged_into = f.patient_key
            ) n
        )
        SELECT i.patient_id, i.issuer_of_patient_id FROM family JOIN patient_identifier i USING (patient_key)
        ORDER BY i.patient_key <> %(key)s, (i.patient_id, i.issuer_of_patient_id) NOT IN (
            SELECT p.patient_id, p.issuer_of_patient_id FROM patient p WHERE p.patient_key = %(key)s), i.created_at
        """,
        {"key": patient_key},
    ).fetchall()
    return [(str(row[0]), str(row[1])) for row in rows]


def identifiers_of_study(connection: Connection, study_instance_uid: str) -> list[tuple[str, str]]:
    """Every identifier of a study's patient, as `identifiers_of`; the transaction sees the study."""
    row: Any = connection.execute(
        "SELECT patient_key FROM study WHERE study_instance_uid = %s AND patient_key IS NOT NULL", [study_instance_uid]
    ).fetchone()
    return [] if row is None else identifiers_of(connection, int(row[0]))


def forget_visits(connection: Connection, identifiers: Sequence[tuple[str, str]]) -> int:
    """Forget visits under identifiers that no patient has any more; how many."""
    return connection.execute(
        """
        DELETE FROM visit v USING unnest(%s::text[], %s::text[]) AS gone (patient_id, issuer)
        WHERE v.patient_id = gone.patient_id AND v.issuer_of_patient_id = gone.issuer AND NOT EXISTS (
            SELECT FROM patient_identifier i
            WHERE i.patient_id = gone.patient_id AND i.issuer_of_patient_id = gone.issuer)
        """,
        [*_columns(identifiers)],
    ).rowcount


def _columns(identifiers: Sequence[tuple[str, str]]) -> tuple[list[str], list[str]]:
    return [each[0] for each in identifiers], [each[1] for each in identifiers]


def _visits(connection: Connection, condition: str, values: Sequence[object]) -> list[Visit]:
    with connection.cursor(row_factory=class_row(Visit)) as cursor:
        return cursor.execute(f"{_VISIT} WHERE {condition}".encode(), list(values)).fetchall()
