"""The nursery: a process without threads that has imported what the processes of `up` run, and forks them (0391).

Importing takes a processor a second and a half; a fork takes milliseconds, and what was imported is in memory once.
A forked process becomes a child of the supervisor (PR_SET_CHILD_SUBREAPER, prctl(2)): it goes on when the nursery
dies, and the supervisor waits for it as for any other.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Container, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass

from setproctitle import setproctitle

from isocenter.apps import child
from isocenter.apps.log_file import LogFile
from isocenter.kit.errors import Exhausted

_PR_SET_CHILD_SUBREAPER = 36
_PRELOADED = ("isocenter.apps.web", "isocenter.apps.listener", "isocenter.apps.worker")
_MESSAGE_BYTES = 1 << 16
_MOST_FDS = 16
_ANSWERS_WITHIN_S = 60.0
_TITLE = "isocenter: "


class NurseryGone(Exhausted):
    """No process can be started."""

    reason = "nursery-gone"


@dataclass(frozen=True, slots=True)
class Order:
    """What to fork. name: what people know it by; process, number: see `child.run`; environment: what it has beyond
    the nursery's own.
    """

    name: str
    process: str
    environment: dict[str, str]
    number: int = 1


class Forked:
    """A process that the nursery forked and that is our child now: what a supervisor needs of subprocess.Popen."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._pidfd = os.pidfd_open(pid)
        self._exit_code: int | None = None

    def poll(self) -> int | None:
        """The exit code, or minus the signal that ended it; None while it runs."""
        if self._exit_code is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                self._exit_code = os.waitstatus_to_exitcode(status)
                os.close(self._pidfd)
        return self._exit_code

    def wait(self, timeout_s: float) -> int | None:
        """As poll, once it has ended or so many seconds have passed."""
        if self.poll() is None:
            end = select.poll()
            end.register(self._pidfd, select.POLLIN)
            end.poll(timeout_s * 1000)
        return self.poll()

    def send_signal(self, number: int) -> None:
        """Harmless when it has ended."""
        if self.poll() is None:
            signal.pidfd_send_signal(self._pidfd, number)

    def kill(self) -> None:
        """End the process and everything in its session."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)


class Nursery:
    """The supervisor's end. environment: that of the nursery, which those that it forks inherit."""

    def __init__(self, environment: dict[str, str], log: LogFile) -> None:
        self._environment = environment
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    @property
    def pid(self) -> int | None:
        """Of the nursery itself; None while it does not run."""
        return None if self._process is None or self._process.poll() is not None else self._process.pid

    def start(self) -> None:
        """Let it begin to import, without waiting. Orphans among our descendants come to us from now on."""
        _adopt_orphans(True)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(_ANSWERS_WITHIN_S)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "isocenter.apps.nursery", str(theirs.fileno())],
                env=self._environment,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._control = ours
        assert self._process.stdout is not None
        self._log.follow(self._process.stdout)

    def fork(self, order: Order, fds: Sequence[int]) -> Forked:
        """A new process; a nursery that died is started again for it. Raises NurseryGone.

        fds: descriptors it is given, the first of them for its standard output and error.
        """
        for _ in range(2):
            try:
                return self._ask(json.dumps(asdict(order)).encode(), fds)
            except OSError:
                self.close()
                self.start()
        raise NurseryGone("No process can be started: the nursery dies. Read nursery.log among the logs.")

    def _ask(self, message: bytes, fds: Sequence[int]) -> Forked:
        if self._control is None:
            raise ConnectionResetError
        socket.send_fds(self._control, [message], fds)
        pid = self._control.recv(64)
        if not pid:
            raise ConnectionResetError
        return Forked(int(pid))

    def close(self) -> None:
        """End the nursery. What it forked goes on."""
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        _adopt_orphans(False)


def bury_adopted(ours: Container[int | None]) -> None:
    """Take leave of dead processes that came to us as orphans; whoever waits for one of `ours` still finds it."""
    with suppress(ChildProcessError):
        while True:
            dead = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if dead is None or dead.si_pid in ours:
                return
            os.waitpid(dead.si_pid, 0)


def _adopt_orphans(adopt: bool) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, int(adopt), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


# --- in the nursery and in what it forks -------------------------------------------------------------------------


def main(control_fd: int) -> int:
    """Fork what is ordered until the supervisor goes; in each forked process, do its work. Returns the exit code."""
    child.end_with_parent()
    setproctitle(_TITLE + "nursery")
    supervisor = os.getppid()
    # What is imported stays to the end: no collector need look at it, nor write into memory that is shared.
    gc.disable()
    for module in _PRELOADED:
        importlib.import_module(module)
    gc.freeze()
    with socket.socket(fileno=control_fd) as control:
        ordered = _serve(control, supervisor)
    if ordered is None:
        return 0
    order, fds = ordered
    gc.enable()
    return child.run(order.process, order.number, fds)


def _serve(control: socket.socket, supervisor: int) -> tuple[Order, list[int]] | None:
    """None when the supervisor has gone; in a forked process what it is to be, and the descriptors it works with."""
    while True:
        message, fds, _, _ = socket.recv_fds(control, _MESSAGE_BYTES, _MOST_FDS)
        if not message:
            return None
        pid = _fork_away()
        if pid == 0:
            order = Order(**json.loads(message))
            _settle(order, fds[0], supervisor)
            return order, fds[1:]
        for fd in fds:
            os.close(fd)
        control.send(str(pid).encode())


def _fork_away() -> int:
    """As os.fork; but the new process is no child of ours, nor of anybody between, when this returns in either."""
    read, write = os.pipe()
    with os.fdopen(read, "rb") as told:
        between = os.fork()
        if between == 0:
            between = os.getpid()
            pid = os.fork()
            if pid:
                os.write(write, str(pid).encode())
                os._exit(0)
            os.close(write)
            while os.getppid() == between:
                time.sleep(0.0005)
            return 0
        os.close(write)
        os.waitpid(between, 0)
        return int(told.read())


def _settle(order: Order, output: int, supervisor: int) -> None:
    """In the new process: become one that was started for its order alone."""
    child.end_with_parent()
    if os.getppid() != supervisor:
        sys.exit(1)
    os.setsid()
    for stream in (1, 2):
        os.dup2(output, stream)
    os.close(output)
    os.environ.update(order.environment)
    setproctitle(_TITLE + order.name)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
