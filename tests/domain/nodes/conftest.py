"""Two hosts of one region: homes of their own, one database, one store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.domain.conftest import EXPLICIT, SOURCE, a_ct_slice

from isocenter.access.caller import Caller, CallerKind
from isocenter.access.roles import Role
from isocenter.domain.archive.outcome import StoreOutcome
from isocenter.domain.archive.store import Archive
from isocenter.domain.nodes.shipping import Shipped, Shipper
from isocenter.index.institutions import Institution
from isocenter.kit.database import Database
from isocenter.storage.drivers import open_store
from isocenter.storage.extents import Bytes, Elsewhere


@dataclass(slots=True)
class Host:
    """One node: what its processes share, and an archive while it runs."""

    name: str
    home: Path
    database: Database
    data: Bytes
    caller: Caller
    archive: Archive | None = None

    @property
    def journal(self) -> Path:
        """Its journal folder."""
        return self.data.journal_directory

    def start(self) -> Archive:
        """A listener of this host."""
        self.archive = Archive(data=self.data, node=self.name, database=self.database, max_object_bytes=64 << 20)
        return self.archive

    def stop(self) -> None:
        """The listener ends in order."""
        if self.archive is not None:
            self.archive.close()
        self.archive = None

    def store(self, number: int, *, study: str = "1.2.3") -> StoreOutcome:
        """Receive one CT slice."""
        archive = self.archive or self.start()
        uid = f"{study}.1.{number}"
        reception = archive.reception(
            self.caller,
            SOURCE,
            sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
            sop_instance_uid=uid,
            transfer_syntax_uid=EXPLICIT,
        )
        reception.write(a_ct_slice(number, study=study, series=f"{study}.1"))
        return reception.complete()

    def close_segment(self) -> None:
        """What was received is in a closed segment behind the checkpoint, as a few seconds later."""
        assert self.archive is not None
        self.archive.journal.roll()
        self.archive.journal.sync()
        self.archive._link.checkpoint()

    def ship(self) -> Shipped:
        """One pass of its worker."""
        return Shipper(self.database, self.data, self.name).ship()


@dataclass(slots=True)
class Region:
    """Two hosts. `a` receives in most tests; `b` is the other one."""

    a: Host
    b: Host
    database: Database
    caller: Caller

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """Rows of a query inside the institution."""
        with self.database.transaction(self.caller.institution_id) as connection:
            return connection.execute(query.encode()).fetchall()


def a_host(name: str, folder: Path, database: Database, caller: Caller, elsewhere: Elsewhere | None = None) -> Host:
    """A host whose store is the region's."""
    home = folder / name
    data = Bytes(home / "journal", open_store((folder / "store").as_uri()), elsewhere=elsewhere)
    return Host(name, home, database, data, caller)


@pytest.fixture
def region(tmp_path: Path, database: Database, institution: Institution) -> Iterator[Region]:
    """A region of two hosts; their archives end with the test."""
    caller = Caller(CallerKind.APPLICATION_ENTITY, "SCANNER", institution.institution_id, (Role.MODALITY,))
    with ExitStack() as stack:
        hosts = [a_host(name, tmp_path, database, caller) for name in ("node-a", "node-b")]
        for host in hosts:
            stack.callback(host.stop)
        yield Region(hosts[0], hosts[1], database, caller)
