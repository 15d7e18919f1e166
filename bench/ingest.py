"""C-STORE side by side: every server fresh for every run, loads interleaved, medians and ranges at the end."""

from __future__ import annotations

import shutil
import statistics
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench import servers
from bench.blast import LoadError
from bench.data import CT, MR, Instance, Kind, folder_of, load
from bench.node import new_folder
from bench.processes import cpu_seconds, pss_bytes
from bench.servers import MissingPeerError, Running, Server


@dataclass(frozen=True, slots=True)
class Scene:
    """One column of the table: what is sent by which client over how many associations."""

    name: str
    title: str
    kind: Kind
    program: str
    associations: int


SCENES = (
    Scene("ct1", "CT ×1", CT, "blast", 1),
    Scene("ct4", "CT ×4", CT, "blast", 4),
    Scene("mr4", "MR ×4", MR, "blast", 4),
    Scene("ct1-storescu", "CT ×1 storescu", CT, "storescu", 1),
    Scene("ct4-dcmsend", "CT ×4 dcmsend", CT, "dcmsend", 4),
)


@dataclass(frozen=True, slots=True)
class Size:
    """How much is sent: studies × slices of CT and of MR."""

    ct: tuple[int, int] = (3, 200)
    mr: tuple[int, int] = (20, 100)

    def of(self, kind: Kind) -> tuple[int, int]:
        """Studies and slices of one kind."""
        return self.ct if kind is CT else self.mr


@dataclass(frozen=True, slots=True)
class Run:
    """One server under one load once. failure: why it does not count, empty when it does."""

    server: str
    scene: str
    repeat: int
    instances: int = 0
    megabytes: float = 0.0
    seconds: float = 0.0
    server_cpu_seconds: float = 0.0
    memory_megabytes: float = 0.0
    latency_p50_ms: float | None = None
    latency_p99_ms: float | None = None
    failure: str = ""

    @property
    def megabytes_per_second(self) -> float:
        """10⁶ bytes of data sets per second of wall time."""
        return self.megabytes / self.seconds

    @property
    def cpu_ms(self) -> float:
        """Server CPU per object in ms, the whole tree of processes, PostgreSQL included."""
        return 1000 * self.server_cpu_seconds / self.instances


def measure(
    wanted: Sequence[Server], scenes: Sequence[Scene], *, repeats: int, size: Size, say: Callable[[str], None] = print
) -> list[Run]:
    """Every wanted server under every scene, `repeats` times, the order of servers turning by one each time."""
    data: dict[str, tuple[Path, list[Instance]]] = {}
    for kind in {scene.kind.name: scene.kind for scene in scenes}.values():
        folder = folder_of(kind, *size.of(kind))
        data[kind.name] = (folder, load([folder]))
    runs = []
    for repeat in range(repeats):
        turned = [*wanted[repeat % len(wanted) :], *wanted[: repeat % len(wanted)]]
        for scene in scenes:
            folder, instances = data[scene.kind.name]
            for server in turned:
                if scene.program in server.clients:
                    run = one(server, scene, repeat, [folder], instances)
                    runs.append(run)
                    say(line(run))
    return runs


