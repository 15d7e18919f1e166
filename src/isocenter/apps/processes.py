"""Child processes under a supervisor: started apart from the terminal, logged to files, restarted when they die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from io import FileIO
from pathlib import Path
from threading import Thread
from typing import IO

from isocenter.apps.home import ProcessState

LOG_BYTES = 20 << 20
_LOGS_KEPT = 3
_SETTLED_AFTER_S = 30.0
_LONGEST_PAUSE_S = 8.0


class LogFile:
    """Lines of one child, in at most four files of 20 MiB."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def follow(self, stream: IO[bytes], also: Callable[[bytes], None] | None = None) -> None:
        """Copy the stream until it ends; in a thread of its own."""
        Thread(target=self._copy, args=(stream, also), name=f"log-{self._path.stem}", daemon=True).start()

    def _copy(self, stream: IO[bytes], also: Callable[[bytes], None] | None) -> None:
        file: FileIO | None = None
        with stream:
            for line in iter(stream.readline, b""):
                with suppress(OSError):  # a full disk loses lines of the log, never the process that writes them
                    file = self._with_room(file)
                    file.write(line)
                if also is not None:
                    also(line)
        if file is not None:
            file.close()

    def _with_room(self, file: FileIO | None) -> FileIO:
        if file is not None and file.tell() <= LOG_BYTES:
            return file
        if file is not None:
            self._rotate()
        opened = self._path.open("ab", buffering=0)
        if file is not None:
            file.close()
        return opened

    def _rotate(self) -> None:
        for number in range(_LOGS_KEPT, 0, -1):
            older = self._path.with_suffix(f".log.{number}")
            newer = self._path.with_suffix(f".log.{number - 1}") if number > 1 else self._path
            if newer.exists():
                newer.replace(older)


class Child:
    """One kind of process that should always run."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        environment: dict[str, str],
        logs: Path,
        *,
        pass_fds: Sequence[int] = (),
        echo: Callable[[bytes], None] | None = None,
    ) -> None:
        self.name = name
        self.restarts = 0
        self._command = [sys.executable, "-m", "isocenter.apps.child", *arguments]
        self._environment = environment
        self._log = LogFile(logs / f"{name}.log")
        self._pass_fds = tuple(pass_fds)
        self._echo = echo
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._pause_s = 0.0
        self._next_start = 0.0

    @property
    def state(self) -> ProcessState:
        """For the note in home/run."""
        pid = self._process.pid if self._process else None
        return ProcessState(self.name, pid, self.running, self.restarts)

    @property
    def running(self) -> bool:
        """Whether the process lives now."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """None while it runs or before it ran."""
        return None if self._process is None else self._process.poll()

    def start(self) -> None:
        """Start the process; a session of its own, so that Ctrl-C reaches the supervisor alone."""
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self._environment,
            pass_fds=self._pass_fds,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self._log.follow(self._process.stdout, self._echo)
        self._started = time.monotonic()

    def restart_if_dead(self) -> bool:
        """Start a dead process again: at once the first time, then after growing pauses until it has settled."""
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
        self.restarts += 1
        self.start()
        return True

    def ask_to_stop(self) -> None:
        """SIGTERM; harmless when it does not run."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process and everything it started, now. Nothing acknowledged is lost by it."""
        if self._process is not None and self._process.poll() is None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def wait(self, until: float) -> bool:
        """Whether it has ended before the moment `until` (monotonic clock)."""
        if self._process is None:
            return True
        try:
            self._process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            return False
        return True
