"""Devices: the application entities of an institution, as data that an administrator changes.

Every function but `callers_known` runs inside `Database.transaction(institution_id)` and sees that institution alone.
The row with the AE title * is no device: it says what holds for senders that nothing is said of (`index.senders`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network

import psycopg
from psycopg.rows import class_row

from isocenter.kit.database import Connection
from isocenter.kit.errors import Conflict

Network = IPv4Network | IPv6Network


class DeviceExists(Conflict):
    """Another device of the institution has this AE title."""

    reason = "device-exists"


@dataclass(frozen=True, slots=True)
class Device:
    """An application entity. networks: where it calls from. certificate: SHA-256 of what it shows under TLS, or None.

    plain_allowed: it may call without TLS, from its networks. host, port, tls: where it listens, if at all.
    default_character_set, issuer_of_patient_id: what its objects leave unsaid; None: nothing is assumed.
    """

    device_id: int
    department_id: int | None
    name: str
    ae_title: str
    networks: list[Network]
    certificate: str | None
    plain_allowed: bool
    may_store: bool
    may_query: bool
    active: bool
    host: str
    port: int | None
    tls: bool
    modality: str
    room: str
    manufacturer: str
    station_name: str
    default_character_set: str | None
    issuer_of_patient_id: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class KnownCaller:
    """What admission must know of a device. called_ae_title: its institution's own, None when it has none.

    active: neither the device nor its institution is deactivated.
    """

    institution_id: int
    device_id: int
    ae_title: str
    called_ae_title: str | None
    networks: list[Network]
    certificate: str | None
    plain_allowed: bool
    may_store: bool
    may_query: bool
    active: bool
    first_store_asked_at: datetime | None


_COLUMNS = ", ".join(Device.__slots__)
_WRITABLE = frozenset(Device.__slots__) - {"device_id", "created_at"}


def devices(connection: Connection) -> list[Device]:
    """All of the institution, by name and AE title."""
    query = f"SELECT {_COLUMNS} FROM device WHERE ae_title <> '*' ORDER BY name, ae_title"  # noqa: S608 - ours
    with connection.cursor(row_factory=class_row(Device)) as cursor:
        return cursor.execute(query.encode()).fetchall()


def device_by_id(connection: Connection, device_id: int) -> Device | None:
    """One device by our number."""
    return _one(connection, "device_id", device_id)


def device_by_ae(connection: Connection, ae_title: str) -> Device | None:
    """One device by its AE title."""
    return _one(connection, "ae_title", ae_title)


def insert_device(connection: Connection, values: Mapping[str, object]) -> Device:
    """A new one. values: fields of Device. What is said of a sender of this title stays. Raises DeviceExists."""
    columns = sorted(_WRITABLE & set(values))
    places = ", ".join(["%s"] * len(columns))
    changes = ", ".join(f"{name} = coalesce(excluded.{name}, device.{name})" for name in columns)
    statement = f"""
        INSERT INTO device (institution_id, {", ".join(columns)}) VALUES (isocenter_institution(), {places})
        ON CONFLICT (institution_id, ae_title) DO UPDATE SET {changes}, changed_at = now() WHERE device.name = ''
        RETURNING {_COLUMNS}
    """  # noqa: S608 - columns are ours
    made = _written(connection, statement, [values[name] for name in columns])
    if made is None:
        raise DeviceExists("Another device has this AE title.")
    return made


def update_device(connection: Connection, device_id: int, values: Mapping[str, object]) -> Device | None:
    """Change some fields; None when there is no such device. Raises DeviceExists."""
    columns = sorted(_WRITABLE & set(values))
    if not columns:
        return device_by_id(connection, device_id)
    changes = ", ".join(f"{name} = %s" for name in columns)
    statement = (
        f"UPDATE device SET {changes}, changed_at = now() WHERE device_id = %s AND ae_title <> '*' "  # noqa: S608
        f"RETURNING {_COLUMNS}"
    )
    return _written(connection, statement, [*(values[name] for name in columns), device_id])


def delete_device(connection: Connection, device_id: int) -> Device | None:
    """Forget one, with what is said of its objects. None: there was none."""
    statement = f"DELETE FROM device WHERE device_id = %s AND ae_title <> '*' RETURNING {_COLUMNS}"  # noqa: S608
    return _written(connection, statement, [device_id])


def callers_known(connection: Connection) -> list[KnownCaller]:
    """Every device of every institution, for the transaction of a listener and nobody else."""
    connection.execute("SELECT set_config('isocenter.admission', 'on', true)")
    query = """
        SELECT institution_id, device_id, device.ae_title, institution.ae_title AS called_ae_title, networks,
            certificate, plain_allowed, may_store, may_query, active AND deactivated_at IS NULL AS active,
            first_store_asked_at
        FROM device JOIN institution USING (institution_id) LEFT JOIN device_contact USING (institution_id, device_id)
        WHERE device.ae_title <> '*'
    """
    with connection.cursor(row_factory=class_row(KnownCaller)) as cursor:
        return cursor.execute(query.encode()).fetchall()


def called_ae_titles(connection: Connection) -> dict[str, int]:
    """The institutions that have an AE title of their own, by it."""
    rows = connection.execute("SELECT ae_title, institution_id FROM institution WHERE ae_title IS NOT NULL").fetchall()
    return {str(ae_title): int(str(institution_id)) for ae_title, institution_id in rows}


def _one(connection: Connection, column: str, value: object) -> Device | None:
    query = f"SELECT {_COLUMNS} FROM device WHERE {column} = %s AND ae_title <> '*'"  # noqa: S608 - columns are ours
    with connection.cursor(row_factory=class_row(Device)) as cursor:
        return cursor.execute(query.encode(), [value]).fetchone()


def _written(connection: Connection, statement: str, parameters: list[object]) -> Device | None:
    try:
        with connection.transaction(), connection.cursor(row_factory=class_row(Device)) as cursor:
            return cursor.execute(statement.encode(), parameters).fetchone()
    except psycopg.errors.UniqueViolation:
        raise DeviceExists("Another device has this AE title.") from None
