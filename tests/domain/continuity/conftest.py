"""A hospital whose home can be backed up, and what is needed to bring it up again elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg
import pytest
from tests.conftest import new_database
from tests.domain.conftest import Hospital, a_ct_slice
from tests.storage.builders import bytes_in

from isocenter.access.caller import Caller, system_caller
from isocenter.apps.embedded_postgres import EmbeddedPostgres
from isocenter.apps.postgres_dump import dump_index
from isocenter.domain.archive.erase import facts_key_path
from isocenter.domain.archive.seal import Sealer
from isocenter.domain.continuity.backup import BackupSource
from isocenter.kit.database import Database
from isocenter.storage.facts import make_key_file, read_key_file
from isocenter.storage.object_store import LocalObjectStore


@dataclass
class Kept(Hospital):
    """A hospital with the address of its database, and a folder for backups."""

    database_url: str
    target: LocalObjectStore

    @property
    def source(self) -> BackupSource:
        """What is backed up."""
        key = read_key_file(facts_key_path(self.home))
        return BackupSource(
            self.home, self.data.store, self.database_url, partial(dump_index, self.database_url), key, "testnode"
        )

    @property
    def system(self) -> Caller:
        """One of our own jobs."""
        return system_caller(self.caller.institution_id, "test")

    def slices(self, count: int, study: str = "1.2.3", *, first: int = 1, patient_id: str = "P1") -> None:
        """Store some slices of a study."""
        for number in range(first, first + count):
            series = f"{study}.1"
            self.store(a_ct_slice(number, study=study, series=series, patient_id=patient_id), uid=f"{series}.{number}")

    def seal(self, study: str = "1.2.3") -> None:
        """Seal a study."""
        with closing(Sealer(database=self.database, data=self.data)) as sealer:
            assert sealer.seal_study(self.system, study) is not None


@pytest.fixture
def kept(hospital: Hospital, database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """The hospital of this test, and where its backups go."""
    make_key_file(facts_key_path(hospital.home))
    target = LocalObjectStore(tmp_path_factory.mktemp("backups"))
    return Kept(hospital.archive, hospital.caller, hospital.database, hospital.home, database_url, target)


@pytest.fixture
def other_database_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """Address of an empty database beside that of the test."""
    yield from new_database(postgres, "template0")


def opened(url: str, home: Path) -> Database:
    """A database as the application reaches it."""
    assert bytes_in(home) is not None
    return Database(url)


def counts(url: str, *tables: str) -> list[int]:
    """Rows of tables, walls or not."""
    with psycopg.connect(url) as connection:
        found = [connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() for table in tables]
    return [int(row[0]) for row in found if row is not None]
