"""Destinations: the application entities that this institution sends to, as data that an administrator changes.

Every function runs inside `Database.transaction(institution_id)` and sees that institution alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row

from isocenter.kit.database import Connection
from isocenter.kit.errors import Conflict


class DestinationExists(Conflict):
    """Another destination has this name or AE title."""

    reason = "destination-exists"


@dataclass(frozen=True, slots=True)
class Destination:
    """An application entity that objects are sent to.

    calling_ae_title: what we call ourselves there, '' for our usual title. transfer_syntaxes: 'stored' sends an object
    as it lies where the peer takes that, 'decoded' in explicit VR little endian. associations: held at one time.
    send_allowed: for send-to and C-MOVE. availability_since: it is told of studies that went quiet since then. tls: it
    is called over TLS. certificate: SHA-256 of the only certificate that is its own, lower-case hex digits; None: any
    that an authority gave to the host.
    """

    destination_id: int
    name: str
    ae_title: str
    host: str
    port: int
    calling_ae_title: str
    transfer_syntaxes: str
    associations: int
    send_allowed: bool
    availability_since: datetime | None
    created_at: datetime
    tls: bool
    certificate: str | None


_COLUMNS = ", ".join(Destination.__slots__)
_WRITABLE = frozenset(Destination.__slots__) - {"destination_id", "created_at"}


def destinations(connection: Connection) -> list[Destination]:
    """All of the institution, by name."""
    query = f"SELECT {_COLUMNS} FROM destination ORDER BY name"  # noqa: S608 - columns are ours
    with connection.cursor(row_factory=class_row(Destination)) as cursor:
        return cursor.execute(query.encode()).fetchall()


def destination_by_id(connection: Connection, destination_id: int) -> Destination | None:
    """One destination by our number."""
    return _one(connection, "destination_id", destination_id)


def destination_by_ae(connection: Connection, ae_title: str) -> Destination | None:
    """The destination of an AE title: where C-MOVE and storage commitment find a peer's address. None: unknown."""
    return _one(connection, "ae_title", ae_title.strip(" "))


def destination_by_name(connection: Connection, name: str) -> Destination | None:
    """One destination by what people call it."""
    return _one(connection, "name", name)


def insert_destination(connection: Connection, values: Mapping[str, object]) -> Destination:
    """A new one. values: fields of Destination. Raises DestinationExists."""
    columns = sorted(_WRITABLE & set(values))
    places = ", ".join(["%s"] * len(columns))
    statement = f"""
        INSERT INTO destination (institution_id, {", ".join(columns)})
        VALUES (isocenter_institution(), {places}) RETURNING {_COLUMNS}
    """  # noqa: S608 - columns are ours
    made = _written(connection, statement, [values[name] for name in columns])
    assert made is not None
    return made


def update_destination(connection: Connection, destination_id: int, values: Mapping[str, object]) -> Destination | None:
    """Change some fields; None when there is no such destination. Raises DestinationExists."""
    columns = sorted(_WRITABLE & set(values))
    if not columns:
        return destination_by_id(connection, destination_id)
    changes = ", ".join(f"{name} = %s" for name in columns)
    statement = f"UPDATE destination SET {changes} WHERE destination_id = %s RETURNING {_COLUMNS}"  # noqa: S608
    return _written(connection, statement, [*(values[name] for name in columns), destination_id])


def delete_destination(connection: Connection, destination_id: int) -> Destination | None:
    """Forget one, with what waits for it; its finished transfers keep their history. None: there was none."""
    for statement in (
        "DELETE FROM availability_notice WHERE destination_id = %s",
        """
        UPDATE transfer SET state = 'failed', last_error = 'destination-removed', finished_at = now()
        WHERE destination_id = %s AND state IN ('waiting', 'sending')
        """,
    ):
        connection.execute(statement.encode(), [destination_id])
    return _written(
        connection,
        f"DELETE FROM destination WHERE destination_id = %s RETURNING {_COLUMNS}",  # noqa: S608
        [destination_id],
    )


def _one(connection: Connection, column: str, value: object) -> Destination | None:
    query = f"SELECT {_COLUMNS} FROM destination WHERE {column} = %s"  # noqa: S608 - columns are ours
    with connection.cursor(row_factory=class_row(Destination)) as cursor:
        return cursor.execute(query.encode(), [value]).fetchone()


def _written(connection: Connection, statement: str, parameters: list[object]) -> Destination | None:
    try:
        with connection.transaction(), connection.cursor(row_factory=class_row(Destination)) as cursor:
            return cursor.execute(statement.encode(), parameters).fetchone()
    except psycopg.errors.UniqueViolation:
        raise DestinationExists("Another destination has this name or AE title.") from None
