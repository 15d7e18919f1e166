"""Studies that are deleted and can still be restored: hidden by row-level security, listed and found again here.

Every function runs inside `Database.transaction(institution_id)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from isocenter.kit.database import Connection

ARRIVED_AFTER_DELETION = "arrived-after-deletion"


@dataclass(frozen=True, slots=True)
class DeletedStudy:
    """A study that is deleted. late_instance_count: instances that arrived since; they are hidden with it."""

    study_id: int
    study_instance_uid: str
    patient_id: str | None
    patient_name: str | None
    study_date: str
    study_description: str | None
    modalities: list[str]
    series_count: int
    instance_count: int
    deleted_at: datetime
    recoverable_until: datetime
    reason: str
    caller_kind: str
    caller_id: str
    late_instance_count: int


_COLUMNS = """
    s.study_id, s.study_instance_uid, s.patient_id, s.patient_name, s.study_date, s.study_description, s.modalities,
    s.series_count, s.instance_count, d.deleted_at, d.recoverable_until, d.reason, d.caller_kind, d.caller_id,
    d.late_instance_count
    FROM deleted_study d JOIN study s USING (institution_id, study_id)
"""


def see_deleted(connection: Connection) -> None:
    """From here to the end of the transaction deleted studies are seen like all others."""
    connection.execute("SELECT set_config('isocenter.deleted', 'shown', true)")


def delete_study(
    connection: Connection,
    study_instance_uid: str,
    *,
    deleted_at: datetime,
    recoverable_until: datetime,
    reason: str,
    caller: tuple[str, str],
) -> bool:
    """Hide a study; False when there is none, or it is hidden already. caller: kind and id of who deletes."""
    see_deleted(connection)
    found = connection.execute(
        """
        UPDATE study SET deleted_at = %s, version = version + 1
        WHERE study_instance_uid = %s AND deleted_at IS NULL RETURNING study_id
        """,
        [deleted_at, study_instance_uid],
    ).fetchone()
    if found is None:
        return False
    connection.execute(
        "INSERT INTO deleted_study VALUES (isocenter_institution(), %s, %s, %s, %s, %s, %s, %s)",
        [found[0], study_instance_uid, deleted_at, recoverable_until, reason, *caller],
    )
    return True


def restore_study(connection: Connection, study_instance_uid: str) -> int | None:
    """Show a deleted study again, with what arrived meanwhile; the number of its instances, None: not deleted."""
    see_deleted(connection)
    found = connection.execute(
        """
        UPDATE study SET deleted_at = NULL, version = version + 1
        WHERE study_instance_uid = %s AND deleted_at IS NOT NULL RETURNING study_id, instance_count
        """,
        [study_instance_uid],
    ).fetchone()
    if found is None:
        return None
    study_id, instance_count = (int(str(value)) for value in found)
    connection.execute("DELETE FROM deleted_study WHERE study_id = %s", [study_id])
    connection.execute("DELETE FROM quality_task WHERE study_id = %s AND kind = %s", [study_id, ARRIVED_AFTER_DELETION])
    return instance_count


def deleted_studies(connection: Connection, *, limit: int = 500) -> list[DeletedStudy]:
    """What can be restored, last deleted first."""
    see_deleted(connection)
    query = f"SELECT {_COLUMNS} ORDER BY d.deleted_at DESC, d.study_id DESC LIMIT %s"
    with connection.cursor(row_factory=class_row(DeletedStudy)) as cursor:
        return cursor.execute(query.encode(), [limit]).fetchall()


def deleted_study(connection: Connection, study_instance_uid: str) -> DeletedStudy | None:
    """One deleted study; None when there is none of this UID, or it is not deleted."""
    see_deleted(connection)
    query = f"SELECT {_COLUMNS} WHERE d.study_instance_uid = %s"
    with connection.cursor(row_factory=class_row(DeletedStudy)) as cursor:
        return cursor.execute(query.encode(), [study_instance_uid]).fetchone()


def past_recovery(connection: Connection, now: datetime, *, limit: int = 100) -> list[str]:
    """Study Instance UIDs whose period is over, those that ended first; on legal hold none is."""
    see_deleted(connection)
    rows = connection.execute(
        """
        SELECT d.study_instance_uid FROM deleted_study d WHERE d.recoverable_until <= %s AND NOT EXISTS (
            SELECT FROM study s JOIN restricted_patient r USING (institution_id, patient_key)
            WHERE r.kind = 'legal-hold' AND s.institution_id = d.institution_id AND s.study_id = d.study_id)
        ORDER BY d.recoverable_until LIMIT %s
        """,
        [now, limit],
    ).fetchall()
    return [str(row[0]) for row in rows]


def on_legal_hold(connection: Connection, study_instance_uid: str) -> bool:
    """Whether the study's patient is on legal hold: nothing of hers may be deleted."""
    row = connection.execute(
        """
        SELECT FROM study s JOIN restricted_patient r USING (institution_id, patient_key)
        WHERE r.kind = 'legal-hold' AND s.study_instance_uid = %s LIMIT 1
        """,
        [study_instance_uid],
    ).fetchone()
    return row is not None


def note_arrival(connection: Connection, study_id: int) -> None:
    """An object that a deleted study holds already was sent again: the same task as for a new one."""
    connection.execute(
        """
        INSERT INTO quality_task (institution_id, study_id, kind, fingerprint, detail)
        SELECT institution_id, study_id, %s, '', jsonb_build_object('study_instance_uid', study_instance_uid)
        FROM deleted_study WHERE study_id = %s ON CONFLICT DO NOTHING
        """,
        [ARRIVED_AFTER_DELETION, study_id],
    )
