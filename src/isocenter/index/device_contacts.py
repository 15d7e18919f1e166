"""What listeners saw of callers: when a device was last there, what it sent first, which calls were rejected.

Every function runs inside `Database.transaction(institution_id)`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from isocenter.kit.database import Connection

MOST_REFUSED: Final = 500
"""Kinds of rejected calls kept per institution, the newest."""


@dataclass(frozen=True, slots=True)
class DeviceContact:
    """last_encrypted: whether the last association was under TLS. first_store: what arrived since it was asked for."""

    device_id: int
    last_seen_at: datetime | None
    last_address: str | None
    last_called_ae_title: str | None
    last_encrypted: bool | None
    first_store_asked_at: datetime | None
    first_store: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class RefusedCall:
    """Calls that were rejected for one reason. certificate: SHA-256 of what the caller showed, '' without TLS."""

    refused_call_id: int
    calling_ae_title: str
    called_ae_title: str
    address: str
    certificate: str
    reason: str
    calls: int
    first_at: datetime
    last_at: datetime


_CONTACT = ", ".join(DeviceContact.__slots__)
_REFUSED = ", ".join(RefusedCall.__slots__)


def contacts(connection: Connection, device_id: int | None = None) -> dict[int, DeviceContact]:
    """What was seen of every device, or of one, by its number."""
    query = f"SELECT {_CONTACT} FROM device_contact WHERE %(id)s::int IS NULL OR device_id = %(id)s"  # noqa: S608
    with connection.cursor(row_factory=class_row(DeviceContact)) as cursor:
        return {each.device_id: each for each in cursor.execute(query.encode(), {"id": device_id})}


def record_seen(
    connection: Connection, device_id: int, *, at: datetime, address: str, called_ae_title: str, encrypted: bool
) -> None:
    """The device was admitted. One that is removed meanwhile is passed over."""
    connection.execute(
        """
        INSERT INTO device_contact (institution_id, device_id, last_seen_at, last_address, last_called_ae_title,
            last_encrypted)
        SELECT institution_id, device_id, %s, %s, %s, %s FROM device WHERE device_id = %s FOR KEY SHARE
        ON CONFLICT (institution_id, device_id) DO UPDATE SET last_seen_at = excluded.last_seen_at,
            last_address = excluded.last_address, last_called_ae_title = excluded.last_called_ae_title,
            last_encrypted = excluded.last_encrypted
        """,
        [at, address, called_ae_title, encrypted, device_id],
    )


def ask_first_store(connection: Connection, device_id: int, at: datetime) -> None:
    """Wait, from now on, for the next object of a device that exists."""
    connection.execute(
        """
        INSERT INTO device_contact (institution_id, device_id, first_store_asked_at)
        VALUES (isocenter_institution(), %s, %s)
        ON CONFLICT (institution_id, device_id) DO UPDATE SET first_store_asked_at = excluded.first_store_asked_at,
            first_store = NULL
        """,
        [device_id, at],
    )


def record_first_store(connection: Connection, device_id: int, arrived: Mapping[str, object], *, last: bool) -> None:
    """What arrived while it was waited for. last: the waiting is over; else what comes next replaces it."""
    connection.execute(
        """
        UPDATE device_contact SET first_store = %s,
            first_store_asked_at = CASE WHEN %s THEN NULL ELSE first_store_asked_at END
        WHERE device_id = %s AND first_store_asked_at IS NOT NULL
        """,
        [Jsonb(dict(arrived)), last, device_id],
    )


def refused_calls(connection: Connection) -> list[RefusedCall]:
    """Rejected calls, the newest first."""
    query = f"SELECT {_REFUSED} FROM refused_call ORDER BY last_at DESC, refused_call_id LIMIT %s"  # noqa: S608 - ours
    with connection.cursor(row_factory=class_row(RefusedCall)) as cursor:
        return cursor.execute(query.encode(), [MOST_REFUSED]).fetchall()


def record_refused(
    connection: Connection,
    *,
    calling_ae_title: str,
    called_ae_title: str,
    address: str,
    certificate: str,
    reason: str,
    calls: int,
    at: datetime,
) -> None:
    """So many more calls were rejected."""
    connection.execute(
        """
        INSERT INTO refused_call (institution_id, calling_ae_title, called_ae_title, address, certificate, reason,
            calls, first_at, last_at)
        VALUES (isocenter_institution(), %s, %s, %s, %s, %s, %s, %s, %s)
        ON CONFLICT (institution_id, calling_ae_title, called_ae_title, address, certificate, reason)
        DO UPDATE SET calls = least(refused_call.calls::bigint + excluded.calls, 2147483647), last_at = excluded.last_at
        """,
        [calling_ae_title, called_ae_title, address, certificate, reason, calls, at, at],
    )


def trim_refused(connection: Connection) -> None:
    """Forget the oldest beyond what is kept."""
    connection.execute(
        """
        DELETE FROM refused_call WHERE refused_call_id IN
            (SELECT refused_call_id FROM refused_call ORDER BY last_at DESC, refused_call_id OFFSET %s)
        """,
        [MOST_REFUSED],
    )


def forget_refused(connection: Connection, calling_ae_title: str) -> int:
    """Forget the rejected calls under a title, because it became a device; returns how many kinds there were."""
    return connection.execute("DELETE FROM refused_call WHERE calling_ae_title = %s", [calling_ae_title]).rowcount


def forget_refused_call(connection: Connection, refused_call_id: int) -> bool:
    """Forget one kind of rejected call; False when there was none."""
    return connection.execute("DELETE FROM refused_call WHERE refused_call_id = %s", [refused_call_id]).rowcount == 1
