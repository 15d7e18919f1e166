"""Who makes way for whom."""

from __future__ import annotations

import threading
import time

from isocenter.wire.roster import Limits, Roster
from isocenter.wire.service import Peer


class Caller:
    """Stands for an association: how long it has been silent is set by the test."""

    def __init__(
        self,
        title: str,
        *,
        address: str = "10.0.0.1",
        silent_s: float = 0,
        succeeded: int = 0,
        in_message: bool = False,
    ) -> None:
        self.peer = Peer(title, "ISOCENTER", address)
        self.silent_s, self.succeeded, self.in_message = silent_s, succeeded, in_message
        self.was_cut = False
        self.was_asked_to_leave = threading.Event()

    def silent_for_s(self, now: float) -> float:
        return self.silent_s

    def cut(self) -> None:
        self.was_cut = True

    def dismiss(self, why: str) -> None:
        self.was_cut = True

    def leave(self, why: str) -> None:
        self.was_asked_to_leave.set()


def roster_with(limits: Limits, *callers: Caller) -> Roster:
    roster = Roster(limits)
    for caller in callers:
        assert roster.admit(caller)  # type: ignore[arg-type]
    return roster


def admits(roster: Roster, caller: Caller) -> bool:
    return roster.admit(caller)  # type: ignore[arg-type]


def test_the_longest_silent_stranger_makes_way() -> None:
    silent, longer, busy = Caller("A", silent_s=1), Caller("B", silent_s=5), Caller("C")
    roster = roster_with(Limits(total=3, per_address=9, reserve=0), silent, longer, busy)
    assert admits(roster, Caller("D"))
    assert (silent.was_cut, longer.was_cut, busy.was_cut) == (False, True, False)
    assert len(roster) == 3


def test_a_caller_that_has_stored_makes_way_last_and_only_after_a_long_silence() -> None:
    known, stranger = Caller("A", silent_s=60, succeeded=1), Caller("B", silent_s=1)
    roster = roster_with(Limits(total=2, per_address=9, reserve=0), known, stranger)
    assert admits(roster, Caller("C"))
    assert stranger.was_cut and not known.was_cut
    assert admits(roster, Caller("D"))
    assert known.was_cut
    assert not admits(roster, Caller("E"))


def test_nobody_is_cut_in_mid_object_unless_it_stalls() -> None:
    receiving, stalled = Caller("A", silent_s=1, in_message=True), Caller("B", silent_s=30, in_message=True)
    roster = roster_with(Limits(total=2, per_address=9, reserve=0), receiving, stalled)
    assert admits(roster, Caller("C"))
    assert stalled.was_cut and not receiving.was_cut
    assert not admits(roster, Caller("D"))


def test_one_address_cannot_take_the_place_of_others() -> None:
    callers = [Caller(f"EVIL{n}", address="10.6.6.6") for n in range(3)]
    roster = roster_with(Limits(total=9, per_address=3, reserve=0), *callers)
    assert not admits(roster, Caller("EVIL9", address="10.6.6.6"))
    assert admits(roster, Caller("CT1"))


def test_the_reserve_is_for_callers_that_have_stored_before() -> None:
    known = Caller("CT1", succeeded=1)
    roster = roster_with(Limits(total=2, per_address=9, reserve=1), known)
    roster.remove(known)  # type: ignore[arg-type]
    assert admits(roster, Caller("A"))
    assert not admits(roster, Caller("B"))
    assert admits(roster, Caller("CT1"))
    assert not admits(roster, Caller("CT1"))


def test_draining_asks_all_to_leave_and_cuts_the_rest() -> None:
    goes, stays = Caller("A"), Caller("B")
    roster = roster_with(Limits(), goes, stays)

    def go() -> None:
        assert goes.was_asked_to_leave.wait(5)
        roster.remove(goes)  # type: ignore[arg-type]

    thread = threading.Thread(target=go)
    thread.start()
    assert roster.drain(within_s=0.2) == 1
    thread.join(5)
    assert stays.was_cut and not goes.was_cut


def test_draining_ends_as_soon_as_all_have_left() -> None:
    started = time.monotonic()
    assert Roster(Limits()).drain(within_s=60) == 0
    assert time.monotonic() - started < 30
