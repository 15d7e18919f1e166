"""Other studies of the patient of a study.

Runs inside a transaction of the caller's sight (`access.sight`): what she may not see is not there.
"""

from __future__ import annotations

from dataclasses import dataclass

from psycopg.rows import class_row

from isocenter.kit.database import Connection


@dataclass(frozen=True, slots=True)
class PriorRow:
    """Another study of the patient. later: its date and time are not before those of the study that was asked for."""

    study_instance_uid: str
    patient_name: str | None
    patient_id: str | None
    patient_birth_date: str | None
    patient_sex: str | None
    study_date: str | None
    study_time: str | None
    accession_number: str | None
    study_description: str | None
    modalities: list[str]
    body_parts: list[str]
    series_count: int
    instance_count: int
    later: bool


def other_studies(connection: Connection, study_instance_uid: str, limit: int) -> list[PriorRow]:
    """Studies of the same patient, newest first. A study whose patient is not known has none.

    A merge has moved the studies of both to one patient already.
    """
    with connection.cursor(row_factory=class_row(PriorRow)) as cursor:
        return cursor.execute(
            """
            SELECT s.study_instance_uid, s.patient_name, s.patient_id, s.patient_birth_date, s.patient_sex,
                nullif(s.study_date, '') AS study_date, s.study_time, s.accession_number, s.study_description,
                s.modalities, s.series_count, s.instance_count,
                ARRAY(SELECT DISTINCT e.body_part_examined FROM series e
                    WHERE e.study_id = s.study_id AND e.body_part_examined <> '' ORDER BY 1) AS body_parts,
                (s.study_date, coalesce(s.study_time, '')) >= (this.study_date, coalesce(this.study_time, '')) AS later
            FROM study this JOIN study s ON s.patient_key = this.patient_key AND s.study_id <> this.study_id
            WHERE this.study_instance_uid = %s AND s.instance_count > 0
            ORDER BY s.study_date DESC, s.study_time DESC NULLS LAST, s.study_id DESC LIMIT %s
            """,
            [study_instance_uid, limit],
        ).fetchall()
