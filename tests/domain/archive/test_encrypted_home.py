"""With encryption on, no journal, pack, staging file or record on the disk holds what a patient is known by."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.domain.conftest import Hospital, a_ct_slice

from isocenter.access.caller import Caller, CallerKind, system_caller
from isocenter.access.roles import Role
from isocenter.apps.master_key import ensure_master_key
from isocenter.apps.wiring import open_object_store
from isocenter.delivery.files import Files
from isocenter.domain.archive.erase import facts_key_path
from isocenter.domain.archive.outcome import StoreKind
from isocenter.domain.archive.reclaim import sweep_orphan_packs
from isocenter.domain.archive.recompress import rebuild_received
from isocenter.domain.archive.seal import Sealer
from isocenter.domain.archive.store import Archive
from isocenter.domain.identity.acts import Records
from isocenter.domain.identity.corrections import correct_attributes
from isocenter.index.institutions import Institution
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Database
from isocenter.kit.settings import Settings
from isocenter.storage.extents import Bytes, Extent
from isocenter.storage.facts import make_key_file
from isocenter.storage.manifest import read_manifest

PLANTED = (b"Sample^One", b"CORRECTED^NAME", b"Corrected patient")
STUDY = "1.2.3"


@pytest.fixture
def data(tmp_path: Path) -> Bytes:
    settings = Settings(tmp_path, encryption="on")
    ensure_master_key(settings)
    make_key_file(facts_key_path(tmp_path))
    return Bytes(tmp_path / "journal", open_object_store(settings))


@pytest.fixture
def encrypted(tmp_path: Path, data: Bytes, database: Database, institution: Institution) -> Iterator[Hospital]:
    caller = Caller(CallerKind.APPLICATION_ENTITY, "SCANNER", institution.institution_id, (Role.MODALITY,))
    with Archive(data=data, node="testnode", database=database, max_object_bytes=64 << 20) as archive:
        yield Hospital(archive, caller, database, tmp_path)


def plain_files(home: Path) -> list[str]:
    """Files of a home that hold something planted."""
    files = [path for path in home.rglob("*") if path.is_file()]
    return [path.name for path in files if any(word in path.read_bytes() for word in PLANTED)]


def test_the_search_finds_what_is_planted_in_a_plain_home(hospital: Hospital) -> None:
    hospital.store(a_ct_slice(1))
    assert len(plain_files(hospital.home)) == 1


def test_nothing_planted_is_on_the_disk_and_everything_is_readable(
    encrypted: Hospital, data: Bytes, database: Database
) -> None:
    small, large = a_ct_slice(1), a_ct_slice(2, pixels=b"\5\6" * (5 << 20))
    encrypted.store(small)
    reception = encrypted.reception(uid="1.2.3.1.2")
    for start in range(0, len(large), 1 << 20):
        reception.write(large[start : start + (1 << 20)])
    assert plain_files(encrypted.home) == []  # while it streams
    reception.complete()
    assert encrypted.store(small).kind is StoreKind.ALREADY_STORED  # which reads it back
    rows = encrypted.rows(
        "SELECT g.node, g.epoch, g.sequence, i.data_set_offset, i.data_set_length FROM instance i "
        "JOIN segment g USING (segment_id) ORDER BY ordinal"
    )
    files = Files(data)
    extents = [
        Extent(f"journal/{node}/{epoch}/{number}", int(str(at)), int(str(size)))
        for node, epoch, number, at, size in rows
    ]
    assert [bytes(files.read(extent)) for extent in extents] == [small, large]
    assert bytes(files.view(extents[0])) == small

    who = system_caller(encrypted.caller.institution_id, "test")
    records = Records(database, data.store, facts_key_path(encrypted.home), data)
    correct_attributes(who, records, STUDY, {"StudyDescription": "CORRECTED^NAME"}, reason="Corrected patient")
    sealer = Sealer(database=database, data=data)
    try:
        report = sealer.seal_study(who, STUDY)
    finally:
        sealer.close()
    assert report is not None
    [key] = report.pack_keys
    assert key.endswith(f".tar.i{encrypted.caller.institution_id}.enc")
    manifest = read_manifest(data.store, key)
    assert [rebuild_received(data.store, manifest, entry) for entry in manifest.entries()] == [small, large]
    assert plain_files(encrypted.home) == []
    assert sweep_orphan_packs(database, data.store, now=utc_now()) == 0


def test_an_encrypted_journal_is_read_back_after_a_crash(
    encrypted: Hospital, data: Bytes, database: Database, tmp_path: Path
) -> None:
    encrypted.store(a_ct_slice(1))
    encrypted.archive.close()
    with database.transaction() as connection:  # as if the index had lost what came after its last checkpoint
        connection.execute("DELETE FROM checkpoint")
    with database.transaction(encrypted.caller.institution_id) as connection:
        connection.execute("DELETE FROM instance")
        connection.execute("DELETE FROM instance_lookup")
    with Archive(data=data, node="testnode", database=database, max_object_bytes=64 << 20):
        assert encrypted.rows("SELECT sop_instance_uid FROM instance") == [("1.2.3.1.1",)]
    assert plain_files(tmp_path) == []
