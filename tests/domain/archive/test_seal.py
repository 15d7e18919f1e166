"""Sealing: quiet studies become packs, whatever interrupts it, and every received byte comes back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from blake3 import blake3
from tests.domain.conftest import EXPLICIT, IMPLICIT, Hospital, a_ct_slice, element

from isocenter.access.caller import Caller, CallerKind, system_caller
from isocenter.access.roles import Role
from isocenter.domain.archive import merge as merge_module
from isocenter.domain.archive import seal as seal_module
from isocenter.domain.archive.jobs import defer_due_studies, sealing_tasks
from isocenter.domain.archive.outcome import StoreKind
from isocenter.domain.archive.reclaim import sweep_orphan_packs
from isocenter.domain.archive.recompress import rebuild_received
from isocenter.domain.archive.seal import Sealer, SealReport
from isocenter.index.locators import packs_of, study_places
from isocenter.index.sealing import StudyMoved
from isocenter.kit.confined import ConfinedFailure
from isocenter.kit.errors import Refused
from isocenter.kit.jobs import work
from isocenter.standards.dicom.transfer_syntaxes import HTJ2K_LOSSLESS
from isocenter.storage.drivers import open_store
from isocenter.storage.errors import BytesAway
from isocenter.storage.extents import Bytes
from isocenter.storage.manifest import InstanceEntry, Manifest, read_json, read_manifest
from isocenter.storage.manifest_layout import AsideReason, PackKind
from isocenter.storage.object_store import ObjectStore

STUDY = "1.2.3"


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return open_store((tmp_path / "store").as_uri())


@pytest.fixture
def sealer(hospital: Hospital, store: ObjectStore, tmp_path: Path) -> Iterator[Sealer]:
    made = Sealer(database=hospital.database, data=Bytes(tmp_path / "journal", store))
    yield made
    made.close()


def a_real_slice(number: int, **changes: object) -> bytes:
    """A CT slice of 64×64 that HTJ2K makes smaller."""
    pixels = (np.arange(64 * 64, dtype="<u2") // 16 + number).tobytes()
    small = a_ct_slice(number, pixels=pixels, **changes)  # type: ignore[arg-type]
    implicit = bool(changes.get("implicit"))
    four, wide = (element(0x28, 0x10, "US", size, implicit=implicit) for size in (b"\x04\0", b"\x40\0"))
    return small.replace(four, wide).replace(
        element(0x28, 0x11, "US", b"\x04\0", implicit=implicit), element(0x28, 0x11, "US", b"\x40\0", implicit=implicit)
    )


def seal(sealer: Sealer, hospital: Hospital) -> SealReport | None:
    return sealer.seal_study(system_caller(hospital.caller.institution_id, "test"), STUDY)


def sealed(hospital: Hospital, store: ObjectStore) -> list[tuple[Manifest, InstanceEntry]]:
    """Every instance of the study's packs, in the order of the packs."""
    with hospital.database.transaction(hospital.caller.institution_id) as connection:
        places = study_places(connection, STUDY)
        assert places is not None
        keys = [pack.object_key for pack in packs_of(connection, places.study_id)]
    manifests = [read_manifest(store, key) for key in keys]
    return [(manifest, entry) for manifest in manifests for entry in manifest.entries()]


def state(hospital: Hospital) -> str:
    return str(hospital.rows("SELECT state FROM study")[0][0])


def test_a_study_is_sealed_and_its_received_bytes_come_back(
    hospital: Hospital, sealer: Sealer, store: ObjectStore
) -> None:
    sent = {f"1.2.3.1.{number}": a_real_slice(number) for number in range(1, 4)}
    for uid, data in sent.items():
        hospital.store(data, uid=uid)
    report = seal(sealer, hospital)
    assert report is not None
    assert (report.instance_count, report.recompressed_count, report.left_open) == (3, 3, 0)
    assert report.packed_bytes < report.received_bytes
    assert state(hospital) == "sealed"
    assert hospital.rows("SELECT count(*) FROM instance") == [(0,)]
    found = sealed(hospital, store)
    assert {entry.sop_instance_uid: rebuild_received(store, manifest, entry) for manifest, entry in found} == sent
    manifest, entry = found[0]
    assert (entry.transfer_syntax_uid, entry.received_transfer_syntax_uid) == (HTJ2K_LOSSLESS, EXPLICIT)
    assert (entry.called_ae_title, entry.peer_address, entry.door) == ("ISOCENTER", "127.0.0.1", "c-store")
    assert b'"00100020":{"vr":"LO","Value":["P1"]}' in read_json(store, manifest, [entry])[0]
    assert len(manifest.frame(entry, 0) or ()) == 1


