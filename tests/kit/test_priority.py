"""A process that gives way does so as a session, not only within it."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
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


def pressure(avg10: str) -> str:
    return f"some avg10={avg10} avg60=61.25 avg300=57.83 total=3136398911\nfull avg10=99.00 avg60=0 avg300=0 total=0\n"


@pytest.mark.parametrize(
    ("said", "short"),
    [
        (pressure("73.98"), True),
        (pressure("40.00"), True),
        (pressure("39.99"), False),
        ("nonsense", False),
        (None, False),
    ],
)
def test_processors_are_short_when_the_kernel_says_so(
    said: str | None, short: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if said is not None:
        (tmp_path / "cpu").write_text(said)
    monkeypatch.setattr(priority, "_PRESSURE", tmp_path / "cpu")
    assert priority.processors_are_short() is short


def test_what_can_wait_does_so_until_there_is_room_or_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter([True, True, False])
    monkeypatch.setattr(priority, "_LOOK_EVERY_S", 0.001)
    monkeypatch.setattr(priority, "processors_are_short", lambda: next(looks))
    priority.await_processors(threading.Event(), 60)
    assert list(looks) == []
    monkeypatch.setattr(priority, "processors_are_short", lambda: True)
    priority.await_processors(threading.Event(), 0.01)
    stopping = threading.Event()
    stopping.set()
    began = time.monotonic()
    priority.await_processors(stopping, 60)
    assert time.monotonic() - began < 30
