"""Children that die are started again, their output is kept, and they end when asked."""

from __future__ import annotations

import io
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from isocenter.apps import log_file
from isocenter.apps.log_file import LogFile
from isocenter.apps.nursery import Forked, Nursery, NurseryGone, Order
from isocenter.apps.processes import Child

DEADLINE_S = 20.0


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


class OneProgram(Nursery):
    """Starts a program of Python instead of a process of ours."""

    def __init__(self, program: str) -> None:
        self._program = program
        self.gone = False

    def fork(self, order: Order, fds: Sequence[int]) -> Forked:
        if self.gone:
            raise NurseryGone("It is gone.")
        said = [(os.POSIX_SPAWN_DUP2, fds[0], stream) for stream in (1, 2)]
        command = [sys.executable, "-c", self._program]
        return Forked(os.posix_spawn(sys.executable, command, os.environ, file_actions=said, setsid=True))


def a_child(folder: Path, program: str, echo: Callable[[bytes], None] | None = None) -> Child:
    return Child(Order("probe", "probe", {}), OneProgram(program), LogFile(folder / "probe.log"), echo=echo)


def test_a_child_that_dies_is_started_again_at_once_and_then_after_pauses(tmp_path: Path) -> None:
    child = a_child(tmp_path, "import sys; sys.exit(3)")
    child.start()
    until(lambda: child.exit_code == 3)
    assert child.restart_if_dead()
    until(lambda: child.exit_code == 3)
    assert not child.restart_if_dead(), "the second time there is a pause"
    until(child.restart_if_dead)
    assert child.restarts == 2


def test_a_child_that_cannot_be_started_is_tried_again_after_its_pause(tmp_path: Path) -> None:
    nursery = OneProgram("")
    child = Child(Order("probe", "probe", {}), nursery, LogFile(tmp_path / "probe.log"))
    child.start()
    until(lambda: child.exit_code == 0)
    nursery.gone = True
    with pytest.raises(NurseryGone):
        child.restart_if_dead()
    assert not child.restart_if_dead(), "a pause comes first"
    nursery.gone = False
    until(child.restart_if_dead)
    assert child.restarts == 1


def test_the_output_is_kept_and_passed_on(tmp_path: Path) -> None:
    heard: list[bytes] = []
    child = a_child(tmp_path, "print('one'); print('two')", heard.append)
    child.start()
    until(lambda: len(heard) == 2)
    until(lambda: (tmp_path / "probe.log").read_bytes() == b"one\ntwo\n")


def test_a_child_ends_when_asked(tmp_path: Path) -> None:
    child = a_child(tmp_path, "import time; time.sleep(60)")
    child.start()
    assert child.running
    child.ask_to_stop()
    assert child.wait(time.monotonic() + DEADLINE_S)
    assert child.exit_code == -signal.SIGTERM
    child.ask_to_stop()
    child.kill()


def test_a_child_that_will_not_end_is_killed(tmp_path: Path) -> None:
    program = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    child = a_child(tmp_path, program)
    child.start()
    until(lambda: (tmp_path / "probe.log").exists() and (tmp_path / "probe.log").read_bytes() == b"deaf\n")
    child.ask_to_stop()
    assert not child.wait(time.monotonic() + 0.05)
    child.kill()
    assert child.wait(time.monotonic() + DEADLINE_S)


def test_logs_rotate_and_stay_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_file, "LOG_BYTES", 100)
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