def test_implicit_objects_and_objects_without_pixels_are_sealed_too(
    hospital: Hospital, sealer: Sealer, store: ObjectStore
) -> None:
    implicit = a_real_slice(1, implicit=True)
    plain = a_ct_slice(2)[: -len(element(0x7FE0, 0x10, "OW", b"\1\2" * 16))]
    hospital.store(implicit, uid="1.2.3.1.1", syntax=IMPLICIT)
    hospital.store(plain, uid="1.2.3.1.2")
    seal(sealer, hospital)
    assert [rebuild_received(store, manifest, entry) for manifest, entry in sealed(hospital, store)] == [
        implicit,
        plain,
    ]


def test_sealing_again_changes_nothing(hospital: Hospital, sealer: Sealer) -> None:
    hospital.store(a_real_slice(1))
    assert seal(sealer, hospital) is not None
    assert seal(sealer, hospital) is None
    assert sealer.seal_study(system_caller(hospital.caller.institution_id, "test"), "9.9.9") is None


def test_only_who_may_store_may_seal(hospital: Hospital, sealer: Sealer) -> None:
    nobody = Caller(CallerKind.USER, "reader", hospital.caller.institution_id, (Role.MODALITY,))
    assert sealer.seal_study(nobody, STUDY) is None
    with pytest.raises(Refused):
        sealer.seal_study(_without_rights(hospital), STUDY)


def _without_rights(hospital: Hospital) -> Caller:
    class Nobody(Caller):
        def may(self, right: object) -> bool:
            return False

    return Nobody(CallerKind.USER, "nobody", hospital.caller.institution_id, (Role.RADIOLOGIST,))


def test_a_late_instance_becomes_a_delta_and_many_are_merged(
    hospital: Hospital, sealer: Sealer, store: ObjectStore
) -> None:
    sent = {f"1.2.3.1.{number}": a_real_slice(number) for number in range(1, 11)}
    for number in range(1, 8):
        hospital.store(sent[f"1.2.3.1.{number}"], uid=f"1.2.3.1.{number}")
    seal(sealer, hospital)
    hospital.store(sent["1.2.3.1.8"], uid="1.2.3.1.8")
    assert state(hospital) == "open"
    seal(sealer, hospital)
    assert [manifest.kind for manifest, _ in sealed(hospital, store)][-1] is PackKind.DELTA
    for number in (9, 10):
        hospital.store(sent[f"1.2.3.1.{number}"], uid=f"1.2.3.1.{number}")
    seal(sealer, hospital)
    found = sealed(hospital, store)
    assert {manifest.key for manifest, _ in found} == {found[0][0].key}
    assert found[0][0].kind is PackKind.BASE
    assert {entry.sop_instance_uid: rebuild_received(store, manifest, entry) for manifest, entry in found} == sent
    assert [head.key for head in store.list("packs")] == [found[0][0].key]
    assert state(hospital) == "sealed"


def test_duplicates_of_a_sealed_instance_are_told_apart(hospital: Hospital, sealer: Sealer) -> None:
    uid = "1.2.3.1.1"
    hospital.store(a_real_slice(1), uid=uid)
    seal(sealer, hospital)
    assert hospital.store(a_real_slice(1), uid=uid).kind is StoreKind.ALREADY_STORED
    other_encoding = a_real_slice(1, implicit=True)
    assert hospital.store(other_encoding, uid=uid, syntax=IMPLICIT).kind is StoreKind.ALREADY_STORED
    assert hospital.store(a_real_slice(2).replace(b"1.2.3.1.2", b"1.2.3.1.1"), uid=uid).kind is StoreKind.KEPT_ASIDE


def test_a_large_study_becomes_several_packs(hospital: Hospital, store: ObjectStore, tmp_path: Path) -> None:
    sealer = Sealer(database=hospital.database, data=Bytes(tmp_path / "journal", store), max_pack_bytes=6000)
    for number in range(1, 7):
        hospital.store(a_real_slice(number), uid=f"1.2.3.1.{number}")
    report = seal(sealer, hospital)
    sealer.close()
    assert report is not None
    assert len(report.pack_keys) > 1
    assert sorted(entry.ordinal for _, entry in sealed(hospital, store)) == [0, 1, 2, 3, 4, 5]
    assert state(hospital) == "sealed"


def test_a_version_kept_aside_goes_in_marked(hospital: Hospital, sealer: Sealer, store: ObjectStore) -> None:
    first, other = a_real_slice(1), a_real_slice(1, patient_id="P2")
    hospital.store(first)
    assert hospital.store(other).kind is StoreKind.KEPT_ASIDE
    seal(sealer, hospital)
    found = sealed(hospital, store)
    assert [entry.aside_reason for _, entry in found] == [AsideReason.NONE, AsideReason.OTHER_CONTENT]
    assert [rebuild_received(store, manifest, entry) for manifest, entry in found] == [first, other]
    assert found[0][0].find("1.2.3.1.1") == found[0][1]
    assert state(hospital) == "sealed"


