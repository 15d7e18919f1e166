"""How the whole runs, as the database knows it: queues of jobs, what waits to be copied or deleted, its own size.

These tables belong to the region as a whole and hold nothing of patients.
"""

from __future__ import annotations

from dataclasses import dataclass

from psycopg.rows import class_row

from isocenter.kit.database import Connection


@dataclass(frozen=True, slots=True)
class QueueState:
    """One queue of jobs. waiting_s: how long the oldest job that is due has waited, 0 without one."""

    queue: str
    todo: int
    doing: int
    failed: int
    waiting_s: float


@dataclass(frozen=True, slots=True)
class CopyState:
    """What is still to be done about copies. suspects: that a reader found wanting; deletions: that did not reach every
    storage yet.
    """

    suspects: int
    deletions: int


def queue_states(connection: Connection) -> list[QueueState]:
    """Every queue that has jobs, by name. Jobs that succeeded are gone, so the table is short."""
    with connection.cursor(row_factory=class_row(QueueState)) as cursor:
        return cursor.execute(
            """
            SELECT j.queue_name::text AS queue,
                count(*) FILTER (WHERE j.status = 'todo') AS todo,
                count(*) FILTER (WHERE j.status = 'doing') AS doing,
                count(*) FILTER (WHERE j.status = 'failed') AS failed,
                coalesce(extract(epoch FROM clock_timestamp() - min(greatest(e.at, j.scheduled_at))
                    FILTER (WHERE j.status = 'todo' AND (j.scheduled_at IS NULL OR j.scheduled_at <= now()))), 0)::float
                    AS waiting_s
            FROM procrastinate_jobs j
            LEFT JOIN LATERAL (
                SELECT min(at) AS at FROM procrastinate_events WHERE job_id = j.id AND type = 'deferred'
            ) e ON j.status = 'todo'
            GROUP BY 1 ORDER BY 1
            """
        ).fetchall()


def copy_state(connection: Connection) -> CopyState:
    """Suspects and deletions."""
    row = connection.execute(
        "SELECT (SELECT count(*) FROM suspect_copy), (SELECT count(*) FROM object_deletion)"
    ).fetchone()
    assert row is not None
    return CopyState(*(int(str(value)) for value in row))


def database_bytes(connection: Connection) -> int:
    """Size of the whole database on its disk."""
    row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    assert row is not None
    return int(str(row[0]))
