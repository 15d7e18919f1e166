"""A private PostgreSQL inside a home: made, started, watched, stopped. Unix socket only; password in home/secrets.

Files: <home>/postgres.json says where everything is; the data lies in <home>/postgres, or, when we are root and the
unprivileged user cannot enter the home, in a folder of its own below /var/lib/isocenter-postgres. The version that made
the data opens it for ever after.
"""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import json
import os
import secrets
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psutil
import psycopg

from isocenter.apps.postgres.listening import Listening
from isocenter.apps.postgres.programs import PostgresPrograms, RunAs, find_programs, run_as
from isocenter.apps.postgres.settings import server_settings
from isocenter.kit.errors import Conflict, Exhausted
from isocenter.kit.files import write_whole

DATABASE = "isocenter"
OWNER = "isocenter"
DEFAULT_PORT = 5432
"""Of the socket's name; nothing listens on it."""
REACHABLE_FOLDER = Path("/var/lib/isocenter-postgres")
LONGEST_SOCKET_FOLDER = 90  # sockaddr_un holds 107 bytes; the socket's own name takes 14
START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 60.0


class HomeInUse(Conflict):
    """Another process runs the database of this home."""

    reason = "home-in-use"


class PostgresFailed(Exhausted):
    """PostgreSQL did not start or did not stop; its log says why."""

    reason = "postgresql-failed"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the parts of one private PostgreSQL lie."""

    root: Path
    """Ours: holds the data, the lock and copies of programs."""
    data: Path
    """The cluster; belongs to the user that runs PostgreSQL."""
    sockets: Path
    password_file: Path
    log: Path
    port: int = DEFAULT_PORT

    @property
    def url(self) -> str:
        """Connection address of the owner; the password is read from the file and never part of the address."""
        return (
            f"postgresql://{OWNER}@/{DATABASE}?host={quote(str(self.sockets), safe='')}&port={self.port}"
            f"&passfile={quote(str(self.password_file), safe='')}"
        )


def running(home: Path) -> str | None:
    """The connection address of the private PostgreSQL of a home when it answers, else None."""
    layout = _known_layout(home)
    if layout is None:
        return None
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(layout.sockets / f".s.PGSQL.{layout.port}"))
        except OSError:
            return None
    return layout.url


def folder_of(home: Path) -> Path | None:
    """The folder with the data of the private PostgreSQL of a home; None when it has none yet."""
    layout = _known_layout(home)
    return None if layout is None else layout.root


class EmbeddedPostgres:
    """One private PostgreSQL: start(), then url; process.poll() is not None when it died: start() again; stop().

    Call start() from a thread that lives as long as the process: PostgreSQL is told to stop when its parent thread
    ends, so that a killed supervisor leaves no server behind. Not thread-safe.
    durable=False turns fsync off, for tests only. origins restricts where programs are taken from, for tests.
    listening: where the other site's PostgreSQL may copy it from; None: a Unix socket alone.
    """

    def __init__(
        self,
        home: Path,
        *,
        durable: bool = True,
        origins: tuple[str, ...] = ("system", "wheel"),
        reachable_folder: Path = REACHABLE_FOLDER,
        listening: Listening | None = None,
    ) -> None:
        self._home = home.absolute()
        self._durable = durable
        self._origins = origins
        self._user = run_as()
        self._reachable_folder = reachable_folder
        self._listening = listening
        self._lock: IO[str] | None = None
        self._layout: Layout | None = None
        self.programs: PostgresPrograms | None = None
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Connection address of the owner of the database (a superuser of this private server)."""
        return self.layout.url

    @property
    def layout(self) -> Layout:
        """Where the parts lie; known once start() was called."""
        if self._layout is None:
            raise PostgresFailed("The private PostgreSQL was not started yet.")
        return self._layout

    def start(self) -> str:
        """Make the data when there is none, start the server, wait until it answers; return its address.

        Raises HomeInUse, PostgresMissing, PostgresVersionMissing or PostgresFailed.
        """
        port = self._listening.port if self._listening is not None else DEFAULT_PORT
        layout = self._layout = prepare_layout(self._home, self._user, self._reachable_folder, port)
        self._take_lock(layout)
        try:
            version = _data_version(layout.data)
            self.programs = find_programs(version, layout.root / "programs", self._user, origins=self._origins)
            if version is None:
                _make_data(self.programs, layout, self._user, durable=self._durable)
            if self._listening is not None:
                self._listening.prepare(layout.root, layout.data, self._user)
            self._start_server(self.programs, layout)
            _make_database(layout)
        except BaseException:
            self.stop()
            raise
        return layout.url

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, what is committed is on disk. Harmless when not running."""
        process, self.process = self.process, None
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGQUIT)
                process.wait(STOP_TIMEOUT_S)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _take_lock(self, layout: Layout) -> None:
        if self._lock is not None:
            return
        lock = (layout.root / "lock").open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise HomeInUse(f"Another Isocenter is running the database of {self._home}.") from None
        self._lock = lock

    def _start_server(self, programs: PostgresPrograms, layout: Layout) -> None:
        """Start until it answers. Children of a killed server may hold its shared memory a moment longer: try again."""
        _end_leftover(layout.data)
        deadline = time.monotonic() + START_TIMEOUT_S
        after_a_crash = (layout.data / "postmaster.pid").exists()
        for _attempt in range(50 if after_a_crash else 1):
            self.process = self._spawn(programs, layout)
            if _wait_until_ready(self.process, layout, deadline):
                return
            time.sleep(0.2)
        raise PostgresFailed(f"PostgreSQL did not start; its log is {layout.log}.")

    def _spawn(self, programs: PostgresPrograms, layout: Layout) -> subprocess.Popen[bytes]:
        command = [str(programs.bin / "postgres"), "-D", str(layout.data)]
        for name, value in self._server_settings(layout).items():
            command += ["-c", f"{name}={value}"]
        layout.log.parent.mkdir(parents=True, exist_ok=True)
        with layout.log.open("ab") as log:
            return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_environment(),
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops its processes in order
                preexec_fn=_stop_with_parent(),  # noqa: PLW1509
                **self._user.popen_arguments(),
            )

    def _server_settings(self, layout: Layout) -> dict[str, str]:
        settings = server_settings(layout.sockets, layout.port, durable=self._durable)
        return settings if self._listening is None else settings | self._listening.server_settings(layout.root)


def _environment() -> dict[str, str]:
    """PostgreSQL needs nothing of ours, and PG* variables of the caller would only lead it astray."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def _stop_with_parent() -> Callable[[], None]:
    """Ask the kernel for SIGINT (fast shutdown) when the parent dies; after the change of user, which clears it."""
    try:
        prctl = ctypes.CDLL(None).prctl
    except (OSError, AttributeError):  # not Linux
        return lambda: None
    return lambda: prctl(1, int(signal.SIGINT), 0, 0, 0)  # PR_SET_PDEATHSIG


