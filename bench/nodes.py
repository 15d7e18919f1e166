"""How long a region of three nodes is without a process, a host, or all its nodes one after the other.

Times begin with the fault. "stores" is when the modality that was sending there has its next acknowledgement; "serves"
when the last object that was acknowledged by the lost one is given back, with its digest, by a node that is left. At
the end every node must give back every acknowledged object.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial

from bench.cluster import Cluster, Loopback, Network
from bench.data import EXPLICIT_VR_LITTLE_ENDIAN, MR, Instance, digest_of, endless, folder_of, load
from bench.dicomweb import NotRetrievedError, instances
from bench.faults import Ledger
from bench.namespaces import Namespaces
from bench.node import Node, eventually, kill, new_folder
from bench.region_senders import RegionSender

HOSTS = ("north", "south", "west")
GOAL_S = 60.0
BOUND_S = 120.0
"""After so long it counts as never."""


@dataclass(slots=True)
class Loss:
    """One fault. Seconds; None where there is nothing to wait for."""

    what: str
    stores_s: float
    serves_s: float | None = None
    back_s: float | None = None


@dataclass(slots=True)
class Rolling:
    """All nodes drained and started again, one after the other, while modalities send."""

    seconds: float
    longest_gap_s: float
    acknowledged: int
    refused: int


@dataclass(slots=True)
class Result:
    """Everything that was measured, and what was missing at the end (nothing)."""

    losses: list[Loss] = field(default_factory=list)
    rolling: list[Rolling] = field(default_factory=list)
    acknowledged: int = 0
    missing: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether nothing is missing and every time is within the goal."""
        times = [each for loss in self.losses for each in (loss.stores_s, loss.serves_s) if each is not None]
        return not self.missing and all(each <= GOAL_S for each in times)


class Scene:
    """A region, a ledger, and modalities that begin at the node that a fault is about to hit."""

    def __init__(self, cluster: Cluster, seed: int) -> None:
        self.cluster, self.ledger, self.seed = cluster, Ledger(), seed
        self.nodes: list[Node] = list(cluster.nodes.values())
        self._mix = load([folder_of(MR, 1, 24)])
        self._streams = 0

    def stream(self) -> Iterator[Instance]:
        """Objects that nobody sent before."""
        self._streams += 1
        return endless(self._mix, self.seed, self._streams)

    @contextmanager
    def sending(self, *nodes: Node, pace: float = 20.0) -> Iterator[RegionSender]:
        """One modality that sends to the first node and goes to the next when that fails."""
        contexts = sorted({(each.sop_class_uid, each.transfer_syntax_uid) for each in self._mix})
        sender = RegionSender(nodes, self.ledger, self.stream(), contexts, pace)
        sender.start()
        try:
            yield sender
        finally:
            sender.end()

    def next_acknowledgement(self) -> float:
        """Seconds until one more object is acknowledged than now."""
        began, before = time.monotonic(), self.ledger.acknowledged()
        self.ledger.wait_for_more(before, BOUND_S)
        return time.monotonic() - began

    def missing(self) -> list[str]:
        """What some node does not give back as it was acknowledged."""
        entries = self.ledger.entries()
        found = []
        for host, node in self.cluster.nodes.items():
            present: dict[str, str] = {}
            for study in sorted({entry.study_instance_uid for entry in entries.values()}):
                present |= digests(node, study)
            found += [
                f"{host}: {name}"
                for name, entry in entries.items()
                if entry.acknowledged and present.get(name) != entry.digest
            ]
        return found


def digests(node: Node, path: str, within_s: float = BOUND_S) -> dict[str, str]:
    """What a node gives back of a study or instance, by SOP Instance UID; asked again while it says 503."""
    end = time.monotonic() + within_s
    while True:
        try:
            found = instances(node, path, EXPLICIT_VR_LITTLE_ENDIAN)
            return {name: digest_of([part.data_set]) for name, part in found.items()}
        except (NotRetrievedError, OSError) as refused:
            if str(refused).startswith("404") or time.monotonic() > end:
                return {}
            time.sleep(0.1)


def process_lost(scene: Scene, role: str) -> Loss:
    """kill -9 of one process of a node; `isocenter up` starts it again."""
    victim = scene.nodes[0]
    with scene.sending(victim):
        scene.next_acknowledgement()
        began = time.monotonic()
        kill(victim.pids_of(role))
        if role == "listener":
            return Loss(f"{role} killed", scene.next_acknowledgement())
        eventually(victim.ready, BOUND_S)
        return Loss(f"{role} killed", scene.next_acknowledgement(), serves_s=time.monotonic() - began)


def node_killed(scene: Scene) -> Loss:
    """kill -9 of everything on a node, which is started again at once, as systemd does; its modality waits for it."""
    victim = scene.nodes[0]
    with scene.sending(victim):
        scene.next_acknowledgement()
        kill(victim.pids())
        eventually(lambda: not victim.alive(), 10)
        began = time.monotonic()
        victim.spawn()
        stores = scene.next_acknowledgement()
        victim.wait_ready(BOUND_S)
        return Loss("node killed, started again", stores, back_s=time.monotonic() - began)


