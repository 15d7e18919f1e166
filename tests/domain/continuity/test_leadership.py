"""A site leads while the witness hears it, stops before anybody else can begin, and knows who leads instead."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.domain.conftest import Hospital, Open, a_ct_slice

from isocenter.access.caller import Caller, CallerKind
from isocenter.access.roles import Role
from isocenter.domain.continuity.leadership import Leadership
from isocenter.domain.continuity.take_over import OtherSiteLives, take_lead
from isocenter.index.institutions import Institution
from isocenter.kit.database import Database
from isocenter.kit.leading import NotLeading
from isocenter.storage.drivers import open_store
from isocenter.storage.errors import StoreAway
from isocenter.storage.facts import SigningKey
from isocenter.storage.lead import LeadEntry, LeadView, Witness
from isocenter.storage.object_store import ObjectStore

KEY = SigningKey("k1", b"1" * 32)


class Line:
    """A store behind a line that can be cut."""

    def __init__(self, store: ObjectStore) -> None:
        self.store = store
        self.cut = False

    def __getattr__(self, name: str) -> object:
        if self.cut:
            raise StoreAway("The line is cut.")
        return getattr(self.store, name)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_site_leads_while_it_is_heard_and_stops_before_another_may_begin() -> None:
    store, clock = open_store("memory:///"), Clock()
    line = Line(store)
    ours = Leadership(Witness(line, KEY), "a", 1, valid_for_s=30, clock=clock)  # type: ignore[arg-type]
    ours.step()
    ours.require()
    theirs = LeadView("b", 2, clock)
    theirs.saw(clock.now, Witness(store, KEY).latest())

    line.cut = True
    overlap = 0
    for _ in range(60):
        clock.now += 1
        ours.step()
        overlap += ours.leads() and theirs.may_be_taken()
    assert overlap == 0
    assert theirs.may_be_taken()
    with pytest.raises(NotLeading, match="does not answer"):
        ours.require()

    assert Witness(store, KEY).append(theirs.next_entry(30))
    line.cut = False
    ours.step()
    with pytest.raises(NotLeading, match="The site b leads"):
        ours.require()


def test_processes_of_one_site_share_its_renewals() -> None:
    store, clock = open_store("memory:///"), Clock()
    pair = [Leadership(Witness(store, KEY), "a", 1, valid_for_s=30, clock=clock) for _ in range(2)]
    for _ in range(120):
        for one in pair:
            one.step()
        clock.now += 1
    for one in pair:
        one.step()

    assert all(one.leads() for one in pair)
    latest = Witness(store, KEY).latest()
    assert latest is not None and latest.number <= 2 + 120 / 9, "one renewal in ten seconds, not one for each process"


def test_without_a_witness_a_higher_generation_that_is_heard_of_ends_the_lead_for_good() -> None:
    store, heard = open_store("memory:///"), []
    ours = Leadership(Witness(store, KEY), "a", 1, valid_for_s=30, renews=False, on_fenced=heard.append)
    ours.step()
    ours.require()

    Witness(store, KEY).append(LeadEntry(1, 2, "b", 30))
    ours.step()
    ours.step()

    assert [entry.site for entry in heard] == ["b"]
    assert not ours.leads()
    assert list(store.list("lead"))[-1].key.endswith("000000000001.json"), "it wrote nothing there"


def test_an_archive_acknowledges_nothing_once_the_lease_has_run_out(
    database: Database, institution: Institution, open_archive: Open, tmp_path: Path
) -> None:
    leading = [True]

    def may_write() -> None:
        if not leading[0]:
            raise NotLeading("The site b leads; send there.")

    database.may_write = may_write
    caller = Caller(CallerKind.APPLICATION_ENTITY, "SCANNER", institution.institution_id, (Role.MODALITY,))
    hospital = Hospital(open_archive(), caller, database, tmp_path)
    hospital.store(a_ct_slice(1))
    under_way = hospital.reception(uid="1.2.3.1.2")
    under_way.write(a_ct_slice(2))
    leading[0] = False

    with pytest.raises(NotLeading):
        under_way.complete()
    with pytest.raises(NotLeading):
        hospital.reception(uid="1.2.3.1.3")
    with pytest.raises(NotLeading):
        hospital.archive.writable()
    assert hospital.rows("SELECT count(*) FROM study") == [(1,)], "reading goes on"


def test_a_take_over_waits_for_the_lease_and_gives_way_to_a_site_that_lives() -> None:
    store, clock = open_store("memory:///"), Clock()
    witness = Witness(store, KEY)
    ours = Leadership(witness, "a", 1, valid_for_s=30, clock=clock)
    ours.step()

    def wait_while_a_lives(seconds: float) -> None:
        clock.now += seconds
        ours.step()

    with pytest.raises(OtherSiteLives):
        take_lead(witness, "b", 1, 30, wait=wait_while_a_lives, clock=clock)

    began = clock.now
    assert take_lead(witness, "b", 1, 30, wait=lambda s: setattr(clock, "now", clock.now + s), clock=clock) == 2
    assert 30 <= clock.now - began <= 36
    assert take_lead(witness, "b", 1, 30, clock=clock) == 2, "an attempt that was interrupted has it already"
    ours.step()
    assert not ours.leads()
