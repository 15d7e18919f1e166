"""Every copy is read again; what is not sound is mended from another, and what cannot be mended is told."""

from __future__ import annotations

import shutil
from datetime import timedelta

import pytest
from tests.domain.placement.conftest import Region, rot

from isocenter.domain.placement.placing import Shift
from isocenter.domain.placement.scrub import Scrub, ScrubReport
from isocenter.domain.placement.storages import ask_verification
from isocenter.index import copies
from isocenter.kit.clock import utc_now
from isocenter.storage.copying import Pace
from isocenter.storage.errors import NoSuchObject
from isocenter.storage.object_store import LocalObjectStore

HARM = ("rotten", "cut", "vanished")


@pytest.fixture
def warm(region: Region) -> int:
    """A second storage where every pack has a copy."""
    storage_id = region.storage("warm").storage_id
    region.policy(1, storage_id)
    return storage_id


def scrub(region: Region, *, days: int = 0, **how: object) -> ScrubReport:
    before = utc_now() + timedelta(seconds=1) - timedelta(days=days)
    return Scrub(region.work, before, Shift.of(60), **how).run()  # type: ignore[arg-type]


def harm(store: LocalObjectStore, key: str, how: str) -> None:
    path = store.local_path(key)
    assert path is not None
    if how == "rotten":
        rot(store, key)
    elif how == "cut":
        path.write_bytes(path.read_bytes()[:3])
    elif how == "vanished":
        path.unlink()


def test_sound_copies_are_read_once_in_their_time(region: Region, warm: int) -> None:
    keys = [region.pack(bytes([number]) * 100) for number in range(3)]
    region.place()
    report = scrub(region)
    assert (report.read, report.read_bytes, report.sound) == (6, 600, True)
    assert scrub(region, days=30).read == 0
    ask_verification(region.caller, region.database, warm)
    assert scrub(region, days=30).read == 3
    assert scrub(region, days=30).read == 0
    assert scrub(region, storage_id=warm).read == 3
    assert all(region.copies(key) == {1: "verified", warm: "verified"} for key in keys)


def test_copies_that_are_not_sound_are_mended_from_the_others(region: Region, warm: int) -> None:
    harmed = [(where, how, region.pack(f"{where} {how}".encode())) for where in ("primary", "warm") for how in HARM]
    region.place()
    for where, how, key in harmed:
        harm(region.folder(where), key, how)
    report = scrub(region)
    assert (report.damaged, report.missing, report.repaired, report.lost, report.sound) == (4, 2, 6, [], True)
    for where, how, key in harmed:
        assert region.folder(where).get(key) == f"{where} {how}".encode()
        assert region.copies(key) == {1: "verified", warm: "verified"}
    found = region.sql("SELECT problem, outcome, count(*) FROM scrub_finding GROUP BY 1, 2 ORDER BY 1")
    assert found == [("damaged", "repaired", 4), ("missing", "repaired", 2)]
    assert scrub(region).damaged == 0


def test_an_object_without_a_sound_copy_is_told_once_and_ended_when_it_is_sound_again(
    region: Region, warm: int
) -> None:
    key = region.pack(b"what was written")
    region.pack(b"another")
    region.place()
    for name in ("primary", "warm"):
        rot(region.folder(name), key)
    report = scrub(region)
    assert (report.lost, report.sound) == ([key], False)
    assert scrub(region).lost == [key, key]
    assert region.sql("SELECT kind, subject FROM storage_alarm WHERE ended_at IS NULL") == [("copy-lost", key)]
    assert region.sql("SELECT outcome FROM scrub_finding ORDER BY finding_id") == [
        ("not-repaired",),
        ("no-sound-copy",),
    ]
    rot(region.folder("warm"), key)
    scrub(region)
    region.place()
    assert scrub(region).sound
    assert region.primary.get(key) == b"what was written"
    assert region.sql("SELECT kind FROM storage_alarm WHERE ended_at IS NULL") == []


