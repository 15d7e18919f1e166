"""A certificate is written when nothing of what was erased is left, says what there was, and cannot be changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.domain.archive.unconfined import unconfined_sealer
from tests.domain.conftest import Hospital, a_ct_slice

from isocenter.access.caller import Caller, CallerKind, system_caller
from isocenter.access.roles import Role
from isocenter.domain.archive.destruction_certificate import (
    DestructionCertificate,
    ErasureWork,
    certificate_of_record,
    destruction_certificate,
    erasures,
    finish_erasures,
    signature_is_right,
)
from isocenter.domain.archive.erase import erase_study, facts_key_path
from isocenter.domain.archive.errors import NothingErased
from isocenter.index.nodes import record_shipped
from isocenter.index.site_changes import announce
from isocenter.kit.errors import Refused
from isocenter.storage.encrypted_store import EncryptedStore
from isocenter.storage.errors import NoSuchObject
from isocenter.storage.extents import Bytes
from isocenter.storage.facts import FactLog, make_key_file
from isocenter.storage.journal import JournalMember, SegmentName, read_segment, segments
from isocenter.storage.key_ring import KeyRing
from isocenter.storage.master_keys import (
    MasterKeys,
    MasterState,
    master_key_path,
    new_master_key,
    write_master_keys,
)
from isocenter.storage.object_store import LocalObjectStore, ObjectStore

STUDY = "1.2.3"


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = facts_key_path(tmp_path)
    make_key_file(path)
    return path


@pytest.fixture
def store(tmp_path: Path) -> LocalObjectStore:
    return LocalObjectStore(tmp_path / "store")


@pytest.fixture
def encrypted(tmp_path: Path, store: LocalObjectStore) -> EncryptedStore:
    path = master_key_path(tmp_path)
    write_master_keys(path, [new_master_key(MasterState.CURRENT)])
    return EncryptedStore(store, KeyRing(store, MasterKeys(path)), encrypts=True)


@pytest.fixture
def work(hospital: Hospital, store: LocalObjectStore, key_file: Path, tmp_path: Path) -> ErasureWork:
    return ErasureWork(hospital.database, store, key_file, "testnode", tmp_path / "journal", tmp_path / "replicas")


def who(hospital: Hospital) -> Caller:
    return system_caller(hospital.caller.institution_id, "test")


def erase(hospital: Hospital, work: ErasureWork, approvals: tuple[str, ...] = ()) -> int:
    arguments = (who(hospital), hospital.database, work.store, work.key_file, STUDY)
    return erase_study(*arguments, reason="the patient's wish", approvals=approvals).record_id


def certificate(hospital: Hospital, work: ErasureWork) -> DestructionCertificate:
    return destruction_certificate(who(hospital), hospital.database, work.store, work.key_file, STUDY)


def received(hospital: Hospital) -> list[str]:
    """SOP Instance UIDs that the journals still hold."""
    folder = hospital.home / "journal"
    items = [item for name in segments(folder) for item in read_segment(name.path(folder))]
    return [item.header.sop_instance_uid for item in items if isinstance(item, JournalMember)]


def seal(hospital: Hospital, store: ObjectStore) -> None:
    sealer = unconfined_sealer(hospital.database, Bytes(hospital.home / "journal", store))
    try:
        assert sealer.seal_study(who(hospital), STUDY) is not None
    finally:
        sealer.close()


def test_a_certificate_comes_when_the_journals_are_wiped(hospital: Hospital, work: ErasureWork) -> None:
    hospital.store(a_ct_slice(1))
    hospital.store(a_ct_slice(2), uid="1.2.3.1.2")
    hospital.store(a_ct_slice(1, study="4.5.6", series="4.5.6.1"), uid="4.5.6.1.1")
    erase(hospital, work, approvals=("user:7", "user:9"))
    before = certificate(hospital, work)
    assert not before.complete
    assert before.remaining == ("the journals of node testnode are not wiped yet",)
    assert finish_erasures(work) == 1
    assert finish_erasures(work) == 0
    made = certificate(hospital, work)
    assert made.complete
    assert (made.content["remaining"], made.content["approved_by"]) == ([], ["user:7", "user:9"])
    assert made.content["sop_instance_uids"] == ["1.2.3.1.1", "1.2.3.1.2"]
    assert [one["members"] for one in made.content["journals"]] == [2]
    assert received(hospital) == ["4.5.6.1.1"]
    facts = list(FactLog(work.store, hospital.caller.institution_id, work.key_file).facts())
    assert [fact.content["kind"] for fact in facts] == ["study-erased", "destruction-certified"]
    assert (facts[0].sequence, facts[0].digest) == (made.content["fact"]["sequence"], made.content["fact"]["digest"])


def test_packs_and_their_keys_are_gone_before_a_certificate_says_so(
    hospital: Hospital, work: ErasureWork, encrypted: EncryptedStore, store: LocalObjectStore
) -> None:
    work = replace(work, store=encrypted)
    hospital.store(a_ct_slice(1))
    seal(hospital, encrypted)
    [pack] = [head.key for head in store.list("packs")]
    kept = {key: store.get(key) for key in (pack, *(head.key for head in store.list("keys/1/data")))}
    assert len(kept) == 2
    record_id = erase(hospital, work)
    assert not list(store.list("packs"))
    assert not list(store.list("keys/1/data"))
    for key, data in kept.items():  # as if the deleting had been interrupted before the first of them
        store.put(key, data)
    left = certificate(hospital, work).remaining
    assert any("is still in the store" in each and "the key of" in each for each in left)
    finish_erasures(work)
    made = certificate_of_record(who(hospital), hospital.database, encrypted, work.key_file, record_id)
    assert made.complete
    assert [(one["key"], one["cipher"]) for one in made.content["objects"]] == [(pack, "aes-256-gcm")]
    assert made.content["objects"][0]["key_id"] in pack
    with pytest.raises(NoSuchObject):
        encrypted.head(pack)


def test_a_certificate_is_signed_and_a_changed_one_is_told(
    hospital: Hospital, work: ErasureWork, store: LocalObjectStore
) -> None:
    hospital.store(a_ct_slice(1))
    record_id = erase(hospital, work)
    finish_erasures(work)
    institution_id = hospital.caller.institution_id
    assert signature_is_right(store, institution_id, record_id, [work.key_file])
    [key] = [head.key for head in store.list("certificates")]
    data = store.get(key)
    store.delete(key)
    store.put(key, data.replace(b"the patient's wish", b"nobody's wish at a"))
    assert not signature_is_right(store, institution_id, record_id, [work.key_file])


def test_what_comes_again_after_the_erasing_stays_in_the_journal(hospital: Hospital, work: ErasureWork) -> None:
    hospital.store(a_ct_slice(1))
    erase(hospital, work)
    hospital.store(a_ct_slice(1))
    finish_erasures(work)
    assert received(hospital) == ["1.2.3.1.1"]


def test_only_who_may_destroy_sees_certificates(hospital: Hospital, work: ErasureWork) -> None:
    hospital.store(a_ct_slice(1))
    record_id = erase(hospital, work)
    reader = Caller(CallerKind.USER, "7", hospital.caller.institution_id, (Role.RADIOLOGIST,))
    senior = replace(reader, roles=(Role.SENIOR_RADIOLOGIST,))
    for ask in (erasures, lambda who, _: destruction_certificate(who, work.database, work.store, work.key_file, STUDY)):
        with pytest.raises(Refused):
            ask(reader, work.database)
    assert [one.record_id for one in erasures(senior, work.database)] == [record_id]
    with pytest.raises(NothingErased):
        certificate_of_record(senior, work.database, work.store, work.key_file, record_id + 1)
    with pytest.raises(NothingErased):
        destruction_certificate(senior, work.database, work.store, work.key_file, "9.9")


def test_replicas_and_copies_of_segments_are_looked_for_too(
    hospital: Hospital, work: ErasureWork, tmp_path: Path
) -> None:
    hospital.store(a_ct_slice(1))
    hospital.archive.journal.roll()
    hospital.archive.journal.sync()
    [name] = segments(tmp_path / "journal")
    replica = SegmentName("other", 1, 1).path(tmp_path / "replicas")
    replica.parent.mkdir(parents=True)
    replica.write_bytes(name.path(tmp_path / "journal").read_bytes())
    with hospital.database.transaction() as connection:
        record_shipped(connection, (name.node, name.epoch, name.sequence), 1, b"", 0)
        connection.execute("INSERT INTO node (node, home_id, version) VALUES ('away', gen_random_uuid(), '1')")
    erase(hospital, work)
    assert finish_erasures(work) == 0
    assert [type(item) for item in read_segment(replica)] == []
    assert certificate(hospital, work).remaining == (
        f"the store has a copy of {name.source} from before it was wiped",
        "the journals of node away are not wiped yet",
    )
    with hospital.database.transaction() as connection:
        record_shipped(connection, (name.node, name.epoch, name.sequence), 1, b"", 0)
        connection.execute("UPDATE node SET state = 'gone'")
    assert finish_erasures(work) == 1
    made = certificate(hospital, work)
    assert made.content["gone_nodes"] == ["away"]
    assert [one["members"] for one in made.content["journals"]] == [2]


def test_a_storage_or_a_site_that_was_not_reached_yet_is_named(
    hospital: Hospital, work: ErasureWork, encrypted: EncryptedStore, store: LocalObjectStore
) -> None:
    work = replace(work, store=encrypted)
    hospital.store(a_ct_slice(1))
    seal(hospital, encrypted)
    [key_object] = [head.key for head in store.list("keys/1/data")]
    erase(hospital, work)
    with hospital.database.transaction() as connection:
        connection.execute("INSERT INTO object_deletion (object_key, storage_id) VALUES (%s, 1)", [key_object])
        announce(connection, key_object, 0, gone=True)
    assert finish_erasures(work) == 0
    assert certificate(hospital, work).remaining == (
        f"storage primary still has {key_object}",
        f"the other site still has {key_object}",
    )
    with hospital.database.transaction() as connection:
        connection.execute("DELETE FROM object_deletion")
        connection.execute("DELETE FROM site_change")
    assert finish_erasures(work) == 1
