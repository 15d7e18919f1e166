"""A study that was sealed on a local disk moves to a cold S3 store, is read there, mended there, and erased there."""

from __future__ import annotations

import itertools
from contextlib import closing
from datetime import timedelta

import pytest
from tests.domain.conftest import Hospital, a_ct_slice
from tests.storage.swift import CREDENTIALS, Swift

from isocenter.access.caller import system_caller
from isocenter.apps.placement import placement_of
from isocenter.apps.wiring import open_bytes, opening_of
from isocenter.domain.archive.erase import erase_study, facts_key_path
from isocenter.domain.archive.recompress import rebuild_received
from isocenter.domain.archive.seal import Sealer
from isocenter.domain.placement.jobs import move_round, place_round
from isocenter.domain.placement.placing import Shift
from isocenter.domain.placement.policies import add_policy
from isocenter.domain.placement.scrub import Scrub
from isocenter.domain.placement.storages import add_storage, try_storage
from isocenter.domain.retention.policy import without_retention_in_a_demo
from isocenter.index.locators import packs_of, study_places
from isocenter.kit.clock import utc_now
from isocenter.kit.settings import Settings
from isocenter.storage.credentials import credentials_file
from isocenter.storage.errors import NoSuchObject
from isocenter.storage.facts import make_key_file
from isocenter.storage.manifest import read_manifest
from isocenter.storage.object_store import LocalObjectStore, ObjectStore

STUDY = "1.2.3"
_prefixes = itertools.count()


@pytest.fixture
def settings(hospital: Hospital, database_url: str) -> Settings:
    """A home on a local disk that knows how to open the region's S3 store."""
    file = credentials_file(hospital.home / "secrets", "vault")
    file.parent.mkdir(exist_ok=True)
    file.touch(0o600)
    file.write_text(
        f"access_key_id = {CREDENTIALS.access_key_id}\nsecret_access_key = {CREDENTIALS.secret_access_key}\n"
    )
    make_key_file(facts_key_path(hospital.home))
    return Settings(home=hospital.home, database_url=database_url)


def test_a_study_goes_to_the_cold_store_and_stays_whole(hospital: Hospital, settings: Settings, swift: Swift) -> None:
    sent = a_ct_slice()
    hospital.store(sent, uid="1.2.3.1.1")
    database, system = hospital.database, system_caller(hospital.caller.institution_id, "test")
    data = open_bytes(settings, database)
    with closing(Sealer(database=database, data=data)) as sealer:
        sealer.seal_study(system, STUDY)
    key = pack_of(hospital)
    primary = LocalObjectStore(settings.home / "store")
    values = {"name": "Cold", "role": "cold", "credentials": "vault", "url": swift.url(f"cold-{next(_prefixes)}")}
    cold = add_storage(system, database, opening_of(settings).open_storage, values)
    steps = try_storage(system, database, opening_of(settings), cold.storage_id)
    assert {step.reason for step in steps} == {None}
    add_policy(system, database, {"name": "All", "storage_ids": [cold.storage_id]})
    data = open_bytes(settings, database)
    work = placement_of(settings, database, data.store)
    assert place_round(work, Shift.of(60)).written == 1
    spoil(primary, key)
    assert received(data.store, key) == sent
    assert Scrub(work, utc_now() - timedelta(days=30), Shift.of(60)).run().repaired == 1
    assert received(primary, key) == sent
    assert move_round(work, Shift.of(60)).left == 1
    with pytest.raises(NoSuchObject):
        primary.head(key)
    assert received(data.store, key) == sent
    without_retention_in_a_demo(database, system)
    erase_study(system, database, data.store, facts_key_path(settings.home), STUDY, reason="a test")
    with pytest.raises(NoSuchObject):
        data.store.head(key)


def pack_of(hospital: Hospital) -> str:
    with hospital.database.transaction(hospital.caller.institution_id) as connection:
        places = study_places(connection, STUDY)
        assert places is not None
        [pack] = packs_of(connection, places.study_id)
    return pack.object_key


def spoil(store: LocalObjectStore, key: str) -> None:
    """Flip a byte of the only image in a pack."""
    [entry] = read_manifest(store, key).entries()
    path = store.local_path(key)
    assert path is not None
    assert entry.pixel_value_offset is not None
    data = bytearray(path.read_bytes())
    data[entry.pixel_value_offset + 2] ^= 0xFF
    path.write_bytes(data)


def received(store: ObjectStore, key: str) -> bytes:
    manifest = read_manifest(store, key)
    [entry] = manifest.entries()
    return rebuild_received(store, manifest, entry)