def test_a_pack_that_no_storage_has_is_told_and_sound_again_when_it_is_brought_back(region: Region) -> None:
    key = region.pack(b"what was written")
    region.pack()
    region.primary.delete(key)
    region.place()
    assert region.sql("SELECT kind, subject, detail ->> 'problem' FROM storage_alarm") == [
        ("copy-lost", key, "missing")
    ]
    assert scrub(region).lost == [key]
    region.unproven[key] = b"what was written"
    region.primary.put(key, b"something else")
    assert scrub(region).lost == [key]
    region.primary.delete(key)
    region.primary.put(key, b"what was written")
    assert scrub(region).sound
    assert region.copies(key) == {1: "verified"}
    assert region.sql("SELECT kind FROM storage_alarm WHERE ended_at IS NULL") == []


def test_only_telling_mends_nothing(region: Region, warm: int) -> None:
    key = region.pack()
    region.pack()
    region.place()
    rot(region.folder("warm"), key)
    report = scrub(region, repair=False)
    assert (report.damaged, report.repaired, report.sound) == (1, 0, False)
    assert region.copies(key) == {1: "verified", warm: "damaged"}


def test_what_a_reader_found_wanting_is_looked_at_first(region: Region, warm: int) -> None:
    key = region.pack(b"0123456789")
    region.pack()
    region.place()
    harm(region.primary, key, "cut")
    assert region.places.get_range(key, 0, 10) == b"0123456789"
    assert region.sql("SELECT storage_id, object_key, reason FROM suspect_copy") == [(1, key, "damaged")]
    report = scrub(region, days=30)
    assert (report.read, report.repaired) == (1, 1)
    assert region.sql("SELECT * FROM suspect_copy") == []
    assert region.primary.get(key) == b"0123456789"


def test_a_folder_that_vanished_is_away_and_nothing_is_written_into_its_place(region: Region, warm: int) -> None:
    key = region.pack()
    region.place()
    shutil.move(region.root / "warm", region.root / "elsewhere")
    region.reopen()
    report = scrub(region)
    assert (report.read, report.away, report.sound) == (1, 1, False)
    assert not (region.root / "warm").exists()
    (region.root / "warm").mkdir()
    region.reopen()
    assert scrub(region).away == 1
    assert list((region.root / "warm").iterdir()) == []
    shutil.rmtree(region.root / "warm")
    shutil.move(region.root / "elsewhere", region.root / "warm")
    region.reopen()
    assert scrub(region).sound
    assert region.copies(key) == {1: "verified", warm: "verified"}


def test_an_empty_primary_is_away_and_not_filled(region: Region, warm: int) -> None:
    key = region.pack()
    region.place()
    shutil.move(region.root / "primary", region.root / "elsewhere")
    (region.root / "primary").mkdir()
    assert scrub(region).away == 1
    with pytest.raises(NoSuchObject):
        region.primary.get(key)
    assert region.copies(key) == {1: "verified", warm: "verified"}


def test_everything_is_verified_also_what_nobody_had_counted(region: Region) -> None:
    keys = [region.pack(), region.pack()]
    report = Scrub(region.work, utc_now() + timedelta(seconds=5), Shift.of(60)).run_on_everything()
    assert (report.registered, report.read, report.sound) == (2, 2, True)
    assert all(region.copies(key) == {1: "verified"} for key in keys)


def test_a_shift_that_is_over_says_that_it_did_not_finish(region: Region) -> None:
    region.pack()
    region.place()
    report = Scrub(region.work, utc_now(), Shift.of(0)).run()
    assert (report.read, report.finished, report.sound) == (0, False, False)


def test_what_another_works_on_is_left_to_it(region: Region) -> None:
    key = region.pack()
    region.place()
    with copies.one_at_a_time(region.database, key) as mine:
        assert mine
        assert scrub(region).busy == 1
    assert scrub(region).read == 1


def test_reading_keeps_its_pace(region: Region) -> None:
    waits: list[float] = []
    now = [0.0]

    def wait(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    for _ in range(4):
        region.pack(b"x" * 500)
    region.place()
    scrub(region, pace=Pace(1000, clock=lambda: now[0], wait=wait))
    assert sum(waits) == pytest.approx(2.0)
