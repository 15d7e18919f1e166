"""The folders of a home, the lock that lets one Isocenter run on it, and the note that tells the commands about it."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import psutil

from isocenter.kit.errors import Conflict, Exhausted, Invalid, NotFound

_PRIVATE_FOLDERS = ("run", "journal", "store", "secrets", "logs")


class HomeNotUsable(Exhausted):
    """The home cannot be made or written."""

    reason = "home-not-usable"


class AlreadyRunning(Conflict):
    """Another Isocenter runs on this home."""

    reason = "already-running"


class NotRunning(NotFound):
    """No Isocenter runs on this home."""

    reason = "not-running"


class NotOurs(Invalid):
    """The note of the running Isocenter cannot be read."""

    reason = "run-state-unreadable"


@dataclass(slots=True)
class ProcessState:
    """One child of the running Isocenter."""

    name: str
    pid: int | None
    running: bool
    restarts: int


@dataclass(slots=True)
class RunState:
    """What the commands need to know about the running Isocenter: home/run/state.json, readable by its owner alone."""

    pid: int
    version: str
    started_at: str
    home: str
    http_url: str
    ae_title: str
    dicom_host: str
    dicom_port: int
    institution_id: int
    institution_name: str
    settings: dict[str, str]
    processes: list[ProcessState] = field(default_factory=list)


def make_home(home: Path) -> None:
    """Make the folders that are missing. Those with data are closed to others; root's home itself is not, because
    PostgreSQL never runs as root and has to pass through it.
    """
    try:
        home.mkdir(mode=0o755 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        for name in _PRIVATE_FOLDERS:
            (home / name).mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        advice = "Set ISOCENTER_HOME to a folder of yours."
        raise HomeNotUsable(f"{home} cannot be used: {error.strerror}. {advice}") from None


class HomeLock:
    """Held while an Isocenter runs on a home; ends with the process, however it ends."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._file: IO[str] | None = None

    def take(self) -> None:
        """Raise AlreadyRunning, with who and where, when somebody else holds it."""
        file = (self._home / "run" / "lock").open("a")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            state = read_state(self._home)
            who = f" (process {state.pid}, {state.http_url})" if state else ""
            raise AlreadyRunning(
                f"Another Isocenter{who} is running on {self._home}. Stop it, or choose another ISOCENTER_HOME."
            ) from None
        self._file = file

    def give_back(self) -> None:
        """Let the next one start."""
        with suppress(FileNotFoundError):
            (self._home / "run" / "state.json").unlink()
        if self._file is not None:
            self._file.close()
            self._file = None


def is_running(home: Path) -> bool:
    """Whether somebody holds the lock of the home."""
    try:
        with (home / "run" / "lock").open("r") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def write_state(home: Path, state: RunState) -> None:
    """Replace the note, whole or not at all."""
    path = home / "run" / "state.json"
    unfinished = path.with_suffix(".new")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(asdict(state), file, indent=1)
    unfinished.replace(path)


def read_state(home: Path) -> RunState | None:
    """The note, or None when there is none."""
    try:
        text = (home / "run" / "state.json").read_text()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise NotOurs(f"{home} belongs to another user ({error.strerror}): run this command as that user.") from None
    try:
        values: dict[str, Any] = json.loads(text)
        values["processes"] = [ProcessState(**each) for each in values["processes"]]
        return RunState(**values)
    except (ValueError, TypeError, KeyError):
        raise NotOurs(f"{home / 'run' / 'state.json'} was written by another version of Isocenter.") from None


def running_state(homes: list[Path]) -> RunState:
    """The note of the first home on which an Isocenter runs. Raises NotRunning."""
    for home in homes:
        if is_running(home):
            state = read_state(home)
            if state is not None:
                return state
            raise NotRunning(f"The Isocenter on {home} is still starting; try again in a moment.")
    raise NotRunning(f"No Isocenter is running on {homes[0]}. Start one with `isocenter up`.")


def started_at(state: RunState) -> datetime:
    """When the running Isocenter started, aware, UTC."""
    return datetime.fromisoformat(state.started_at)


def run_state_for_status(home: Path) -> dict[str, Any] | None:
    """The note as plain values, each process's state as it is now (a killed one may not be noticed yet)."""
    state = read_state(home)
    if state is None:
        return None
    for process in state.processes:
        process.running = process.pid is not None and psutil.pid_exists(process.pid)
    return asdict(state)
