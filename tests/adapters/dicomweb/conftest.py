"""A whole DICOMweb service over a real PostgreSQL, a real journal and a real store, in this process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.requests import Request

from isocenter.access.caller import Caller, CallerKind
from isocenter.access.errors import NotSignedIn
from isocenter.access.roles import Role
from isocenter.adapters.dicomweb.router import DicomwebService, dicomweb_router
from isocenter.delivery.library import CONFINED_MODULES, Library
from isocenter.domain.archive.recompress import rebuild_received
from isocenter.domain.archive.seal import Sealer, SealReport
from isocenter.domain.archive.store import Archive
from isocenter.index.institutions import Institution, ensure_institution
from isocenter.index.queries import StudyQuery, search_studies
from isocenter.kit.confined import Confined
from isocenter.kit.database import Database
from isocenter.storage.drivers import open_store
from isocenter.storage.extents import Bytes
from isocenter.storage.object_store import ObjectStore

GIB = 1 << 30


@dataclass(slots=True)
class Hospital:
    """Everything behind one service, and a client that asks as a program of the institution."""

    client: TestClient
    service: DicomwebService
    archive: Archive
    library: Library
    database: Database
    store: ObjectStore
    journal_directory: Path
    institution_id: int
    callers: dict[str, Caller]

    def seal(self) -> list[SealReport]:
        """Seal every study of the institution that the client asks as."""
        caller = self.callers[self.client.headers["authorization"]]
        with self.database.transaction(caller.institution_id) as connection:
            studies = search_studies(connection, StudyQuery(), limit=5000).studies
        sealer = Sealer(database=self.database, data=self.library.data)
        try:
            reports = [sealer.seal_study(caller, study.study_instance_uid) for study in studies]
        finally:
            sealer.close()
        return [report for report in reports if report is not None]

    def lose_journal(self) -> None:
        """The journals go, as if reclaimed or lost; nothing more can be stored."""
        for segment in self.journal_directory.rglob("*.tar"):
            segment.unlink()
        self.library.files.close()

    def as_wave(self, number: int) -> dict[str, str]:
        """Headers that ask as an institution of its own for each number, for objects that share their UIDs."""
        with self.database.transaction() as connection:
            made = ensure_institution(connection, f"Wave {number}")
        name = f"Bearer wave-{number}"
        self.callers[name] = Caller(CallerKind.PROGRAM, name, made.institution_id, (Role.ADMINISTRATOR,), "w")
        return {"authorization": name}

    def as_other(self) -> dict[str, str]:
        """Headers that ask as the other institution."""
        return {"authorization": "Bearer other"}


@pytest.fixture(scope="session")
def confined() -> Iterator[Confined]:
    """Confined processes, started once."""
    with Confined(processes=2, memory_bytes=2 * GIB, timeout_s=30, preload=CONFINED_MODULES) as made:
        yield made


@pytest.fixture
def hospital(
    tmp_path: Path,
    database: Database,
    institution: Institution,
    other_institution: Institution,
    confined: Confined,
) -> Iterator[Hospital]:
    """A running service. "Bearer ours" is a program of the institution, "Bearer other" one of the other institution."""
    journal_directory = tmp_path / "journal"
    store = open_store(f"file://{tmp_path / 'store'}")
    data = Bytes(journal_directory, store)
    callers = {
        "Bearer ours": Caller(CallerKind.PROGRAM, "token-1", institution.institution_id, (Role.ADMINISTRATOR,), "a"),
        "Bearer other": Caller(
            CallerKind.PROGRAM, "token-2", other_institution.institution_id, (Role.RADIOLOGIST,), "b"
        ),
        "Bearer modality": Caller(CallerKind.PROGRAM, "token-3", institution.institution_id, (Role.MODALITY,), "c"),
    }

    def caller_of(request: Request) -> Caller:
        found = callers.get(request.headers.get("authorization", ""))
        if found is None:
            raise NotSignedIn("Sign in first, or send a bearer token.")
        return found

    archive = Archive(data=data, node="test", database=database, max_object_bytes=GIB)
    library = Library(
        database=database,
        data=data,
        confined=confined,
        rebuild_received=rebuild_received,
    )
    app = FastAPI()
    service = DicomwebService(archive, library, caller_of)
    app.include_router(dicomweb_router(service))
    with TestClient(app, headers={"authorization": "Bearer ours"}) as client:
        yield Hospital(
            client, service, archive, library, database, store, journal_directory, institution.institution_id, callers
        )
    library.close()
    archive.close()
