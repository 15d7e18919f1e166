"""Nodes that the fault tests may hurt: each test module has its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import pytest
from bench.node import Node, new_folder


@pytest.fixture(scope="module")
def a_node() -> Iterator[Callable[..., Node]]:
    """Start nodes with settings of the test's; all are stopped and removed at the end of the module."""
    running: list[Node] = []

    def start(**settings: str) -> Node:
        folder = new_folder("isocenter-faults-")
        node = Node(folder / "home", **settings)
        running.append(node)
        node.start()
        return node

    yield start
    for node in running:
        node.stop()
        shutil.rmtree(node.home.parent, ignore_errors=True)
