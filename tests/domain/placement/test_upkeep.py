"""Deletions reach every storage in the end; records are copied; counts, last use and alarms are true."""

from __future__ import annotations

from datetime import date, timedelta
from threading import Event

import pytest
from tests.domain.placement.conftest import Region

from isocenter.access import audit
from isocenter.access.caller import Caller, CallerKind
from isocenter.access.roles import Role
from isocenter.domain.placement.jobs import Pacing, placement_tasks
from isocenter.domain.placement.placing import Placed, Shift
from isocenter.domain.placement.scrub import Scrub
from isocenter.domain.placement.storages import overview, retire_storage
from isocenter.domain.placement.upkeep import (
    copy_records,
    count_storages,
    follow_deletions,
    leave_records,
    read_uses,
    watch,
)
from isocenter.index import storages as index
from isocenter.index.storages import Storage
from isocenter.kit.clock import utc_now
from isocenter.storage.errors import NoSuchObject, StoreAway
from isocenter.storage.object_store import LocalObjectStore

SHIFT = Shift.of(600)
FACT = "facts/{}/000000000001.json"


def storages_of(region: Region) -> dict[str, Storage]:
    with region.database.transaction() as connection:
        return {each.name: each for each in index.storages(connection)}


def test_a_deletion_reaches_a_storage_that_was_away(region: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    warm = region.storage("warm").storage_id
    region.policy(1, warm)
    key = region.pack()
    region.place()

    def away(*_: object) -> None:
        raise StoreAway("The store is away.")

    region.forget(key)
    with monkeypatch.context() as patched:
        patched.setattr(region.places.all[1].store, "delete", away)
        region.places.delete(key)
        assert follow_deletions(region.work, SHIFT) == 0
    assert region.folder("warm").get(key) == b"a pack"
    assert follow_deletions(region.work, SHIFT) == 1
    with pytest.raises(NoSuchObject):
        region.folder("warm").get(key)
    assert region.sql("SELECT * FROM object_deletion") == []


def test_copies_of_erased_packs_go_with_their_rows(region: Region) -> None:
    warm = region.storage("warm").storage_id
    region.policy(1, warm)
    key = region.pack()
    region.place()
    region.forget(key)  # and whoever erased it was killed before the copies went
    assert follow_deletions(region.work, SHIFT) == 0  # a copy may be that of a pack which is about to have its row
    region.sql("UPDATE object_copy SET written_at = now() - interval '2 hours'")
    region.unknown.add(key)  # an index that is older than the storages
    assert follow_deletions(region.work, SHIFT) == 0
    assert region.folder("warm").get(key) == b"a pack"
    region.unknown.clear()
    assert follow_deletions(region.work, SHIFT) == 2
    assert region.rows(key) == []
    for name in ("primary", "warm"):
        with pytest.raises(NoSuchObject):
            region.folder(name).get(key)


def test_what_a_storage_retains_goes_when_it_may_and_a_stolen_account_cannot_hurry_it(region: Region) -> None:
    immutable = region.storage("immutable", retain_days=30)
    region.policy(1, immutable.storage_id)
    key = region.pack(b"evidence")
    region.place()
    region.forget(key)
    region.places.delete(key)
    follow_deletions(region.work, SHIFT)
    assert region.folder("immutable").get(key) == b"evidence"
    [(kept_until,)] = region.sql("SELECT kept_until FROM object_deletion")
    assert timedelta(days=29) < kept_until - utc_now() < timedelta(days=31)
    assert follow_deletions(region.work, SHIFT) == 0
    region.sql("UPDATE storage SET retain_days = 0 WHERE storage_id = %s", immutable.storage_id)
    region.sql("UPDATE object_deletion SET kept_until = now()")
    region.reopen()
    assert follow_deletions(region.work, SHIFT) == 1
    with pytest.raises(NoSuchObject):
        region.folder("immutable").get(key)


def test_records_are_copied_where_they_are_taken_and_mended_at_home(region: Region) -> None:
    region.storage("packs-only")
    safe = region.storage("safe", takes_records=True).storage_id
    fact = FACT.format(region.institution_id)
    region.places.put(fact, b"a fact")
    region.places.put("other/1/x.json", b"no record")
    done = Placed()
    copy_records(region.work, SHIFT, done)
    assert done.written == 1
    assert region.copies(fact) == {1: "verified", safe: "verified"}
    region.primary.delete(fact)
    assert region.places.get(fact) == b"a fact"
    report = Scrub(region.work, utc_now() + timedelta(seconds=1), SHIFT).run()
    assert (report.missing, report.repaired) == (1, 1)
    assert region.primary.get(fact) == b"a fact"
    again = Placed()
    copy_records(region.work, SHIFT, again)
    assert again == Placed()
    retire_storage(region.caller, region.database, safe)
    region.reopen()
    leave_records(region.work, SHIFT, again)
    assert (again.left, region.copies(fact)) == (1, {1: "verified"})
    count_storages(region.database)
    assert storages_of(region)["safe"].state == "retired"


def test_a_record_that_is_deleted_does_not_come_back(region: Region) -> None:
    region.storage("safe", takes_records=True)
    key = f"keys/{region.institution_id}/data/ab/key"
    region.places.put(key, b"a key")
    copy_records(region.work, SHIFT, Placed())
    region.places.delete(key)
    assert region.rows(key) == []
    copy_records(region.work, SHIFT, Placed())
    assert Scrub(region.work, utc_now() + timedelta(seconds=1), SHIFT).run().read == 0
    for name in ("primary", "safe"):
        with pytest.raises(NoSuchObject):
            region.folder(name).get(key)


def test_storages_are_counted_and_an_emptied_one_is_retired(region: Region) -> None:
    warm = region.storage("warm")
    region.policy(warm.storage_id)
    keys = [region.pack(b"12345"), region.pack(b"123")]
    region.place()
    region.move()
    count_storages(region.database)
    counted = storages_of(region)
    assert (counted["warm"].object_count, counted["warm"].byte_count, counted["primary"].object_count) == (2, 8, 0)
    assert counted["warm"].oldest_verified_at is not None
    region.sql("DELETE FROM placement_policy")
    retire_storage(region.caller, region.database, warm.storage_id)
    region.reopen()
    region.place()
    region.move()
    count_storages(region.database)
    assert storages_of(region)["warm"].state == "retired"
    region.reopen()
    assert [place.name for place in region.places.all] == ["primary"]
    assert [region.copies(key) for key in keys] == [{1: "verified"}, {1: "verified"}]


def test_the_last_use_is_read_from_the_trail(region: Region) -> None:
    region.pack(days_old=100)
    region.pack(days_old=100)
    person = Caller(CallerKind.USER, "7", region.institution_id, (Role.RADIOLOGIST,), "today")
    audit.study_opened(region.database, person, "1.2.2")
    audit.study_opened(region.database, person, "1.2.404")
    read_uses(region.database)
    assert region.sql("SELECT study_instance_uid, used_on FROM study_use") == [("1.2.2", utc_now().date())]
    assert read_uses(region.database) == 0
    assert region.sql("SELECT used_on FROM study_use") == [(date.today(),)]


def test_deleting_in_masses_raises_an_alarm_and_our_own_jobs_do_not(region: Region) -> None:
    person = Caller(CallerKind.USER, "7", region.institution_id, (Role.ADMINISTRATOR,), "today")
    for caller, count in ((person, 4), (region.caller, 10)):
        with region.database.transaction(region.institution_id) as connection:
            for number in range(count):
                audit.record(connection, caller, audit.Action.STUDY_DELETED, f"1.2.{number}")
    watch(region.work, 5)
    assert region.sql("SELECT kind FROM storage_alarm") == []
    watch(region.work, 4)
    [(kind, subject, detail)] = region.sql("SELECT kind, subject, detail FROM storage_alarm")
    assert (kind, subject, detail) == ("mass-deletion", str(region.institution_id), {"studies": 4})
    elsewhere = Caller(CallerKind.USER, "8", region.institution_id + 1, (Role.ADMINISTRATOR,))
    assert [alarm.kind for alarm in overview(person, region.database).alarms] == ["mass-deletion"]
    assert overview(elsewhere, region.database).alarms == []
    watch(region.work, 5)
    assert region.sql("SELECT kind FROM storage_alarm WHERE ended_at IS NULL") == []


def test_a_storage_that_is_away_and_deletions_that_wait_raise_alarms(region: Region) -> None:
    region.storage("warm")
    (region.root / "warm" / "isocenter-storage.json").rename(region.root / "marker")
    region.reopen()
    region.sql("INSERT INTO object_deletion VALUES ('packs/ab/ab.tar', 2, now() - interval '2 days')")
    watch(region.work, 100)
    lasting = region.sql("SELECT kind, subject FROM storage_alarm WHERE ended_at IS NULL ORDER BY kind")
    assert lasting == [("deletions-late", "warm"), ("storage-away", "warm")]
    (region.root / "marker").rename(region.root / "warm" / "isocenter-storage.json")
    region.reopen()
    follow_deletions(region.work, SHIFT)
    watch(region.work, 100)
    assert region.sql("SELECT kind FROM storage_alarm WHERE ended_at IS NULL") == []
    assert isinstance(region.places.all[1].store, LocalObjectStore)


def test_the_worker_does_all_of_it_and_ends_when_it_is_told_to(region: Region) -> None:
    key = region.pack()
    stop = Event()

    def work(bytes_per_s: int) -> None:
        for task in placement_tasks(region.work, Pacing(bytes_per_s, timedelta(days=30), 100), stop):
            task.function()

    work(0)  # never scrubbed, and one storage: nobody needs to know the copy
    assert region.rows(key) == []
    work(1 << 40)
    assert region.copies(key) == {1: "verified"}
    assert storages_of(region)["primary"].object_count == 1
    stop.set()
    region.storage("warm")
    region.policy(1, 2)
    work(1 << 40)
    assert region.copies(key) == {1: "verified"}
