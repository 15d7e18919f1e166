"""What placing and scrubbing remember: positions, deletions that wait, suspects, findings, alarms, last use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from isocenter.kit.database import Connection

USES = ("study-opened", "study-sent", "study-downloaded")
"""Actions of the audit trail that count as use of a study."""
_OVERLAP = 10_000


@dataclass(frozen=True, slots=True)
class WaitingDeletion:
    """A deletion that has not reached a storage. kept_until: the storage retains the object until then."""

    object_key: str
    storage_id: int
    asked_at: datetime
    kept_until: datetime | None


@dataclass(frozen=True, slots=True)
class Finding:
    """What scrubbing found wrong with a copy, and what became of it."""

    finding_id: int
    storage_id: int
    object_key: str
    found_at: datetime
    problem: str
    outcome: str


@dataclass(frozen=True, slots=True)
class StorageAlarm:
    """What somebody has to look at. ended_at: None while it lasts."""

    kind: str
    subject: str
    since: datetime
    seen_at: datetime
    detail: dict[str, Any]
    ended_at: datetime | None


# Positions of jobs, and the use of studies: of one institution


def position_of(connection: Connection, job: str) -> int:
    """How far a job has come in this institution; 0 at the beginning."""
    row = connection.execute("SELECT position FROM placement_position WHERE job = %s", [job]).fetchone()
    return int(str(row[0])) if row else 0


def set_position(connection: Connection, job: str, position: int) -> None:
    """Remember how far a job has come."""
    connection.execute(
        """
        INSERT INTO placement_position VALUES (isocenter_institution(), %s, %s)
        ON CONFLICT (institution_id, job) DO UPDATE SET position = excluded.position
        """,
        [job, position],
    )


def read_uses(connection: Connection) -> int:
    """Take the days of use of studies from the new rows of the audit trail; how many studies that were.

    Rows are committed in another order than they are numbered: the last ones are read again.
    """
    row = connection.execute("SELECT coalesce(max(sequence), 0) FROM audit_event").fetchone()
    assert row is not None
    done = connection.execute(
        """
        INSERT INTO study_use
        SELECT isocenter_institution(), study_instance_uid, max(at)::date FROM audit_event
        WHERE sequence > %s AND action = ANY (%s)
            AND EXISTS (SELECT FROM study s WHERE s.study_instance_uid = audit_event.study_instance_uid)
        GROUP BY study_instance_uid
        ON CONFLICT (institution_id, study_instance_uid)
        DO UPDATE SET used_on = greatest(study_use.used_on, excluded.used_on)
        WHERE study_use.used_on < excluded.used_on
        """,
        [position_of(connection, "uses"), list(USES)],
    )
    set_position(connection, "uses", max(0, int(str(row[0])) - _OVERLAP))
    connection.execute(
        "DELETE FROM study_use u WHERE NOT EXISTS "
        "(SELECT FROM study s WHERE s.study_instance_uid = u.study_instance_uid)"
    )
    return done.rowcount


def deletions_since(connection: Connection, since: datetime) -> int:
    """How many studies people and programs have deleted or erased since then; asked again and again, by later times.

    Remembers where in the trail that time begins, so that only rows behind it are read.
    """
    row = connection.execute(
        """
        SELECT count(*) FILTER (
                WHERE at >= %(since)s AND action IN ('study-deleted', 'study-erased') AND caller_kind <> 'system'),
            coalesce(min(sequence) FILTER (WHERE at >= %(since)s), max(sequence), 0)
        FROM audit_event WHERE sequence > %(after)s
        """,
        {"since": since, "after": position_of(connection, "deletions")},
    ).fetchone()
    assert row is not None
    if row[1]:
        set_position(connection, "deletions", max(0, int(str(row[1])) - _OVERLAP))
    return int(str(row[0]))


# Deletions that wait, suspects, findings, alarms: of the region


def ask_deletion(connection: Connection, object_key: str, storage_ids: Sequence[int]) -> None:
    """Write down that an object is to go from these storages."""
    connection.execute(
        "INSERT INTO object_deletion (object_key, storage_id) SELECT %s, unnest(%s::int[]) ON CONFLICT DO NOTHING",
        [object_key, list(storage_ids)],
    )


def deletion_done(connection: Connection, object_key: str, storage_id: int) -> None:
    """It is gone from there."""
    connection.execute(
        "DELETE FROM object_deletion WHERE object_key = %s AND storage_id = %s", [object_key, storage_id]
    )


def deletion_is_asked(connection: Connection, object_key: str, storage_id: int) -> bool:
    """Whether it still has to go from there."""
    found = connection.execute(
        "SELECT 1 FROM object_deletion WHERE object_key = %s AND storage_id = %s", [object_key, storage_id]
    ).fetchone()
    return found is not None


def retain_deletion(connection: Connection, object_key: str, storage_id: int, kept_until: datetime) -> None:
    """The storage gives it up only then."""
    connection.execute(
        "UPDATE object_deletion SET kept_until = %s WHERE object_key = %s AND storage_id = %s",
        [kept_until, object_key, storage_id],
    )


def waiting_deletions(connection: Connection, limit: int, *, retained: bool = False) -> list[WaitingDeletion]:
    """Deletions that can be tried now, oldest first; retained: also those that a storage refuses for now."""
    with connection.cursor(row_factory=class_row(WaitingDeletion)) as cursor:
        query = """
            SELECT object_key, storage_id, asked_at, kept_until FROM object_deletion
            WHERE %s OR kept_until IS NULL OR kept_until <= now() ORDER BY asked_at, object_key LIMIT %s
        """
        return cursor.execute(query.encode(), [retained, limit]).fetchall()


def suspect(connection: Connection, object_key: str, storage_id: int, reason: str) -> None:
    """A reader found this copy wanting."""
    connection.execute(
        "INSERT INTO suspect_copy (storage_id, object_key, reason) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        [storage_id, object_key, reason],
    )


def suspects(connection: Connection, limit: int) -> list[tuple[int, str]]:
    """(storage, key) of copies to be looked at, oldest first."""
    rows = connection.execute(
        "SELECT storage_id, object_key FROM suspect_copy ORDER BY since LIMIT %s", [limit]
    ).fetchall()
    return [(int(str(storage_id)), str(key)) for storage_id, key in rows]


def not_suspect(connection: Connection, object_key: str, storage_id: int) -> None:
    """It was looked at."""
    connection.execute("DELETE FROM suspect_copy WHERE storage_id = %s AND object_key = %s", [storage_id, object_key])


def record_finding(connection: Connection, object_key: str, storage_id: int, problem: str, outcome: str) -> None:
    """Something was wrong with a copy."""
    connection.execute(
        "INSERT INTO scrub_finding (storage_id, object_key, problem, outcome) VALUES (%s, %s, %s, %s)",
        [storage_id, object_key, problem, outcome],
    )


def findings(connection: Connection, limit: int) -> list[Finding]:
    """What was found wrong, last first."""
    with connection.cursor(row_factory=class_row(Finding)) as cursor:
        query = f"SELECT {', '.join(Finding.__slots__)} FROM scrub_finding ORDER BY finding_id DESC LIMIT %s"  # noqa: S608
        return cursor.execute(query.encode(), [limit]).fetchall()


def raise_alarm(connection: Connection, kind: str, subject: str, **detail: object) -> bool:
    """Something has to be looked at; True when it is new. detail: numbers and our ids, never names of people."""
    row = connection.execute(
        """
        INSERT INTO storage_alarm (kind, subject, detail) VALUES (%s, %s, %s)
        ON CONFLICT (kind, subject) DO UPDATE SET seen_at = now(), detail = excluded.detail, ended_at = NULL,
            since = CASE WHEN storage_alarm.ended_at IS NULL THEN storage_alarm.since ELSE now() END
        RETURNING since = now()
        """,
        [kind, subject, Jsonb(detail)],
    ).fetchone()
    return row == (True,)


def end_alarm(connection: Connection, kind: str, subject: str) -> bool:
    """It is over; True when it lasted until now."""
    done = connection.execute(
        "UPDATE storage_alarm SET ended_at = now() WHERE kind = %s AND subject = %s AND ended_at IS NULL",
        [kind, subject],
    )
    return done.rowcount == 1


def alarms(connection: Connection, limit: int = 100) -> list[StorageAlarm]:
    """What lasts, then what is over, last first."""
    with connection.cursor(row_factory=class_row(StorageAlarm)) as cursor:
        query = f"""
            SELECT {", ".join(StorageAlarm.__slots__)} FROM storage_alarm
            ORDER BY ended_at IS NOT NULL, since DESC, kind, subject LIMIT %s
        """  # noqa: S608 - columns are ours
        return cursor.execute(query.encode(), [limit]).fetchall()