def test_an_object_that_breaks_its_process_is_sealed_as_received(
    hospital: Hospital, sealer: Sealer, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    hospital.store(a_real_slice(1), uid="1.2.3.1.1")
    hospital.store(a_real_slice(2), uid="1.2.3.1.2")
    real = sealer.confined.call

    def breaks_on_the_second(function: object, batch: list[object]) -> object:
        if len(batch) > 1 or batch[0].uids[1] == "1.2.3.1.2":  # type: ignore[attr-defined]
            raise ConfinedFailure("The process died.", what="crashed")
        return real(function, batch)  # type: ignore[arg-type]

    monkeypatch.setattr(sealer.confined, "call", breaks_on_the_second)
    report = seal(sealer, hospital)
    assert report is not None
    assert (report.instance_count, report.recompressed_count) == (2, 1)
    found = sealed(hospital, store)
    assert rebuild_received(store, *found[1]) == a_real_slice(2)


def test_damaged_bytes_in_the_journal_stay_open_and_the_others_are_sealed(
    hospital: Hospital, sealer: Sealer, store: ObjectStore
) -> None:
    hospital.store(a_real_slice(1), uid="1.2.3.1.1")
    hospital.store(a_real_slice(2), uid="1.2.3.1.2")
    damage(hospital, "1.2.3.1.1")
    report = seal(sealer, hospital)
    assert report is not None
    assert (report.instance_count, report.left_open) == (1, 1)
    assert [entry.sop_instance_uid for _, entry in sealed(hospital, store)] == ["1.2.3.1.2"]
    assert hospital.rows("SELECT sop_instance_uid FROM instance") == [("1.2.3.1.1",)]
    assert seal(sealer, hospital) is None, "it is reported once, not every few seconds"


def damage(hospital: Hospital, uid: str) -> None:
    """Flip a byte of the pixels where the instance lies in its journal."""
    [(node, epoch, sequence, end)] = hospital.rows(
        "SELECT node, epoch, sequence, data_set_offset + data_set_length FROM instance JOIN segment USING (segment_id)"
        f" WHERE sop_instance_uid = '{uid}'"
    )
    path = hospital.home / "journal" / str(node) / f"{int(str(epoch)):08d}-{int(str(sequence)):08d}.tar"
    with path.open("r+b") as file:
        file.seek(int(str(end)) - 1)
        byte = file.read(1)[0]
        file.seek(int(str(end)) - 1)
        file.write(bytes([byte ^ 0xFF]))


def test_a_segment_that_is_elsewhere_is_tried_again_later(hospital: Hospital, sealer: Sealer) -> None:
    hospital.store(a_real_slice(1))
    for path in (hospital.home / "journal").rglob("*.tar"):
        path.rename(path.with_suffix(".away"))
    with pytest.raises(BytesAway):
        seal(sealer, hospital)
    assert state(hospital) == "open"


@pytest.mark.parametrize("step", ["put_file", "verify_pack", "put_pack_in_place"])
def test_a_seal_that_is_killed_at_any_step_loses_nothing_and_succeeds_the_next_time(
    step: str, hospital: Hospital, sealer: Sealer, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    hospital.store(a_real_slice(1))

    def killed(*arguments: object, **keywords: object) -> None:
        raise KeyboardInterrupt

    where = {"put_file": sealer._store, "verify_pack": merge_module, "put_pack_in_place": seal_module}[step]
    with monkeypatch.context() as patch:
        patch.setattr(where, step, killed)
        with pytest.raises(KeyboardInterrupt):
            seal(sealer, hospital)
    assert hospital.rows("SELECT count(*) FROM instance") == [(1,)]
    assert hospital.rows("SELECT count(*) FROM pack") == [(0,)]
    assert seal(sealer, hospital) is not None
    [(manifest, entry)] = sealed(hospital, store)
    assert rebuild_received(store, manifest, entry) == a_real_slice(1)


def test_a_study_that_moved_meanwhile_is_left_alone(
    hospital: Hospital, sealer: Sealer, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    hospital.store(a_real_slice(1))

    def overtaken(*arguments: object, **keywords: object) -> None:
        raise StudyMoved("Sealed by another.")

    monkeypatch.setattr(seal_module, "put_pack_in_place", overtaken)
    assert seal(sealer, hospital) is None
    assert hospital.rows("SELECT count(*) FROM instance") == [(1,)]
    assert sweep_orphan_packs(hospital.database, store) == 0, (
        "an orphan younger than an hour may be about to get its row"
    )


def test_quiet_studies_are_sealed_by_a_worker(
    hospital: Hospital, sealer: Sealer, database_url: str, store: ObjectStore
) -> None:
    hospital.store(a_real_slice(1))
    assert defer_due_studies(hospital.database, timedelta(hours=1)) == 0
    assert defer_due_studies(hospital.database, timedelta(seconds=-1)) == 1
    assert defer_due_studies(hospital.database, timedelta(seconds=-1)) == 0
    work(database_url, sealing_tasks(hospital.database, sealer, timedelta(seconds=-1)), wait=False)
    assert state(hospital) == "sealed"
    assert blake3(rebuild_received(store, *sealed(hospital, store)[0])).digest() == blake3(a_real_slice(1)).digest()
