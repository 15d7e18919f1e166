"""`isocenter up`: one supervisor that starts everything on one machine, keeps it running and stops it in order."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import ssl
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import Any

from rich.console import Console

from isocenter import __version__
from isocenter.access.audit import Action
from isocenter.access.caller import system_caller
from isocenter.access.enrolment import issue_enrolment, withdraw_first_enrolments
from isocenter.access.institutions import Institution, ensure_institution
from isocenter.access.roles import FIRST_ADMINISTRATOR
from isocenter.access.sealed_secrets import sealing_key_of
from isocenter.access.sign_in.policy import offer_in_a_demo
from isocenter.access.users import administrator_exists
from isocenter.apps.audit_trail import record_application
from isocenter.apps.home import HomeLock, RunState, make_home, write_state
from isocenter.apps.log_file import LogFile
from isocenter.apps.master_key import check_master_key, ensure_master_key
from isocenter.apps.nursery import Nursery, NurseryGone, Order, bury_adopted
from isocenter.apps.postgres.embedded import EmbeddedPostgres
from isocenter.apps.processes import Child
from isocenter.apps.pulse import DRAINED, Pulse
from isocenter.apps.settings_from_environment import settings_to_environment
from isocenter.apps.sites.site import check_leads, check_note, listening_of
from isocenter.apps.wiring import check_certificates, node_name, open_object_store
from isocenter.domain.archive.erase import facts_key_path
from isocenter.domain.continuity.institution_book import write_institutions
from isocenter.domain.continuity.restore import check_whole
from isocenter.domain.retention.policy import without_retention_in_a_demo
from isocenter.index.institutions import institutions
from isocenter.index.migrate import migrate
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Database
from isocenter.kit.errors import Conflict, Exhausted, IsocenterError
from isocenter.kit.leading import NotLeading
from isocenter.kit.settings import Settings
from isocenter.storage.cluster_key import make_cluster_key
from isocenter.storage.errors import NoSecondCopy
from isocenter.storage.facts import make_key_file, read_key_file
from isocenter.wire.listening_socket import without_pacing

DRAIN_S = 35.0  # the listener itself drains for at most 30
READY_TIMEOUT_S = 60.0
_LOOK_EVERY_S = 0.2
_MEMORY_PREFIX = "isocenter-metrics-"


class PortInUse(Conflict):
    """Another program listens on the port."""

    reason = "port-in-use"


class NeverReady(Exhausted):
    """The processes were started and did not become ready."""

    reason = "never-ready"


@dataclass(frozen=True, slots=True)
class Started:
    """What there is to tell once everything is ready."""

    settings: Settings
    institution: Institution
    http_url: str
    enrolment_url: str | None


class Supervisor:
    """Everything that runs on one home. `run` blocks until it is told to stop."""

    def __init__(self, settings: Settings, console: Console, *, demo: bool = False) -> None:
        self._settings = settings
        self._console = console
        self._demo = demo
        self._lock = HomeLock(settings.home)
        self._postgres: EmbeddedPostgres | None = None
        self._http_socket: socket.socket | None = None
        self._dicom_sockets: list[socket.socket] = []
        self._metrics: Path | None = None
        self._nursery: Nursery | None = None
        self._children: list[Child] = []
        self._samples: Child | None = None
        self._state: RunState | None = None
        self._pulse: Pulse | None = None
        self._exit_code = 0
        self._stop = Event()
        self._hurry = Event()

    def run(self, ready: Callable[[Started], None]) -> int:
        """Start all, call `ready`, keep all running until SIGINT or SIGTERM, stop all. Returns the exit code.

        Raises AlreadyRunning, PortInUse, HomeNotUsable and what PostgreSQL's start may raise.
        """
        check_whole(self._settings.home)
        make_home(self._settings.home)
        make_key_file(facts_key_path(self._settings.home))
        if self._settings.node_port is not None:
            make_cluster_key(self._settings.home)
        check_certificates(self._settings)
        check_note(self._settings)
        self._lock.take()
        with _signals(self._on_signal):
            try:
                started = self._start()
                if started is not None and not self._stop.is_set():
                    ready(started)
                    self._start_samples()
                while not self._stop.wait(_LOOK_EVERY_S):
                    self._look_after()
            finally:
                self._stop_all()
        return self._exit_code

    def _on_signal(self) -> None:
        if self._stop.is_set():
            self._hurry.set()
        self._stop.set()

    def _start(self) -> Started | None:
        self._metrics = memory_folder(self._settings.home)
        settings = self._settings = self._with_ports(self._settings)
        self._nursery = self._open_nursery()  # it imports while the database starts
        if settings.database_url is None:
            with self._doing("Starting PostgreSQL"):
                self._postgres = EmbeddedPostgres(settings.home, listening=listening_of(settings))
                settings = self._settings = replace(settings, database_url=self._postgres.start())
        assert settings.database_url is not None
        with self._doing("Preparing the database"):
            migrate(settings.database_url)
            check_leads(settings, settings.database_url)
            ensure_master_key(settings)
            self._join(settings, settings.database_url)
            with closing(Database(settings.database_url)) as database:
                institution = ensure_institution(database, settings.institution_name)
                with database.transaction() as connection:
                    known = [one.institution_id for one in institutions(connection)]
                check_master_key(settings, known)
                if self._demo:
                    offer_in_a_demo(database, system_caller(institution.institution_id, "up"))
                    without_retention_in_a_demo(database, system_caller(institution.institution_id, "up"))
                with suppress(Exhausted):  # a store that is away holds nothing up: the worker writes it down later
                    key = read_key_file(facts_key_path(settings.home))
                    write_institutions(database, open_object_store(settings), key)
                enrolment = self._first_enrolment(database, institution)
            node = node_name(settings)
            record_application(settings.database_url, institution.institution_id, Action.APPLICATION_STARTED, node)
        assert self._http_socket is not None
        url = f"{_scheme(settings)}://{_shown_host(settings.http_host)}:{settings.http_port}"
        self._state = self._first_state(settings, institution, url)
        self._children = self._make_children(settings, self._nursery, self._http_socket.fileno())
        with self._doing("Starting the listener, the web server and the worker"):
            for child in self._children:
                child.start()
            self._write_state()
            if not self._wait_until_ready():
                return None
        return Started(settings, institution, url, None if enrolment is None else f"{url}/enrol/{enrolment}")

    def _join(self, settings: Settings, database_url: str) -> None:
        """Be a node of the region, which is this one alone on a laptop. Raises NodeNameTaken, OtherKeys."""
        sealing_key_of(settings.home)  # all keys that the nodes share are there to be compared
        pulse = Pulse(settings, database_url, self._told_to_leave)
        pulse.start()
        self._pulse = pulse

    def _told_to_leave(self, reason: str) -> None:
        self._exit_code = 0 if reason == DRAINED else 1
        self._console.print(f"[yellow]This node leaves the region: {reason}.[/]")
        self._stop.set()

    def _with_ports(self, settings: Settings) -> Settings:
        """Bind the web and DICOM sockets here, so that all processes of a kind share them."""
        self._http_socket = _bound(settings.http_host, settings.http_port, "ISOCENTER_HTTP_PORT")
        self._http_socket.listen(1024)
        self._http_socket.set_inheritable(True)
        dicom_port = self._bind_dicom(settings.dicom_host, settings.dicom_port, "ISOCENTER_DICOM_PORT")
        tls_port = settings.dicom_tls_port
        if tls_port is not None:
            host = settings.dicom_tls_host or settings.dicom_host
            tls_port = self._bind_dicom(host, tls_port, "ISOCENTER_DICOM_TLS_PORT")
        node_port = settings.node_port
        if node_port is not None:
            with _bound(settings.node_host, node_port, "ISOCENTER_NODE_PORT") as probe:
                node_port = probe.getsockname()[1]
        http_port = self._http_socket.getsockname()[1]
        ports = {"http_port": http_port, "dicom_port": dicom_port, "dicom_tls_port": tls_port, "node_port": node_port}
        return replace(settings, **ports)

    def _bind_dicom(self, host: str, port: int, setting: str) -> int:
        bound = _bound(host, port, setting)
        bound.set_inheritable(True)
        self._dicom_sockets.append(bound)
        return int(bound.getsockname()[1])

    def _first_enrolment(self, database: Database, institution: Institution) -> str | None:
        if administrator_exists(database, institution.institution_id):
            return None
        withdraw_first_enrolments(database, institution.institution_id)
        return issue_enrolment(database, system_caller(institution.institution_id, "up"), FIRST_ADMINISTRATOR)

    def _first_state(self, settings: Settings, institution: Institution, url: str) -> RunState:
        return RunState(
            pid=os.getpid(),
            version=__version__,
            started_at=utc_now().isoformat(timespec="seconds"),
            home=str(settings.home),
            http_url=url,
            ae_title=settings.ae_title,
            dicom_host=settings.dicom_host,
            dicom_port=settings.dicom_port,
            institution_id=institution.institution_id,
            institution_name=institution.name,
            settings=settings_to_environment(settings),
        )

    def _open_nursery(self) -> Nursery:
        """With our environment, but for the settings, which are known only when the database runs."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("ISOCENTER_")}
        ours = {"PROMETHEUS_MULTIPROC_DIR": str(self._metrics), "PYTHONUNBUFFERED": "1", "OPENBLAS_NUM_THREADS": "1"}
        nursery = Nursery(inherited | ours, self._log_of("nursery"))
        nursery.start()
        return nursery

    def _log_of(self, name: str) -> LogFile:
        return LogFile(self._settings.home / "logs" / f"{name}.log")

    def _make_children(self, settings: Settings, nursery: Nursery, http_fd: int) -> list[Child]:
        environment = settings_to_environment(settings)
        children: list[Child] = []

        def add(process: str, number: int = 1, of: int = 1, fds: Sequence[int] = ()) -> None:
            name = process if of == 1 else f"{process}-{number}"
            order = Order(name, process, environment, number)
            children.append(Child(order, nursery, self._log_of(name), fds=fds))

        if settings.node_port is not None:
            add("keeper")
        dicom_fds = [each.fileno() for each in self._dicom_sockets]
        for number in range(1, settings.listener_processes + 1):
            add("listener", number, settings.listener_processes, dicom_fds)
        for number in range(1, settings.web_processes + 1):
            add("web", number, settings.web_processes, [http_fd])
        add("worker")
        return children

    def _wait_until_ready(self) -> bool:
        """False when told to stop meanwhile. Raises NeverReady."""
        address = f"{_local_host(self._settings.http_host)}:{self._settings.http_port}"
        url = f"{_scheme(self._settings)}://{address}/health/ready"
        deadline = time.monotonic() + READY_TIMEOUT_S
        while time.monotonic() < deadline:
            if _answers(url):
                return True
            if self._stop.wait(_LOOK_EVERY_S):
                return False
            self._look_after()
        raise NeverReady(f"The processes did not become ready; their logs are in {self._settings.home / 'logs'}.")

    def _start_samples(self) -> None:
        """Fill a demo home, the first time, from a process of its own that tells about its progress."""
        if not self._demo or self._nursery is None:
            return
        from isocenter.apps.samples import remembered  # pydicom and numpy: only a demo pays for them

        if remembered(self._settings.home) is None:
            order = Order("samples", "samples", settings_to_environment(self._settings))
            self._samples = Child(order, self._nursery, self._log_of("samples"), echo=self._echo)
            self._samples.start()

    def _echo(self, line: bytes) -> None:
        self._console.print(line.decode("utf-8", "replace").rstrip(), highlight=False, markup=False)

    def _look_after(self) -> None:
        changed = self._revive_postgres()
        for child in self._children:
            code, pid = child.exit_code, child.pid
            try:
                if not child.restart_if_dead():
                    continue
            except NurseryGone as error:
                self._console.print(f"[red]{child.name} ended ({_ending(code)}). {error.message}[/]")
                continue
            changed = True
            self._forget_gauges(pid)
            self._console.print(f"[yellow]{child.name} ended ({_ending(code)}); started again.[/]")
        bury_adopted(self._running_pids())
        if changed:
            self._write_state()

    def _forget_gauges(self, pid: int | None) -> None:
        """What a process that was killed had open is open no more."""
        from prometheus_client.multiprocess import mark_process_dead  # hardly ever needed here

        mark_process_dead(pid, path=str(self._metrics))  # type: ignore[no-untyped-call]

    def _running_pids(self) -> set[int | None]:
        """Of the processes whose end we wait for; one that ended by now has been waited for."""
        postgres = None if self._postgres is None or self._postgres.process is None else self._postgres.process.pid
        nursery = None if self._nursery is None else self._nursery.pid
        children = [*self._children, *filter(None, [self._samples])]
        return {postgres, nursery, *(child.pid for child in children if child.running)}

    def _revive_postgres(self) -> bool:
        postgres = self._postgres
        if postgres is None or postgres.process is None or postgres.process.poll() is None:
            return False
        self._console.print("[yellow]PostgreSQL ended; starting it again.[/]")
        for pause_s in (0.5, 1.0, 2.0, 4.0, 8.0):
            try:
                postgres.start()
                return True
            except IsocenterError as error:
                self._console.print(f"[red]{error.message}[/]")
                if self._stop.wait(pause_s):
                    return False
        raise NeverReady("PostgreSQL cannot be started again; its log is in home/logs/postgres.log.")

    def _write_state(self) -> None:
        if self._state is not None:
            self._state.processes = [child.state for child in self._children]
            try:
                write_state(self._settings.home, self._state)
            except OSError as error:  # what runs goes on; only `isocenter status` knows less
                self._console.print(f"[yellow]The note for the commands cannot be written: {error.strerror}.[/]")

    def _stop_all(self) -> None:
        """Doors first (the listener drains, then the web server); then the worker, which ships what they closed; then
        what answers other nodes; PostgreSQL last."""
        with _ignoring_broken_terminal():
            if self._children:
                self._console.print("Stopping … (Ctrl-C again to hurry)", highlight=False)
        if self._samples is not None:
            self._samples.kill()
        for each in self._dicom_sockets:  # else callers would wait for somebody to answer
            each.close()
        stages = {"listener": 0, "web": 1, "keeper": 3}
        for stage in range(4):
            self._end([child for child in self._children if stages.get(child.name.partition("-")[0], 2) == stage])
        if self._nursery is not None:
            self._nursery.close()
        if self._http_socket is not None:
            self._http_socket.close()
        self._record_stop()
        if self._pulse is not None:
            self._pulse.stop()
        if self._postgres is not None:
            self._postgres.stop()
        if self._metrics is not None:
            shutil.rmtree(self._metrics, ignore_errors=True)
        self._lock.give_back()
        with _ignoring_broken_terminal():
            if self._children:
                self._console.print("Stopped.", highlight=False)

    def _record_stop(self) -> None:
        """The trail tells of the stop, when the database still takes it."""
        url, state = self._settings.database_url, self._state
        if url is not None and state is not None:
            with suppress(IsocenterError):
                node = node_name(self._settings)
                record_application(url, state.institution_id, Action.APPLICATION_STOPPED, node)

    def _end(self, children: list[Child]) -> None:
        for child in children:
            child.ask_to_stop()
        until = time.monotonic() + DRAIN_S
        for child in children:
            while not child.wait(min(until, time.monotonic() + _LOOK_EVERY_S)):
                if self._hurry.is_set() or time.monotonic() >= until:
                    child.kill()

    @contextmanager
    def _doing(self, what: str) -> Iterator[None]:
        if self._console.is_terminal:
            with self._console.status(what + " …"):
                yield
        else:
            yield


