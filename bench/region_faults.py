"""Kills and cuts all over a region while modalities send: nothing acknowledged is lost, torn, or comes back deleted.

Senders store without pause to whichever node takes their objects; every acknowledgement is written into a ledger with
the digest of what was sent. Processes and whole nodes are killed, nodes are cut off or stand still, the database is
killed, a node's disk is lost and a new machine takes its place. Some studies are deleted meanwhile. After healing every
node must give back every acknowledged object with its digest, and none of the deleted ones.
"""

from __future__ import annotations

import json
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.association import contexts_of
from bench.cluster import Cluster, Loopback, Network, signal_all
from bench.data import EXPLICIT_VR_LITTLE_ENDIAN, MR, digest_of, endless, folder_of, load
from bench.dicomweb import NotRetrievedError, instances, query
from bench.faults import Entry, Ledger, a_mix
from bench.namespaces import Namespaces
from bench.node import Node, NotReadyError, eventually, kill, new_folder
from bench.other_side import OtherSide
from bench.region_senders import RegionSender, is_good
from isocenter.storage.master_keys import master_key_path

HOSTS = ("north", "south", "west")
SETTINGS = {
    "ISOCENTER_QUIET_FOR": "3s",
    "ISOCENTER_ACKNOWLEDGE_AFTER": "two_copies",
    "ISOCENTER_SECOND_COPY_WITHIN": "4s",
}
"""Studies are sealed after three quiet seconds, so that faults hit sealing, shipping and reclaiming too."""
PROCESSES = ("listener", "web", "worker", "keeper")
FAULTS = (*PROCESSES, "node", "cut", "pause", "database", "disk")
WHOLE = 9
"""Objects of the smallest study that the senders send."""
HEALED_WITHIN_S = 60.0
"""After so long what is missing is lost."""
COPIED_WITHIN_S = 180.0
"""After so long what the other site has not is lost there."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long (or how many faults), where, how fast, what. pace: objects a second, of each sender. settings: further
    ones, of every node.
    """

    seconds: float = 0.0
    count: int = 0
    seed: int = 0
    hosts: Sequence[str] = HOSTS
    senders: int = 4
    pace: float = 10.0
    faults: Sequence[str] = FAULTS
    small: bool = False
    two_sites: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)
    between_s: tuple[float, float] = (1.0, 6.0)
    down_s: tuple[float, float] = (0.5, 10.0)


@dataclass(slots=True)
class Outcome:
    """What came of it. lost and torn count what some node does not give back, or other bytes; resurrected: deleted
    studies that some node shows. faults: how often each was done.
    """

    acknowledged: int = 0
    in_doubt: int = 0
    refused: int = 0
    deleted: int = 0
    lost: list[str] = field(default_factory=list)
    torn: list[str] = field(default_factory=list)
    resurrected: list[str] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    healed_after_s: float = 0.0
    other_side_after_s: float = 0.0

    @property
    def good(self) -> bool:
        """Whether every acknowledgement was kept."""
        return not (self.lost or self.torn or self.resurrected) and self.acknowledged > 0

    def as_json(self) -> dict[str, object]:
        """For the results file."""
        named = {
            name: getattr(self, name) for name in ("acknowledged", "in_doubt", "refused", "deleted", "lost", "torn")
        }
        return named | {
            "resurrected": self.resurrected,
            "faults": dict(self.faults),
            "healed_s": self.healed_after_s,
            "other_side_s": self.other_side_after_s,
        }


class Faults:
    """Does one fault after the other and heals each after a while."""

    def __init__(self, cluster: Cluster, plan: Plan, say: Callable[[str], None]) -> None:
        self._cluster, self._plan, self._say = cluster, plan, say
        self._chance = random.Random(plan.seed)
        self._order: list[str] = []
        self.done: Counter[str] = Counter()

    def one(self) -> None:
        """The next one: every kind has its turn before any has a second one."""
        if not self._order:
            self._order = self._chance.sample(list(self._plan.faults), len(self._plan.faults))
        fault, host = self._order.pop(), self._chance.choice(list(self._cluster.nodes))
        down_s = self._chance.uniform(*self._plan.down_s)
        self._say(f"{fault} of {host}, {down_s:.1f} s")
        self.done[fault] += 1
        node = self._cluster.nodes[host]
        if fault in PROCESSES:  # `isocenter up` starts it again
            kill(node.pids_of(fault)[:1])
        elif fault == "node":
            self._power_failure(node, down_s)
        elif fault == "disk":
            self._cluster.lose_disk(host)
            self._cluster.replace(host)
        elif fault == "database":
            self._cluster.kill_database()
            time.sleep(min(down_s, 3.0))
            self._cluster.start_database()
        elif fault == "cut":
            self._cluster.network.cut(host)
            time.sleep(down_s)
            self._cluster.network.mend(host)
        else:
            self._standstill(node, down_s)

    def _power_failure(self, node: Node, down_s: float) -> None:
        kill(node.pids())
        eventually(lambda: not node.alive(), 10)
        time.sleep(down_s)
        node.spawn()

    def _standstill(self, node: Node, down_s: float) -> None:
        pids = node.pids()
        signal_all(pids, signal.SIGSTOP)
        time.sleep(down_s)
        signal_all(pids, signal.SIGCONT)


