"""`isocenter drill`: taking over, rehearsed on a copy of the index beside this home, and the evidence of it filed.

Nothing of the service is touched: the copy is made by pg_basebackup, the object store is only read, what the rehearsal
writes goes into a folder that is deleted, and no process is started that could speak to anybody.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.conninfo import make_conninfo

from isocenter import __version__
from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.apps.home import make_home
from isocenter.apps.postgres.embedded import EmbeddedPostgres, PostgresFailed, folder_of, own_folder, prepare_layout
from isocenter.apps.postgres.listening import owned_file
from isocenter.apps.postgres.programs import find_programs, run_as
from isocenter.apps.sites.invitation import lay_out_secrets, shared_secrets
from isocenter.apps.sites.site import site_note
from isocenter.apps.wiring import master_keys_of, node_name, open_stored_objects
from isocenter.domain.archive.duplicates import Holdings
from isocenter.domain.archive.erase import facts_key_path
from isocenter.domain.archive.store import Archive
from isocenter.domain.continuity.evidence import file_evidence
from isocenter.domain.continuity.rehearsal import Read, read_samples, recovery_point_s, store_one
from isocenter.domain.continuity.take_over import Lead, TakenOver, settle
from isocenter.index.institutions import institutions
from isocenter.index.migrate import migrate
from isocenter.index.site_changes import Lag, lag_of
from isocenter.index.sites import newest_beat
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Database, translated_errors
from isocenter.kit.errors import Conflict
from isocenter.kit.settings import Settings
from isocenter.storage.encrypted_store import EncryptedStore
from isocenter.storage.extents import Bytes
from isocenter.storage.facts import read_key_file
from isocenter.storage.key_ring import KeyRing
from isocenter.storage.lead import LeadEntry, LeadView
from isocenter.storage.object_store import LocalObjectStore
from isocenter.storage.overlay import OverlayStore

RTO_GOAL_S: Final = 300.0
RPO_GOAL_S: Final = 60.0
_COPY_TIMEOUT_S: Final = 24 * 3600


class NoPrivateDatabase(Conflict):
    """A drill copies the private PostgreSQL of a home; a region's own is rehearsed by those who run it."""

    reason = "no-private-database"


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of each step. copy: of the index, which a real take-over does not need; lease: for it to run out."""

    copy_s: float
    lease_s: float
    index_s: float
    settle_s: float
    first_store_s: float
    first_read_s: float

    @property
    def recovery_s(self) -> float:
        """From the loss to objects taken and read again, the start of processes aside."""
        return round(self.lease_s + self.index_s + self.settle_s + self.first_store_s + self.first_read_s, 3)


def drill(caller: Caller, settings: Settings, url: str, *, count: int, tell: Callable[[str], None]) -> dict[str, Any]:
    """Rehearse on this home, whose PostgreSQL runs at url, and file the evidence; what it says, with its id.

    count: of instances and packs that are read back for each institution. Raises NoPrivateDatabase, PostgresFailed.
    """
    caller.require(Right.MANAGE_STORAGE)
    if folder_of(settings.home) is None:
        raise NoPrivateDatabase(
            "This home has no PostgreSQL of its own: rehearse the promotion of yours with its tools."
        )
    said: dict[str, Any] = {"at": utc_now().isoformat(timespec="seconds"), "version": __version__}
    note = site_note(settings.home)
    with _rehearsal(settings) as home:
        tell("The index is copied")
        began = time.monotonic()
        index_age_s = _copy(settings, url, home)
        copy_s = time.monotonic() - began
        said |= _rehearse(replace(settings, home=home), settings, copy_s, index_age_s, count, tell)
    said |= {"role": "leader" if note is None else note.role, "index_age_s": round(index_age_s, 3)}
    said["passed"] = bool(
        said["wrong"] == 0 and said["rto_s"] <= RTO_GOAL_S and said["rpo_s"] <= RPO_GOAL_S and not said["damaged"]
    )
    drill_id = file_evidence(
        open_stored_objects(settings), read_key_file(facts_key_path(settings.home)), settings.site, said
    )
    return {"drill_id": drill_id, **said}


@contextmanager
def _rehearsal(settings: Settings) -> Iterator[Path]:
    """An empty home beside ours, and nothing of it afterwards."""
    home = settings.home / "drill"
    _clear(home)
    make_home(home)
    lay_out_secrets(home, shared_secrets(settings.home))
    try:
        yield home
    finally:
        _clear(home)


def _clear(home: Path) -> None:
    root = folder_of(home)
    if root is not None:
        shutil.rmtree(root, ignore_errors=True)
    shutil.rmtree(home, ignore_errors=True)


def _copy(settings: Settings, url: str, home: Path) -> float:
    """Copy the index that runs at url into a home; how old the newest sign of life in it was then, in seconds."""
    user = run_as()
    layout = prepare_layout(home, user)
    with translated_errors(), psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        version = connection.info.server_version // 10000
        row = connection.execute("SELECT extract(epoch FROM clock_timestamp() - at)::float8 FROM site_beat").fetchone()
    programs = find_programs(version, layout.root / "programs", user)
    password = (settings.home / "secrets" / "postgres.pgpass").read_bytes()
    owned_file(layout.root / "drill.pgpass", password, user)
    own_folder(layout.data, user)
    address = make_conninfo(url, passfile=str(layout.root / "drill.pgpass"))
    command = [str(programs.bin / "pg_basebackup"), "-d", address, "-D", str(layout.data), "-X", "stream", "-c", "fast"]
    done = subprocess.run(  # type: ignore[call-overload]
        [*command, "--no-password", "--no-manifest"],
        capture_output=True,
        text=True,
        check=False,
        timeout=_COPY_TIMEOUT_S,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
        **user.popen_arguments(),
    )
    if done.returncode:
        raise PostgresFailed(f"The index could not be copied: {done.stderr.strip()[-500:]}")
    with suppress(FileNotFoundError):
        (layout.data / "standby.signal").unlink()  # the copy follows nobody
    return 0.0 if row is None else max(0.0, float(row[0]))


def _rehearse(
    there: Settings, real: Settings, copy_s: float, index_age_s: float, count: int, tell: Callable[[str], None]
) -> dict[str, Any]:
    """Take over in the rehearsal's home; what there is to say of it."""
    began = time.monotonic()
    tell("The copy becomes an index")
    postgres = EmbeddedPostgres(there.home)
    try:
        url = postgres.start()
        migrate(url)
        index_s = time.monotonic() - began
        with closing(Database(url, max_connections=6)) as database:
            return _measured(there, real, database, (copy_s, index_s), index_age_s, count, tell)
    finally:
        postgres.stop()


