"""The rules for copies, tried in every order of steps, crashes, erasing and damage."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import pytest
from bench.copies_model import Rules, copies_model
from bench.model_check import explore

from isocenter.domain.placement.tiers import Copies, CopyState, Leave, Step, Write, may_leave, next_step

WRITING, VERIFIED, DAMAGED, LEAVING = CopyState.WRITING, CopyState.VERIFIED, CopyState.DAMAGED, CopyState.LEAVING
TIERS = ((0,), (0, 1), (1,))


@pytest.mark.parametrize(
    ("copies", "wanted", "step"),
    [
        ({1: VERIFIED}, [1], None),
        ({1: VERIFIED}, [1, 2], Write(2, (1,))),
        ({1: VERIFIED}, [2], Write(2, (1,))),
        ({1: VERIFIED, 2: WRITING}, [2], Write(2, (1,))),
        ({1: VERIFIED, 2: VERIFIED}, [2], Leave(1)),
        ({1: VERIFIED, 2: DAMAGED}, [2], Write(2, (1,))),
        ({1: DAMAGED, 2: VERIFIED}, [1, 2], Write(1, (2,))),
        ({1: DAMAGED}, [1], None),
        ({1: DAMAGED, 2: VERIFIED}, [2], Leave(1)),
        ({1: LEAVING, 2: VERIFIED}, [2], Leave(1)),
        ({1: LEAVING, 2: VERIFIED}, [1], Write(1, (2,))),
        ({1: LEAVING, 2: DAMAGED}, [2], None),
        ({1: VERIFIED, 2: VERIFIED, 3: VERIFIED}, [2, 3], Leave(1)),
        ({1: VERIFIED, 2: VERIFIED, 3: DAMAGED}, [2, 3], Write(3, (1, 2))),
    ],
)
def test_the_next_step(copies: Copies, wanted: list[int], step: Step | None) -> None:
    assert next_step(copies, wanted) == step


def test_a_storage_that_retains_gives_up_nothing() -> None:
    assert next_step({1: VERIFIED, 2: VERIFIED}, [1], keeps=[2]) is None


def test_copies_that_leave_at_one_time_do_not_rely_on_each_other() -> None:
    assert may_leave({1: VERIFIED, 2: VERIFIED}, 1, [2])
    assert not may_leave({1: VERIFIED, 2: LEAVING}, 1, [2])
    assert not may_leave({1: VERIFIED}, 1, [1])


def test_every_order_of_everything_keeps_every_promise() -> None:
    explored = explore(copies_model(TIERS, storages=2, keeps=True))
    assert explored.problem is None, explored.trace
    assert explored.states > 10_000


def leaves_early(copies: Copies, wanted: Sequence[int], keeps: Collection[int]) -> Step | None:
    """A rule that trusts what is only being written."""
    for storage_id in copies:
        if storage_id not in [*wanted, *keeps] and WRITING in copies.values():
            return Leave(storage_id)
    return next_step(copies, wanted, keeps)


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        (Rules(next_step=leaves_early, may_leave=lambda *_: True, reads_before_leaving=False), "lost"),
        (Rules(reads_before_leaving=False), "never gets its copy"),
        (Rules(sweeps=False), "keeps what does not belong there"),
    ],
)
def test_a_rule_that_is_broken_is_found(rules: Rules, problem: str) -> None:
    broken = copies_model(TIERS, storages=2, rules=rules)
    explored = explore(replace(broken, settles=lambda _: None) if problem == "lost" else broken)
    assert explored.problem is not None
    assert problem in explored.problem
    assert explored.trace
