"""Transfers: orders to send, how far each came, and what became of its objects.

Every function runs inside `Database.transaction(institution_id)` and sees that institution alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from isocenter.kit.database import Connection

MOST_LISTED = 500
_LATER = (
    "(status < 0 OR status BETWEEN 42752 AND 43007)"  # A700 to A7FF: out of resources; below 0: our bytes were away
)
_SENT = "(status IN (0, 1, 263, 278) OR status BETWEEN 45056 AND 49151)"  # 0000, 0001, 0107, 0116, Bxxx


@dataclass(frozen=True, slots=True)
class Transfer:
    """One order to send. state: waiting, sending, done, failed. total: 0 until an attempt has counted them."""

    transfer_id: int
    destination_id: int
    destination_name: str
    study_instance_uid: str
    series_instance_uids: list[str]
    sop_instance_uids: list[str]
    state: str
    total: int
    done: int
    failed: int
    attempts: int
    last_error: str | None
    created_at: datetime
    next_attempt_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Failure:
    """An object that was not taken. status: of C-STORE; below 0 it did not leave us."""

    sop_instance_uid: str
    status: int
    comment: str | None


_COLUMNS = ", ".join(Transfer.__slots__)


def insert_transfer(
    connection: Connection,
    *,
    destination_id: int,
    destination_name: str,
    study_instance_uid: str,
    series_instance_uids: Sequence[str],
    sop_instance_uids: Sequence[str],
    caller: tuple[str, str],
) -> int:
    """A new order, due at once; returns its number. caller: (kind, id) of who gave it."""
    row = connection.execute(
        """
        INSERT INTO transfer (institution_id, destination_id, destination_name, study_instance_uid,
            series_instance_uids, sop_instance_uids, caller_kind, caller_id)
        VALUES (isocenter_institution(), %s, %s, %s, %s, %s, %s, %s) RETURNING transfer_id
        """,
        [
            destination_id,
            destination_name,
            study_instance_uid,
            list(series_instance_uids),
            list(sop_instance_uids),
            *caller,
        ],
    ).fetchone()
    assert row is not None
    return int(str(row[0]))


def due_destinations(connection: Connection, now: datetime) -> list[int]:
    """Destinations that something should be sent to now."""
    rows = connection.execute(
        """
        SELECT DISTINCT destination_id FROM transfer
        WHERE state IN ('waiting', 'sending') AND next_attempt_at <= %s
        """,
        [now],
    ).fetchall()
    return [int(str(row[0])) for row in rows]


def take_transfer(connection: Connection, destination_id: int, now: datetime) -> Transfer | None:
    """Begin the next attempt at the oldest order that is due; None: nothing is. One sender per destination calls it."""
    query = f"""
        UPDATE transfer SET state = 'sending', attempts = attempts + 1
        WHERE transfer_id = (
            SELECT transfer_id FROM transfer
            WHERE destination_id = %s AND state IN ('waiting', 'sending') AND next_attempt_at <= %s
            ORDER BY transfer_id LIMIT 1)
        RETURNING {_COLUMNS}
    """  # noqa: S608 - columns are ours
    with connection.cursor(row_factory=class_row(Transfer)) as cursor:
        return cursor.execute(query.encode(), [destination_id, now]).fetchone()


def plan_transfer(connection: Connection, transfer_id: int, total: int) -> None:
    """How many objects there are to send."""
    connection.execute("UPDATE transfer SET total = %s WHERE transfer_id = %s", [total, transfer_id])


def answered(connection: Connection, transfer_id: int) -> frozenset[str]:
    """SOP Instance UIDs that need no other attempt: sent, or refused for good."""
    query = f"SELECT sop_instance_uid FROM transfer_instance WHERE transfer_id = %s AND NOT {_LATER}"  # noqa: S608
    return frozenset(str(row[0]) for row in connection.execute(query.encode(), [transfer_id]).fetchall())


def record_answers(connection: Connection, transfer_id: int, answers: Sequence[tuple[str, int, str]]) -> None:
    """(SOP Instance UID, status, comment) of objects that were answered, and the counts they lead to."""
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            INSERT INTO transfer_instance VALUES (isocenter_institution(), %s, %s, %s, %s)
            ON CONFLICT (institution_id, transfer_id, sop_instance_uid)
            DO UPDATE SET status = excluded.status, comment = excluded.comment
            """,
            [(transfer_id, uid, status, comment or None) for uid, status, comment in answers],
        )
    connection.execute(
        f"""
        UPDATE transfer SET (done, failed) = (
            SELECT count(*) FILTER (WHERE {_SENT}), count(*) FILTER (WHERE NOT {_SENT})
            FROM transfer_instance i WHERE i.transfer_id = %(id)s)
        WHERE transfer_id = %(id)s
        """.encode(),  # noqa: S608 - conditions are ours
        {"id": transfer_id},
    )


