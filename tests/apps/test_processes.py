"""Children that die are started again, their output is kept, and they end when asked."""

from __future__ import annotations

import io
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from isocenter.apps import processes
from isocenter.apps.processes import Child, LogFile

DEADLINE_S = 20.0


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def a_child(folder: Path, program: str, monkeypatch: pytest.MonkeyPatch) -> Child:
    child = Child("probe", [], dict(os.environ), folder)
    monkeypatch.setattr(child, "_command", [sys.executable, "-c", program])
    return child


def test_a_child_that_dies_is_started_again_at_once_and_then_after_pauses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = a_child(tmp_path, "import sys; sys.exit(3)", monkeypatch)
    child.start()
    until(lambda: child.exit_code == 3)
    assert child.restart_if_dead()
    until(lambda: child.exit_code == 3)
    assert not child.restart_if_dead(), "the second time there is a pause"
    until(child.restart_if_dead)
    assert child.restarts == 2


def test_the_output_is_kept_and_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[bytes] = []
    child = Child("probe", [], dict(os.environ), tmp_path, echo=heard.append)
    monkeypatch.setattr(child, "_command", [sys.executable, "-c", "print('one'); print('two')"])
    child.start()
    until(lambda: len(heard) == 2)
    until(lambda: (tmp_path / "probe.log").read_bytes() == b"one\ntwo\n")


def test_a_child_ends_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    child = a_child(tmp_path, "import time; time.sleep(60)", monkeypatch)
    child.start()
    child.ask_to_stop()
    assert child.wait(time.monotonic() + DEADLINE_S)
    assert child.exit_code == -signal.SIGTERM
    child.ask_to_stop()
    child.kill()


def test_a_child_that_will_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    child = a_child(tmp_path, program, monkeypatch)
    child.start()
    until(lambda: (tmp_path / "probe.log").exists() and (tmp_path / "probe.log").read_bytes() == b"deaf\n")
    child.ask_to_stop()
    assert not child.wait(time.monotonic() + 0.05)
    child.kill()
    assert child.wait(time.monotonic() + DEADLINE_S)


def test_logs_rotate_and_stay_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "LOG_BYTES", 100)
    lines = b"".join(b"line %03d\n" % number for number in range(200))
    LogFile(tmp_path / "x.log")._copy(io.BytesIO(lines), None)
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["x.log", "x.log.1", "x.log.2", "x.log.3"]
    assert (tmp_path / "x.log").read_bytes().endswith(b"line 199\n")
    assert all(path.stat().st_size < 120 for path in tmp_path.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_loses_lines_of_the_log_and_nothing_else() -> None:
    heard: list[bytes] = []
    LogFile(Path("/dev/full"))._copy(io.BytesIO(b"one\ntwo\n"), heard.append)
    assert heard == [b"one\n", b"two\n"]
