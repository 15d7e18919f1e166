"""Requests for storage commitment, kept until their result was reported.

Every function runs inside `Database.transaction(institution_id)` and sees that institution alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from isocenter.kit.database import Connection


@dataclass(frozen=True, slots=True)
class Commitment:
    """One request. references_asked: [SOP class, instance] each; failures: [class, instance, reason] each, None while
    unchecked."""

    commitment_id: int
    transaction_uid: str
    calling_ae_title: str
    called_ae_title: str
    peer_address: str
    references_asked: list[list[str]]
    failures: list[tuple[str, str, int]] | None
    state: str
    attempts: int
    last_error: str | None
    requested_at: datetime


_COLUMNS = ", ".join(Commitment.__slots__)


def record_request(
    connection: Connection,
    *,
    transaction_uid: str,
    calling_ae_title: str,
    called_ae_title: str,
    peer_address: str,
    references: Sequence[tuple[str, str]],
) -> int:
    """Keep a request; one that comes again is checked and reported anew. Returns its number."""
    row = connection.execute(
        """
        INSERT INTO commitment_request AS c (institution_id, transaction_uid, calling_ae_title, called_ae_title,
            peer_address, references_asked)
        VALUES (isocenter_institution(), %s, %s, %s, %s, %s)
        ON CONFLICT (institution_id, calling_ae_title, transaction_uid) DO UPDATE SET
            called_ae_title = excluded.called_ae_title, peer_address = excluded.peer_address,
            references_asked = excluded.references_asked, failures = NULL, state = 'waiting', asked = c.asked + 1,
            attempts = 0, last_error = NULL, requested_at = now(), next_attempt_at = now(), reported_at = NULL
        RETURNING commitment_id
        """,
        [transaction_uid, calling_ae_title, called_ae_title, peer_address, Jsonb([list(each) for each in references])],
    ).fetchone()
    assert row is not None
    return int(str(row[0]))


def due_commitments(connection: Connection, now: datetime, limit: int = 1000) -> list[int]:
    """Requests that should be worked on now, oldest first."""
    rows = connection.execute(
        """
        SELECT commitment_id FROM commitment_request
        WHERE state = 'waiting' AND next_attempt_at <= %s ORDER BY commitment_id LIMIT %s
        """,
        [now, limit],
    ).fetchall()
    return [int(str(row[0])) for row in rows]


def begin_attempt(connection: Connection, commitment_id: int, now: datetime) -> Commitment | None:
    """Begin the next attempt at a request; None when it is not due (any more)."""
    query = f"""
        UPDATE commitment_request SET attempts = attempts + 1
        WHERE commitment_id = %s AND state = 'waiting' AND next_attempt_at <= %s RETURNING {_COLUMNS}
    """  # noqa: S608 - columns are ours
    with connection.cursor(row_factory=class_row(Commitment)) as cursor:
        return cursor.execute(query.encode(), [commitment_id, now]).fetchone()


def record_failures(connection: Connection, commitment_id: int, failures: Sequence[tuple[str, str, int]]) -> None:
    """Every reference was checked, and these failed."""
    connection.execute(
        "UPDATE commitment_request SET failures = %s WHERE commitment_id = %s",
        [Jsonb([list(each) for each in failures]), commitment_id],
    )


def record_reported(connection: Connection, asked: Commitment) -> None:
    """The peer has the report; of a request that came again meanwhile nothing changes."""
    connection.execute(
        """
        UPDATE commitment_request SET state = 'reported', reported_at = now(), last_error = NULL
        WHERE commitment_id = %s AND requested_at = %s
        """,
        [asked.commitment_id, asked.requested_at],
    )


def postpone(connection: Connection, commitment_id: int, last_error: str, until: datetime | None) -> None:
    """Try again then; None: never."""
    connection.execute(
        """
        UPDATE commitment_request SET last_error = %(error)s,
            state = CASE WHEN %(until)s::timestamptz IS NULL THEN 'failed' ELSE 'waiting' END,
            next_attempt_at = coalesce(%(until)s, next_attempt_at)
        WHERE commitment_id = %(id)s AND state = 'waiting'
        """,
        {"error": last_error, "until": until, "id": commitment_id},
    )


def commitment_by_id(connection: Connection, commitment_id: int) -> Commitment | None:
    """One request."""
    query = f"SELECT {_COLUMNS} FROM commitment_request WHERE commitment_id = %s"  # noqa: S608 - columns are ours
    with connection.cursor(row_factory=class_row(Commitment)) as cursor:
        return cursor.execute(query.encode(), [commitment_id]).fetchone()


def forget_finished(connection: Connection, before: datetime) -> int:
    """Forget requests that were made before that time and wait for nothing; how many."""
    return connection.execute(
        "DELETE FROM commitment_request WHERE state <> 'waiting' AND requested_at < %s", [before]
    ).rowcount