@contextmanager
def _signals(handle: Callable[[], None]) -> Iterator[None]:
    """SIGINT and SIGTERM call `handle` while the block runs."""

    def on_signal(_number: int, _frame: Any) -> None:
        handle()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def memory_folder(home: Path) -> Path:
    """A private folder for what processes share: counters, marks. In memory, because a process that touches a mapped
    file on a full disk is killed. One that an `up` on this home left behind when it was killed is removed.
    """
    note = home / "run" / "memory"
    with suppress(OSError):
        left = note.readlink()
        if left.name.startswith(_MEMORY_PREFIX):
            shutil.rmtree(left, ignore_errors=True)
        note.unlink()
    memory = Path("/dev/shm")  # noqa: S108 - mkdtemp makes a folder of our own in it
    folder = Path(tempfile.mkdtemp(prefix=_MEMORY_PREFIX, dir=memory if memory.is_dir() else None))
    with suppress(OSError):  # a full disk: then it is left behind, should this one be killed
        note.symlink_to(folder)
    return folder


@contextmanager
def _ignoring_broken_terminal() -> Iterator[None]:
    """The terminal may be gone (SIGHUP, a closed pipe); stopping goes on."""
    try:
        yield
    except OSError:
        sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115


def _bound(host: str, port: int, setting: str) -> socket.socket:
    """A bound TCP socket. Raises PortInUse with the setting that changes it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        advice = f"stop what uses it, or set {setting} to another port."
        raise PortInUse(f"Port {port} on {host} cannot be used ({error.strerror}): {advice}") from None
    without_pacing(bound)
    return bound


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5, context=_our_own()) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except urllib.error.HTTPError as refused:  # all runs; objects are taken when a node or the witness is back
        reason = refused.read()
        return any(one.reason.encode() in reason for one in (NoSecondCopy, NotLeading))
    except (urllib.error.URLError, OSError, ValueError):
        return False


def _our_own() -> ssl.SSLContext:
    """For a question to ourselves, whose socket we hold: whatever name the certificate is for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _scheme(settings: Settings) -> str:
    return "https" if settings.http_tls == "on" else "http"


def _local_host(host: str) -> str:
    local = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(host, host)  # noqa: S104
    return f"[{local}]" if ":" in local and not local.startswith("[") else local


def _shown_host(host: str) -> str:
    return socket.gethostname() if host in ("0.0.0.0", "::", "") else _local_host(host)  # noqa: S104


def _ending(code: int | None) -> str:
    if code is None or code >= 0:
        return f"exit code {code}"
    return f"signal {signal.Signals(-code).name}"
