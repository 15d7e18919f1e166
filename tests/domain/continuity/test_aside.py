"""A site that was overtaken comes back (F13): what only it had is taken in or kept aside, nothing destroyed returns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.conftest import TEMPLATE, an_institution, new_database
from tests.domain.conftest import Hospital, a_ct_slice
from tests.storage.builders import bytes_in

from isocenter.access.caller import system_caller
from isocenter.apps.postgres.embedded import EmbeddedPostgres
from isocenter.domain.archive.duplicates import Holdings
from isocenter.domain.archive.store import Archive
from isocenter.domain.continuity.aside import adopt, bring_aside, kept_aside
from isocenter.domain.continuity.comparison import compare, differences
from isocenter.index.site_changes import lag_of
from isocenter.index.sites import comparisons, missing_count, note_missing
from isocenter.kit.database import Database
from isocenter.storage.drivers import open_store
from isocenter.storage.object_store import LocalObjectStore, ObjectHead, ObjectStore

BY = system_caller(0, "test")
PACK = f"packs/ab/{'ab' * 16}.tar"
FACT = "facts/1/000000000001.json"


@pytest.fixture
def leader(tmp_path: Path, database: Database) -> Iterator[Holdings]:
    """The site that leads now: its index, and the store that its objects are read from."""
    home = tmp_path / "leader"
    (home / "journal").mkdir(parents=True)
    holdings = Holdings(database, bytes_in(home))
    with closing(holdings.comparisons):
        yield holdings


@pytest.fixture
def second_database_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """The index of the old leader."""
    yield from new_database(postgres, TEMPLATE)


def written_at_the_old_leader(tmp_path: Path, database_url: str, hospital: Hospital) -> Path:
    """The journal of a site whose last objects nobody heard of: written with an index of its own."""
    home = tmp_path / "old"
    (home / "journal").mkdir(parents=True)
    with closing(Database(database_url)) as apart:
        an_institution(apart, "Demo")
    with (
        closing(Database(database_url)) as apart,
        closing(Archive(data=bytes_in(home), node="old", database=apart, max_object_bytes=1 << 20)) as archive,
    ):
        there = Hospital(archive, hospital.caller, apart, home)
        there.store(a_ct_slice(7, study="9.9", series="9.9.1"), uid="9.9.1.7")
    return home


def test_what_was_acknowledged_and_never_heard_of_is_taken_in(
    tmp_path: Path, hospital: Hospital, leader: Holdings, second_database_url: str
) -> None:
    old = written_at_the_old_leader(tmp_path, second_database_url, hospital)
    own, theirs = LocalObjectStore(tmp_path / "own"), leader.store
    assert hospital.rows("SELECT count(*) FROM study WHERE study_instance_uid = '9.9'") == [(0,)]

    brought = bring_aside(old / "journal", own, theirs, "a", 1, None)
    assert (brought.segments, brought.objects) == (1, 0)
    assert kept_aside(theirs) == ["a-1"]
    assert bring_aside(old / "journal", own, theirs, "a", 1, None).segments == 1, "an interrupted one is repeated"

    (adopted,) = adopt(BY, leader, theirs)
    assert (adopted.members, adopted.recorded, adopted.segments) == (1, 1, 1)
    assert hospital.rows("SELECT instance_count FROM study WHERE study_instance_uid = '9.9'") == [(1,)]
    assert kept_aside(theirs) == [] and adopt(BY, leader, theirs) == []


def test_missing_objects_come_back_strangers_stay_aside_and_facts_of_the_loser_do_not_count(
    tmp_path: Path, database: Database, leader: Holdings
) -> None:
    own, theirs = LocalObjectStore(tmp_path / "own"), leader.store
    for store in (own, theirs):
        store.put("audit/1/same.json", b"same")
    own.put(PACK, b"the pack that had not come")
    own.put("packs/cd/unheard-of.tar", b"sealed when nobody heard")
    own.put(FACT, b"what the loser wrote")
    theirs.put(FACT, b"what the leader wrote")
    own.put("keys/1/data/aa/gone.0001.key", b'{"object":"packs/zz/destroyed.tar"}')
    with database.transaction() as connection:
        note_missing(connection, 2, [(PACK, 26)])

    brought = bring_aside(tmp_path / "none", own, theirs, "a", 1, None)
    assert brought.by_folder == {"facts": 1, "keys": 1, "packs": 2}
    assert [head.key for head in own.list()] == ["audit/1/same.json"]

    (adopted,) = adopt(BY, leader, theirs)
    assert (adopted.restored, adopted.destroyed, adopted.left) == (1, 1, {"facts": 1, "packs": 1})
    assert (theirs.get(PACK), theirs.get(FACT)) == (b"the pack that had not come", b"what the leader wrote")
    assert theirs.get(f"aside/a-1/{FACT}") == b"what the loser wrote"
    with database.transaction() as connection:
        assert missing_count(connection) == 0
        assert comparisons(connection)[0].account["restored"] == 1


def test_both_stores_are_compared_and_mended(database: Database) -> None:
    ours, theirs = open_store("memory:///"), open_store("memory:///")
    for store in (ours, theirs):
        store.put("facts/1/a", b"same")
    ours.put("facts/1/b", b"only here")
    theirs.put("facts/1/c", b"only there")
    ours.put("facts/1/d", b"12345")
    theirs.put("facts/1/d", b"1234")
    ours.put("facts/1/e", b"rotten")
    theirs.put("facts/1/e", b"r0tten")
    theirs.put("lead/000000000001.json", b"of one site")

    by_size = compare(BY, database, ours, theirs, digests=False, mend=False)
    assert (by_size.same, by_size.only_ours, by_size.only_theirs, by_size.different) == (2, 1, 1, 1)
    by_digest = compare(BY, database, ours, theirs, digests=True, mend=True)
    assert (by_digest.different, by_digest.mended, by_digest.equal) == (2, 3, False)
    with database.transaction() as connection:
        assert lag_of(connection).objects == 3
        assert [one.digests for one in comparisons(connection)] == [True, False]
    assert compare(BY, database, ours, theirs, digests=False, mend=False).waiting == 2


def test_a_comparison_of_nothing_finds_nothing() -> None:
    empty: ObjectStore = open_store("memory:///")
    assert [one for one in differences(empty, empty, digests=True) if not isinstance(one, ObjectHead)] == []
