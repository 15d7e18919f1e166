"""Events in the past tense, written in the transaction of what happened, read in order by the rooms above."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from isocenter.kit.database import Connection


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. detail holds UIDs and our ids, never names."""

    sequence: int
    at: datetime
    kind: str
    study_instance_uid: str | None
    detail: dict[str, Any]


def append_event(connection: Connection, kind: str, study_instance_uid: str | None = None, **detail: object) -> None:
    """Tell that something happened, in the same transaction, in the transaction's institution."""
    connection.execute(
        """
        INSERT INTO event (institution_id, kind, study_instance_uid, detail)
        VALUES (isocenter_institution(), %s, %s, %s)
        """,
        [kind, study_instance_uid, Jsonb(detail)],
    )


def events_after(connection: Connection, sequence: int, limit: int = 1000) -> list[Event]:
    """Events of the institution after this sequence number.

    Numbers are given before commits, so a reader that only remembers the last one could pass over a slow transaction:
    those that may still be in the making are held back.
    """
    query = """
        SELECT sequence, at, kind, study_instance_uid, detail FROM event
        WHERE sequence > %s AND transaction < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY sequence LIMIT %s
    """
    with connection.cursor(row_factory=class_row(Event)) as cursor:
        return cursor.execute(query, [sequence, limit]).fetchall()


def tell_of_quiet_studies(connection: Connection, quiet_before: datetime, limit: int = 200) -> list[str]:
    """Append study-arrived, later study-changed, for open studies that have received nothing since; returns which.

    Once per study and quiet time, however many instances came: whoever follows the feed asks for the study then.
    """
    rows = connection.execute(
        """
        UPDATE study s SET told_version = s.version
        FROM (
            SELECT q.institution_id, q.study_id, q.told_version FROM study q
            WHERE q.state = 'open' AND q.last_received_at < %s AND q.told_version < q.version AND q.instance_count > 0
            ORDER BY q.study_id LIMIT %s FOR UPDATE SKIP LOCKED
        ) before
        WHERE s.institution_id = before.institution_id AND s.study_id = before.study_id
        RETURNING before.told_version, s.study_instance_uid, s.version, s.series_count, s.instance_count
        """,
        [quiet_before, limit],
    ).fetchall()
    for told, study_instance_uid, version, series_count, instance_count in rows:
        kind = "study-changed" if told else "study-arrived"
        counts = {"version": version, "series_count": series_count, "instance_count": instance_count}
        append_event(connection, kind, str(study_instance_uid), **counts)
    return [str(row[1]) for row in rows]