def _known_layout(home: Path) -> Layout | None:
    try:
        known = json.loads((home / "postgres.json").read_text())
        root, port = Path(known["folder"]), int(known.get("port", DEFAULT_PORT))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return _layout(home.absolute(), root if root.is_absolute() else home.absolute() / root, port)


def _layout(home: Path, root: Path, port: int) -> Layout:
    return Layout(
        root=root,
        data=root / "data",
        sockets=_socket_folder(root),
        password_file=home / "secrets" / "postgres.pgpass",
        log=home / "logs" / "postgres.log",
        port=port,
    )


def _socket_folder(root: Path) -> Path:
    inside = root / "run"
    if len(os.fsencode(inside)) <= LONGEST_SOCKET_FOLDER:
        return inside
    name = hashlib.sha256(os.fsencode(root)).hexdigest()[:12]
    return Path("/run" if os.geteuid() == 0 else tempfile.gettempdir()) / f"isocenter-{name}"


def prepare_layout(
    home: Path, user: RunAs, reachable_folder: Path = REACHABLE_FOLDER, port: int = DEFAULT_PORT
) -> Layout:
    """The layout of the home, in postgres.json: its folder is chosen once, its port with every start."""
    home.mkdir(mode=0o755, parents=True, exist_ok=True)
    (home / "secrets").mkdir(mode=0o700, exist_ok=True)
    known = _known_layout(home)
    if known is None or known.port != port:
        folder = known.root if known is not None else _choose_folder(home.absolute(), user, reachable_folder)
        shown = str(folder.relative_to(home.absolute()) if folder.is_relative_to(home.absolute()) else folder)
        write_whole(home / "postgres.json", f"{json.dumps({'folder': shown, 'port': port})}\n".encode())
        known = _layout(home.absolute(), folder, port)
    own_folder(known.sockets, user)
    if not known.password_file.exists():
        write_whole(known.password_file, f"*:*:*:*:{secrets.token_urlsafe(32)}\n".encode())
    return known


