"""A region in trouble for some seconds: what was acknowledged is there afterwards, on every node."""

from __future__ import annotations

from bench.region_faults import Plan, ledger_line, on_loopback


def test_nothing_acknowledged_is_lost_when_processes_die_and_nodes_stand_still() -> None:
    plan = Plan(
        count=3,
        seed=7,
        hosts=("north", "south"),
        senders=2,
        pace=20,
        faults=("listener", "cut", "database"),
        small=True,
        between_s=(0.3, 0.6),
        down_s=(0.3, 0.8),
    )
    outcome = on_loopback(plan)
    assert outcome.good, ledger_line(outcome)
    assert sum(outcome.faults.values()) == 3
