"""What sealing costs: per CT when nothing else happens, and in ingest rate while it runs beside it.

Long ingest would fill any disk, so it is measured in rounds, each on a fresh home, in turn with Orthanc's default.
"""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path

from bench import servers
from bench.association import Association, contexts_of
from bench.blast import LoadError, blast, forked
from bench.data import CT, Instance, folder_of, load, renamed
from bench.node import Node, eventually, new_folder
from bench.processes import cpu_seconds
from bench.servers import Running, Server, isocenter

QUIET_FOR_S = 2
MAX_BYTES_PER_ROUND = 40 * 10**9
FREE_BYTES_NEEDED = 60 * 10**9
SEALS_AT_ONCE = Server(
    "isocenter", "Isocenter, sealing", "journal fdatasync + index", isocenter(ISOCENTER_QUIET_FOR=f"{QUIET_FOR_S}s")
)


class DiskTooSmallError(Exception):
    """Not enough free space to measure without running into a full disk."""


@dataclass(frozen=True, slots=True)
class SealingCost:
    """What it took to seal a number of CT of which nothing else was asked."""

    instances: int
    seconds: float
    cpu_ms_per_instance: float
    received_bytes: int
    packed_bytes: int

    @property
    def ratio(self) -> float:
        """Received bytes per packed byte."""
        return self.received_bytes / self.packed_bytes


@dataclass(frozen=True, slots=True)
class Round:
    """One stretch of ingest. sealed: instances in sealed studies when it ended, None where there is no sealing."""

    server: str
    associations: int
    instances: int
    megabytes: float
    seconds: float
    server_cpu_seconds: float
    latency_p99_ms: float
    sealed: int | None

    @property
    def megabytes_per_second(self) -> float:
        """10⁶ bytes of data sets per second of wall time."""
        return self.megabytes / self.seconds


def cost(say: Callable[[str], None] = print) -> SealingCost:
    """Store 600 CT in 3 studies, then watch them being sealed."""
    folder = new_folder("isocenter-bench-")
    paths = [folder_of(CT, 3, 200)]
    instances = load(paths)
    running = SEALS_AT_ONCE.start(folder)
    try:
        node = _node_of(running)
        done = blast(running.port, running.ae_title, instances, 4)
        before, began = cpu_seconds(running.roots()), time.monotonic()
        if not eventually(lambda: sealed_instances(node) >= len(instances), 300):
            raise RuntimeError("sealing did not end")
        seconds, cpu = time.monotonic() - began, cpu_seconds(running.roots()) - before
        packed = sum(path.stat().st_size for path in (node.home / "store" / "packs").rglob("*") if path.is_file())
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)
    result = SealingCost(len(instances), seconds, 1000 * cpu / len(instances), done.bytes, packed)
    say(
        f"sealing {result.instances} CT: {seconds:.1f} s, of which {QUIET_FOR_S} s were waited for; "
        f"{result.cpu_ms_per_instance:.2f} ms CPU per CT, {result.ratio:.2f}:1"
    )
    return result


def _node_of(running: Running) -> Node:
    assert running.node is not None
    return running.node


def sealed_instances(node: Node) -> int:
    """Instances in sealed studies, from the API's list (POST, so that no name is ever in a URL)."""
    total, cursor = 0, None
    while True:
        asked: dict[str, object] = {"limit": 200, "cursor": cursor}
        page = node.post("/api/studies/search", asked).json()
        assert isinstance(page, dict)
        total += sum(int(study["instance_count"]) for study in page["studies"] if study["state"] == "sealed")
        cursor = page.get("next_cursor")
        if not cursor:
            return total


def beside_ingest(*, rounds: int, seconds: float, associations: int, say: Callable[[str], None] = print) -> list[Round]:
    """Rounds of ingest while sealing runs, each followed by as long a round of Orthanc's default."""
    free = shutil.disk_usage(new_folder_parent()).free
    if free < FREE_BYTES_NEEDED:
        raise DiskTooSmallError(f"{free / 1e9:.0f} GB free, {FREE_BYTES_NEEDED / 1e9:.0f} GB needed")
    done = []
    for _ in range(rounds):
        for server in (SEALS_AT_ONCE, servers.ORTHANC):
            done.append(_round(server, seconds, associations))
            say(line(done[-1]))
    return done


def new_folder_parent() -> Path:
    """Where runs keep their stores."""
    folder = new_folder("isocenter-bench-")
    folder.rmdir()
    return folder.parent