def postpone_transfer(connection: Connection, transfer_id: int, last_error: str | None, until: datetime) -> None:
    """Try again later."""
    connection.execute(
        """
        UPDATE transfer SET state = 'waiting', last_error = %s, next_attempt_at = %s
        WHERE transfer_id = %s AND state = 'sending'
        """,
        [last_error, until, transfer_id],
    )


def postpone_destination(connection: Connection, destination_id: int, until: datetime) -> None:
    """Nothing is tried at this destination before that time: it is away for all alike."""
    connection.execute(
        """
        UPDATE transfer SET next_attempt_at = greatest(next_attempt_at, %s)
        WHERE destination_id = %s AND state IN ('waiting', 'sending')
        """,
        [until, destination_id],
    )


def finish_transfer(connection: Connection, transfer_id: int, last_error: str | None) -> str:
    """The order is worked off: done, or failed when an object was refused or last_error says why; returns which.

    A failed one keeps what was sent, so that ordering it again sends the rest alone.
    """
    row = connection.execute(
        """
        UPDATE transfer SET state = CASE WHEN failed > 0 OR %(error)s::text IS NOT NULL THEN 'failed' ELSE 'done' END,
            last_error = %(error)s, finished_at = now()
        WHERE transfer_id = %(id)s AND state = 'sending' RETURNING state
        """,
        {"id": transfer_id, "error": last_error},
    ).fetchone()
    if row == ("done",):
        connection.execute("DELETE FROM transfer_instance WHERE transfer_id = %s", [transfer_id])
    return "gone" if row is None else str(row[0])


def reopen_transfer(connection: Connection, transfer_id: int) -> bool:
    """Order what was not sent once more, now; False unless the transfer waits or failed."""
    changed = connection.execute(
        """
        UPDATE transfer SET state = 'waiting', attempts = 0, next_attempt_at = now(), finished_at = NULL
        WHERE transfer_id = %s AND state IN ('waiting', 'failed')
        """,
        [transfer_id],
    )
    if changed.rowcount == 0:
        return False
    query = f"DELETE FROM transfer_instance WHERE transfer_id = %s AND NOT {_SENT}"  # noqa: S608 - ours
    connection.execute(query.encode(), [transfer_id])
    record_answers(connection, transfer_id, [])
    return True


def transfer_by_id(connection: Connection, transfer_id: int) -> Transfer | None:
    """One transfer."""
    query = f"SELECT {_COLUMNS} FROM transfer WHERE transfer_id = %s"  # noqa: S608 - columns are ours
    with connection.cursor(row_factory=class_row(Transfer)) as cursor:
        return cursor.execute(query.encode(), [transfer_id]).fetchone()


def recent_transfers(connection: Connection, limit: int) -> list[Transfer]:
    """The newest transfers first."""
    query = f"SELECT {_COLUMNS} FROM transfer ORDER BY transfer_id DESC LIMIT %s"  # noqa: S608 - columns are ours
    with connection.cursor(row_factory=class_row(Transfer)) as cursor:
        return cursor.execute(query.encode(), [min(max(limit, 1), MOST_LISTED)]).fetchall()


def failures_of(connection: Connection, transfer_id: int, limit: int = MOST_LISTED) -> list[Failure]:
    """Objects that were not taken, by UID."""
    query = f"""
        SELECT sop_instance_uid, status, comment FROM transfer_instance
        WHERE transfer_id = %s AND NOT {_SENT} ORDER BY sop_instance_uid LIMIT %s
    """  # noqa: S608 - ours
    with connection.cursor(row_factory=class_row(Failure)) as cursor:
        return cursor.execute(query.encode(), [transfer_id, limit]).fetchall()


def waits_for_another_attempt(connection: Connection, transfer_id: int) -> bool:
    """Whether some object was turned away for now only."""
    query = f"SELECT EXISTS (SELECT FROM transfer_instance WHERE transfer_id = %s AND {_LATER})"  # noqa: S608 - ours
    return connection.execute(query.encode(), [transfer_id]).fetchone() == (True,)


def forget_finished(connection: Connection, before: datetime) -> int:
    """Forget transfers that ended before that time; how many."""
    connection.execute(
        """
        DELETE FROM transfer_instance i USING transfer t
        WHERE t.transfer_id = i.transfer_id AND t.state IN ('done', 'failed') AND t.finished_at < %s
        """,
        [before],
    )
    return connection.execute(
        "DELETE FROM transfer WHERE state IN ('done', 'failed') AND finished_at < %s", [before]
    ).rowcount
