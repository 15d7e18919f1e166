"""One `isocenter up` on a home of its own, started, asked, killed and stopped as a user would (bench and tests)."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import ClassVar

from bench.processes import command_line, process_table, tree

ISOCENTER = Path(sys.executable).with_name("isocenter")


class NotReadyError(RuntimeError):
    """It did not become ready in the time given; the message ends with what it printed."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> object:
        """The body as JSON."""
        return json.loads(self.body)


def free_port() -> int:
    """A TCP port of loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def new_folder(prefix: str, parent: Path | None = None) -> Path:
    """A fresh folder that an unprivileged PostgreSQL may reach: PostgreSQL never runs as root."""
    base = parent or Path(os.environ.get("ISOCENTER_BENCH_SCRATCH", "/var/tmp"))
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=base))
    folder.chmod(0o755)
    return folder


class Node:
    """A home, the process started on it and what can be asked of it.

    when_stopped: looks at what a stopped node left, in its logs above all; tests set it.
    """

    when_stopped: ClassVar[Callable[[Node], None] | None] = None

    def __init__(self, home: Path, **settings: str) -> None:
        self.home = home
        self.http_port = free_port()
        self.dicom_port = free_port()
        self.ae_title = "ISOCENTER"
        self.host = "127.0.0.1"
        """Where it is asked; what it listens on is said by its settings."""
        self.prefix: list[str] = []
        """What runs `isocenter up`: the entry into a network namespace."""
        self.log = home.parent / f"{home.name}.up.log"
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._token: str | None = None
        self.verb = "up"

    @property
    def environment(self) -> dict[str, str]:
        """What `isocenter` is started with."""
        outside = {name: value for name, value in os.environ.items() if not name.startswith("ISOCENTER_")}
        return (
            outside
            | {
                "ISOCENTER_HOME": str(self.home),
                "ISOCENTER_HTTP_PORT": str(self.http_port),
                "ISOCENTER_DICOM_PORT": str(self.dicom_port),
                "ISOCENTER_AE_TITLE": self.ae_title,
            }
            | self._settings
        )

    @property
    def pid(self) -> int:
        """Of `isocenter up`."""
        assert self._process is not None
        return self._process.pid

    def alive(self) -> bool:
        """Whether `isocenter up` still runs."""
        return self._process is not None and self._process.poll() is None

    def exit_code(self) -> int | None:
        """Of `isocenter up`; None while it runs."""
        return None if self._process is None else self._process.poll()

    def start(self, within_s: float = 90.0) -> float:
        """Start and wait until it is ready; the seconds that took."""
        began = time.monotonic()
        self.spawn()
        self.wait_ready(within_s)
        return time.monotonic() - began

    def spawn(self) -> None:
        """Start and do not wait."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self.prefix, str(ISOCENTER), self.verb],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_ready(self, within_s: float) -> float:
        """Wait for /health/ready to say 200; the seconds that took. Raises NotReadyError."""
        began = time.monotonic()
        while time.monotonic() - began < within_s:
            if self.ready():
                return time.monotonic() - began
            if not self.alive():
                break
            time.sleep(0.05)
        raise NotReadyError(
            f"{'not ready' if self.alive() else 'it ended'} after {time.monotonic() - began:.1f} s\n"
            f"{self.said()}\n{self.logged()}"
        )

    def ready(self) -> bool:
        """Whether /health/ready says 200 now."""
        try:
            return self.get("/health/ready", authorized=False, timeout_s=5).status == 200
        except OSError:
            return False

    def said(self) -> str:
        """The last of what `isocenter up` printed."""
        return self.log.read_text(errors="replace")[-3000:] if self.log.exists() else ""

    def logged(self) -> str:
        """The last lines of every process's log."""
        logs = sorted((self.home / "logs").glob("*.log"))
        return "\n".join(f"--- {log.name}\n{log.read_text(errors='replace')[-1500:]}" for log in logs)

    def stop(self, within_s: float = 30.0) -> int | None:
        """Ctrl-C, wait, and end what is left; the exit status of `isocenter up`."""
        status = None
        if self._process is not None:
            if self._process.poll() is None:
                self._process.send_signal(signal.SIGINT)
                try:
                    self._process.wait(within_s)
                except subprocess.TimeoutExpired:
                    self._process.kill()
                    self._process.wait()
            status = self._process.returncode
        for pid in self.pids():
            _kill(pid)
        if Node.when_stopped is not None:
            Node.when_stopped(self)
        return status

    def secrets(self) -> list[str]:
        """What was shown to this node and must be in no log."""
        return [] if self._token is None else [self._token]

    def remove(self) -> None:
        """Stop and delete the home."""
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)
        self.log.unlink(missing_ok=True)

    def command(self, *arguments: str, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
        """Run `isocenter ARGUMENTS` against this home."""
        return subprocess.run(
            [str(ISOCENTER), *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    @property
    def token(self) -> str:
        """A bearer token of an administrator, issued once."""
        if self._token is None:
            done = self.command("token", "issue", "--role", "administrator")
            if done.returncode:
                raise RuntimeError(f"token issue failed: {done.stdout}{done.stderr}")
            self._token = done.stdout.strip().splitlines()[-1]
        return self._token

    def share_token(self, token: str) -> None:
        """Use a token that another node of the same region issued."""
        self._token = token

    def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        authorized: bool = True,
        timeout_s: float = 60,
    ) -> Reply:
        """One HTTP request; every status is an answer, OSError when there is none."""
        request = urllib.request.Request(f"http://{self.host}:{self.http_port}{path}", data=body, method=method)
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        if authorized:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            with urllib.request.urlopen(request, timeout=timeout_s) as answer:
                return Reply(answer.status, _lower(answer.headers), answer.read())
        except urllib.error.HTTPError as answer:
            return Reply(answer.code, _lower(answer.headers), answer.read())
        except http.client.IncompleteRead as cut:  # who sent it was killed meanwhile
            raise ConnectionError("the answer ended early") from cut

    def get(self, path: str, accept: str = "*/*", *, authorized: bool = True, timeout_s: float = 60) -> Reply:
        """GET."""
        return self.request("GET", path, headers={"Accept": accept}, authorized=authorized, timeout_s=timeout_s)

    def post(self, path: str, asked: object) -> Reply:
        """POST of JSON."""
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        return self.request("POST", path, body=json.dumps(asked).encode(), headers=headers)

    def pids(self) -> list[int]:
        """Every process of this home: the tree of `up`, and what names the home or was started with it."""
        roots = set()
        for pid in process_table():
            if pid != os.getpid() and (
                self._names_home(pid) or (self._process is not None and pid == self._process.pid)
            ):
                roots.add(pid)
        return [process.pid for process in tree(roots)]

    def _names_home(self, pid: int) -> bool:
        home = str(self.home)
        if any(
            argument == home or argument.startswith(home + "/") or argument.endswith("=" + home)
            for argument in command_line(pid)
        ):
            return True
        try:
            return f"ISOCENTER_HOME={home}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            return False

    def pids_of(self, role: str) -> list[int]:
        """The processes of one role: up, listener, web, worker, postgres (the postmaster) or backend (its children)."""
        roles = {pid: role_of(pid) for pid in self.pids()}
        table = process_table()
        return [
            pid for pid, each in roles.items() if each == role and pid in table and roles.get(table[pid].parent) != role
        ]


def role_of(pid: int) -> str:
    """What a process of a home is, by its command line."""
    arguments = command_line(pid)
    if not arguments or not arguments[0]:
        return "gone"
    if arguments[0].startswith("postgres:"):
        return "backend"
    if Path(arguments[0]).name == "postgres":
        return "postgres"
    if arguments[0].startswith("isocenter: "):
        return arguments[0].removeprefix("isocenter: ").partition("-")[0]
    return "up" if "up" in arguments else "other"


def kill(pids: list[int]) -> None:
    """kill -9."""
    for pid in pids:
        _kill(pid)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def eventually(holds: Callable[[], bool], within_s: float) -> bool:
    """Whether it holds within a bounded time, asked again and again."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.05)
    return holds()


def _lower(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
