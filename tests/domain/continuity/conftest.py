"""A hospital whose home can be backed up, and what is needed to bring it up again elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import TEMPLATE, new_database
from tests.domain.conftest import Hospital, a_ct_slice

from isocenter.access.caller import Caller, system_caller
from isocenter.apps.postgres.dump import dump_index
from isocenter.apps.postgres.embedded import EmbeddedPostgres
from isocenter.domain.archive.erase import facts_key_path
from isocenter.domain.archive.seal import Sealer
from isocenter.domain.continuity.backup import BackupSource
from isocenter.storage.facts import make_key_file, read_key_file
from isocenter.storage.object_store import LocalObjectStore


@dataclass
class Kept(Hospital):
    """A hospital with the address of its database, and a folder for backups."""

    database_url: str
    target: LocalObjectStore

    @property
    def source(self) -> BackupSource:
        """What is backed up, with a few bytes in the place of what pg_dump writes."""
        key = read_key_file(facts_key_path(self.home))
        return BackupSource(self.home, self.data.store, self.database_url, write_some_bytes, key, "testnode")

    @property
    def source_with_index(self) -> BackupSource:
        """What is backed up."""
        return replace(self.source, dump=partial(dump_index, self.database_url))

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
        """Seal a study; what a confined process would read is ours."""
        with closing(Sealer(database=self.database, data=self.data)) as sealer:
            sealer.confined = InProcess()  # type: ignore[assignment]
            assert sealer.seal_study(self.system, study) is not None


class InProcess:
    """Calls what a confined process is asked for here."""

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """The answer."""
        return function(*arguments)

    def close(self) -> None:
        """Nothing was started."""


def write_some_bytes(snapshot_id: str, path: Path) -> None:
    """A dump that is not looked into."""
    path.write_bytes(f"PGDMP as of {snapshot_id}\n".encode() * 50)


@pytest.fixture
def kept(hospital: Hospital, database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """The hospital of this test, and where its backups go."""
    make_key_file(facts_key_path(hospital.home))
    target = LocalObjectStore(tmp_path_factory.mktemp("backups"))
    return Kept(hospital.archive, hospital.caller, hospital.database, hospital.home, database_url, target)


@pytest.fixture
def other_database_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """Address of a second database beside that of the test, with a schema and no row."""
    yield from new_database(postgres, TEMPLATE)
