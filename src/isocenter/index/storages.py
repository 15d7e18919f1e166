"""Storages and placement policies: what belongs to the region, in transactions of any institution or none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row

from isocenter.kit.database import Connection
from isocenter.kit.errors import Conflict


class StorageExists(Conflict):
    """Another storage has this name."""

    reason = "storage-exists"


class PolicyExists(Conflict):
    """Another placement policy has this name."""

    reason = "placement-policy-exists"


@dataclass(frozen=True, slots=True)
class Storage:
    """Where objects can lie. url: None is the store of the settings. marker: what its marker object says.

    credentials: the name of the file that opens it. retain_days: nothing leaves it before it has lain there so long.
    takes_records: facts, corrections, audit files and keys are copied there too. verify_asked_at: what was read before
    is to be read again. Counts and the time of the copy that
    was read longest ago are as of counted_at.
    """

    storage_id: int
    name: str
    url: str | None
    marker: str
    credentials: str
    role: str
    state: str
    retain_days: int
    max_bytes: int | None
    takes_records: bool
    created_at: datetime
    verify_asked_at: datetime | None
    object_count: int
    byte_count: int
    unverified_count: int
    damaged_count: int
    oldest_verified_at: datetime | None
    counted_at: datetime | None


@dataclass(frozen=True, slots=True)
class PlacementPolicy:
    """Where copies of the packs that it fits belong. What is None asks nothing; the lowest rank decides first."""

    policy_id: int
    rank: int
    name: str
    of_institution_id: int | None
    modality: str | None
    min_bytes: int | None
    older_than_days: int | None
    unused_for_days: int | None
    storage_ids: list[int]
    active: bool
    changed_at: datetime


_STORAGE = ", ".join(Storage.__slots__)
_POLICY = ", ".join(PlacementPolicy.__slots__)
_STORAGE_WRITABLE = frozenset(
    {
        "name",
        "url",
        "marker",
        "credentials",
        "role",
        "state",
        "retain_days",
        "max_bytes",
        "takes_records",
        "verify_asked_at",
    }
)
_POLICY_WRITABLE = frozenset(PlacementPolicy.__slots__) - {"policy_id", "changed_at"}


def storages(connection: Connection) -> list[Storage]:
    """Every storage, the primary first; those that were retired too."""
    with connection.cursor(row_factory=class_row(Storage)) as cursor:
        return cursor.execute(f"SELECT {_STORAGE} FROM storage ORDER BY storage_id".encode()).fetchall()  # noqa: S608


def insert_storage(connection: Connection, values: Mapping[str, object]) -> Storage:
    """A new one. values: fields of Storage. Raises StorageExists."""
    columns = sorted(_STORAGE_WRITABLE & set(values))
    statement = f"""
        INSERT INTO storage ({", ".join(columns)}) VALUES ({", ".join(["%s"] * len(columns))}) RETURNING {_STORAGE}
    """  # noqa: S608 - columns are ours
    made = _storage_written(connection, statement, [values[name] for name in columns])
    assert made is not None
    return made


def update_storage(connection: Connection, storage_id: int, values: Mapping[str, object]) -> Storage | None:
    """Change some fields; None when there is no such storage. Raises StorageExists."""
    columns = sorted(_STORAGE_WRITABLE & set(values))
    changes = ", ".join(f"{name} = %s" for name in columns) or "name = name"
    statement = f"UPDATE storage SET {changes} WHERE storage_id = %s RETURNING {_STORAGE}"  # noqa: S608
    return _storage_written(connection, statement, [*(values[name] for name in columns), storage_id])


def set_counts(
    connection: Connection, storage_id: int, counts: tuple[int, int, int, int], oldest_verified_at: datetime | None
) -> None:
    """What was counted now: objects, bytes, copies never verified, damaged copies."""
    connection.execute(
        """
        UPDATE storage SET object_count = %s, byte_count = %s, unverified_count = %s, damaged_count = %s,
            oldest_verified_at = %s, counted_at = now() WHERE storage_id = %s
        """,
        [*counts, oldest_verified_at, storage_id],
    )


def policies(connection: Connection) -> list[PlacementPolicy]:
    """Every policy in the order in which they decide."""
    with connection.cursor(row_factory=class_row(PlacementPolicy)) as cursor:
        query = f"SELECT {_POLICY} FROM placement_policy ORDER BY rank, policy_id"  # noqa: S608 - columns are ours
        return cursor.execute(query.encode()).fetchall()


def insert_policy(connection: Connection, values: Mapping[str, object]) -> PlacementPolicy:
    """A new one; without a rank it decides last. values: fields of PlacementPolicy. Raises PolicyExists."""
    if "rank" not in values:
        row = connection.execute("SELECT coalesce(max(rank), 0) + 10 FROM placement_policy").fetchone()
        assert row is not None
        values = {**values, "rank": row[0]}
    columns = sorted(_POLICY_WRITABLE & set(values))
    statement = f"""
        INSERT INTO placement_policy ({", ".join(columns)}) VALUES ({", ".join(["%s"] * len(columns))})
        RETURNING {_POLICY}
    """  # noqa: S608 - columns are ours
    made = _policy_written(connection, statement, [values[name] for name in columns])
    assert made is not None
    return made


def update_policy(connection: Connection, policy_id: int, values: Mapping[str, object]) -> PlacementPolicy | None:
    """Change some fields; None when there is no such policy. Raises PolicyExists."""
    columns = sorted(_POLICY_WRITABLE & set(values))
    changes = ", ".join([*(f"{name} = %s" for name in columns), "changed_at = now()"])
    statement = f"UPDATE placement_policy SET {changes} WHERE policy_id = %s RETURNING {_POLICY}"  # noqa: S608
    return _policy_written(connection, statement, [*(values[name] for name in columns), policy_id])


def delete_policy(connection: Connection, policy_id: int) -> PlacementPolicy | None:
    """Forget one; None when there was none."""
    statement = f"DELETE FROM placement_policy WHERE policy_id = %s RETURNING {_POLICY}"  # noqa: S608
    return _policy_written(connection, statement, [policy_id])


def _storage_written(connection: Connection, statement: str, parameters: list[object]) -> Storage | None:
    try:
        with connection.transaction(), connection.cursor(row_factory=class_row(Storage)) as cursor:
            return cursor.execute(statement.encode(), parameters).fetchone()
    except psycopg.errors.UniqueViolation:
        raise StorageExists("Another storage has this name.") from None


def _policy_written(connection: Connection, statement: str, parameters: list[object]) -> PlacementPolicy | None:
    try:
        with connection.transaction(), connection.cursor(row_factory=class_row(PlacementPolicy)) as cursor:
            return cursor.execute(statement.encode(), parameters).fetchone()
    except psycopg.errors.UniqueViolation:
        raise PolicyExists("Another placement policy has this name.") from None
