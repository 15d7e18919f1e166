"""Two sites on one machine: the index follows, the store is copied, the leader is lost, the other takes over."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from bench.node import eventually, free_port
from tests.domain.conftest import SOURCE, a_ct_slice

from isocenter.access.caller import system_caller
from isocenter.apps.home import make_home
from isocenter.apps.postgres.embedded import EmbeddedPostgres
from isocenter.apps.sites.continuity import init_standby, invite, promote_home, rejoin, state_of
from isocenter.apps.sites.drilling import drill
from isocenter.apps.sites.invitation import Invitation, read_invitation, write_invitation
from isocenter.apps.sites.promotion import NoStandby
from isocenter.apps.sites.site import (
    OtherSiteLeads,
    SiteNote,
    check_leads,
    check_note,
    leadership_of,
    listening_of,
    open_database,
    other_site_of,
    site_note,
    witness_of,
    write_site_note,
)
from isocenter.apps.sites.standby import following
from isocenter.apps.wiring import open_archive, open_bytes, open_stored_objects
from isocenter.domain.archive.store import Archive
from isocenter.domain.continuity.copying import copy_lane
from isocenter.domain.continuity.evidence import EvidenceStores, drills
from isocenter.index.institutions import ensure_institution
from isocenter.index.migrate import migrate
from isocenter.index.site_changes import FIRST, PACKS, announce
from isocenter.index.sites import beat, leads, missing_objects
from isocenter.kit.database import Database
from isocenter.kit.errors import Conflict, Invalid
from isocenter.kit.leading import NotLeading
from isocenter.kit.settings import Settings
from isocenter.storage.facts import make_key_file, read_key_file
from isocenter.storage.lead import LeadEntry

WITHIN_S = 20.0


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="isocenter-sites-", dir="/var/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


def site(folder: Path, name: str, other: str) -> Settings:
    return Settings(
        home=folder / name,
        site=name,
        node=f"node-{name}",
        storage_url=(folder / f"store-{name}").as_uri(),
        second_site_url=(folder / f"store-{other}").as_uri(),
        witness_url=(folder / "witness").as_uri(),
        replication_address=f"127.0.0.1:{free_port()}",
        database_url=None,
    )


class Leader:
    """A site that leads, without its processes."""

    def __init__(self, settings: Settings) -> None:
        make_home(settings.home)
        make_key_file(settings.home / "secrets" / "facts.key")
        self.postgres = EmbeddedPostgres(settings.home, listening=listening_of(settings), durable=False)
        self.settings = replace(settings, database_url=self.postgres.start())
        assert self.settings.database_url is not None
        migrate(self.settings.database_url)
        check_leads(self.settings, self.settings.database_url)
        self.database = Database(self.settings.database_url)
        with self.database.transaction() as connection:
            self.institution = ensure_institution(connection, "Demo").institution_id
        self.caller = system_caller(self.institution, "test")

    def close(self) -> None:
        self.database.close()
        self.postgres.stop()


def store(archive: Archive, institution_id: int, number: int) -> None:
    reception = archive.reception(
        system_caller(institution_id, "test"),
        SOURCE,
        sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
        sop_instance_uid=f"1.2.3.1.{number}",
        transfer_syntax_uid="1.2.840.10008.1.2.1",
    )
    reception.write(a_ct_slice(number))
    reception.complete()


def test_a_site_is_lost_and_the_other_takes_over_with_everything_that_came(folder: Path) -> None:
    there = site(folder, "b", "a")
    leader = Leader(site(folder, "a", "b"))
    standby: EmbeddedPostgres | None = None
    try:
        invite(leader.caller, leader.settings, leader.database, "b", folder / "invitation", None)
        assert (folder / "invitation").stat().st_mode & 0o077 == 0
        note = init_standby(there, folder / "invitation")
        assert (note.role, note.leader, note.generation) == ("standby", "a", 1)
        with pytest.raises(Conflict, match="not empty"):
            init_standby(there, folder / "invitation")
        with pytest.raises(OtherSiteLeads):
            check_note(there)

        with closing(open_archive(leader.settings, leader.database, open_bytes(leader.settings, leader.database))) as a:
            store(a, leader.institution, 1)
        data = open_bytes(leader.settings, leader.database)
        data.store.put("corrections/1/one.json", b"{}")
        other = other_site_of(leader.settings, leader.database, threading.Event())
        assert other is not None
        copy_lane(other, FIRST)
        copy_lane(other, PACKS)
        with leader.database.transaction() as connection:
            beat(connection, "a", 1)
            announce(connection, "packs/ab/never-came.tar", 1000, False)

        held = drill(leader.caller, leader.settings, leader.postgres.url, count=4, tell=lambda _: None)
        assert (held["right"] > 0, held["wrong"], held["missing"]) == (True, 0, 1), held
        assert held["away"] == 1, "the journal of a host that is lost is lost with it, until it is shipped"
        assert 34 <= held["rto_s"] <= 300 and held["drill_id"] == "a-000000000001"
        assert not (leader.settings.home / "drill").exists()
        key = read_key_file(leader.settings.home / "secrets" / "facts.key")
        evidence = drills(leader.caller, EvidenceStores([open_stored_objects(leader.settings)], key))
        assert [(one.signed, one.said["passed"]) for one in evidence] == [(True, held["passed"])]

        standby = EmbeddedPostgres(there.home, listening=listening_of(there), durable=False)
        url = standby.start()
        assert eventually(lambda: following(url, "a", 1, None).beat_age_s is not None, WITHIN_S)
        assert eventually(lambda: following(url, "a", 1, None).receiving, WITHIN_S)
        seen = state_of(leader.caller, leader.settings, leader.database)
        assert seen.index is not None and seen.index.connected and not seen.alarms
        assert (seen.lag is not None and seen.lag.objects, seen.objects_copied) == (1, 1)
        assert eventually(lambda: _count(url, "SELECT count(*) FROM site_change") == 1, WITHIN_S)
        standby.stop()

        lives = leadership_of(leader.settings, 1)
        witness = witness_of(there)
        assert lives is not None and witness is not None
        latest = witness.latest()
        number = 0 if latest is None else latest.number
        assert witness.append(LeadEntry(number + 1, 1, "a", 0.2))
        leader.close()

        done = promote_home(there, other_is_down=False, tell=lambda _: None)
        taken = done["promotion"]["taken"]
        assert (taken["generation"], taken["before"], taken["missing"], done["starts"]) == (2, "a", 1, False)

        postgres = EmbeddedPostgres(there.home, listening=listening_of(there), durable=False)
        try:
            here = replace(there, database_url=postgres.start())
            check_note(here)
            with open_database(here) as database, database.transaction() as connection:
                assert [(one.generation, one.site) for one in leads(connection)] == [(2, "b"), (1, "a")]
                assert [one.object_key for one in missing_objects(connection)] == ["packs/ab/never-came.tar"]
            with open_database(here) as database:
                with closing(open_archive(here, database, open_bytes(here, database))) as archive:
                    store(archive, leader.institution, 2)
                with database.transaction(leader.institution) as connection:
                    assert connection.execute("SELECT instance_count FROM study").fetchall() == [(2,)]
            lives.step()
            with pytest.raises(NotLeading, match="The site b leads"):
                lives.require()
            with pytest.raises(OtherSiteLeads):
                check_note(leader.settings)
        finally:
            postgres.stop()
    finally:
        if standby is not None:
            standby.stop()
        leader.close()


def test_an_old_leader_comes_back_as_the_follower_and_brings_what_only_it_had(folder: Path) -> None:
    database_url = "postgresql://isocenter@nowhere.invalid/isocenter"  # a region's own; nobody asks it here
    here = replace(site(folder, "a", "b"), database_url=database_url, replication_address=None)
    make_home(here.home)
    make_key_file(here.home / "secrets" / "facts.key")
    secrets = {"facts.key": (here.home / "secrets" / "facts.key").read_bytes()}
    own, leader = open_stored_objects(here), open_stored_objects(site(folder, "b", "a"))
    own.put("corrections/1/only-here.json", b"{}")
    (here.home / "journal" / "node-a").mkdir()
    (here.home / "journal" / "node-a" / "00000001-00000001.tar").write_bytes(b"the last minute")
    write_site_note(here.home, SiteNote("fenced", "b", 2))
    invitation = Invitation("b", "a", 2, None, None, None, None, secrets)
    write_invitation(folder / "invitation", invitation)

    with pytest.raises(Invalid, match="for the site a"):
        rejoin(site(folder, "b", "a"), folder / "invitation")
    brought = rejoin(here, folder / "invitation")

    assert (brought.segments, brought.objects) == (1, 1)
    assert leader.get("aside/a-1/segments/node-a/00000001-00000001.tar") == b"the last minute"
    assert [head.key for head in own.list()] == [] and not list((here.home / "journal").iterdir())
    note = site_note(here.home)
    assert note is not None and (note.role, note.leader, note.generation) == ("standby", "b", 2)


def _count(url: str, query: str) -> int:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])


def test_nobody_takes_over_from_a_site_that_lives_or_without_being_a_standby(folder: Path) -> None:
    here = site(folder, "b", "a")
    make_home(here.home)
    with pytest.raises(NoStandby):
        promote_home(here, other_is_down=True, tell=lambda _: None)


def test_an_invitation_that_is_cut_open_to_others_or_for_another_site_is_refused(folder: Path) -> None:
    file = folder / "invitation"
    file.write_text('{"format": "isocenter-site/1", "secrets": {"../x": ""}')
    file.chmod(0o644)
    with pytest.raises(Invalid, match="chmod 600"):
        read_invitation(file)
    file.chmod(0o600)
    with pytest.raises(Invalid, match="cut"):
        read_invitation(file)
    file.write_text('{"format": "isocenter-site/1", "source": null, "secrets": {"../x": ""}}')
    with pytest.raises(Invalid):
        read_invitation(file)
