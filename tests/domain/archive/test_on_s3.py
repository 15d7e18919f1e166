"""The archive on an S3 store, opened as the processes open it: sealed, read cold, erased, reclaimed, swept."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from tests.domain.conftest import Hospital, a_ct_slice
from tests.storage.fault_proxy import fault_proxy, silence
from tests.storage.swift import CREDENTIALS, Swift, store_url

from isocenter.access.caller import system_caller
from isocenter.apps.wiring import open_bytes
from isocenter.domain.archive.erase import erase_study, facts_key_path
from isocenter.domain.archive.reclaim import Budget, reclaim_segments, sweep_orphan_packs
from isocenter.domain.archive.recompress import rebuild_received
from isocenter.domain.archive.seal import Sealer
from isocenter.index.locators import packs_of, study_places
from isocenter.kit.clock import utc_now
from isocenter.kit.settings import Settings
from isocenter.storage.credentials import credentials_file
from isocenter.storage.errors import StoreAway
from isocenter.storage.extents import Bytes
from isocenter.storage.facts import make_key_file
from isocenter.storage.manifest import read_manifest
from isocenter.storage.object_store import ObjectStore

STUDY = "1.2.3"
_prefixes = itertools.count()


@pytest.fixture
def settings(swift: Swift, tmp_path: Path, database_url: str) -> Settings:
    """A home whose packs and facts live in Swift; what opens it is in a file of the home's secrets."""
    (tmp_path / "secrets").mkdir()
    file = credentials_file(tmp_path / "secrets", "main")
    file.touch(0o600)
    file.write_text(
        f"access_key_id = {CREDENTIALS.access_key_id}\nsecret_access_key = {CREDENTIALS.secret_access_key}\n"
    )
    url = swift.url(f"archive-{next(_prefixes)}")
    return Settings(home=tmp_path, storage_url=url, database_url=database_url)


@pytest.fixture
def data(settings: Settings) -> Bytes:
    return open_bytes(settings)


@pytest.fixture
def sealer(hospital: Hospital, data: Bytes) -> Iterator[Sealer]:
    made = Sealer(database=hospital.database, data=data)
    yield made
    made.close()


def packs(hospital: Hospital) -> list[str]:
    with hospital.database.transaction(hospital.caller.institution_id) as connection:
        places = study_places(connection, STUDY)
        return [] if places is None else [pack.object_key for pack in packs_of(connection, places.study_id)]


def received(store: ObjectStore, keys: list[str]) -> dict[str, bytes]:
    """Every instance in packs as it was received."""
    manifests = [read_manifest(store, key) for key in keys]
    found = [(manifest, entry) for manifest in manifests for entry in manifest.entries()]
    return {entry.sop_instance_uid: rebuild_received(store, manifest, entry) for manifest, entry in found}


def reclaim(hospital: Hospital) -> int:
    hospital.archive.journal.roll()
    hospital.archive.journal.sync()
    hospital.archive._link.checkpoint()
    journal = hospital.home / "journal"
    return reclaim_segments(hospital.database, journal, "testnode", Budget(0, timedelta(0))).segment_count


def test_a_study_lives_and_ends_in_an_s3_store(
    hospital: Hospital, sealer: Sealer, data: Bytes, settings: Settings
) -> None:
    noise = np.random.default_rng(1)
    sent = {f"1.2.3.1.{number}": a_ct_slice(number, pixels=noise.bytes(32)) for number in range(1, 5)}
    for uid, data_set in sent.items():
        hospital.store(data_set, uid=uid)
    who = system_caller(hospital.caller.institution_id, "test")
    report = sealer.seal_study(who, STUDY)
    assert report is not None
    assert report.pack_keys == tuple(packs(hospital))
    assert list((settings.home / "staging").iterdir()) == []
    assert reclaim(hospital) == 1
    assert received(data.store, packs(hospital)) == sent
    make_key_file(facts_key_path(settings.home))
    erase_study(who, hospital.database, data.store, facts_key_path(settings.home), STUDY, reason="test")
    assert [head.key for head in data.store.list("packs")] == []
    assert len(list(data.store.list(f"facts/{who.institution_id}"))) == 1


def test_a_store_that_is_silent_leaves_everything_in_the_journal(
    hospital: Hospital, swift: Swift, settings: Settings
) -> None:
    hospital.store(a_ct_slice())
    who = system_caller(hospital.caller.institution_id, "test")
    with fault_proxy(swift.port) as proxy:
        url = store_url(proxy.endpoint, "silent", timeout="0.1")
        away = open_bytes(Settings(home=settings.home, storage_url=url, database_url=settings.database_url))
        sealer = Sealer(database=hospital.database, data=away)
        proxy.faults = [("PUT", silence)] * 9
        with pytest.raises(StoreAway):
            sealer.seal_study(who, STUDY)
        sealer.close()
    assert packs(hospital) == []
    assert hospital.rows("SELECT count(*) FROM instance") == [(1,)]
    assert reclaim(hospital) == 0


def test_an_unreadable_pack_without_a_row_is_kept(hospital: Hospital, data: Bytes) -> None:
    data.store.put("packs/ab/abcdef.tar", b"not as it was written")
    assert sweep_orphan_packs(hospital.database, data.store, now=utc_now() + timedelta(hours=2)) == 0
