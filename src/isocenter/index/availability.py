"""Notices of availability that destinations want, and the last one of each study that they got.

Every function runs inside `Database.transaction(institution_id)` and sees that institution alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from isocenter.kit.database import Connection


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice to send. wanted_at: when the study became as it is to be told of."""

    destination_id: int
    study_instance_uid: str
    attempts: int
    wanted_at: datetime


def want_notices(connection: Connection, study_instance_uids: Sequence[str]) -> int:
    """These studies are complete, or changed since: whoever wants to know is to be told; how many notices that makes.

    A destination hears of studies that received something since it was flagged, and of those it was told of before.
    """
    done = connection.execute(
        """
        INSERT INTO availability_notice AS n (institution_id, destination_id, study_instance_uid, wanted_at)
        SELECT s.institution_id, d.destination_id, s.study_instance_uid, clock_timestamp()
        FROM study s JOIN destination d USING (institution_id)
        WHERE s.study_instance_uid = ANY (%s) AND d.availability_since <= s.last_received_at
        ON CONFLICT (institution_id, destination_id, study_instance_uid) DO UPDATE SET
            wanted_at = excluded.wanted_at, state = 'waiting', attempts = 0, last_error = NULL,
            next_attempt_at = clock_timestamp()
        """,
        [list(study_instance_uids)],
    )
    return done.rowcount


def due_destinations(connection: Connection, now: datetime) -> list[int]:
    """Destinations that a notice is due at."""
    rows = connection.execute(
        "SELECT DISTINCT destination_id FROM availability_notice WHERE state = 'waiting' AND next_attempt_at <= %s",
        [now],
    ).fetchall()
    return [int(str(row[0])) for row in rows]


def begin_notice(connection: Connection, destination_id: int, now: datetime) -> Notice | None:
    """Begin an attempt at the oldest notice that is due at a destination; None: none is."""
    query = """
        UPDATE availability_notice n SET attempts = attempts + 1 WHERE (destination_id, study_instance_uid) = (
            SELECT destination_id, study_instance_uid FROM availability_notice
            WHERE destination_id = %s AND state = 'waiting' AND next_attempt_at <= %s
            ORDER BY wanted_at LIMIT 1)
        RETURNING destination_id, study_instance_uid, attempts, wanted_at
    """
    with connection.cursor(row_factory=class_row(Notice)) as cursor:
        return cursor.execute(query, [destination_id, now]).fetchone()


def settle_notice(connection: Connection, notice: Notice, state: str, error: str | None) -> None:
    """told, or failed for good; unless it is wanted anew since."""
    connection.execute(
        """
        UPDATE availability_notice SET state = %s, last_error = %s,
            told_at = CASE WHEN %s::text IS NULL THEN now() ELSE told_at END
        WHERE destination_id = %s AND study_instance_uid = %s AND wanted_at = %s
        """,
        [state, error, error, notice.destination_id, notice.study_instance_uid, notice.wanted_at],
    )


def postpone_notices(connection: Connection, notice: Notice, error: str, until: datetime) -> None:
    """The destination is away: nothing is told it before that time."""
    connection.execute(
        """
        UPDATE availability_notice SET next_attempt_at = greatest(next_attempt_at, %s),
            last_error = CASE WHEN study_instance_uid = %s THEN %s ELSE last_error END
        WHERE destination_id = %s AND state = 'waiting'
        """,
        [until, notice.study_instance_uid, error, notice.destination_id],
    )
