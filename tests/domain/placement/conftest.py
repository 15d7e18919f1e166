"""A region with a primary and further storages in folders, and packs that are only bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from isocenter.access.caller import Caller, system_caller
from isocenter.domain.placement.jobs import move_round, place_round
from isocenter.domain.placement.placing import Placed, Placement, Shift
from isocenter.domain.placement.policies import add_policy
from isocenter.domain.placement.register import Register, places_of
from isocenter.domain.placement.storages import add_storage
from isocenter.index import copies
from isocenter.index.copies import CopyRow
from isocenter.index.institutions import Institution
from isocenter.index.storages import Storage
from isocenter.kit.database import Database
from isocenter.storage.drivers import open_store
from isocenter.storage.object_store import LocalObjectStore, ObjectStore
from isocenter.storage.pack import pack_key


@dataclass
class Region:
    """caller: may manage storages. work: what jobs are given.

    unproven: packs whose digests are right as these bytes only. unknown: packs that hold what the index does not know.
    """

    database: Database
    institution_id: int
    root: Path
    unproven: dict[str, bytes] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    studies: int = 0

    def __post_init__(self) -> None:
        self.caller: Caller = system_caller(self.institution_id, "test")
        self.primary = LocalObjectStore(self.root / "primary")
        self.reopen()

    def reopen(self) -> None:
        """As a process that starts now."""
        self.register = Register(self.database, self.primary, self.open_storage)
        self.places = places_of(self.database, self.register)
        self.work = Placement(self.database, self.places, self.proven, lambda key: key not in self.unknown)

    def proven(self, store: ObjectStore, key: str) -> bool:
        return key not in self.unproven or store.get(key) == self.unproven[key]

    def open_storage(self, url: str, credentials: str | None) -> ObjectStore:
        assert credentials is None
        return open_store(url)

    def storage(self, name: str, **values: object) -> Storage:
        """A further storage, seen at once."""
        (self.root / name).mkdir(exist_ok=True)
        made = add_storage(
            self.caller,
            self.database,
            self.open_storage,
            {"role": "warm", **values} | {"name": name, "url": self.url(name)},
        )
        self.reopen()
        return made

    def url(self, name: str) -> str:
        return (self.root / name).as_uri()

    def folder(self, name: str) -> LocalObjectStore:
        """The bytes of a storage, past everything that watches over them."""
        return LocalObjectStore(self.root / name)

    def policy(self, *storage_ids: int, **values: object) -> None:
        """A policy for all packs, unless values say otherwise."""
        name = f"policy {storage_ids} {values}"
        add_policy(self.caller, self.database, {"name": name, "storage_ids": list(storage_ids), **values})

    def pack(self, content: bytes = b"a pack", *, days_old: int = 0, modality: str = "CT") -> str:
        """A sealed study of one pack, born in the primary."""
        key = pack_key()
        self.places.put(key, content)
        self.studies += 1
        with self.database.transaction(self.institution_id) as connection:
            row = connection.execute(
                """
                INSERT INTO study (institution_id, study_instance_uid, modalities, state, first_received_at,
                    last_received_at)
                VALUES (isocenter_institution(), %s, %s, 'sealed', now() - make_interval(days => %s),
                    now() - make_interval(days => %s)) RETURNING study_id
                """,
                [f"1.2.{self.studies}", [modality], days_old, days_old],
            ).fetchone()
            assert row is not None
            connection.execute(
                """
                INSERT INTO pack (
                    institution_id, study_id, object_key, size_bytes, received_bytes, instance_count, digest)
                VALUES (isocenter_institution(), %s, %s, %s, 1, 1, '')
                """,
                [row[0], key, len(content)],
            )
        return key

    def forget(self, key: str) -> None:
        """The index names the pack no more."""
        with self.database.transaction(self.institution_id) as connection:
            connection.execute("DELETE FROM pack WHERE object_key = %s", [key])

    def place(self) -> Placed:
        return place_round(self.work, Shift.of(60))

    def move(self) -> Placed:
        return move_round(self.work, Shift.of(60))

    def copies(self, key: str) -> dict[int, str]:
        """Storage and state of each copy."""
        return {row.storage_id: row.state for row in self.rows(key)}

    def rows(self, key: str) -> list[CopyRow]:
        with self.database.transaction(self.institution_id) as connection:
            return copies.copies_of(connection, key)

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement inside the institution."""
        with self.database.transaction(self.institution_id) as connection:
            cursor = connection.execute(statement.encode(), list(values))
            return cursor.fetchall() if cursor.description else []


@pytest.fixture
def region(database: Database, institution: Institution, tmp_path: Path) -> Region:
    return Region(database, institution.institution_id, tmp_path)


Spoil = Callable[[LocalObjectStore, str], None]


def rot(store: LocalObjectStore, key: str) -> None:
    """Flip bits of a stored object."""
    path = store.local_path(key)
    assert path is not None
    data = bytearray(path.read_bytes())
    data[-1] ^= 0xFF
    path.write_bytes(data)
