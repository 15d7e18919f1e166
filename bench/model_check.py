"""Exhaustive exploration of a small state machine: every state that can be reached, each looked at."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

S = TypeVar("S", bound=Hashable)
_MAX_STATES = 5_000_000


@dataclass(frozen=True, slots=True)
class Model(Generic[S]):
    """moves: (what happens, the state after it). wrong: what is wrong with a state, or None.

    settles: what is wrong with where a state ends when nothing but our own jobs goes on, or None.
    """

    name: str
    promises: tuple[str, ...]
    initial: tuple[S, ...]
    moves: Callable[[S], Iterable[tuple[str, S]]]
    wrong: Callable[[S], str | None]
    settles: Callable[[S], str | None] = lambda state: None  # noqa: ARG005


@dataclass(frozen=True, slots=True)
class Explored:
    """What was looked at. problem: the first thing that was wrong, trace: how to get there."""

    name: str
    states: int
    moves: int
    depth: int
    problem: str | None = None
    trace: tuple[str, ...] = ()


def explore(model: Model[S]) -> Explored:
    """Breadth first, so that a trace is as short as can be."""
    came_from: dict[S, tuple[S, str] | None] = dict.fromkeys(model.initial)
    queue = deque((state, 0) for state in model.initial)
    moves = depth = 0
    while queue:
        state, depth = queue.popleft()
        problem = model.wrong(state) or model.settles(state)
        if problem is not None:
            return Explored(model.name, len(came_from), moves, depth, problem, _trace(came_from, state))
        for label, following in model.moves(state):
            moves += 1
            if following not in came_from:
                assert len(came_from) < _MAX_STATES, "a model that cannot be explored"
                came_from[following] = (state, label)
                queue.append((following, depth + 1))
    return Explored(model.name, len(came_from), moves, depth)


def _trace(came_from: dict[S, tuple[S, str] | None], state: S) -> tuple[str, ...]:
    steps: list[str] = []
    before = came_from[state]
    while before is not None:
        steps.append(before[1])
        before = came_from[before[0]]
    return tuple(reversed(steps))
