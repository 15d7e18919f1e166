"""The lead: created once, signed, and never two at one time, whatever the order of looks, puts and delays."""

from __future__ import annotations

import pytest
from bench.lead_model import walks

from isocenter.storage.drivers import open_store
from isocenter.storage.errors import ForgedFact
from isocenter.storage.facts import SigningKey
from isocenter.storage.lead import KEPT, LeadEntry, LeadView, Witness

KEY = SigningKey("k1", b"1" * 32)


def entry(number: int, generation: int = 1, site: str = "a", valid_for_s: float = 2.0) -> LeadEntry:
    return LeadEntry(number, generation, site, valid_for_s)


def test_of_two_who_create_the_same_number_one_has_it() -> None:
    store = open_store("memory:///")
    ours, theirs = Witness(store, KEY), Witness(store, KEY)

    assert ours.append(entry(1))
    assert not theirs.append(entry(1, 2, "b"))
    latest = theirs.latest()
    assert latest is not None and (latest.site, latest.generation, latest.number) == ("a", 1, 1)


def test_an_entry_signed_by_a_stranger_or_moved_is_refused() -> None:
    store = open_store("memory:///")
    Witness(store, SigningKey("k2", b"2" * 32)).append(entry(1))
    with pytest.raises(ForgedFact):
        Witness(store, KEY).latest()

    store = open_store("memory:///")
    Witness(store, KEY).append(entry(1))
    store.put("lead/000000000002.json", store.get("lead/000000000001.json"))
    with pytest.raises(ForgedFact):
        Witness(store, KEY).latest()


def test_old_entries_go_and_a_number_that_went_does_not_lead_again() -> None:
    witness = Witness(open_store("memory:///"), KEY)
    for number in range(1, KEPT + 3):
        assert witness.append(entry(number))

    assert not witness.append(entry(1, 9, "sleeper")), "it was removed, so it can be created; it does not count"
    latest = witness.latest()
    assert latest is not None and latest.number == KEPT + 2


def test_what_another_process_of_the_site_renewed_counts_from_the_look_before() -> None:
    now = [0.0]
    view = LeadView("a", 1, clock=lambda: now[0])
    view.saw(0.0, entry(1))
    assert not view.leads(), "nobody knows how old the first entry is that is seen"
    now[0] = 1.0
    view.saw(1.0, entry(1))
    now[0] = 1.5
    view.saw(1.5, entry(2))
    assert view.leads_for_s() == pytest.approx(1.5), "it came after the look at 1.0 and is valid for 2"
    now[0] = 3.0
    assert not view.leads()


def test_never_do_two_sites_lead_in_any_order_of_looks_puts_and_delays() -> None:
    led = walks(250, 60, seed=5)

    assert min(led.values()) > 50, "each had its time in many of them"