def one(server: Server, scene: Scene, repeat: int, paths: Sequence[Path], instances: Sequence[Instance]) -> Run:
    """One run on a fresh server and an empty store."""
    folder = new_folder("isocenter-bench-")
    servers.settled()
    running: Running | None = None
    try:
        running = server.start(folder)
        return _loaded(running, server, scene, repeat, paths, instances)
    except (MissingPeerError, LoadError, OSError, RuntimeError, EOFError) as failure:
        traceback.print_exc()
        return Run(server.name, scene.name, repeat, failure=f"{type(failure).__name__}: {failure}"[:300])
    finally:
        if running is not None:
            running.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _loaded(
    running: Running, server: Server, scene: Scene, repeat: int, paths: Sequence[Path], instances: Sequence[Instance]
) -> Run:
    servers.at_rest(running)
    servers.settled()
    before = cpu_seconds(running.roots())
    load = running.load(scene.program, paths, instances, scene.associations)
    servers.settled()  # what the server still does for these objects is its cost too
    roots = running.roots()
    ordered = sorted(load.latencies_ms)
    return Run(
        server=server.name,
        scene=scene.name,
        repeat=repeat,
        instances=load.instances,
        megabytes=load.bytes / 1e6,
        seconds=load.seconds,
        server_cpu_seconds=cpu_seconds(roots) - before,
        memory_megabytes=pss_bytes(roots) / 1e6,
        latency_p50_ms=ordered[len(ordered) // 2] if ordered else None,
        latency_p99_ms=ordered[len(ordered) * 99 // 100] if ordered else None,
    )


def line(run: Run) -> str:
    """One run for the terminal."""
    if run.failure:
        return f"{run.server:15} {run.scene:13} FAILED {run.failure}"
    latency = (
        f"p50 {run.latency_p50_ms:6.2f} p99 {run.latency_p99_ms:7.2f} ms" if run.latency_p50_ms is not None else ""
    )
    return (
        f"{run.server:15} {run.scene:13} {run.megabytes_per_second:7.0f} MB/s  {run.instances / run.seconds:6.0f}/s  "
        f"CPU {run.cpu_ms:6.3f} ms  {run.memory_megabytes:5.0f} MB  {latency}"
    )


@dataclass(frozen=True, slots=True)
class Summary:
    """The repeats of one server under one scene: medians, ranges, and the ratio to Orthanc's default."""

    server: str
    scene: str
    repeats: int
    failures: int
    megabytes_per_second: float
    lowest: float
    highest: float
    cpu_ms: float
    memory_megabytes: float
    latency_p99_ms: float | None
    times_orthanc: float | None

    def as_json(self) -> dict[str, object]:
        """For the results file."""
        return asdict(self)


def summarize(runs: Sequence[Run]) -> list[Summary]:
    """Medians over the repeats, in the order in which servers and scenes first appear."""
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.server, run.scene), []).append(run)
    return [
        _summary(key, group, groups.get((servers.ORTHANC.name, key[1]), []))
        for key, group in groups.items()
        if any(not run.failure for run in group)
    ]


def _summary(key: tuple[str, str], group: Sequence[Run], peers: Sequence[Run]) -> Summary:
    good = [run for run in group if not run.failure]
    rates = [run.megabytes_per_second for run in good]
    p99 = [run.latency_p99_ms for run in good if run.latency_p99_ms is not None]
    peer = [run.megabytes_per_second for run in peers if not run.failure]
    return Summary(
        server=key[0],
        scene=key[1],
        repeats=len(good),
        failures=len(group) - len(good),
        megabytes_per_second=statistics.median(rates),
        lowest=min(rates),
        highest=max(rates),
        cpu_ms=statistics.median(run.cpu_ms for run in good),
        memory_megabytes=statistics.median(run.memory_megabytes for run in good),
        latency_p99_ms=statistics.median(p99) if p99 else None,
        times_orthanc=statistics.median(rates) / statistics.median(peer) if peer else None,
    )


def markdown(summaries: Sequence[Summary]) -> str:
    """The table for docs/performance.md: one row per server, one column per scene, and CPU per object."""
    scenes = [scene for scene in SCENES if any(s.scene == scene.name for s in summaries)]
    head = [
        "server",
        "durable before the answer",
        *(f"{s.title}, MB/s" for s in scenes),
        "CPU ms per CT",
        "CPU ms per MR",
        "PSS MB",
    ]
    rows = [head, ["---"] * len(head)]
    for server in servers.SERVERS:
        cells = {s.scene: s for s in summaries if s.server == server.name}
        if cells:
            rows.append(_row(server, scenes, cells))
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"


def _row(server: Server, scenes: Sequence[Scene], cells: dict[str, Summary]) -> list[str]:
    row = [f"**{server.title}**" if server is servers.ISOCENTER else server.title, server.durable]
    for scene in scenes:
        cell = cells.get(scene.name)
        if cell is None:
            row.append("–")
            continue
        ratio = (
            f" = {cell.times_orthanc:.1f}×" if cell.times_orthanc is not None and server is not servers.ORTHANC else ""
        )
        row.append(f"{cell.megabytes_per_second:.0f} ({cell.lowest:.0f}–{cell.highest:.0f}){ratio}")
    for name in ("ct1", "mr4"):
        row.append(f"{cells[name].cpu_ms:.2f}" if name in cells else "–")
    row.append(f"{max(cell.memory_megabytes for cell in cells.values()):.0f}")
    return row
