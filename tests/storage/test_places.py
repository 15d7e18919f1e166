"""Several storages read as one: what falls back, what is passed over, what a deletion reaches."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from isocenter.storage.drivers import open_store
from isocenter.storage.errors import Damaged, NoSuchObject, StoreAway
from isocenter.storage.object_store import LocalObjectStore, ObjectStore
from isocenter.storage.places import Place, Places, Unopened, delete_at, pass_over

PACK = "packs/ab/abcdef.tar"
FACT = "facts/1/000000000001.json"


@dataclass
class Outage:
    """A store that does not answer while it is away."""

    inner: ObjectStore
    away: bool = False
    asked: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        if name != "local_path":
            self.asked.append(name)
            if self.away:
                raise StoreAway("The object store does not answer.")
        return getattr(self.inner, name)


@dataclass
class Wrapper:
    """A store around another, as encryption is."""

    inner: object


@dataclass
class Region:
    """Three places over which one Places reads: a local primary, a local second, a remote third."""

    root: Path
    told: list[tuple[str, str]] = field(default_factory=list)
    asked: set[tuple[str, int]] = field(default_factory=set)
    now: float = 0.0
    retain_days: int = 0

    def __post_init__(self) -> None:
        self.first = Outage(LocalObjectStore(self.root / "first"))
        self.second = Outage(LocalObjectStore(self.root / "second"))
        self.third = Outage(open_store("memory:///"))
        self.places = Places(
            self.open,
            deletions=self,
            doubting=lambda place, key, reason: self.told.append((place.name, f"{key} {reason}")),
            clock=lambda: self.now,
        )

    def ask(self, key: str, storage_ids: Sequence[int]) -> None:
        assert self.first.away or self.first.head(key)  # written down before anything is gone
        self.asked |= {(key, storage_id) for storage_id in storage_ids}

    def done(self, key: str, storage_id: int) -> None:
        self.asked.remove((key, storage_id))

    def is_asked(self, key: str, storage_id: int) -> bool:
        return (key, storage_id) in self.asked

    def open(self) -> Sequence[Place]:
        return (
            Place(1, "first", "hot", self.first),
            Place(2, "second", "warm", self.second, retain_days=self.retain_days),
            Place(3, "third", "cold", self.third),
        )


@pytest.fixture
def region(tmp_path: Path) -> Region:
    return Region(tmp_path)


def test_objects_are_born_in_the_first_place_and_read_wherever_they_lie(region: Region) -> None:
    region.places.put(PACK, b"pack")
    assert region.first.get(PACK) == b"pack"
    region.third.put("packs/cd/cd.tar", b"cold pack")
    assert region.places.get("packs/cd/cd.tar") == b"cold pack"
    assert region.places.get_range("packs/cd/cd.tar", 5, 4) == b"pack"
    assert region.places.get_ranges("packs/cd/cd.tar", [(0, 4), (8, 1)]) == [b"cold", b"k"]
    assert region.places.head("packs/cd/cd.tar").size == 9
    with pytest.raises(NoSuchObject):
        region.places.get("packs/ef/ef.tar")


def test_the_second_read_goes_straight_to_where_the_first_found_it(region: Region) -> None:
    region.third.put(PACK, b"cold")
    region.places.get(PACK)
    region.first.asked.clear()
    region.places.get(PACK)
    assert region.first.asked == []
    region.third.delete(PACK)
    region.first.put(PACK, b"cold")
    assert region.places.get(PACK) == b"cold"


def test_a_place_that_is_away_is_passed_over_and_asked_last_for_a_while(region: Region) -> None:
    region.first.put(PACK, b"pack")
    region.third.put(PACK, b"pack")
    region.first.away = True
    assert region.places.get(PACK) == b"pack"
    region.third.delete(PACK)
    region.first.away, region.first.asked = False, []
    region.second.put("packs/cd/cd.tar", b"2")
    assert region.places.get("packs/cd/cd.tar") == b"2"
    assert region.first.asked == []
    region.now = 11.0
    region.places.get("packs/cd/cd.tar")
    assert region.places.get(PACK) == b"pack"


def test_an_object_that_only_a_place_that_is_away_may_have_is_away_and_not_missing(region: Region) -> None:
    region.second.away = True
    with pytest.raises(StoreAway):
        region.places.get(PACK)
    with pytest.raises(StoreAway):
        region.places.head(PACK)


def test_a_copy_that_is_too_short_is_passed_over_and_reported(region: Region) -> None:
    region.first.put(PACK, b"pa")
    region.third.put(PACK, b"pack")
    assert region.places.get_range(PACK, 0, 4) == b"pack"
    assert region.told == [("first", f"{PACK} damaged")]
    region.third.delete(PACK)
    with pytest.raises(Damaged):
        region.places.get_range(PACK, 0, 4)


def test_a_disk_that_cannot_be_read_is_passed_over(region: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    region.third.put(PACK, b"pack")

    def fails(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(region.first.inner, "get", fails)
    assert region.places.get(PACK) == b"pack"
    assert region.told == [("first", f"{PACK} damaged")]
    region.third.delete(PACK)
    with pytest.raises(Damaged):
        region.places.get(PACK)


def test_a_copy_with_wrong_bytes_is_passed_over_until_it_was_mended(region: Region) -> None:
    region.first.put(PACK, b"rotten")
    assert not region.places.pass_over(PACK)
    region.now = 601.0
    region.third.put(PACK, b"sound!")
    assert region.places.get(PACK) == b"rotten"
    assert pass_over(Wrapper(Wrapper(region.places)), PACK)  # type: ignore[arg-type]
    assert region.places.get(PACK) == b"sound!"
    assert region.places.local_path(PACK) is None
    assert region.told == [("first", f"{PACK} unsound")] * 2
    assert not region.places.pass_over(PACK)
    region.now = 1300.0
    assert region.places.get(PACK) == b"rotten"
    assert not pass_over(LocalObjectStore(region.root / "alone"), PACK)


def test_a_local_copy_is_a_file_and_a_remote_one_is_not(region: Region) -> None:
    region.second.put(PACK, b"pack")
    path = region.places.local_path(PACK)
    assert path is not None and path.read_bytes() == b"pack"
    region.third.put("packs/cd/cd.tar", b"cold")
    assert region.places.local_path("packs/cd/cd.tar") is None


def test_a_storage_that_cannot_be_opened_is_away(tmp_path: Path) -> None:
    first = LocalObjectStore(tmp_path)
    places = Places(lambda: (Place(1, "first", "hot", first), Place(2, "second", "cold", Unopened("not mounted"))))
    with pytest.raises(StoreAway, match="not mounted"):
        places.get(PACK)
    with pytest.raises(StoreAway, match="not mounted"):
        places.delete(PACK)
    first.put(PACK, b"pack")
    assert places.get(PACK) == b"pack"
    assert [head.key for head in places.list("packs")] == [PACK]


def test_one_place_alone_gives_its_file_without_a_look(tmp_path: Path) -> None:
    store = LocalObjectStore(tmp_path)
    places = Places(lambda: (Place(1, "primary", "hot", store),))
    assert places.local_path(PACK) == store.local_path(PACK)


def test_packs_are_listed_once_wherever_they_lie_and_records_where_they_are_born(region: Region) -> None:
    region.first.put(FACT, b"{}")
    region.second.put("facts/1/000000000002.json", b"{}")
    for store, keys in (
        (region.first, ("packs/ab/ab.tar", "packs/cd/cd.tar")),
        (region.third, ("packs/cd/cd.tar", "packs/ef/ef.tar")),
    ):
        for key in keys:
            store.put(key, b"x")
    packs = ["packs/ab/ab.tar", "packs/cd/cd.tar", "packs/ef/ef.tar"]
    assert [head.key for head in region.places.list("packs")] == packs
    assert [head.key for head in region.places.list("packs/cd")] == ["packs/cd/cd.tar"]
    assert [head.key for head in region.places.list()] == [FACT, *packs]
    assert [head.key for head in region.places.list("facts/1")] == [FACT]
    region.third.away = True
    assert [head.key for head in region.places.list("packs")] == packs[:2]
    region.first.away = True
    with pytest.raises(StoreAway):
        list(region.places.list("packs"))


def test_a_deletion_is_written_down_first_and_reaches_every_place_that_answers(region: Region) -> None:
    for store in (region.first, region.second, region.third):
        store.put(PACK, b"pack")
    region.third.away = True
    region.places.delete(PACK)
    assert region.asked == {(PACK, 3)}
    for store in (region.first, region.second):
        with pytest.raises(NoSuchObject):
            store.get(PACK)
    region.first.away = True
    with pytest.raises(StoreAway):
        region.places.delete(PACK)
    assert region.asked == {(PACK, 2), (PACK, 3)}


def test_a_deleted_record_does_not_come_back_from_a_place_that_was_away(region: Region) -> None:
    for store in (region.first, region.second):
        store.put(FACT, b"{}")
    region.second.away = True
    region.places.delete(FACT)
    region.second.away, region.now = False, 60.0
    assert region.second.get(FACT) == b"{}"
    with pytest.raises(NoSuchObject):
        region.places.get(FACT)
    assert region.places.local_path(FACT) is None


def test_a_place_that_retains_keeps_what_is_deleted_elsewhere(region: Region) -> None:
    region.retain_days = 30
    region.first.put(PACK, b"pack")
    region.second.put(PACK, b"pack")
    region.places.delete(PACK)
    assert region.second.get(PACK) == b"pack"
    assert region.asked == {(PACK, 2)}
    kept_until = delete_at(region.open()[1], PACK)
    assert kept_until is not None
    region.retain_days = 0
    assert delete_at(region.open()[1], PACK) is None
    assert delete_at(region.open()[1], PACK) is None