class Deleter:
    """Deletes whole studies now and then. gone: where that was confirmed; doubtful: where nobody knows."""

    def __init__(self, cluster: Cluster, ledger: Ledger, seed: int) -> None:
        self._nodes, self._ledger = list(cluster.nodes.values()), ledger
        self._chance = random.Random(seed)
        self.gone: set[str] = set()
        self.doubtful: set[str] = set()

    def one(self) -> None:
        """One more study of which everything was acknowledged, if there is any."""
        studies: dict[str, list[Entry]] = {}
        for entry in self._ledger.entries().values():
            studies.setdefault(entry.study_instance_uid, []).append(entry)
        whole = [
            study
            for study, entries in studies.items()
            if len(entries) >= WHOLE and all(each.acknowledged for each in entries)
        ]
        whole = sorted(set(whole) - self.gone - self.doubtful)
        if not whole:
            return
        study, node = self._chance.choice(whole), self._chance.choice(self._nodes)
        try:
            reply = node.request("DELETE", f"/api/studies/{study}", **_as_json({"reason": "test"}), timeout_s=20)
        except OSError:
            self.doubtful.add(study)
            return
        (self.gone if reply.status < 300 else self.doubtful).add(study)


def _as_json(value: object) -> dict[str, Any]:
    return {"body": json.dumps(value).encode(), "headers": {"Content-Type": "application/json"}}


def run(plan: Plan, network: Network, folder: Path, *, say: Callable[[str], None] = print) -> Outcome:
    """One region, from its start to the comparison of everything. folder: empty."""
    other = folder / "other-site"
    second = {"ISOCENTER_SECOND_SITE_URL": other.absolute().as_uri()} if plan.two_sites else {}
    cluster = Cluster(folder, plan.hosts, network, **SETTINGS | second | dict(plan.settings))
    ledger = Ledger()
    try:
        cluster.start()
        faults, deleter = Faults(cluster, plan, say), Deleter(cluster, ledger, plan.seed)
        senders = _senders(cluster, ledger, plan)
        try:
            _trouble(plan, faults, deleter, ledger)
        finally:
            for sender in senders:
                sender.end()
        outcome = _counted(ledger, deleter, faults)
        began = time.monotonic()
        _heal(cluster)
        while True:  # what a node still reads back is not lost; for how long that lasts is told
            _compare(cluster, ledger.entries(), deleter, outcome, say)
            outcome.healed_after_s = time.monotonic() - began
            if outcome.good or outcome.healed_after_s > HEALED_WITHIN_S:
                break
            time.sleep(0.5)
        if plan.two_sites:
            side = OtherSide(other, master_key_path(cluster.keys))
            _compare_other_side(side, ledger.entries(), deleter, outcome, say)
        return outcome
    finally:
        cluster.close()


def _senders(cluster: Cluster, ledger: Ledger, plan: Plan) -> list[RegionSender]:
    mix = load([folder_of(MR, 1, 24)]) if plan.small else a_mix()
    made = []
    for which in range(plan.senders):
        nodes = list(cluster.nodes.values())
        turned = [*nodes[which % len(nodes) :], *nodes[: which % len(nodes)]]
        made.append(RegionSender(turned, ledger, endless(mix, plan.seed, which), contexts_of(mix), plan.pace))
        made[-1].start()
    return made


def _trouble(plan: Plan, faults: Faults, deleter: Deleter, ledger: Ledger) -> None:
    """Fault after fault for as long as planned, beginning when objects are acknowledged."""
    if not ledger.wait_for_more(5, 60):
        raise NotReadyError("nothing is being acknowledged")
    end = time.monotonic() + plan.seconds
    chance = random.Random(plan.seed + 1)
    while time.monotonic() < end or sum(faults.done.values()) < plan.count:
        time.sleep(chance.uniform(*plan.between_s))
        faults.one()
        deleter.one()


def _counted(ledger: Ledger, deleter: Deleter, faults: Faults) -> Outcome:
    entries = ledger.entries().values()
    acknowledged = sum(entry.acknowledged for entry in entries)
    refused = sum(sum(not is_good(status) for status in entry.answers) for entry in entries)
    return Outcome(acknowledged, len(entries) - acknowledged, refused, len(deleter.gone), faults=faults.done)


def _heal(cluster: Cluster) -> None:
    """Wait until every node works again."""
    for node in cluster.nodes.values():
        if not node.alive():
            node.spawn()
    for node in cluster.nodes.values():
        node.wait_ready(120)


