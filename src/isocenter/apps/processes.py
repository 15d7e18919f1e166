"""The processes that should always run, under a supervisor: forked by the nursery, logged, restarted when they die."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence

from isocenter.apps.home import ProcessState
from isocenter.apps.log_file import LogFile
from isocenter.apps.nursery import Forked, Nursery, Order

_SETTLED_AFTER_S = 30.0
_LONGEST_PAUSE_S = 8.0


class Child:
    """One process that should always run. fds: descriptors that it works with; echo: hears each line it says."""

    def __init__(
        self,
        order: Order,
        nursery: Nursery,
        log: LogFile,
        *,
        fds: Sequence[int] = (),
        echo: Callable[[bytes], None] | None = None,
    ) -> None:
        self.name = order.name
        self.restarts = 0
        self._order = order
        self._nursery = nursery
        self._log = log
        self._fds = tuple(fds)
        self._echo = echo
        self._process: Forked | None = None
        self._started = 0.0
        self._pause_s = 0.0
        self._next_start = 0.0

    @property
    def state(self) -> ProcessState:
        """For the note in home/run."""
        return ProcessState(self.name, self.pid, self.running, self.restarts)

    @property
    def pid(self) -> int | None:
        """Of the process, dead or alive; None before it ran."""
        return None if self._process is None else self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process lives now."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """None while it runs or before it ran."""
        return None if self._process is None else self._process.poll()

    def start(self) -> None:
        """Start the process; a session of its own, so that Ctrl-C reaches the supervisor alone. Raises NurseryGone."""
        read, write = os.pipe()
        said = os.fdopen(read, "rb")
        try:
            self._process = self._nursery.fork(self._order, [write, *self._fds])
        except BaseException:
            said.close()
            raise
        finally:
            os.close(write)
        self._log.follow(said, self._echo)
        self._started = time.monotonic()

    def restart_if_dead(self) -> bool:
        """Start a dead process again: at once the first time, then after growing pauses until it has settled.

        Raises NurseryGone; the next call tries again after its pause.
        """
        now = time.monotonic()
        if self._process is None or self._process.poll() is None:
            return False
        if self._next_start == 0.0:
            if now - self._started > _SETTLED_AFTER_S:
                self._pause_s = 0.0
            self._next_start = now + self._pause_s
            self._pause_s = min(_LONGEST_PAUSE_S, max(0.25, self._pause_s * 2))
        if now < self._next_start:
            return False
        self._next_start = 0.0
        self._started = now
        self.start()
        self.restarts += 1
        return True

    def ask_to_stop(self) -> None:
        """SIGTERM; harmless when it does not run."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process and everything it started, now. Nothing acknowledged is lost by it."""
        if self._process is not None:
            self._process.kill()

    def wait(self, until: float) -> bool:
        """Whether it has ended before the moment `until` (monotonic clock)."""
        return self._process is None or self._process.wait(max(0.0, until - time.monotonic())) is not None
