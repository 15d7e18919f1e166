"""The bench's destination of C-MOVE: other people's senders are answered, and several at once."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench.association import Association, contexts_of
from bench.blast import DCMTK_ENVIRONMENT
from bench.data import CT, MR, folder_of, load
from bench.destination import running
from bench.node import free_port
from tests.interop.orthanc import program


@pytest.fixture
def port() -> Iterator[int]:
    number = free_port()
    with running(number):
        yield number


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three CT, larger than a PDU."""
    return folder_of(CT, 1, 3, cache=tmp_path)


def test_storescu_is_answered_with_success(port: int, folder: Path) -> None:
    command = [program("storescu", "dcmtk"), "+sd", "+r", "-v", "-aec", "ANY", "127.0.0.1", str(port), str(folder)]
    environment = {**os.environ, **DCMTK_ENVIRONMENT}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (done.stdout + done.stderr).count("(Success)") == 3


def test_two_associations_take_turns_as_they_like(port: int, folder: Path, tmp_path: Path) -> None:
    large, small = load([folder]), load([folder_of(MR, 1, 3, cache=tmp_path)])
    first = Association(port, called="ANY", contexts=contexts_of(large))
    second = Association(port, called="ANY", contexts=contexts_of(small))
    for one, other in zip(large, small, strict=True):
        assert (first.store(one).status, second.store(other).status) == (0, 0)
    first.release()
    second.release()