def _compare(
    cluster: Cluster, entries: Mapping[str, Entry], deleter: Deleter, outcome: Outcome, say: Callable[[str], None]
) -> None:
    """Ask every node for every study of the ledger."""
    outcome.lost, outcome.torn, outcome.resurrected = [], [], []
    studies = sorted({entry.study_instance_uid for entry in entries.values()})
    for host, node in cluster.nodes.items():
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda study: _digests(node, study), studies))  # noqa: B023 - used at once
        present: dict[str, str] = {}
        for study, digests in zip(studies, found, strict=True):
            if study in deleter.gone:
                outcome.resurrected.extend(f"{host}: {name}" for name in digests)
            elif study not in deleter.doubtful:
                present |= digests
        for name, entry in entries.items():
            if entry.study_instance_uid in deleter.gone | deleter.doubtful:
                continue
            if name not in present:
                outcome.lost.extend([f"{host}: {name}"] if entry.acknowledged else [])
            elif present[name] != entry.digest:
                outcome.torn.append(f"{host}: {name}")
        say(f"{host}: {len(studies)} studies and {len(present)} objects compared")


def _compare_other_side(
    side: OtherSide, entries: Mapping[str, Entry], deleter: Deleter, outcome: Outcome, say: Callable[[str], None]
) -> None:
    """Wait until the other site's store has everything, for a bounded time; what is missing then is lost there."""
    began = time.monotonic()
    wanted = {name: entry for name, entry in entries.items() if entry.acknowledged}
    for name, entry in entries.items():
        if entry.study_instance_uid in deleter.gone | deleter.doubtful:
            wanted.pop(name, None)
    missing = dict(wanted)
    while missing and time.monotonic() - began < COPIED_WITHIN_S:
        side.look()
        missing = {name: entry for name, entry in missing.items() if entry.digest not in side.digests.get(name, ())}
        if missing:
            time.sleep(1.0)
    outcome.other_side_after_s = time.monotonic() - began
    for name in missing:
        (outcome.torn if name in side.digests else outcome.lost).append(f"other site: {name}")
    say(f"other site: {len(wanted) - len(missing)} of {len(wanted)} acknowledged objects compared")


def _digests(node: Node, study: str, within_s: float = 30.0) -> dict[str, str]:
    """Digest by SOP Instance UID of what a node gives back of a study. A 503 is asked again for a bounded time.

    A study that stays away as a whole is asked for object by object: one that was never acknowledged may be away.
    """
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        try:
            return _retrieved(node, study)
        except NotRetrievedError as refused:
            if not str(refused).startswith("503"):
                raise
        time.sleep(0.5)
    found: dict[str, str] = {}
    for each in query(node, f"studies/{study}/instances"):
        series, instance = (str(each[tag]["Value"][0]) for tag in ("0020000E", "00080018"))  # type: ignore[index]
        with suppress(NotRetrievedError):
            found |= _retrieved(node, f"{study}/series/{series}/instances/{instance}")
    return found


def _retrieved(node: Node, path: str) -> dict[str, str]:
    try:
        found = instances(node, path, EXPLICIT_VR_LITTLE_ENDIAN)
    except NotRetrievedError as refused:
        if str(refused).startswith("404"):
            return {}
        raise
    return {name: digest_of([part.data_set]) for name, part in found.items()}


def in_namespaces(plan: Plan, *, say: Callable[[str], None] = print) -> Outcome:
    """The region on hosts of its own. Raises NoNamespacesError."""
    return _in_new_folder(plan, Namespaces(plan.hosts), say)


def on_loopback(plan: Plan, *, say: Callable[[str], None] = print) -> Outcome:
    """The region on this machine, where a cut is a standstill: for tests."""
    return _in_new_folder(plan, Loopback(), say)


def _in_new_folder(plan: Plan, network: Network, say: Callable[[str], None]) -> Outcome:
    """The folder of a region that is not good stays, for whoever looks for the reason."""
    folder = new_folder("isocenter-region-")
    try:
        outcome = run(plan, network, folder, say=say)
    finally:
        network.close()
    if outcome.good:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        say(f"everything of it stays in {folder}; lost: {outcome.lost[:10]}; torn: {outcome.torn[:10]}")
    return outcome


def ledger_line(outcome: Outcome) -> str:
    """What the proof prints."""
    faults = ", ".join(f"{count} {name}" for name, count in sorted(outcome.faults.items()))
    return (
        f"faults: {faults}\n"
        f"{outcome.acknowledged} acknowledged, {outcome.in_doubt} in doubt, {outcome.refused} refusals, "
        f"{outcome.deleted} studies deleted; healed after {outcome.healed_after_s:.1f} s, "
        f"the other site complete {outcome.other_side_after_s:.1f} s later\n"
        f"{len(outcome.lost)} lost, {len(outcome.torn)} torn, {len(outcome.resurrected)} resurrected"
        f"{'' if outcome.good else '   <-- NOT GOOD'}"
    )
