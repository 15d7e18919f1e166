"""Group commit: who leads, who waits, and who learns of a failure."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from isocenter.domain.archive.grouping import Grouping


def in_threads(count: int, work) -> list[threading.Thread]:
    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    return threads


def test_a_single_caller_gets_its_own_results_in_order() -> None:
    grouping: Grouping[int, int] = Grouping(lambda items: [item * 10 for item in items])
    assert grouping.submit([1, 2, 3]) == [10, 20, 30]


def test_a_single_caller_does_the_work_in_its_own_thread() -> None:
    seen: list[int] = []

    def perform(items: Sequence[int]) -> Sequence[int]:
        seen.append(threading.get_ident())
        return items

    Grouping(perform).submit([1])
    assert seen == [threading.get_ident()]


def test_callers_that_arrive_while_a_group_is_under_way_share_the_next_one() -> None:
    groups: list[list[int]] = []
    first_began, go_on = threading.Event(), threading.Event()

    def perform(items: Sequence[int]) -> Sequence[int]:
        groups.append(list(items))
        if len(groups) == 1:
            first_began.set()
            assert go_on.wait(10)
        return [-item for item in items]

    grouping: Grouping[int, int] = Grouping(perform)
    results: dict[int, Sequence[int]] = {}
    leader = in_threads(1, lambda _: results.update({0: grouping.submit([0])}))
    assert first_began.wait(10)
    others = in_threads(8, lambda number: results.update({number + 1: grouping.submit([number + 1])}))
    while len(grouping._waiting) < 8:
        threading.Event().wait(0.001)
    go_on.set()
    for thread in leader + others:
        thread.join(10)
    assert groups[0] == [0]
    assert len(groups) == 2
    assert sorted(groups[1]) == list(range(1, 9))
    assert results == {number: [-number] for number in range(9)}


def test_everybody_in_a_failed_group_learns_of_it_and_the_next_group_succeeds() -> None:
    fail = threading.Event()
    fail.set()

    def perform(items: Sequence[int]) -> Sequence[int]:
        if fail.is_set():
            raise OSError("no")
        return items

    grouping: Grouping[int, int] = Grouping(perform)
    with pytest.raises(OSError, match="no"):
        grouping.submit([1])
    fail.clear()
    assert grouping.submit([2]) == [2]


def test_no_item_is_lost_or_answered_twice_under_many_callers() -> None:
    performed: list[int] = []

    def perform(items: Sequence[int]) -> Sequence[int]:
        performed.extend(items)
        return [item + 1 for item in items]

    grouping: Grouping[int, int] = Grouping(perform, most=7)
    wrong: list[int] = []

    def caller(number: int) -> None:
        for turn in range(50):
            item = number * 1000 + turn
            if grouping.submit([item, item + 500]) != [item + 1, item + 501]:
                wrong.append(item)

    for thread in in_threads(12, caller):
        thread.join(30)
        assert not thread.is_alive()
    assert wrong == []
    assert len(performed) == len(set(performed)) == 12 * 50 * 2


def test_callers_of_the_last_group_are_waited_for_and_who_stays_away_is_not_waited_for_again() -> None:
    groups: list[int] = []
    together = threading.Barrier(3)

    def perform(items: Sequence[int]) -> Sequence[int]:
        groups.append(len(items))
        return items

    grouping: Grouping[int, int] = Grouping(perform, patience_s=30.0)
    grouping._company = 3

    def caller(number: int) -> None:
        for _turn in range(20):
            together.wait(10)
            grouping.submit([number])

    for thread in in_threads(3, caller):
        thread.join(10)
        assert not thread.is_alive()
    assert groups == [3] * 20  # without waiting, the first to come would lead a group of its own

    alone: Grouping[int, int] = Grouping(perform, patience_s=0.01)
    alone._company = 2
    assert alone.submit([1]) == [1]  # nobody else came
    assert alone._company == 1


def test_no_item_is_lost_when_callers_come_and_stay_away_while_they_are_waited_for() -> None:
    performed: list[int] = []

    def perform(items: Sequence[int]) -> Sequence[int]:
        performed.extend(items)
        if len(items) == 5:
            raise OSError("no")
        return [-item for item in items]

    grouping: Grouping[int, int] = Grouping(perform, patience_s=0.0002)

    def caller(number: int) -> None:
        for turn in range(200):
            item = number * 1000 + turn
            try:
                assert grouping.submit([item]) == [-item]
            except OSError:
                continue
            threading.Event().wait(0.0001 * (item % 4))

    for thread in in_threads(6, caller):
        thread.join(30)
        assert not thread.is_alive()
    assert len(performed) == len(set(performed)) == 6 * 200
