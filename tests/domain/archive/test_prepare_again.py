"""What lies in a pack opaque is tried again: with its pictures when that goes, as it was when not, and never lost."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.domain.archive.test_seal import a_real_slice
from tests.domain.archive.unconfined import compare_here, unconfined_sealer
from tests.domain.conftest import SOURCE, Hospital, element

from isocenter.access.caller import system_caller
from isocenter.domain.archive import prepare_again as module
from isocenter.domain.archive.jobs import preparing_again_task
from isocenter.domain.archive.prepare_again import PreparingAgain, prepare_due_packs
from isocenter.domain.archive.recompress import is_opaque, rebuild_received, unprepared
from isocenter.domain.archive.seal import Sealer
from isocenter.index.deletions import see_deleted
from isocenter.index.opaque_packs import OpaqueState, opaque_state
from isocenter.index.sealing import StudyMoved
from isocenter.index.senders import Sender, SenderBook, put_sender
from isocenter.kit.confined import Confined, ConfinedFailure
from isocenter.standards.dicom.transfer_syntaxes import HTJ2K_LOSSLESS
from isocenter.storage.encrypted_store import EncryptedStore
from isocenter.storage.extents import Bytes
from isocenter.storage.key_ring import KeyRing
from isocenter.storage.manifest import InstanceEntry, Manifest, read_json, read_manifest
from isocenter.storage.manifest_layout import AsideReason
from isocenter.storage.master_keys import MasterKeys, MasterState, master_key_path, new_master_key, write_master_keys
from isocenter.storage.object_store import LocalObjectStore

STUDY = "1.2.3"


@pytest.fixture(autouse=True)
def no_children(hospital: Hospital) -> None:
    compare_here(hospital.archive)


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


@pytest.fixture
def work(hospital: Hospital, store: EncryptedStore, sealer: Sealer) -> PreparingAgain:
    return PreparingAgain(hospital.database, store, sealer.confined, SenderBook(hospital.database, believed_for_s=0))


def breaks_off(*uids: str) -> Callable[..., Any]:
    """A call that ends like that of a process which was killed, for these objects; for all without any."""

    def call(function: Callable[..., Any], *arguments: Any) -> Any:
        batch = arguments[0] if isinstance(arguments[0], list) else [arguments[1]]
        if not uids or any(one.uids[1] in uids for one in batch):
            raise ConfinedFailure("The process died.", what="crashed")
        return function(*arguments)

    return call


def seal(hospital: Hospital, sealer: Sealer, *broken: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sealer.confined, "call", breaks_off(*broken))
        assert sealer.seal_study(system_caller(hospital.caller.institution_id, "test"), STUDY) is not None


def make_due(hospital: Hospital, age: str = "1 hour") -> None:
    hospital.rows(f"UPDATE opaque_pack SET try_at = now(), since = now() - interval '{age}' RETURNING 1")


def again(work: PreparingAgain) -> int:
    return prepare_due_packs(work, 60.0)


def packed(hospital: Hospital, store: EncryptedStore) -> list[tuple[Manifest, InstanceEntry]]:
    """Every instance of every pack; what the store holds is what the index names."""
    keys = [str(row[0]) for row in hospital.rows("SELECT object_key FROM pack ORDER BY pack_id")]
    assert {head.key for head in store.list("packs")} == set(keys)
    manifests = [read_manifest(store, key) for key in keys]
    return [(manifest, entry) for manifest in manifests for entry in manifest.entries()]


def opaque_ones(hospital: Hospital, store: EncryptedStore) -> list[str]:
    return [
        entry.sop_instance_uid
        for _, entry in packed(hospital, store)
        if is_opaque(entry.frame_form, entry.header_length, entry.received_length)
    ]


def hide_or_show(hospital: Hospital, deleted_at: str) -> None:
    with hospital.database.transaction(hospital.caller.institution_id) as connection:
        see_deleted(connection)
        connection.execute(f"UPDATE study SET deleted_at = {deleted_at}".encode())


def state(hospital: Hospital) -> OpaqueState:
    with hospital.database.transaction() as connection:
        return opaque_state(connection)


def waits(hospital: Hospital) -> list[object]:
    """In how many hours each pack is tried again."""
    query = "SELECT round(extract(epoch FROM try_at - now()) / 3600)::integer FROM opaque_pack"
    return [row[0] for row in hospital.rows(query)]


def test_what_broke_its_process_is_tried_again_in_an_hour_and_gets_its_pictures(
    hospital: Hospital, store: EncryptedStore, sealer: Sealer, work: PreparingAgain
) -> None:
    for number in (1, 2, 3):
        hospital.store(a_real_slice(number), uid=f"1.2.3.1.{number}")
    seal(hospital, sealer, "1.2.3.1.2")
    counted = "SELECT instance_count, state FROM study"
    before = hospital.rows(counted), hospital.rows("SELECT sealed_instance_count, sealed_frame_count FROM series")
    version = hospital.rows("SELECT version FROM study")
    assert opaque_ones(hospital, store) == ["1.2.3.1.2"]
    assert state(hospital) == OpaqueState(waiting=1, given_up=0)
    assert again(work) == 0, "it is not due"
    assert waits(hospital) == [1]
    make_due(hospital)
    assert again(work) == 1
    assert opaque_ones(hospital, store) == []
    assert state(hospital) == OpaqueState(0, 0)
    assert waits(hospital) == []
    found = packed(hospital, store)
    assert [rebuild_received(store, *each) for each in found] == [a_real_slice(number) for number in (1, 2, 3)]
    assert {entry.transfer_syntax_uid for _, entry in found} == {HTJ2K_LOSSLESS}
    assert len({tuple(json.loads(read_json(store, manifest, [entry])[0])) for manifest, entry in found}) == 1
    assert {(entry.rows, entry.columns, entry.instance_number) for _, entry in found} == {
        (64, 64, 1),
        (64, 64, 2),
        (64, 64, 3),
    }
    after = hospital.rows(counted), hospital.rows("SELECT sealed_instance_count, sealed_frame_count FROM series")
    assert after == before
    assert hospital.rows("SELECT version FROM study") != version, "who looks at it learns of it"


def test_what_breaks_off_again_waits_twice_as_long_for_a_week(
    hospital: Hospital, store: EncryptedStore, sealer: Sealer, work: PreparingAgain, monkeypatch: pytest.MonkeyPatch
) -> None:
    hospital.store(a_real_slice(1))
    seal(hospital, sealer)
    [key] = hospital.rows("SELECT object_key FROM pack")
    monkeypatch.setattr(sealer.confined, "call", breaks_off())
    for age, wait in (("0 hours", 1), ("3 hours", 3), ("100 hours", 100)):
        make_due(hospital, age)
        assert again(work) == 0
        assert waits(hospital) == [wait]
        assert state(hospital) == OpaqueState(1, 0)
    make_due(hospital, "8 days")
    assert again(work) == 0
    assert waits(hospital) == [None]
    assert state(hospital) == OpaqueState(waiting=0, given_up=1)
    assert hospital.rows("SELECT object_key FROM pack") == [key]
    assert [rebuild_received(store, *each) for each in packed(hospital, store)] == [a_real_slice(1)]


def test_of_several_those_that_go_are_prepared_and_the_pack_is_tried_again_for_the_others(
    hospital: Hospital, store: EncryptedStore, sealer: Sealer, work: PreparingAgain, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2):
        hospital.store(a_real_slice(number), uid=f"1.2.3.1.{number}")
    seal(hospital, sealer)
    assert opaque_ones(hospital, store) == ["1.2.3.1.1", "1.2.3.1.2"]
    make_due(hospital)
    with monkeypatch.context() as patch:
        patch.setattr(sealer.confined, "call", breaks_off("1.2.3.1.2"))
        assert again(work) == 1
    assert opaque_ones(hospital, store) == ["1.2.3.1.2"]
    assert state(hospital) == OpaqueState(1, 0)
    make_due(hospital)
    assert again(work) == 1
    assert opaque_ones(hospital, store) == []


def test_what_cannot_be_read_at_all_is_not_tried_for_ever(
    hospital: Hospital, store: EncryptedStore, sealer: Sealer, work: PreparingAgain
) -> None:
    hospital.store(a_real_slice(1))
    seal(hospital, sealer)
    [(manifest, _)] = packed(hospital, store)
    make_due(hospital)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sealer.confined, "call", lambda function, data, received: unprepared(received))
        assert again(work) == 0
    assert state(hospital) == OpaqueState(waiting=0, given_up=1)
    assert packed(hospital, store)[0][0].key == manifest.key


def test_packs_from_before_are_looked_at_once(
    hospital: Hospital, store: EncryptedStore, sealer: Sealer, work: PreparingAgain
) -> None:
    """What the migration writes for every pack there is."""
    hospital.store(a_real_slice(1))
    assert sealer.seal_study(system_caller(hospital.caller.institution_id, "test"), STUDY) is not None
    hospital.rows("INSERT INTO opaque_pack (object_key, try_at) SELECT object_key, now() FROM pack RETURNING 1")
    [key] = hospital.rows("SELECT object_key FROM pack")
    assert state(hospital) == OpaqueState(0, 0), "nothing is known of them"
    assert again(work) == 0
    assert hospital.rows("SELECT count(*) FROM opaque_pack") == [(0,)]
    assert hospital.rows("SELECT object_key FROM pack") == [key]


def test_a_version_kept_aside_stays_aside(
    hospital: Hospital, store: EncryptedStore, sealer: Sealer, work: PreparingAgain
) -> None:
    first, other = a_real_slice(1), a_real_slice(9).replace(b"1.2.3.1.9\0", b"1.2.3.1.1\0")
    hospital.store(first)
    hospital.store(other)
    seal(hospital, sealer)
    make_due(hospital)
    assert again(work) == 2
    found = packed(hospital, store)
    assert [entry.aside_reason for _, entry in found] == [AsideReason.NONE, AsideReason.OTHER_CONTENT]
    assert [rebuild_received(store, *each) for each in found] == [first, other]


def test_text_without_a_character_set_is_read_with_the_senders(
    hospital: Hospital, store: EncryptedStore, sealer: Sealer, work: PreparingAgain
) -> None:
    name = element(0x10, 0x10, "PN", b"Sample^One")
    chinese = a_real_slice(1).replace(name, element(0x10, 0x10, "PN", "王^小东".encode("gb18030")))
    with hospital.database.transaction(hospital.caller.institution_id) as connection:
        put_sender(connection, hospital.caller.institution_id, Sender(SOURCE.calling_ae_title, "GB18030"))
    hospital.store(chinese)
    seal(hospital, sealer)
    make_due(hospital)
    assert again(work) == 1
    [(manifest, entry)] = packed(hospital, store)
    model = json.loads(read_json(store, manifest, [entry])[0])
    assert model["00100010"]["Value"] == [{"Alphabetic": "王^小东"}]
    assert rebuild_received(store, manifest, entry) == chinese


@pytest.mark.parametrize("age", ["1 hour", "8 days"])
def test_a_study_that_moves_meanwhile_is_looked_at_later(
    age: str,
    hospital: Hospital,
    store: EncryptedStore,
    sealer: Sealer,
    work: PreparingAgain,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hospital.store(a_real_slice(1))
    seal(hospital, sealer)
    [key] = hospital.rows("SELECT object_key FROM pack")

    def overtaken(*arguments: object, **keywords: object) -> None:
        raise StudyMoved("A pack that was to be replaced is gone.")

    make_due(hospital, age)
    with monkeypatch.context() as patch:
        patch.setattr(module, "seal", overtaken)
        assert again(work) == 0
    assert hospital.rows("SELECT object_key FROM pack") == [key]
    assert waits(hospital) == [1]
    for each in {head.key for head in store.list("packs")} - {str(key[0])}:
        store.delete(each)  # as sweeping does
    make_due(hospital, age)
    assert again(work) == 1


def test_a_pack_that_is_missing_or_of_a_deleted_study_holds_nobody_up(
    hospital: Hospital, store: EncryptedStore, sealer: Sealer, work: PreparingAgain
) -> None:
    hospital.store(a_real_slice(1))
    seal(hospital, sealer)
    make_due(hospital)
    hide_or_show(hospital, "now()")
    assert again(work) == 0
    assert waits(hospital) == [24]
    hide_or_show(hospital, "NULL")
    [key] = hospital.rows("SELECT object_key FROM pack")
    store.delete(str(key[0]))
    make_due(hospital)
    assert again(work) == 0
    assert waits(hospital) == [1]


def test_the_worker_does_it_with_its_own_children_and_stops_when_told(
    hospital: Hospital, store: EncryptedStore, sealer: Sealer, work: PreparingAgain
) -> None:
    hospital.store(a_real_slice(1))
    seal(hospital, sealer)
    make_due(hospital)
    stopped = threading.Event()
    stopped.set()
    assert prepare_due_packs(work, 60.0, stopped.is_set) == 0
    with Confined(processes=1, memory_bytes=1 << 31, timeout_s=60.0) as confined:
        ours = PreparingAgain(hospital.database, store, confined, work.senders)
        task = preparing_again_task(ours, "storage", threading.Event().is_set)
        task.function()
    assert opaque_ones(hospital, store) == []
    assert task.queue == "storage"
