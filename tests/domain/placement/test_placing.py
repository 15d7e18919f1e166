"""Copies are written where policies want them, and leave only when the others are sound."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from tests.domain.placement.conftest import Region, rot

from isocenter.domain.placement import placing
from isocenter.domain.placement.placing import leave_storage, write_copy
from isocenter.domain.placement.policies import wanted_storages
from isocenter.index.copies import PlacedPack
from isocenter.index.deletions import see_deleted
from isocenter.index.storages import PlacementPolicy
from isocenter.kit.clock import utc_now
from isocenter.storage.copying import copy_object
from isocenter.storage.errors import NoSuchObject, StoreAway
from isocenter.storage.object_store import LocalObjectStore


def test_the_first_copy_is_written_down_and_others_follow_the_policies(region: Region) -> None:
    warm = region.storage("warm").storage_id
    key = region.pack(b"content")
    assert region.place().registered == 1
    assert region.copies(key) == {1: "verified"}
    region.policy(1, warm)
    assert region.place().written == 1
    assert region.copies(key) == {1: "verified", warm: "verified"}
    assert region.folder("warm").get(key) == b"content"
    digests = {(row.size_bytes, row.digest) for row in region.rows(key)}
    assert len(digests) == 1
    assert region.place() == placing.Placed()


def test_a_pack_leaves_when_its_new_copy_is_verified_and_comes_back_when_it_is_used(region: Region) -> None:
    cold = region.storage("cold", role="cold").storage_id
    region.policy(cold, unused_for_days=30)
    old, new = region.pack(b"old", days_old=40), region.pack(b"new")
    assert region.move().left == 0
    region.place()
    assert region.primary.get(old) == b"old"
    assert region.move().left == 1
    assert (region.copies(old), region.copies(new)) == ({cold: "verified"}, {1: "verified"})
    with pytest.raises(NoSuchObject):
        region.primary.get(old)
    assert region.places.get(old) == b"old"
    region.sql("INSERT INTO study_use VALUES (isocenter_institution(), '1.2.1', %s)", date.today())
    region.place()
    region.move()
    assert region.copies(old) == {1: "verified"}
    assert region.primary.get(old) == b"old"


def test_nothing_leaves_a_place_when_the_other_copy_is_rotten(region: Region) -> None:
    cold = region.storage("cold").storage_id
    region.policy(cold)
    key = region.pack(b"the only sound copy")
    region.place()
    rot(region.folder("cold"), key)
    region.sql("UPDATE object_copy SET verified_at = now() - interval '2 days'")
    assert region.move().failed == 1
    assert region.copies(key) == {1: "verified", cold: "damaged"}
    assert region.primary.get(key) == b"the only sound copy"
    assert region.sql("SELECT object_key FROM suspect_copy") == [(key,)]
    region.place()
    region.move()
    assert region.copies(key) == {cold: "verified"}
    assert region.places.get(key) == b"the only sound copy"


def test_a_copy_that_vanished_lately_is_noticed_before_another_leaves(region: Region) -> None:
    cold = region.storage("cold").storage_id
    region.policy(cold)
    key = region.pack()
    region.place()
    region.folder("cold").delete(key)
    assert region.move().left == 0
    assert region.copies(key) == {1: "verified", cold: "damaged"}


def test_a_writer_that_was_killed_is_finished_by_the_next(region: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    warm = region.storage("warm").storage_id
    region.policy(1, warm)
    key = region.pack()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(placing, "copy_object", killed)
        region.place()
    assert region.copies(key) == {1: "verified", warm: "writing"}
    region.place()
    assert region.copies(key) == {1: "verified", warm: "verified"}


def test_a_pack_that_is_erased_while_it_is_copied_leaves_no_copy(
    region: Region, monkeypatch: pytest.MonkeyPatch
) -> None:
    warm = region.storage("warm").storage_id
    key = region.pack()
    region.place()

    def erased_meanwhile(*arguments: object) -> object:
        content = copy_object(*arguments)  # type: ignore[arg-type]
        region.forget(key)
        region.places.delete(key)
        region.folder("warm").put(key, b"comes late")
        return content

    monkeypatch.setattr(placing, "copy_object", erased_meanwhile)
    assert not write_copy(region.work, region.institution_id, key, warm)
    for name in ("primary", "warm"):
        with pytest.raises(NoSuchObject):
            region.folder(name).get(key)


def test_what_retains_gives_nothing_up(region: Region) -> None:
    immutable = region.storage("immutable", retain_days=30).storage_id
    region.policy(immutable)
    key = region.pack()
    region.place()
    region.sql("UPDATE placement_policy SET active = false")
    region.place()
    assert region.move().left == 0
    assert not leave_storage(region.work, region.institution_id, key, immutable, (1,))
    assert region.copies(key) == {1: "verified", immutable: "verified"}
    assert region.folder("immutable").get(key) == b"a pack"


def test_a_storage_that_is_full_takes_nothing_and_says_so(region: Region) -> None:
    warm = region.storage("warm", max_bytes=5).storage_id
    region.policy(1, warm)
    key = region.pack(b"too long")
    region.place()
    assert region.copies(key) == {1: "verified"}
    assert region.sql("SELECT kind, subject FROM storage_alarm") == [("storage-full", "warm")]


def test_a_storage_that_is_away_is_tried_again(region: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    warm = region.storage("warm").storage_id
    region.policy(1, warm)
    key = region.pack()

    def away(*_: object) -> None:
        raise StoreAway("The store is away.")

    with monkeypatch.context() as patched:
        patched.setattr(LocalObjectStore, "put_file", away)
        assert region.place().failed == 1
    assert region.place().written == 1
    assert region.copies(key) == {1: "verified", warm: "verified"}


def test_a_pack_whose_own_digests_do_not_hold_is_never_copied(region: Region) -> None:
    warm = region.storage("warm").storage_id
    region.policy(1, warm)
    key = region.pack()
    region.unproven[key] = b"what it once was"
    region.place()
    assert region.copies(key) == {1: "damaged"}
    assert region.sql("SELECT kind, subject FROM storage_alarm") == [("copy-lost", key)]


def test_an_unsound_pack_that_another_storage_has_sound_is_counted_there_and_written_anew(region: Region) -> None:
    warm = region.storage("warm").storage_id  # as after rebuilding the index: nothing is known of copies
    region.policy(1, warm)
    key = region.pack(b"rotten")
    region.unproven[key] = b"sound!"
    region.folder("warm").put(key, b"sound!")
    region.place()
    assert region.copies(key) == {1: "verified", warm: "verified"}
    assert region.primary.get(key) == b"sound!"


def test_packs_of_deleted_studies_are_placed_too(region: Region) -> None:
    warm = region.storage("warm").storage_id
    region.policy(1, warm)
    key = region.pack()
    with region.database.transaction(region.institution_id) as connection:
        see_deleted(connection)
        connection.execute("UPDATE study SET deleted_at = now()")
    region.place()
    assert region.copies(key) == {1: "verified", warm: "verified"}


NOW = utc_now()


def a_pack(**changes: object) -> PlacedPack:
    values = {"pack_id": 1, "object_key": "packs/a", "size_bytes": 1000, "modalities": ["CT"], "used_on": None}
    values |= {"last_received_at": NOW - timedelta(days=100), "storage_ids": [1], "states": ["verified"]}
    return PlacedPack(**values | {"written": [NOW]} | changes)  # type: ignore[arg-type]


def a_policy(**changes: object) -> PlacementPolicy:
    values: dict[str, object] = dict.fromkeys(PlacementPolicy.__slots__)
    values |= {"policy_id": 1, "rank": 1, "name": "p", "storage_ids": [2], "active": True, "changed_at": NOW}
    return PlacementPolicy(**values | changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("policy", "fits"),
    [
        ({}, True),
        ({"active": False}, False),
        ({"of_institution_id": 7}, True),
        ({"of_institution_id": 8}, False),
        ({"modality": "CT"}, True),
        ({"modality": "MR"}, False),
        ({"min_bytes": 1000}, True),
        ({"min_bytes": 1001}, False),
        ({"older_than_days": 100}, True),
        ({"older_than_days": 101}, False),
        ({"unused_for_days": 100}, True),
        ({"unused_for_days": 101}, False),
    ],
)
def test_what_a_policy_asks(policy: dict[str, object], fits: bool) -> None:
    assert wanted_storages([a_policy(**policy)], 7, a_pack(), NOW) == ((2,) if fits else (1,))


def test_use_counts_and_the_first_policy_decides() -> None:
    used = a_pack(used_on=(NOW - timedelta(days=3)).date())
    unused, other = a_policy(unused_for_days=30), a_policy(storage_ids=[3, 4])
    assert wanted_storages([unused, other], 7, used, NOW) == (3, 4)
    assert wanted_storages([unused, other], 7, a_pack(), NOW) == (2,)
