"""The way to destruction, explored to its end; and every rule it stands on, broken, is found out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bench.model_check import explore
from bench.retention_model import Rules, retention_model

from isocenter.domain.retention import states
from isocenter.domain.retention.states import Approval, Standing, State, World


def _blind_to_holds(standing: Standing, world: World) -> Standing:
    return states.destroy(standing, replace(world, is_held=False))


def _blind_to_days(standing: Standing, world: World) -> Standing:
    return states.destroy(standing, replace(world, is_over=True))


def _blind_to_late_images(standing: Standing, world: World) -> Standing:
    return states.destroy(standing, replace(world, is_same=True))


def _one_person_twice(standing: Standing, world: World, approval: Approval) -> Standing:
    return states.approve(replace(standing, approvals=()), world, approval)


def _keeps_approvals(standing: Standing, world: World) -> Standing:
    after = states.look(standing, world)
    if after.state is State.DUE and standing.state in (State.APPROVED_ONCE, State.APPROVED, State.HELD):
        return replace(standing, state=State.APPROVED_ONCE)
    return after


def test_in_every_order_of_people_holds_days_and_crashes_the_promises_hold() -> None:
    explored = explore(retention_model())
    assert explored.problem is None, (explored.problem, explored.trace)
    assert explored.states > 500


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        (Rules(destroy=_blind_to_holds), "something kept it"),
        (Rules(destroy=_blind_to_days), "something kept it"),
        (Rules(locks_while_erasing=False), "something kept it"),
        (Rules(destroy=_blind_to_late_images), "not what was approved"),
        (Rules(approve=_one_person_twice), "two people"),
        (Rules(look=_keeps_approvals), "two people"),
    ],
)
def test_a_broken_rule_is_found(rules: Rules, problem: str) -> None:
    found = explore(retention_model(rules)).problem
    assert found is not None
    assert problem in found
