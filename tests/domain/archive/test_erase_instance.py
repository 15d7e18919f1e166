"""Erasing one instance: it is gone from index, packs and journals, and nothing else of its study moves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.domain.archive.unconfined import compare_here, unconfined_sealer
from tests.domain.conftest import Hospital, Open, a_ct_slice

from isocenter.access.caller import Caller, CallerKind, system_caller
from isocenter.access.roles import Role
from isocenter.domain.archive import erase_instance as module
from isocenter.domain.archive.destruction_certificate import ErasureWork, certificate_of_record, finish_erasures
from isocenter.domain.archive.erase import ErasedStudy, facts_key_path
from isocenter.domain.archive.erase_instance import ErasedInstance, erase_instance
from isocenter.domain.archive.errors import UnknownInstance, UnknownStudy
from isocenter.domain.archive.outcome import StoreKind
from isocenter.domain.archive.seal import Sealer
from isocenter.index.instance_erasure import forget_instance
from isocenter.index.sealing import StudyMoved
from isocenter.kit.errors import Refused
from isocenter.storage.encrypted_store import EncryptedStore
from isocenter.storage.extents import Bytes
from isocenter.storage.facts import FactLog, make_key_file
from isocenter.storage.journal import JournalMember, read_segment, segments
from isocenter.storage.key_ring import KeyRing
from isocenter.storage.manifest import read_manifest
from isocenter.storage.master_keys import (
    MasterKeys,
    MasterState,
    master_key_path,
    new_master_key,
    write_master_keys,
)
from isocenter.storage.object_store import LocalObjectStore

STUDY = "1.2.3"


@pytest.fixture(autouse=True)
def no_children(hospital: Hospital) -> None:
    compare_here(hospital.archive)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = facts_key_path(tmp_path)
    make_key_file(path)
    return path


@pytest.fixture
def store(tmp_path: Path) -> EncryptedStore:
    write_master_keys(master_key_path(tmp_path), [new_master_key(MasterState.CURRENT)])
    inner = LocalObjectStore(tmp_path / "store")
    return EncryptedStore(inner, KeyRing(inner, MasterKeys(master_key_path(tmp_path))), encrypts=True)


@pytest.fixture
def sealer(hospital: Hospital, store: EncryptedStore) -> Iterator[Sealer]:
    made = unconfined_sealer(hospital.database, Bytes(hospital.home / "journal", store))
    yield made
    made.close()


def send(hospital: Hospital, *numbers: int, series: str = "1.2.3.1", pixels: bytes = b"\1\2" * 16) -> None:
    for number in numbers:
        hospital.store(a_ct_slice(number, series=series, pixels=pixels), uid=f"{series}.{number}")


def who(hospital: Hospital) -> Caller:
    return system_caller(hospital.caller.institution_id, "test")


def erase(hospital: Hospital, store: EncryptedStore, key_file: Path, uid: str) -> ErasedInstance | ErasedStudy:
    return erase_instance(who(hospital), hospital.database, store, key_file, STUDY, uid, reason="test")


def packed(hospital: Hospital, store: EncryptedStore) -> list[list[str]]:
    keys = [str(row[0]) for row in hospital.rows("SELECT object_key FROM pack ORDER BY pack_id")]
    assert {head.key for head in store.list("packs")} == set(keys)
    assert len(list(store.list("keys/1/data"))) == len(keys)
    return [[entry.sop_instance_uid for entry in read_manifest(store, key).entries()] for key in keys]


def counts(hospital: Hospital) -> list[tuple[object, ...]]:
    return hospital.rows("SELECT instance_count, series_count, modalities FROM study")


def test_a_sealed_instance_leaves_its_pack_and_the_others_stay(
    hospital: Hospital, store: EncryptedStore, sealer: Sealer, key_file: Path
) -> None:
    send(hospital, 1, 2, 3)
    sealer.seal_study(who(hospital), STUDY)
    [before] = hospital.rows("SELECT object_key FROM pack")
    erased = erase(hospital, store, key_file, "1.2.3.1.2")
    assert isinstance(erased, ErasedInstance)
    assert packed(hospital, store) == [["1.2.3.1.1", "1.2.3.1.3"]]
    assert hospital.rows("SELECT object_key FROM pack") != [before]
    assert counts(hospital) == [(2, 1, ["CT"])]
    assert hospital.rows("SELECT sealed_instance_count, sealed_frame_count FROM series") == [(2, 2)]
    assert hospital.rows("SELECT count(*) FROM instance_lookup") == [(2,)]
    [fact] = FactLog(store, hospital.caller.institution_id, key_file).facts()
    assert (fact.content["kind"], fact.content["sop_instance_uid"]) == ("instance-erased", "1.2.3.1.2")


def test_journals_are_wiped_and_a_certificate_says_so(
    hospital: Hospital, store: EncryptedStore, sealer: Sealer, key_file: Path
) -> None:
    send(hospital, 1, 2)
    sealer.seal_study(who(hospital), STUDY)
    erased = erase(hospital, store, key_file, "1.2.3.1.2")
    folder = hospital.home / "journal"
    work = ErasureWork(hospital.database, store, key_file, "testnode", folder, hospital.home / "replicas")
    assert finish_erasures(work) == 1
    items = [item for name in segments(folder) for item in read_segment(name.path(folder))]
    assert [item.header.sop_instance_uid for item in items if isinstance(item, JournalMember)] == ["1.2.3.1.1"]
    assert isinstance(erased, ErasedInstance)
    made = certificate_of_record(who(hospital), hospital.database, store, key_file, erased.record_id)
    assert (made.complete, made.sop_instance_uid) == (True, "1.2.3.1.2")


def test_an_open_instance_goes_and_its_version_kept_aside_with_it(
    hospital: Hospital, store: EncryptedStore, sealer: Sealer, key_file: Path
) -> None:
    send(hospital, 1, 2)
    send(hospital, 2, pixels=b"\3\4" * 16)
    assert hospital.rows("SELECT count(*) FROM aside_instance") == [(1,)]
    erase(hospital, store, key_file, "1.2.3.1.2")
    assert hospital.rows("SELECT count(*) FROM aside_instance") == [(0,)]
    assert hospital.rows("SELECT count(*) FROM quality_task") == [(0,)]
    assert hospital.rows("SELECT sop_instance_uid FROM instance") == [("1.2.3.1.1",)]
    sealer.seal_study(who(hospital), STUDY)
    assert packed(hospital, store) == [["1.2.3.1.1"]]


def test_a_version_kept_aside_in_a_pack_goes_too(
    hospital: Hospital, store: EncryptedStore, sealer: Sealer, key_file: Path
) -> None:
    send(hospital, 1, 2)
    send(hospital, 2, pixels=b"\3\4" * 16)
    sealer.seal_study(who(hospital), STUDY)
    assert [sorted(each) for each in packed(hospital, store)] == [["1.2.3.1.1", "1.2.3.1.2", "1.2.3.1.2"]]
    erase(hospital, store, key_file, "1.2.3.1.2")
    assert packed(hospital, store) == [["1.2.3.1.1"]]
    assert counts(hospital) == [(1, 1, ["CT"])]


def test_with_the_last_of_a_series_the_series_goes_and_with_the_last_of_all_the_study(
    hospital: Hospital, store: EncryptedStore, sealer: Sealer, key_file: Path
) -> None:
    send(hospital, 1)
    send(hospital, 1, series="1.2.3.2")
    sealer.seal_study(who(hospital), STUDY)
    erase(hospital, store, key_file, "1.2.3.2.1")
    assert counts(hospital) == [(1, 1, ["CT"])]
    assert isinstance(erase(hospital, store, key_file, "1.2.3.1.1"), ErasedStudy)
    assert counts(hospital) == []
    assert packed(hospital, store) == []


def test_it_does_not_come_back_with_the_journal_and_may_be_sent_anew(
    hospital: Hospital, store: EncryptedStore, key_file: Path, open_archive: Open
) -> None:
    send(hospital, 1, 2)
    erase(hospital, store, key_file, "1.2.3.1.2")
    hospital.archive.close()
    with hospital.database.transaction() as connection:  # as if the last checkpoint had never been written
        connection.execute("UPDATE checkpoint SET sequence = 1, end_offset = 0")
    hospital.archive = open_archive()
    assert hospital.rows("SELECT sop_instance_uid FROM instance") == [("1.2.3.1.1",)]
    again = hospital.store(a_ct_slice(2), uid="1.2.3.1.2")
    assert again.kind is StoreKind.STORED


def test_a_study_that_moved_meanwhile_is_looked_at_again(
    hospital: Hospital, store: EncryptedStore, sealer: Sealer, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(hospital, 1, 2)
    calls = iter([True])

    def sealed_meanwhile(*arguments: object) -> tuple[str, ...]:
        for _ in calls:
            sealer.seal_study(who(hospital), STUDY)
        return forget_instance(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "forget_instance", sealed_meanwhile)
    erase(hospital, store, key_file, "1.2.3.1.2")
    assert packed(hospital, store) == [["1.2.3.1.1"]]


def test_what_is_not_there_or_not_allowed_changes_nothing(
    hospital: Hospital, store: EncryptedStore, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(hospital, 1, 2)
    with pytest.raises(UnknownInstance):
        erase(hospital, store, key_file, "1.2.3.1.9")
    arguments = (hospital.database, store, key_file)
    with pytest.raises(UnknownStudy):
        erase_instance(who(hospital), *arguments, "9.9", "1.2.3.1.1", reason="test")
    reader = Caller(CallerKind.USER, "7", hospital.caller.institution_id, (Role.SENIOR_RADIOLOGIST,))
    with pytest.raises(Refused):
        erase_instance(reader, *arguments, STUDY, "1.2.3.1.1", reason="test")

    def always_moved(*_: object) -> tuple[str, ...]:
        raise StudyMoved("planned")

    monkeypatch.setattr(module, "forget_instance", always_moved)
    with pytest.raises(StudyMoved):
        erase(hospital, store, key_file, "1.2.3.1.1")
    assert counts(hospital) == [(2, 1, ["CT"])]
    assert not list(FactLog(store, hospital.caller.institution_id, key_file).facts())
