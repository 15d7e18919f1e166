"""What the object store is told reaches the other site: in order, read back, and with the lag known."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from isocenter.domain.continuity.copying import OtherSite, copy_lane
from isocenter.index.site_changes import FIRST, PACKS, announce, copied, lag_of
from isocenter.index.sites import beat, newest_beat
from isocenter.kit.database import Database
from isocenter.kit.leading import NotLeading
from isocenter.storage.announced import AnnouncedStore
from isocenter.storage.drivers import open_store
from isocenter.storage.errors import NoSuchObject, StoreAway
from isocenter.storage.object_store import LocalObjectStore, ObjectStore

PACK = f"packs/ab/{'ab' * 16}.tar"
FACT = "facts/1/000000000001.json"


class Sometimes:
    """A store behind a line that is cut: nothing can be put."""

    def __init__(self, store: ObjectStore) -> None:
        self.store = store
        self.cut = True

    def __getattr__(self, name: str) -> object:
        if self.cut and name in ("put", "put_file", "delete"):
            raise StoreAway("The line is cut.")
        return getattr(self.store, name)


@pytest.fixture
def here(database: Database, tmp_path: Path) -> AnnouncedStore:
    def write_down(key: str, size: int, gone: bool) -> None:
        with database.transaction() as connection:
            announce(connection, key, size, gone)

    return AnnouncedStore(LocalObjectStore(tmp_path / "store"), write_down)


def to(database: Database, here: AnnouncedStore, other: object) -> OtherSite:
    return OtherSite(database, here.behind, other, "a", 1)  # type: ignore[arg-type]


def test_everything_that_is_made_or_removed_reaches_the_other_site(database: Database, here: AnnouncedStore) -> None:
    other = open_store("memory:///")
    here.put(FACT, b"fact")
    staged = here.staging_path()
    staged.write_bytes(b"pack" * 1000)
    here.put_file(PACK, staged)
    with database.transaction() as connection:
        lag = lag_of(connection)
    assert (lag.objects, lag.bytes, lag.stuck) == (2, 4004, 0)

    site = to(database, here, other)
    assert (copy_lane(site, FIRST), copy_lane(site, PACKS)) == (1, 1)
    assert (other.get(FACT), other.get(PACK)) == (b"fact", b"pack" * 1000)

    here.delete(PACK)
    assert copy_lane(site, PACKS) == 0, "the other site's index may still name it"
    other.head(PACK)
    copy_lane(replace(site, removed_after=timedelta()), PACKS)
    with pytest.raises(NoSuchObject):
        other.head(PACK)
    with database.transaction() as connection:
        assert lag_of(connection).objects == 0
        assert copied(connection)[:3] == (2, 4004, 1)


def test_a_line_that_is_cut_is_seen_and_loses_nothing(database: Database, here: AnnouncedStore) -> None:
    line = Sometimes(open_store("memory:///"))
    here.put(FACT, b"fact")
    site = to(database, here, line)

    assert copy_lane(site, FIRST) == 0
    with database.transaction() as connection:
        lag = lag_of(connection)
        connection.execute("UPDATE site_change SET not_before = NULL")
    assert (lag.objects, lag.stuck, lag.problem) == (1, 1, "store-away")

    line.cut = False
    assert copy_lane(site, FIRST) == 1
    assert line.store.get(FACT) == b"fact"


def test_what_was_announced_and_never_made_or_is_gone_again_holds_nothing_up(
    database: Database, here: AnnouncedStore
) -> None:
    other = open_store("memory:///")
    with database.transaction() as connection:
        announce(connection, "corrections/1/never.json", 5, False)
    here.put("corrections/1/short-lived.json", b"1")
    here.delete("corrections/1/short-lived.json")
    here.put(FACT, b"fact")
    site = replace(to(database, here, other), removed_after=timedelta())

    copy_lane(site, FIRST)
    copy_lane(site, FIRST)  # the removal waited for what came before it

    assert [head.key for head in other.list()] == [FACT]
    with database.transaction() as connection:
        assert lag_of(connection).objects == 1, "it may still be on its way"
        connection.execute("UPDATE site_change SET at = at - interval '7 hours', not_before = NULL")
    copy_lane(site, FIRST)
    with database.transaction() as connection:
        assert lag_of(connection).objects == 0


def test_an_object_that_is_made_anew_replaces_the_other_sites_at_once(database: Database, here: AnnouncedStore) -> None:
    other = open_store("memory:///")
    site = to(database, here, other)
    here.put("segments/a/00000001-00000001.tar", b"with a name that has to go")
    copy_lane(site, FIRST)
    here.delete("segments/a/00000001-00000001.tar")
    here.put("segments/a/00000001-00000001.tar", b"without")
    copy_lane(site, FIRST)

    assert other.get("segments/a/00000001-00000001.tar") == b"without"


def test_a_copy_that_rotted_on_the_way_is_made_again(database: Database, here: AnnouncedStore) -> None:
    other = open_store("memory:///")
    other.put(FACT, b"half")
    here.put(FACT, b"a whole fact")

    copy_lane(to(database, here, other), FIRST)
    assert other.get(FACT) == b"a whole fact"


def test_a_site_that_does_not_lead_writes_neither_here_nor_there(database_url: str, database: Database) -> None:
    def refuse() -> None:
        raise NotLeading("The other site leads.")

    with database.transaction() as connection:
        announce(connection, FACT, 4, False)
        beat(connection, "a", 1)
    fenced = Database(database_url, may_write=refuse)
    source, other = open_store("memory:///"), open_store("memory:///")
    source.put(FACT, b"fact")
    try:
        with pytest.raises(NotLeading):
            copy_lane(OtherSite(fenced, source, other, "a", 1), FIRST)
        with pytest.raises(NotLeading), fenced.transaction() as connection:
            beat(connection, "a", 2)
        with fenced.transaction() as connection:
            seen = newest_beat(connection)
    finally:
        fenced.close()

    assert seen is not None and seen.generation == 1, "it can still be read"
    assert list(other.list()) == []


def test_a_lead_that_ends_before_the_commit_takes_the_transaction_with_it(
    database_url: str, database: Database
) -> None:
    answers = iter([True, False])

    def once() -> None:
        if not next(answers):
            raise NotLeading("The lease ran out.")

    fenced = Database(database_url, may_write=once)
    try:
        with pytest.raises(NotLeading), fenced.transaction() as connection:
            beat(connection, "a", 1)
    finally:
        fenced.close()
    with database.transaction() as connection:
        assert newest_beat(connection) is None
