"""Packs with instances that lie in them opaque, and when each is tried again. The region's, as storages are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from isocenter.kit.database import Connection

FIRST_TRY: Final = timedelta(hours=1)
GIVEN_UP_AFTER: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class OpaqueState:
    """waiting: packs that were tried in vain and will be again. given_up: those that will not."""

    waiting: int
    given_up: int


def note_opaque_pack(connection: Connection, object_key: str) -> None:
    """A new pack has opaque instances: it is tried again in an hour. In the transaction that makes its row."""
    connection.execute(
        "INSERT INTO opaque_pack (object_key, failed_at, try_at) VALUES (%s, now(), now() + %s)",
        [object_key, FIRST_TRY],
    )


def due_opaque_packs(connection: Connection, limit: int) -> list[str]:
    """Keys of packs that are to be looked at now, the longest due first."""
    rows = connection.execute(
        "SELECT object_key FROM opaque_pack WHERE try_at <= now() ORDER BY try_at, object_key LIMIT %s", [limit]
    ).fetchall()
    return [str(row[0]) for row in rows]


def put_off(connection: Connection, object_key: str, wait: timedelta = FIRST_TRY) -> None:
    """It could not be looked at: later."""
    connection.execute("UPDATE opaque_pack SET try_at = now() + %s WHERE object_key = %s", [wait, object_key])


def note_failed_again(connection: Connection, object_key: str) -> None:
    """What reads it broke off once more: again after twice the time, up to a week, and then no more."""
    connection.execute(
        """
        UPDATE opaque_pack SET failed_at = now(), try_at = CASE
            WHEN now() - since < %s THEN now() + greatest(now() - since, %s) END
        WHERE object_key = %s
        """,
        [GIVEN_UP_AFTER, FIRST_TRY, object_key],
    )


def note_unreadable(connection: Connection, object_key: str) -> None:
    """It was read, and there is nothing more to be had from it: not again, until what reads it can do more."""
    connection.execute("UPDATE opaque_pack SET failed_at = now(), try_at = NULL WHERE object_key = %s", [object_key])


def forget_opaque_pack(connection: Connection, object_key: str) -> None:
    """Nothing in it is opaque."""
    connection.execute("DELETE FROM opaque_pack WHERE object_key = %s", [object_key])


def opaque_state(connection: Connection) -> OpaqueState:
    """How many there are of which something is known."""
    row = connection.execute(
        """
        SELECT count(*) FILTER (WHERE try_at IS NOT NULL), count(*) FILTER (WHERE try_at IS NULL)
        FROM opaque_pack WHERE failed_at IS NOT NULL
        """
    ).fetchone()
    assert row is not None
    return OpaqueState(int(str(row[0])), int(str(row[1])))
