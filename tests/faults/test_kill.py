"""kill -9 during ingest: three short rounds of `python -m bench faults`, whose full form has twenty."""

from __future__ import annotations

from bench import faults


def test_nothing_acknowledged_is_lost_and_nothing_torn_when_processes_are_killed() -> None:
    said: list[str] = []

    done = faults.rounds(3, victims=["listener", "postgres", "everything"], work_s=(0.3, 0.8), say=said.append)

    assert [(each.lost, each.torn) for each in done] == [(0, 0)] * 4, "\n".join(said)
    assert all(each.by_itself for each in done if each.victim != "everything"), "\n".join(said)
