"""C-GET and C-MOVE of a hot CT series side by side with Orthanc: both servers up, requests interleaved.

The client of C-GET and the destination of C-MOVE drop what they receive and are the same for both servers; getscu,
which writes files, is there as well. What arrived is counted: a server that leaves something out does not count.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass

from bench import destination, servers
from bench.blast import DCMTK_ENVIRONMENT, blast
from bench.data import CT, Instance, folder_of, load
from bench.node import eventually, free_port, new_folder
from bench.processes import cpu_seconds
from bench.servers import MissingPeerError, Running
from isocenter.standards.dicom.dimse import CommandSet, Status, encode_response
from isocenter.standards.dicom.identifiers import Attribute, encode_identifier
from isocenter.standards.dicom.transfer_syntaxes import IMPLICIT_VR_LITTLE_ENDIAN
from isocenter.wire.pdu import AnsweredContext
from isocenter.wire.requestor import ProposedContext, Remote, Role, request_association
from isocenter.wire.service import Peer, Response

SINK = "SINK"
GET, MOVE = "1.2.840.10008.5.1.4.1.2.2.3", "1.2.840.10008.5.1.4.1.2.2.2"
SCENES = ("get", "getscu", "move")
TITLES = {"get": "C-GET", "getscu": "C-GET by getscu", "move": "C-MOVE"}


@dataclass(frozen=True, slots=True)
class Run:
    """One retrieval of the series from one server. failure: why it does not count, empty when it does."""

    server: str
    scene: str
    repeat: int
    megabytes: float = 0.0
    instances: int = 0
    seconds: float = 0.0
    server_cpu_seconds: float = 0.0
    failure: str = ""

    @property
    def megabytes_per_second(self) -> float:
        """10⁶ bytes of data sets per second."""
        return self.megabytes / self.seconds

    @property
    def cpu_ms(self) -> float:
        """Server CPU per object in ms, the whole tree of processes."""
        return 1000 * self.server_cpu_seconds / self.instances


class Dropping:
    """A Storage SCP that counts bytes and keeps none."""

    command_field = 1

    def __init__(self) -> None:
        self.instances = 0
        self.bytes = 0

    def accepts(self, abstract_syntax: str) -> bool:
        return abstract_syntax.startswith("1.2.840.10008.")

    def transfer_syntax(self, proposed: list[str]) -> str | None:
        return proposed[0] if proposed else None

    def extended_negotiation(self, sop_class_uid: str, information: bytes) -> bytes | None:  # noqa: ARG002
        return None

    def receive(self, peer: Peer, context: AnsweredContext, command: CommandSet) -> Dropped:  # noqa: ARG002
        """Begin to drop one object."""
        return Dropped(self, command)


class Dropped:
    """One object on its way to nowhere."""

    def __init__(self, service: Dropping, command: CommandSet) -> None:
        self._service = service
        self._command = command
        self._bytes = 0

    def write(self, chunk: memoryview) -> None:
        self._bytes += len(chunk)

    def finish(self) -> Response:
        self._service.instances += 1
        self._service.bytes += self._bytes
        return Response(encode_response(self._command, Status.SUCCESS), succeeded=True)

    def abandon(self) -> None:
        pass


def measure(
    *, repeats: int, slices: int, scenes: Sequence[str] = SCENES, say: Callable[[str], None] = print
) -> list[Run]:
    """Every server and scene, `repeats` times interleaved, after one retrieval each that does not count."""
    folder = folder_of(CT, 1, slices)
    instances = load([folder])
    runs = []
    with ExitStack() as stack:
        port = free_port()
        stack.enter_context(destination.running(port))
        running = {name: stack.enter_context(_filled(name, port, instances)) for name in ("isocenter", "orthanc")}
        for repeat in range(-1, repeats):
            turned = sorted(running, reverse=bool(repeat % 2))
            for scene in scenes:
                for name in turned:
                    run = _one(running[name], name, scene, repeat, instances)
                    if repeat >= 0:
                        runs.append(run)
                        say(_line(run))
    return runs


def markdown(runs: Sequence[Run]) -> str:
    """Medians and ranges, and the ratio to Orthanc."""
    lines = ["| | Isocenter MB/s | Orthanc MB/s | ratio | CPU ms per object |", "|---|---|---|---|---|"]
    for scene in dict.fromkeys(run.scene for run in runs):
        good = {
            name: [run for run in runs if (run.server, run.scene) == (name, scene) and not run.failure]
            for name in ("isocenter", "orthanc")
        }
        if not all(good.values()):
            lines.append(f"| {TITLES[scene]} | failed | | | |")
            continue
        speed = {name: [run.megabytes_per_second for run in those] for name, those in good.items()}
        cpu = {name: statistics.median(run.cpu_ms for run in those) for name, those in good.items()}
        ratio = statistics.median(speed["isocenter"]) / statistics.median(speed["orthanc"])
        cells = [_range(speed["isocenter"]), _range(speed["orthanc"]), f"{ratio:.1f}×"]
        lines.append(f"| {TITLES[scene]} | {' | '.join(cells)} | {cpu['isocenter']:.2f} / {cpu['orthanc']:.2f} |")
    return "\n".join(lines)


def as_json(runs: Sequence[Run]) -> dict[str, object]:
    """All runs."""
    return {"runs": [asdict(run) for run in runs]}


def _range(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.0f} ({min(values):.0f}-{max(values):.0f})"


def _line(run: Run) -> str:
    if run.failure:
        return f"{run.server:>10} {run.scene:>7}  {run.failure}"
    return f"{run.server:>10} {run.scene:>7}  {run.megabytes_per_second:7.0f} MB/s  {run.cpu_ms:6.2f} CPU ms"


@contextmanager
def _filled(name: str, sink_port: int, instances: Sequence[Instance]) -> Iterator[Running]:
    """A server that holds the series, knows the sink, and will not seal meanwhile."""
    folder = new_folder("isocenter-bench-")
    start = (
        servers.isocenter(ISOCENTER_QUIET_FOR="1d")
        if name == "isocenter"
        else servers._orthanc(
            DicomModalities={"sink": [SINK, "127.0.0.1", sink_port]},
            DicomAlwaysAllowGet=True,
            DicomAlwaysAllowMove=True,
            DicomAlwaysAllowFind=True,
        )
    )
    running = start(folder)
    try:
        if running.node is not None:
            added = running.node.command(
                "destination", "add", SINK, "--ae", SINK, "--host", "127.0.0.1", "--port", str(sink_port),
                "--associations", "4",
            )  # fmt: skip
            assert added.returncode == 0, added.stderr
        blast(running.port, running.ae_title, instances, 1)
        time.sleep(2)
        yield running
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _one(running: Running, name: str, scene: str, repeat: int, instances: Sequence[Instance]) -> Run:
    work = {"get": _get, "getscu": _getscu, "move": _move}[scene]
    servers.settled()
    before = cpu_seconds(running.roots())
    began = time.monotonic()
    try:
        came = work(running, instances)
    except Exception as error:  # a run that fails is reported, not hidden, and the others go on
        traceback.print_exc()
        return Run(name, scene, repeat, failure=f"{type(error).__name__}: {error}"[:200])
    seconds = time.monotonic() - began
    if came != len(instances):
        return Run(name, scene, repeat, failure=f"{came} of {len(instances)} came")
    used = cpu_seconds(running.roots()) - before
    return Run(name, scene, repeat, sum(each.length for each in instances) / 1e6, came, seconds, used)


def _series(instances: Sequence[Instance]) -> bytes:
    one = instances[0]
    keys: dict[int, Attribute] = {
        0x00080052: ("CS", ("SERIES",)),
        0x0020000D: ("UI", (one.study_instance_uid,)),
        0x0020000E: ("UI", (one.series_instance_uid,)),
    }
    return encode_identifier(keys, IMPLICIT_VR_LITTLE_ENDIAN)


def _remote(running: Running) -> Remote:
    return Remote(running.ae_title, "127.0.0.1", running.port, calling_ae_title="BENCH", answer_timeout_s=120)


def _get(running: Running, instances: Sequence[Instance]) -> int:
    one, dropping = instances[0], Dropping()
    contexts = [
        ProposedContext(GET, [IMPLICIT_VR_LITTLE_ENDIAN]),
        ProposedContext(one.sop_class_uid, [one.transfer_syntax_uid], Role.SCP),
    ]
    with request_association(_remote(running), contexts) as association:
        (context,) = association.accepted(GET)
        answers = list(association.get(context[0], _series(instances), dropping))
    assert answers[-1].status == 0, hex(answers[-1].status)
    return dropping.instances if dropping.bytes >= sum(each.length for each in instances) * 0.99 else 0


def _move(running: Running, instances: Sequence[Instance]) -> int:
    with request_association(_remote(running), [ProposedContext(MOVE, [IMPLICIT_VR_LITTLE_ENDIAN])]) as association:
        (context,) = association.accepted(MOVE)
        answers = list(association.move(context[0], _series(instances), SINK))
    last = answers[-1]
    assert last.status == 0, hex(last.status)
    return int.from_bytes(last.command.values[0x1021], "little")


def _getscu(running: Running, instances: Sequence[Instance]) -> int:
    program = shutil.which("getscu", path="/usr/bin:/usr/local/bin")
    if program is None:
        raise MissingPeerError("getscu is not installed")
    folder = new_folder("isocenter-bench-got-")
    one = instances[0]
    keys = (
        "QueryRetrieveLevel=SERIES",
        f"StudyInstanceUID={one.study_instance_uid}",
        f"SeriesInstanceUID={one.series_instance_uid}",
    )
    options = [part for key in keys for part in ("-k", key)]
    try:
        subprocess.run(
            [program, "-S", "+B", "-od", str(folder), "-pdu", "131072", "-aec", running.ae_title, *options,
             "127.0.0.1", str(running.port)],
            env=DCMTK_ENVIRONMENT, check=True, capture_output=True, timeout=300,
        )  # fmt: skip
        eventually(lambda: len(list(folder.iterdir())) == len(instances), 1)
        return len(list(folder.iterdir()))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
