"""Three nodes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.adapters.nodes.homes import Home, a_home


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """What ends with the test."""
    with ExitStack() as entered:
        yield entered


@pytest.fixture
def homes(tmp_path: Path, stack: ExitStack) -> list[Home]:
    """Nodes "one", "two" and "three"."""
    made = [a_home(tmp_path / node, node) for node in ("one", "two", "three")]
    for home in made:
        stack.callback(home.server.stop)
    return made