def host_lost(scene: Scene, which: int) -> Loss:
    """A host falls silent with all it has in memory; its modality goes to another one. Then it is switched on again."""
    host = list(scene.cluster.nodes)[which % len(scene.nodes)]
    victim, others = scene.cluster.nodes[host], [node for node in scene.nodes if node is not scene.cluster.nodes[host]]
    with scene.sending(victim, *others):
        scene.next_acknowledgement()
        scene.cluster.network.cut(host)
        kill(victim.pids())
        began = time.monotonic()
        with ThreadPoolExecutor(1) as pool:
            serving = pool.submit(_served_again, scene, others[0])
            stores = scene.next_acknowledgement()
            serves = serving.result() - began
    eventually(lambda: not victim.alive(), 10)
    scene.cluster.network.mend(host)
    began = time.monotonic()
    victim.spawn()
    victim.wait_ready(BOUND_S)
    return Loss("host lost, another takes its place", stores, serves, time.monotonic() - began)


def _served_again(scene: Scene, node: Node) -> float:
    """When (monotonic) a node gives back the last object that was acknowledged before now."""
    entries = [(name, entry) for name, entry in scene.ledger.entries().items() if entry.acknowledged]
    name, entry = entries[-1]
    end = time.monotonic() + BOUND_S
    while time.monotonic() < end:
        found = digests(node, entry.study_instance_uid, max(0.0, end - time.monotonic()))
        if found.get(name) == entry.digest:
            break
    return time.monotonic()


def rolling_restart(scene: Scene) -> Rolling:
    """Every node is drained, leaves, and is started again, while a modality of each sends."""
    began, before = time.monotonic(), scene.ledger.acknowledged()
    gaps: list[float] = []
    ended = threading.Event()

    def watch() -> None:
        while not ended.is_set():
            gaps.append(scene.next_acknowledgement())

    with ExitStack() as stack:
        for number in range(len(scene.nodes)):
            stack.enter_context(scene.sending(*scene.nodes[number:], *scene.nodes[:number], pace=10.0))
        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        for host, node in scene.cluster.nodes.items():
            asked = next(each for each in scene.nodes if each is not node)
            done = asked.command("node", "drain", host)
            if done.returncode or not eventually(lambda: not node.alive(), BOUND_S):  # noqa: B023 - used at once
                raise RuntimeError(f"{host} did not leave: {done.stderr} {node.said()}")
            node.start(BOUND_S)
        seconds = time.monotonic() - began
        ended.set()
        watcher.join()
    refused = sum(status != 0 for entry in scene.ledger.entries().values() for status in entry.answers)
    return Rolling(seconds, max(gaps), scene.ledger.acknowledged() - before, refused)


def run(
    network: Network, *, repeats: int, seed: int = 0, hosts: Sequence[str] = HOSTS, say: Callable[[str], None] = print
) -> Result:
    """Every fault so many times, then the comparison."""
    folder, result = new_folder("isocenter-nodes-"), Result()
    cluster = Cluster(
        folder,
        hosts,
        network,
        ISOCENTER_ACKNOWLEDGE_AFTER="two_copies",
        ISOCENTER_SECOND_COPY_WITHIN="4s",
        ISOCENTER_QUIET_FOR="5s",
    )
    try:
        cluster.start()
        scene = Scene(cluster, seed)
        for number in range(repeats):
            faults: list[Callable[[], Loss]] = [
                *(partial(process_lost, scene, role) for role in ("listener", "web")),
                partial(node_killed, scene),
                partial(host_lost, scene, number),
            ]
            for fault in faults:
                result.losses.append(fault())
                say(str(result.losses[-1]))
            result.rolling.append(rolling_restart(scene))
            say(str(result.rolling[-1]))
        result.acknowledged, result.missing = scene.ledger.acknowledged(), scene.missing()
        return result
    finally:
        cluster.close()
        shutil.rmtree(folder, ignore_errors=True)


def in_namespaces(repeats: int, seed: int = 0) -> Result:
    """On hosts of their own, whose lines are cut. Raises NoNamespacesError."""
    network = Namespaces(HOSTS)
    try:
        return run(network, repeats=repeats, seed=seed)
    finally:
        network.close()


def on_loopback(repeats: int, seed: int = 0) -> Result:
    """On this machine, where a cut is a standstill."""
    return run(Loopback(), repeats=repeats, seed=seed)


def markdown(result: Result) -> str:
    """The worst of each, in seconds."""
    lines = ["| fault | stores again | serves again | node is back |", "|---|---|---|---|"]
    for what in dict.fromkeys(loss.what for loss in result.losses):
        same = [loss for loss in result.losses if loss.what == what]
        times = [max((getattr(loss, name) or 0.0) for loss in same) for name in ("stores_s", "serves_s", "back_s")]
        lines.append(
            f"| {what} ({len(same)} ×) | " + " | ".join(f"{each:.1f}" if each else "-" for each in times) + " |"
        )
    rolled = f"{max(each.seconds for each in result.rolling):.0f} s" if result.rolling else "-"
    gap = max((each.longest_gap_s for each in result.rolling), default=0.0)
    lines += [
        "",
        f"Rolling restart of {len(HOSTS)} nodes under load: {rolled}; the longest time in which no modality had an "
        f"acknowledgement: {gap:.1f} s. {result.acknowledged} objects acknowledged in all, "
        f"{len(result.missing)} missing{'' if result.good else ' <-- NOT GOOD'}. "
        f"Worst of {len(result.rolling)}; goal: {GOAL_S:.0f} s, 0 missing.",
    ]
    return "\n".join(lines)


def as_json(result: Result) -> dict[str, object]:
    """For the results file."""
    return asdict(result)