def _round(server: Server, seconds: float, associations: int) -> Round:
    folder = new_folder("isocenter-bench-")
    servers.settled()
    running = server.start(folder)
    try:
        instances = load([folder_of(CT, 3, 200)])
        before, began = cpu_seconds(running.roots()), time.monotonic()
        works = [_endless_sender(running, instances, which, seconds, associations) for which in range(associations)]
        latencies = sorted(value for share in forked(works) for value in share)
        took = time.monotonic() - began
        cpu = cpu_seconds(running.roots()) - before
        sealed = sealed_instances(running.node) if running.node is not None else None
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)
    megabytes = len(latencies) * statistics.fmean(instance.length for instance in instances) / 1e6
    p99 = latencies[len(latencies) * 99 // 100]
    return Round(server.name, associations, len(latencies), megabytes, took, cpu, p99, sealed)


def _endless_sender(
    running: Running, instances: Sequence[Instance], which: int, seconds: float, associations: int
) -> Callable[[], list[float]]:
    """Whole studies of 200 CT under ever new UIDs, until the time or the share of the disk is used up."""
    most = MAX_BYTES_PER_ROUND // associations

    def work() -> list[float]:
        association = Association(running.port, called=running.ae_title, contexts=contexts_of(instances))
        latencies: list[float] = []
        end, sent = time.monotonic() + seconds, 0
        for instance in _ever_new(instances, which):
            began = time.perf_counter()
            answer = association.store(instance)
            latencies.append(round((time.perf_counter() - began) * 1000, 3))
            if answer.status:
                raise LoadError(f"status {answer.status:04x} {answer.comment}")
            sent += instance.length
            if time.monotonic() > end or sent > most:
                association.release()
                return latencies
        raise AssertionError("the stream never ends")

    return work


def _ever_new(instances: Sequence[Instance], which: int) -> Iterator[Instance]:
    for number, instance in enumerate(cycle(instances)):
        yield renamed(instance, "sealing", which, number // len(instances))


def line(done: Round) -> str:
    """One round for the terminal."""
    sealed = "" if done.sealed is None else f", {done.sealed} sealed meanwhile"
    return (
        f"{done.server:10} {done.seconds:5.0f} s  {done.megabytes_per_second:6.0f} MB/s  {done.instances} CT{sealed}, "
        f"CPU {1000 * done.server_cpu_seconds / done.instances:.2f} ms per CT, p99 {done.latency_p99_ms:.1f} ms"
    )


def markdown(sealing: SealingCost, done: Sequence[Round]) -> str:
    """The sentence and the table for docs/performance.md."""
    rate = sealing.instances / max(0.1, sealing.seconds - QUIET_FOR_S)
    text = (
        f"Sealing alone: {sealing.cpu_ms_per_instance:.1f} ms CPU per CT (lossless recompression, proof, pack, "
        f"PostgreSQL), {rate:.0f} CT/s, {sealing.ratio:.2f}:1.\n\n"
    )
    if not done:
        return text
    head = ["ingest for", "MB/s, median (range)", "times Orthanc", "CPU ms per CT", "p99 ms", "sealed meanwhile"]
    peer = statistics.median(each.megabytes_per_second for each in done if each.server == servers.ORTHANC.name)
    rows = [head, ["---"] * len(head)]
    for server in (SEALS_AT_ONCE, servers.ORTHANC):
        rows.append(_row(server, [each for each in done if each.server == server.name], peer))
    return text + "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"


def _row(server: Server, rows: Sequence[Round], peer: float) -> list[str]:
    rates = [each.megabytes_per_second for each in rows]
    middle = statistics.median(rates)
    sealed = sum(each.sealed or 0 for each in rows) / sum(each.instances for each in rows)
    seconds = sum(each.seconds for each in rows)
    return [
        f"{server.title}, {seconds:.0f} s in {len(rows)} rounds, CT ×{rows[0].associations}",
        f"{middle:.0f} ({min(rates):.0f}–{max(rates):.0f})",
        f"{middle / peer:.1f}×",
        f"{statistics.median(1000 * each.server_cpu_seconds / each.instances for each in rows):.2f}",
        f"{statistics.median(each.latency_p99_ms for each in rows):.1f}",
        f"{sealed:.0%}" if server is SEALS_AT_ONCE else "–",
    ]


def as_json(sealing: SealingCost, done: Sequence[Round]) -> dict[str, object]:
    """For the results file."""
    return {"cost": asdict(sealing), "rounds": [asdict(each) for each in done]}
