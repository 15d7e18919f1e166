"""The servers that are measured side by side: the physical limit, DCMTK, Orthanc default and tuned, Isocenter."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import floor
from bench.association import IMPLICIT_VR_LITTLE_ENDIAN, VERIFICATION, Association
from bench.blast import DCMTK_ENVIRONMENT, Load, blast, dcmtk
from bench.data import Instance
from bench.node import Node, eventually, free_port
from bench.processes import cpu_seconds

ORTHANC_PLUGINS = Path("/usr/share/orthanc/plugins")


class MissingPeerError(Exception):
    """A peer is not installed."""


@dataclass(slots=True)
class Running:
    """One server that takes objects now. roots(): the processes whose trees are its cost."""

    port: int
    ae_title: str
    roots: Callable[[], list[int]]
    stop: Callable[[], None]
    raw: bool = False
    node: Node | None = None

    def load(self, program: str, paths: Sequence[Path], instances: Sequence[Instance], associations: int) -> Load:
        """Store the objects with one of the clients."""
        if self.raw:
            return floor.send(self.port, instances, associations)
        if program == "blast":
            return blast(self.port, self.ae_title, instances, associations)
        return dcmtk(program, self.port, self.ae_title, paths, associations)


@dataclass(frozen=True, slots=True)
class Server:
    """One row of the table. durable: what it promises when it acknowledges."""

    name: str
    title: str
    durable: str
    start: Callable[[Path], Running]
    clients: frozenset[str] = field(default=frozenset({"blast", "storescu", "dcmsend"}))


def _process(
    command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    with (folder / "server.log").open("wb") as log:
        return subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **(environment or {})},
        )


def _stopper(process: subprocess.Popen[bytes]) -> Callable[[], None]:
    def stop() -> None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    return stop


def answers_echo(port: int, ae_title: str) -> bool:
    """Whether a C-ECHO succeeds."""
    try:
        association = Association(
            port, called=ae_title, contexts=[(VERIFICATION, IMPLICIT_VR_LITTLE_ENDIAN)], timeout_s=5
        )
        answer = association.echo()
        association.release()
    except (OSError, EOFError):
        return False
    return answer.status == 0


def _started(process: subprocess.Popen[bytes], port: int, ae_title: str) -> Running:
    stop = _stopper(process)
    if (
        not eventually(lambda: process.poll() is not None or answers_echo(port, ae_title), 60)
        or process.poll() is not None
    ):
        stop()
        raise RuntimeError(f"{process.args!r} did not come up")
    return Running(port, ae_title, lambda: [process.pid], stop)


def _limit(mode: str) -> Callable[[Path], Running]:
    def start(folder: Path) -> Running:
        port = free_port()
        command = [sys.executable, "-m", "bench.floor", str(port), str(folder), mode]
        process = _process(command, folder, {"PYTHONPATH": str(Path(__file__).parents[1])})
        if not eventually((folder / floor.LISTENING).exists, 30):
            raise RuntimeError("the limit server did not come up")
        return Running(port, "", lambda: [process.pid], _stopper(process), raw=True)

    return start


def _storescp(folder: Path) -> Running:
    program = _found("storescp")
    port = free_port()
    # one process per association; file as received; no index and no fsync
    options = ["--fork", "+B", "-od", str(folder), "+xa", "-pdu", "131072", "-uf"]
    return _started(_process([program, *options, str(port)], folder, DCMTK_ENVIRONMENT), port, "STORESCP")


def _orthanc(**changes: object) -> Callable[[Path], Running]:
    def start(folder: Path) -> Running:
        program = _found("Orthanc")
        port = free_port()
        configuration: dict[str, object] = {
            "Name": "bench",
            "StorageDirectory": str(folder / "store"),
            "IndexDirectory": str(folder / "store"),
            "HttpServerEnabled": False,
            "RemoteAccessAllowed": False,
            "DicomServerEnabled": True,
            "DicomAet": "ORTHANC",
            "DicomPort": port,
            "DicomCheckCalledAet": False,
            "DicomAlwaysAllowEcho": True,
            "DicomAlwaysAllowStore": True,
            "UnknownSopClassAccepted": True,
            "OverwriteInstances": False,
            "Plugins": [str(path) for path in [ORTHANC_PLUGINS / "libOrthancDicomWeb.so"] if path.exists()],
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
            **changes,
        }
        path = folder / "orthanc.json"
        path.write_text(json.dumps(configuration))
        return _started(
            _process([program, str(path)], folder, {**DCMTK_ENVIRONMENT, "TMPDIR": str(folder)}), port, "ORTHANC"
        )

    return start


def isocenter(**settings: str) -> Callable[[Path], Running]:
    """Isocenter as shipped: `isocenter up` with its own PostgreSQL on a home in the folder."""

    def start(folder: Path) -> Running:
        home = folder / "home"
        home.mkdir(mode=0o755)
        node = Node(home, **settings)
        try:
            node.start(within_s=180)
            if not eventually(lambda: answers_echo(node.dicom_port, node.ae_title), 30):
                raise RuntimeError("ready, but no C-ECHO")
        except BaseException:
            node.stop()
            raise
        return Running(node.dicom_port, node.ae_title, node.pids, lambda: _stop_node(node), node=node)

    return start


def _stop_node(node: Node) -> None:
    node.stop()


def _found(program: str) -> str:
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin:/sbin")
    if path is None:
        raise MissingPeerError(f"{program} is not installed")
    return path


ISOCENTER = Server("isocenter", "Isocenter", "journal fdatasync + index", isocenter())
ORTHANC = Server("orthanc", "Orthanc, default", "fsync per file + index", _orthanc())
SERVERS: tuple[Server, ...] = (
    Server("limit-null", "limit: TCP to null", "nothing", _limit("null"), frozenset({"blast"})),
    Server(
        "limit-fsync",
        "limit: write + fsync per file",
        "fsync per file, no index",
        _limit("fsync"),
        frozenset({"blast"}),
    ),
    Server("storescp", "DCMTK storescp --fork", "nothing, no index", _storescp),
    ORTHANC,
    Server(
        "orthanc-tuned",
        "Orthanc, tuned",
        "nothing (no fsync)",
        _orthanc(SyncStorageArea=False, StoreMD5ForAttachments=False, MaximumPduLength=131072),
    ),
    ISOCENTER,
)


def versions() -> dict[str, str]:
    """The version of every peer that is installed, as it says itself, and the kernel's congestion control."""
    found = {}
    for name, program in {"Orthanc": "Orthanc", "DCMTK": "storescp", "PostgreSQL": "postgres"}.items():
        try:
            said = subprocess.run([_found(program), "--version"], capture_output=True, text=True, check=False)
        except MissingPeerError:
            continue
        number = re.search(r"\d+\.\d+(\.\d+)?", said.stdout + said.stderr)
        found[name] = number[0] if number else "unknown"
    found["TCP"] = Path("/proc/sys/net/ipv4/tcp_congestion_control").read_text().strip()
    return found


def settled() -> None:
    """Flush what earlier runs left in the page cache, then a moment of rest."""
    os.sync()
    time.sleep(0.3)


def at_rest(running: Running, within_s: float = 20.0) -> None:
    """Wait until the server has done what it does after its start: hardly any processor time in half a second."""
    deadline = time.monotonic() + within_s
    before = cpu_seconds(running.roots())
    while time.monotonic() < deadline:
        time.sleep(0.5)
        now = cpu_seconds(running.roots())
        if now - before < 0.03:
            return
        before = now
