"""`python -m bench models`: the state machines that decide what is kept, explored to their last state."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from bench.copies_model import copies_model
from bench.model_check import Explored, Model, explore
from bench.retention_model import retention_model

_TIERS = ((0,), (0, 1), (1,))
_THREE_TIERS = ((0,), (0, 1), (0, 1, 2), (1, 2))
MODELS: tuple[Callable[[], Model[Any]], ...] = (
    lambda: copies_model(_TIERS, storages=2),
    lambda: copies_model(_TIERS, storages=2, keeps=True),
    lambda: copies_model(_THREE_TIERS, storages=3),
    retention_model,
)
"""Every model, made when it is its turn."""


def run(models: Sequence[Callable[[], Model[Any]]] = MODELS) -> int:
    """Explore each model and print what was promised and what was found; 0 when every promise holds."""
    problems = 0
    for make in models:
        model, began = make(), time.monotonic()
        explored = explore(model)
        problems += explored.problem is not None
        sys.stdout.write(told(model, explored) + f"  in {time.monotonic() - began:.1f} s\n\n")
        sys.stdout.flush()
    sys.stdout.write(f"{len(models)} models, {problems} problems\n")
    return 1 if problems else 0


def told(model: Model[Any], explored: Explored) -> str:
    """What people read."""
    lines = [explored.name, *(f"  promise: {promise}" for promise in model.promises)]
    lines.append(f"  {explored.states} states, {explored.moves} moves, {explored.depth} steps deep")
    if explored.problem is None:
        lines.append("  every promise holds in every state")
    else:
        lines += [f"  BROKEN: {explored.problem}", *(f"    {step}" for step in explored.trace)]
    return "\n".join(lines) + "\n"
