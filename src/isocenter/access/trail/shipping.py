"""Sending the trail to an audit repository outside (PS3.15 A.6; IHE ITI-20): the table is the spool.

Each chain is sent in its order and remembered by its position, so that an outage of days loses nothing; a message may
come twice, never not at all. Anchors go the same way, as chain -1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from isocenter.access.trail.anchors import CHAINS
from isocenter.access.trail.events import COLUMNS, event_of_row, named
from isocenter.access.trail.messages import AuditSource, Event, audit_message
from isocenter.kit.database import Connection, Database

AT_ONCE: Final = 200
MOST_PER_CALL: Final = 20_000
ANCHORS: Final = -1
EVENT_MESSAGE: Final = "DICOM+RFC3881"  # the MSGID of PS3.15 A.6
ANCHOR_MESSAGE: Final = "AUDIT-ANCHOR"


@dataclass(frozen=True, slots=True)
class AuditMessage:
    """One message for the repository. sequence: its place in its chain, for the receiver to see gaps by."""

    at: datetime
    message_id: str
    failure: bool
    sequence: int
    text: str


Repository = Callable[[Sequence[AuditMessage]], None]
"""Takes messages and returns when they are delivered; raises Exhausted when it cannot be reached."""


def ship_trail(database: Database, institution_id: int, source: AuditSource, repository: Repository) -> int:
    """Send what has not been sent, up to a bound; returns how many messages. Raises what the repository raises."""
    sent = 0
    while sent < MOST_PER_CALL:
        with database.transaction(institution_id) as connection:
            events = named(connection, _unsent(connection))
            anchors = _unsent_anchors(connection)
        if not events and not anchors:
            break
        repository([*(_message(event, source) for event in events), *(each for _, each in anchors)])
        reached = {event.chain: event.position for event in events}
        if anchors:
            reached[ANCHORS] = anchors[-1][0]
        with database.transaction(institution_id) as connection:
            _remember(connection, institution_id, reached.items())
        sent += len(events) + len(anchors)
    return sent


def waiting_to_ship(connection: Connection) -> int:
    """How many rows of the transaction's institution the repository does not have yet."""
    row: Any = connection.execute(
        """
        SELECT coalesce(sum(head.position - coalesce(s.position, 0)), 0)::bigint FROM generate_series(0, %s) AS c
            CROSS JOIN LATERAL (SELECT position FROM audit_event
                WHERE institution_id = isocenter_institution() AND chain = c ORDER BY position DESC LIMIT 1) head
            LEFT JOIN audit_shipped s ON s.chain = c
        """,
        [CHAINS - 1],
    ).fetchone()
    return int(row[0])


def _unsent(connection: Connection) -> list[Event]:
    rows: list[Any] = connection.execute(
        f"""
        SELECT e.* FROM generate_series(0, %s) AS c LEFT JOIN audit_shipped s ON s.chain = c, LATERAL (
            SELECT {COLUMNS} FROM audit_event e WHERE e.institution_id = isocenter_institution() AND e.chain = c
                AND e.position > coalesce(s.position, 0) ORDER BY e.position LIMIT %s) e
        LIMIT %s
        """.encode(),  # noqa: S608 - names of columns, none from outside
        [CHAINS - 1, AT_ONCE, AT_ONCE],
    ).fetchall()
    return sorted((event_of_row(row) for row in rows), key=lambda event: (event.chain, event.position))


def _unsent_anchors(connection: Connection) -> list[tuple[int, AuditMessage]]:
    rows: list[Any] = connection.execute(
        """
        SELECT number, at, body FROM audit_anchor WHERE number > coalesce(
            (SELECT position FROM audit_shipped WHERE chain = %s), 0) ORDER BY number LIMIT %s
        """,
        [ANCHORS, AT_ONCE],
    ).fetchall()
    return [
        (number, AuditMessage(at, ANCHOR_MESSAGE, False, number, bytes(body).decode().strip()))
        for number, at, body in rows
    ]


def _message(event: Event, source: AuditSource) -> AuditMessage:
    return AuditMessage(event.at, EVENT_MESSAGE, event.outcome != 0, event.position, audit_message(event, source))


def _remember(connection: Connection, institution_id: int, reached: Iterable[tuple[int, int]]) -> None:
    for chain, position in reached:
        connection.execute(
            """
            INSERT INTO audit_shipped AS known (institution_id, chain, position) VALUES (%s, %s, %s)
            ON CONFLICT (institution_id, chain) DO UPDATE SET position = greatest(known.position, EXCLUDED.position)
            """,
            [institution_id, chain, position],
        )
