"""A process that gives way does so as a session, not only within it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from isocenter.kit import priority

WORK = """
import os
from pathlib import Path
from isocenter.kit.priority import give_way
give_way(7)
group = Path("/proc/self/autogroup")
print(os.getpriority(os.PRIO_PROCESS, 0), group.read_text().split()[-1] if group.exists() else 7)
"""


def test_a_process_and_its_session_give_way() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WORK], start_new_session=True, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["7", "7"]


def test_our_own_session_is_left_alone() -> None:
    before = Path("/proc/self/autogroup").read_text() if Path("/proc/self/autogroup").exists() else ""
    subprocess.run([sys.executable, "-c", WORK], start_new_session=True, check=True, capture_output=True)
    after = Path("/proc/self/autogroup").read_text() if Path("/proc/self/autogroup").exists() else ""
    assert before == after


class Refusing:
    """A kernel's file that refuses some writes first."""

    def __init__(self, *errors: OSError) -> None:
        self.errors = list(errors)
        self.written: list[str] = []

    def write_text(self, text: str) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.written.append(text)


@pytest.mark.parametrize(
    ("errors", "lowered", "written"),
    [
        ([BlockingIOError(), BlockingIOError()], True, ["9"]),
        ([FileNotFoundError()], True, []),
        ([PermissionError()], False, []),
        ([BlockingIOError()] * 99, False, []),
    ],
)
def test_a_kernel_that_is_asked_too_often_is_asked_again(
    errors: list[OSError], lowered: bool, written: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = Refusing(*errors)
    monkeypatch.setattr(priority, "_AUTOGROUP", kernel)
    monkeypatch.setattr(priority, "_BETWEEN_TRIES_S", 0.0)
    monkeypatch.setattr(priority.os, "nice", lambda niceness: niceness)
    assert priority.give_way(9) is lowered
    assert kernel.written == written
