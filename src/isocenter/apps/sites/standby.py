"""`isocenter standby`: follows the site that leads, tells how far, and takes over when `isocenter promote` says so."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event
from typing import Any

import psycopg
from rich.console import Console

from isocenter.apps.home import HomeLock, make_home
from isocenter.apps.postgres.embedded import EmbeddedPostgres
from isocenter.apps.sites.promotion import promote, standby_note
from isocenter.apps.sites.site import listening_of, site_note, witness_of
from isocenter.kit.clock import utc_now
from isocenter.kit.database import translated_errors
from isocenter.kit.errors import Exhausted, IsocenterError
from isocenter.kit.logging import get_logger
from isocenter.kit.settings import Settings
from isocenter.storage.lead import LeadView, boot_time_s

log = get_logger(__name__)

REQUEST, ANSWER, NOTE = "promote.json", "promoted.json", "standby.json"
_LOOK_EVERY_S = 1.0
ASKED_WITHIN_S = 3600.0


class NeverPromoted(Exhausted):
    """The standby process was asked to take over and gave no answer."""

    reason = "never-promoted"


@dataclass(frozen=True, slots=True)
class Following:
    """How far a standby is: home/run/standby.json. receiving: a stream from the leader is open now.

    beat_age_s: age of the newest sign of life of the leader in the copied index, by the clocks of both sites.
    lease_left_s: how long nobody else can take the lead, as the witness shows it; None without one.
    """

    at: str
    leader: str
    generation: int
    receiving: bool
    replayed: str | None
    beat_age_s: float | None
    lease_left_s: float | None


class Standby:
    """One standby process on a home. `run` blocks until it is told to stop (False) or has taken over (True)."""

    def __init__(self, settings: Settings, console: Console) -> None:
        self._settings = settings
        self._console = console
        self._lock = HomeLock(settings.home)
        self._postgres: EmbeddedPostgres | None = None
        self._url = settings.database_url or ""
        self._witness = witness_of(settings)
        self._view: LeadView | None = None
        self._stop = Event()

    def run(self) -> bool:
        """Follow. Raises NoStandby, AlreadyRunning, and what PostgreSQL's start may raise."""
        make_home(self._settings.home)
        standby_note(self._settings.home)
        self._lock.take()
        with _signals(self._stop.set):
            try:
                self._start()
                while not self._stop.wait(_LOOK_EVERY_S):
                    if self._asked():
                        return True
                    self._look()
            finally:
                self._end()
        return False

    def _start(self) -> None:
        if self._settings.database_url is None:
            self._postgres = EmbeddedPostgres(self._settings.home, listening=listening_of(self._settings))
            self._url = self._postgres.start()
        for name in (REQUEST, ANSWER):
            self._path(name).unlink(missing_ok=True)
        note = standby_note(self._settings.home)
        self._view = LeadView(self._settings.site, note.generation + 1)
        self._console.print(f"Following the site {note.leader}. `isocenter promote` takes over. Ctrl-C stops it.")

    def _look(self) -> None:
        """Look at the witness and at PostgreSQL; start it again when it died; write down what there is to see."""
        postgres = self._postgres
        if postgres is not None and postgres.process is not None and postgres.process.poll() is not None:
            self._console.print("[yellow]PostgreSQL ended; starting it again.[/]")
            with suppress(IsocenterError):
                postgres.start()
        view, asked_at = self._view, boot_time_s()
        if self._witness is not None and view is not None:
            with suppress(IsocenterError):
                view.saw(asked_at, self._witness.latest())
        note = site_note(self._settings.home)
        if note is None:
            return
        lease = None if self._witness is None or view is None else round(view.wait_s(), 1)
        with suppress(IsocenterError, OSError):
            self._write(NOTE, asdict(following(self._url, note.leader, note.generation, lease)))

    def _asked(self) -> bool:
        """Take over when somebody asked; whether it is done. What prevents it is the answer, and following goes on."""
        try:
            asked = json.loads(self._path(REQUEST).read_text())
        except (OSError, ValueError):
            return False
        try:
            done = promote(
                self._settings,
                self._url,
                other_is_down=bool(asked.get("other_is_down")),
                tell=lambda line: self._console.print(f"{line} …"),
                view=self._view,
            )
            answer: dict[str, Any] = {"promoted": asdict(done)}
        except IsocenterError as error:
            log.error("standby.not-promoted", reason=error.reason, detail=str(error))
            answer = {"reason": error.reason, "message": str(error)}
        self._write(ANSWER, answer)
        self._path(REQUEST).unlink(missing_ok=True)
        return "promoted" in answer

    def _end(self) -> None:
        if self._postgres is not None:
            self._postgres.stop()
        self._path(NOTE).unlink(missing_ok=True)
        self._lock.give_back()

    def _path(self, name: str) -> Path:
        return self._settings.home / "run" / name

    def _write(self, name: str, value: dict[str, Any]) -> None:
        _write_json(self._path(name), value)


def following(url: str, leader: str, generation: int, lease_left_s: float | None) -> Following:
    """How far the copied index is. Raises DatabaseAway."""
    with translated_errors(), psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        row = connection.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming'),"
            " pg_last_wal_replay_lsn()::text,"
            " (SELECT extract(epoch FROM clock_timestamp() - at)::float8 FROM site_beat)"
        ).fetchone()
    assert row is not None
    receiving, replayed, age = row
    return Following(
        at=utc_now().isoformat(timespec="seconds"),
        leader=leader,
        generation=generation,
        receiving=bool(receiving),
        replayed=None if replayed is None else str(replayed),
        beat_age_s=None if age is None else round(float(age), 1),
        lease_left_s=lease_left_s,
    )


def ask_to_promote(home: Path, *, other_is_down: bool) -> dict[str, Any]:
    """Ask the standby process of a home to take over, and wait for its answer. Raises NeverPromoted."""
    answer = home / "run" / ANSWER
    answer.unlink(missing_ok=True)
    _write_json(home / "run" / REQUEST, {"other_is_down": other_is_down})
    end = time.monotonic() + ASKED_WITHIN_S
    while time.monotonic() < end:
        with suppress(OSError, ValueError):
            value: dict[str, Any] = json.loads(answer.read_text())
            return value
        time.sleep(0.1)
    raise NeverPromoted("The standby process gave no answer; its terminal or journal says what it does.")


def _write_json(path: Path, value: dict[str, Any]) -> None:
    unfinished = path.with_suffix(".new")
    unfinished.write_text(json.dumps(value))
    unfinished.chmod(0o600)
    unfinished.replace(path)


@contextmanager
def _signals(handle: Callable[[], None]) -> Iterator[None]:
    """SIGINT, SIGTERM and SIGHUP call `handle` while the block runs."""

    def on_signal(_number: int, _frame: Any) -> None:
        handle()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
