"""Storages and policies as administrators change them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.domain.placement.conftest import Region

from isocenter.access.caller import Caller, CallerKind
from isocenter.access.roles import Role
from isocenter.domain.placement.errors import (
    InvalidPolicy,
    InvalidStorage,
    StorageInUse,
    UnknownPolicy,
    UnknownStorage,
)
from isocenter.domain.placement.policies import add_policy, change_policy, list_policies, remove_policy
from isocenter.domain.placement.register import MARKER, REFRESH_S, Register
from isocenter.domain.placement.storages import (
    Opening,
    add_storage,
    change_storage,
    overview,
    retire_storage,
    storage_named,
    try_storage,
)
from isocenter.index.storages import PolicyExists, StorageExists
from isocenter.kit.database import Database
from isocenter.kit.errors import Refused
from isocenter.storage.errors import StoreAway
from isocenter.storage.object_store import ObjectStore
from isocenter.storage.places import Unopened


def add(region: Region, **values: object) -> Any:
    (region.root / "warm").mkdir(exist_ok=True)
    given = {"name": "warm", "url": region.url("warm"), "role": "warm"} | values
    return add_storage(region.caller, region.database, region.open_storage, given)


def test_a_storage_is_marked_listed_tried_and_retired(region: Region) -> None:
    made = add(region, retain_days=7, max_bytes=1 << 30)
    marker = json.loads(region.folder("warm").get(MARKER))
    assert (marker["name"], marker["storage_id"], marker["marker"]) == ("warm", made.storage_id, made.marker)
    assert [each.name for each in overview(region.caller, region.database).storages] == ["primary", "warm"]
    steps = try_storage(region.caller, region.database, Opening(region.open_storage, region.primary), made.storage_id)
    assert [step.name for step in steps] == ["open", "write", "create-once", "read", "read-range", "list", "delete"]
    assert all(step.reason is None for step in steps)
    assert [head.key for head in region.folder("warm").list()] == [MARKER]
    assert retire_storage(region.caller, region.database, made.storage_id).state == "retiring"
    assert storage_named(region.caller, region.database, "warm").state == "retiring"


def test_the_primary_can_be_tried_and_neither_changed_nor_retired(region: Region) -> None:
    steps = try_storage(region.caller, region.database, Opening(region.open_storage, region.primary), 1)
    assert [step.reason for step in steps] == [None] * 7
    with pytest.raises(StorageInUse):
        retire_storage(region.caller, region.database, 1)
    with pytest.raises(StorageInUse):
        change_storage(region.caller, region.database, 1, {"role": "cold"})
    assert change_storage(region.caller, region.database, 1, {"max_bytes": 10}).max_bytes == 10


def test_a_store_that_overwrites_is_found_out(region: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    real = region.primary.put

    def overwriting(key: str, data: bytes) -> None:
        region.primary.delete(key)
        real(key, data)

    monkeypatch.setattr(region.primary, "put", overwriting)
    steps = try_storage(region.caller, region.database, Opening(region.open_storage, region.primary), 1)
    assert [(step.name, step.reason) for step in steps][-1] == ("create-once", "store-away")


def test_a_storage_that_fails_says_at_which_step(region: Region) -> None:
    made = add(region)
    (region.root / "warm" / MARKER).unlink()
    steps = try_storage(region.caller, region.database, Opening(region.open_storage, region.primary), made.storage_id)
    assert [(step.name, step.reason) for step in steps] == [("open", "store-away")]


def test_what_a_storage_cannot_be(region: Region) -> None:
    wrong: list[dict[str, object]] = [
        {"name": ""},
        {"name": "x" * 65},
        {"url": "ftp://x"},
        {"url": "file:///no/such/folder"},
        {"url": "s3://key:secret@bucket"},
        {"url": "file://relative"},
        {"url": "s3://[bucket"},
        {"url": "file:///a\0b"},
        {"credentials": "../main"},
        {"role": "tape"},
        {"retain_days": -1},
        {"max_bytes": 0},
        {"retain_days": 1, "takes_records": True},
        {"unknown": 1},
    ]
    for values in wrong:
        with pytest.raises(InvalidStorage):
            add(region, **values)
    assert len(overview(region.caller, region.database).storages) == 1


def test_a_storage_belongs_to_one_region_and_has_one_name(region: Region) -> None:
    made = add(region)
    with pytest.raises(StorageInUse):
        add(region, name="again")
    (region.root / "other").mkdir()
    with pytest.raises(StorageExists):
        add(region, url=region.url("other"))
    region.folder("other").put("somebody", b"else's")
    with pytest.raises(StorageInUse, match="begins empty"):
        add(region, name="other", url=region.url("other"))
    region.sql("DELETE FROM storage WHERE storage_id = %s", made.storage_id)
    with pytest.raises(StorageInUse, match="lies there already"):
        add(region)
    with pytest.raises(UnknownStorage):
        storage_named(region.caller, region.database, "warm")


def test_what_cannot_be_changed(region: Region) -> None:
    made = add(region, retain_days=30)
    for values in ({"url": region.url("elsewhere")}, {"retain_days": 29}, {"takes_records": True}):
        with pytest.raises(InvalidStorage):
            change_storage(region.caller, region.database, made.storage_id, values)
    changed = change_storage(region.caller, region.database, made.storage_id, {"name": "vault", "retain_days": 60})
    assert (changed.name, changed.retain_days) == ("vault", 60)
    with pytest.raises(UnknownStorage):
        change_storage(region.caller, region.database, 404, {"name": "x"})


def test_policies_are_added_changed_and_removed(region: Region) -> None:
    warm = add(region).storage_id
    made = add_policy(
        region.caller, region.database, {"name": "CT", "storage_ids": [1, warm], "modality": "ct", "min_bytes": 5}
    )
    assert (made.rank, made.modality, made.storage_ids, made.active) == (10, "CT", [1, warm], True)
    with pytest.raises(PolicyExists):
        add_policy(region.caller, region.database, {"name": "CT", "storage_ids": [1]})
    with pytest.raises(StorageInUse, match="CT"):
        retire_storage(region.caller, region.database, warm)
    changed = change_policy(region.caller, region.database, made.policy_id, {"modality": None, "unused_for_days": 90})
    assert (changed.modality, changed.unused_for_days) == (None, 90)
    remove_policy(region.caller, region.database, made.policy_id)
    assert list_policies(region.caller, region.database) == []
    with pytest.raises(UnknownPolicy):
        remove_policy(region.caller, region.database, made.policy_id)
    actions = region.sql("SELECT action FROM audit_event WHERE action LIKE 'placement%%' ORDER BY sequence")
    assert [action for (action,) in actions] == [
        "placement-policy-added",
        "placement-policy-changed",
        "placement-policy-removed",
    ]


def test_what_a_policy_cannot_be(region: Region) -> None:
    wrong: list[dict[str, object]] = [
        {"storage_ids": []},
        {"storage_ids": [1, 1]},
        {"storage_ids": [404]},
        {"storage_ids": ["1"]},
        {"modality": "C/T"},
        {"older_than_days": -1},
        {"rank": None},
        {"of_institution_id": 404},
        {"unknown": 1},
    ]
    for values in wrong:
        with pytest.raises(InvalidPolicy):
            add_policy(region.caller, region.database, {"name": "p", "storage_ids": [1]} | values)
    assert list_policies(region.caller, region.database) == []


def test_only_those_who_may_manage_storages_change_them(region: Region) -> None:
    someone = Caller(CallerKind.USER, "1", region.institution_id, (Role.ADMINISTRATOR,))
    assert overview(someone, region.database).storages
    assert list_policies(someone, region.database) == []
    with pytest.raises(Refused):
        add_storage(someone, region.database, region.open_storage, {})
    with pytest.raises(Refused):
        add_policy(someone, region.database, {})
    with pytest.raises(Refused):
        overview(Caller(CallerKind.USER, "1", region.institution_id, (Role.RADIOLOGIST,)), region.database)


def test_other_processes_see_a_new_storage_within_seconds(region: Region) -> None:
    now = [0.0]
    register = Register(region.database, region.primary, region.open_storage, clock=lambda: now[0])
    assert [place.name for place in register.places()] == ["primary"]
    add(region)
    assert [place.name for place in register.places()] == ["primary"]
    now[0] += REFRESH_S
    assert [place.name for place in register.places()] == ["primary", "warm"]


def test_without_the_database_nothing_is_missing_only_away(region: Region, database_url: str) -> None:
    gone = Database(database_url)
    gone.close()
    register = Register(gone, region.primary, region.open_storage)
    primary, unknown = register.places()
    assert primary.store is region.primary
    assert isinstance(unknown.store, Unopened)


def test_a_storage_whose_credentials_are_wrong_is_away(region: Region) -> None:
    add(region)

    def refuses(url: str, credentials: str | None) -> ObjectStore:
        raise StoreAway("The store does not know us.", url=url, credentials=credentials)

    register = Register(region.database, region.primary, refuses)
    assert isinstance(register.places()[1].store, Unopened)