def _measured(
    there: Settings,
    real: Settings,
    database: Database,
    so_far: tuple[float, float],
    index_age_s: float,
    count: int,
    tell: Callable[[str], None],
) -> dict[str, Any]:
    stored = OverlayStore(open_stored_objects(real), LocalObjectStore(there.home / "above"))
    store = EncryptedStore(stored, KeyRing(stored, master_keys_of(there)), encrypts=there.encryption == "on")
    data = Bytes(there.home / "journal", store)
    lag, before = _as_it_was(database)
    tell("Index and store are brought together")
    began = time.monotonic()
    taken = _settled(database, data, stored, Lead(real.site, node_name(there), before + 1, "the drill", 0.0))
    settled = time.monotonic()
    tell("An object is stored")
    _store(there, database, data)
    stored_at = time.monotonic()
    tell("Objects are read back and compared")
    first = read_samples(database, data, count=1, seed=0)
    read_at = time.monotonic()
    read = read_samples(database, data, count=count, seed=int(stored_at))
    times = Times(
        copy_s=round(so_far[0], 3),
        lease_s=_lease_s(real),
        index_s=round(so_far[1], 3),
        settle_s=round(settled - began, 3),
        first_store_s=round(stored_at - settled, 3),
        first_read_s=round(read_at - stored_at, 3),
    )
    return _account(times, lag, index_age_s, taken, first, read)


def _settled(database: Database, data: Bytes, stored: OverlayStore, lead: Lead) -> TakenOver:
    holdings = Holdings(database, data)
    with closing(holdings.comparisons):
        return settle(holdings, stored, lead)


def _lease_s(settings: Settings) -> float:
    """How long a take-over waits for the lease of a site that is lost."""
    view = LeadView(settings.site, 1, lambda: 0.0)
    view.saw(0.0, LeadEntry(1, 1, "the lost one", settings.lead_for.total_seconds()))
    return 0.0 if settings.witness_url is None else round(view.wait_s(), 3)


def _account(times: Times, lag: Lag, index_age_s: float, taken: TakenOver, first: Read, read: Read) -> dict[str, Any]:
    missing = Lag(taken.missing, taken.missing_bytes, lag.seconds, 0, lag.stuck, lag.problem)
    return {
        **asdict(times),
        "rto_s": times.recovery_s,
        "rpo_s": recovery_point_s(index_age_s, missing),
        "rto_goal_s": RTO_GOAL_S,
        "rpo_goal_s": RPO_GOAL_S,
        "missing": taken.missing,
        "missing_bytes": taken.missing_bytes,
        "recorded": taken.recorded,
        "damaged": taken.damaged,
        "right": first.right + read.right,
        "wrong": first.wrong + read.wrong,
        "away": first.away + read.away,
    }


def _as_it_was(database: Database) -> tuple[Lag, int]:
    """What the copied index says was not copied yet, and the generation of the lead."""
    with database.transaction() as connection:
        last = newest_beat(connection)
        return lag_of(connection), last.generation if last is not None else 1


def _store(there: Settings, database: Database, data: Bytes) -> None:
    with database.transaction() as connection:
        first = next(iter(institutions(connection)), None)
    if first is None:
        return
    archive = Archive(data=data, node=node_name(there), database=database, max_object_bytes=there.max_object_bytes)
    with closing(archive):
        store_one(archive, first.institution_id)