def _choose_folder(home: Path, user: RunAs, reachable_folder: Path) -> Path:
    """Inside the home when the user that runs PostgreSQL can enter it, else a new folder below reachable_folder."""
    inside = home / "postgres"
    inside.mkdir(mode=0o755, exist_ok=True)
    if user.can_reach(inside):
        return inside
    inside.rmdir()
    name = hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:16]
    outside = reachable_folder / f"{name}-{secrets.token_hex(4)}"
    outside.mkdir(mode=0o755, parents=True)
    if not user.can_reach(outside):
        raise PostgresFailed(
            f"The user that runs PostgreSQL (PostgreSQL never runs as root) can enter neither {home} nor {outside}: "
            "choose an ISOCENTER_HOME below folders that everyone may enter."
        )
    return outside


def own_folder(folder: Path, user: RunAs) -> None:
    """A folder only that user (and root) can enter; in a shared parent like /tmp it must really be that user's."""
    try:
        folder.mkdir(mode=0o700)
        user.owns(folder)
    except FileExistsError:
        owner = os.geteuid() if user.uid is None else user.uid
        status = folder.lstat()
        if status.st_uid != owner or folder.is_symlink() or status.st_mode & 0o022:
            raise PostgresFailed(f"{folder} belongs to someone else: remove it and start again.") from None


def _data_version(data: Path) -> int | None:
    """Major version that made the data (its PG_VERSION); None when there is no data yet."""
    try:
        return int((data / "PG_VERSION").read_text().strip())
    except FileNotFoundError:
        return None


def _make_data(programs: PostgresPrograms, layout: Layout, user: RunAs, *, durable: bool) -> None:
    """initdb into a new folder that takes its final name only when it is complete."""
    unfinished = layout.root / "data.new"
    password = layout.root / "password.new"
    subprocess.run(["rm", "-rf", str(unfinished)], check=True)
    own_folder(unfinished, user)
    try:
        write_whole(password, f"{layout.password_file.read_text().strip().split(':', 4)[4]}\n".encode())
        user.owns(password)
        command = [str(programs.bin / "initdb"), "-D", str(unfinished), "-U", OWNER, f"--pwfile={password}"]
        command += ["--encoding=UTF8", "--no-locale", "--auth=scram-sha-256", "--data-checksums"]
        command += [] if durable else ["--no-sync"]
        finished = subprocess.run(  # type: ignore[call-overload]
            command, capture_output=True, text=True, check=False, env=_environment(), **user.popen_arguments()
        )
    finally:
        password.unlink(missing_ok=True)
    if finished.returncode != 0:
        raise PostgresFailed(f"initdb failed: {finished.stderr.strip()[-500:]}")
    unfinished.rename(layout.data)


def _end_leftover(data: Path) -> None:
    """Stop a server that a killed supervisor left behind; forget a postmaster.pid whose number someone else has now."""
    pid_file = data / "postmaster.pid"
    try:
        leftover = psutil.Process(int(pid_file.read_text().split("\n", 1)[0]))
        ours = Path(leftover.cwd()) == data.resolve()
    except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
        return  # none, or dead: PostgreSQL itself clears a stale file
    except psutil.AccessDenied:
        ours = False
    if not ours:
        pid_file.unlink(missing_ok=True)
        return
    leftover.send_signal(signal.SIGINT)
    try:
        leftover.wait(STOP_TIMEOUT_S)
    except psutil.TimeoutExpired:
        raise PostgresFailed("A PostgreSQL left from before does not stop.", process_id=leftover.pid) from None


def _wait_until_ready(process: subprocess.Popen[bytes], layout: Layout, deadline: float) -> bool:
    """True when it answers, False when it ended; after a crash it first replays its log, which takes a while."""
    while process.poll() is None:
        try:
            psycopg.connect(layout.url, dbname="postgres", connect_timeout=5).close()
            return True
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise PostgresFailed(f"PostgreSQL does not answer; its log is {layout.log}.") from None
            time.sleep(0.03)
    return False


def _make_database(layout: Layout) -> None:
    with psycopg.connect(layout.url, dbname="postgres", autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
            connection.execute(f"CREATE DATABASE {DATABASE}".encode())
