"""Loss of a whole site: two sites in network namespaces, 20 Mbit/s and 50 ms between them, a real Swift at the second.

A modality sends to the first site; then everything there is killed at once and its line is cut. The second is told to
take over at that moment. RTO: from the loss to the first object that the second site acknowledges and to the first
frame of an old one that it gives back. RPO: age, at the loss, of the oldest acknowledged object that the second lacks.
Then the first comes back, brings what only it had, and follows: nothing that was acknowledged is missing any more.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from bench.association import Association, AssociationError
from bench.data import MR, digest_of, endless, folder_of, load
from bench.dicomweb import NotRetrievedError, instances
from bench.faults import Ledger
from bench.namespaces import Namespaces
from bench.node import ISOCENTER, Node, eventually, free_port, kill, new_folder
from bench.slow_line import SlowLine
from bench.swift import CREDENTIALS, Swift, start_swift
from isocenter.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN

RTO_GOAL_S, RPO_GOAL_S = 300.0, 60.0
_BOUND_S = 300.0
_HOSTS = ("a", "b")


@dataclass(frozen=True, slots=True)
class Loss:
    """One loss. stores_s, serves_s: from it; lost: acknowledged objects that the second site lacks; rpo_s: their age.

    In seconds. promoted_s: until the command had its answer; wrong: objects that came back otherwise than sent.
    """

    acknowledged: int
    stores_s: float
    serves_s: float
    promoted_s: float
    lost: int
    rpo_s: float
    wrong: int
    lost_after_fail_back: int


class Modality(threading.Thread):
    """Sends at a pace and remembers when each object was acknowledged (monotonic)."""

    def __init__(self, node: Node, ledger: Ledger, salt: int, pace: float) -> None:
        super().__init__(name="modality", daemon=True)
        self._node, self._ledger, self._pause_s = node, ledger, 1 / pace
        self._mix = load([folder_of(MR, 1, 24)])
        self._stream = endless(self._mix, "site", salt)
        self.at: dict[str, float] = {}
        self.ending = threading.Event()

    def run(self) -> None:
        contexts = sorted({(one.sop_class_uid, one.transfer_syntax_uid) for one in self._mix})
        association = None
        instance = next(self._stream)
        while not self.ending.wait(self._pause_s):
            try:
                association = association or Association(
                    self._node.dicom_port,
                    called=self._node.ae_title,
                    contexts=contexts,
                    timeout_s=5.0,
                    host=self._node.host,
                )
                self._ledger.sent(instance)
                status = association.store(instance).status
            except (OSError, EOFError, AssociationError):
                association = None
                continue
            self._ledger.answered(instance, status)
            if status == 0:
                self.at[instance.sop_instance_uid] = time.monotonic()
                instance = next(self._stream)


class Sites:
    """Two sites, a witness, and the line between them."""

    def __init__(self, folder: Path, network: Namespaces, line: SlowLine, swift: Swift, lead_for_s: int) -> None:
        self.folder, self.network, self.line = folder, network, line
        both = {"ISOCENTER_WITNESS_URL": (folder / "witness").as_uri(), "ISOCENTER_LEAD_FOR": f"{lead_for_s}s"}
        there = swift.url("copy", credentials="second", plain="yes")
        self.first = self._node("a", **both, ISOCENTER_SECOND_SITE_URL=there)
        back = (folder / "a" / "store").as_uri()
        self.second = self._node("b", **both, ISOCENTER_STORAGE_URL=there, ISOCENTER_SECOND_SITE_URL=back)
        self.second.verb = "standby"

    def _node(self, host: str, **settings: str) -> Node:
        address = self.network.address(host)
        usual = {
            "ISOCENTER_SITE": host,
            "ISOCENTER_NODE": f"node-{host}",
            "ISOCENTER_DICOM_HOST": address,
            "ISOCENTER_DICOM_ACCEPT_FROM": "127.0.0.0/8,10.77.0.0/16",
            "ISOCENTER_HTTP_HOST": address,
            "ISOCENTER_HTTP_TLS": "proxy",
            "ISOCENTER_REPLICATION_ADDRESS": f"{self.line.addresses[host]}:{free_port()}",
            "ISOCENTER_QUIET_FOR": "5s",
        }
        node = Node(self.folder / host, **usual | settings)
        node.host, node.prefix = address, self.network.prefix(host)
        return node

    def begin(self) -> None:
        """Start the first, invite and start the second, and wait until it follows."""
        for node in (self.first, self.second):
            secrets = node.home / "secrets"
            secrets.mkdir(parents=True)
            node.home.chmod(0o755)
            file = secrets / "storage-second"
            file.write_text(
                f"access_key_id = {CREDENTIALS.access_key_id}\nsecret_access_key = {CREDENTIALS.secret_access_key}\n"
            )
            file.chmod(0o600)
        self.first.start()
        file = self.folder / "invitation"
        _done(self.first, "site", "invite", "b", "--to", str(file))
        _done(self.second, "site", "init-standby", "--from", str(file))
        self.second.spawn()
        if not eventually((self.second.home / "run" / "standby.json").exists, 120):
            raise RuntimeError(f"the second site does not follow: {self.second.said()}")
        self.second.share_token(self.first.token)

    def fail_back(self) -> str:
        """The first site comes back to follow, and brings what only it had; what the second says of taking that in."""
        self.network.mend("a")
        self.line.mend()
        self.first.stop()
        file = self.folder / "invitation-back"
        _done(self.second, "site", "invite", "a", "--to", str(file))
        said = _done(self.first, "site", "rejoin", "--from", str(file))
        self.first.verb = "standby"
        self.first.spawn()
        said += _done(self.second, "site", "adopt")
        if not eventually((self.first.home / "run" / "standby.json").exists, 120):
            raise RuntimeError(f"the first site does not follow: {self.first.said()}")
        return said

    def close(self) -> None:
        """Stop everything."""
        for node in (self.first, self.second):
            node.stop()


def _done(node: Node, *words: str) -> str:
    """Run a command of a site on its host."""
    done = subprocess.run(
        [*node.prefix, str(ISOCENTER), *words],
        env=node.environment,
        capture_output=True,
        text=True,
        timeout=_BOUND_S,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{words}: {done.stdout}{done.stderr}\n{node.said()}")
    return done.stdout


def lose(sites: Sites, seconds: float, pace: float, salt: int) -> Loss:
    """Send for so long, lose the first site, take over, and compare what the second has."""
    ledger = Ledger()
    before = Modality(sites.first, ledger, salt, pace)
    before.start()
    time.sleep(seconds)
    lost_at = time.monotonic()
    sites.network.cut("a")
    sites.line.cut()
    kill(sites.first.pids())
    before.ending.set()
    promoted: list[float] = []

    def promote() -> None:
        _done(sites.second, "promote")
        promoted.append(time.monotonic() - lost_at)

    promoting = threading.Thread(target=promote, daemon=True)
    promoting.start()
    after = Modality(sites.second, Ledger(), salt + 1000, 20.0)
    after.start()
    old = next(iter(before.at))
    with ExitStack() as stack:
        stack.callback(after.ending.set)
        served = threading.Event()

        def ask() -> None:
            while not served.is_set() and time.monotonic() - lost_at < _BOUND_S:
                if _digests(sites.second, ledger.entries()[old].study_instance_uid).get(old):
                    served.set()
                    return
                time.sleep(0.1)

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        if not eventually(lambda: bool(after.at), _BOUND_S):
            raise RuntimeError(f"the second site stores nothing: {sites.second.said()}\n{sites.second.logged()}")
        stores_s = next(iter(after.at.values())) - lost_at
        asking.join(_BOUND_S)
        serves_s = time.monotonic() - lost_at
    promoting.join(_BOUND_S)
    if not promoted:
        raise RuntimeError(f"the second site did not take over: {sites.second.said()}")
    loss = _compared(sites, ledger, before.at, lost_at, (stores_s, serves_s, promoted[0]))
    sys.stdout.write(sites.fail_back())
    after_all = _compared(sites, ledger, before.at, lost_at, (stores_s, serves_s, promoted[0]))
    return replace(loss, lost_after_fail_back=after_all.lost, wrong=loss.wrong + after_all.wrong)


def _compared(
    sites: Sites, ledger: Ledger, at: dict[str, float], lost_at: float, times: tuple[float, float, float]
) -> Loss:
    entries = ledger.entries()
    present: dict[str, str] = {}
    for study in sorted({entry.study_instance_uid for entry in entries.values()}):
        present |= _one_by_one(sites.second, study, [uid for uid in at if entries[uid].study_instance_uid == study])
    lost = [uid for uid in at if uid not in present]
    wrong = sum(uid in present and present[uid] != entries[uid].digest for uid in at)
    rpo_s = max((lost_at - at[uid] for uid in lost), default=0.0)
    stores_s, serves_s, promoted_s = (round(one, 1) for one in times)
    return Loss(len(at), stores_s, serves_s, promoted_s, len(lost), round(rpo_s, 1), wrong, len(lost))


def _digests(node: Node, path: str) -> dict[str, str]:
    try:
        found = instances(node, path, EXPLICIT_VR_LITTLE_ENDIAN)
    except (NotRetrievedError, OSError):
        return {}
    return {name: digest_of([part.data_set]) for name, part in found.items()}


def _one_by_one(node: Node, study: str, wanted: list[str]) -> dict[str, str]:
    """A study whole; where some of it is away, what there is of it."""
    found = _digests(node, study)
    if found:
        return found
    present: dict[str, str] = {}
    listed = node.get(f"/dicom-web/studies/{study}/instances", "application/dicom+json")
    for one in json.loads(listed.body or b"[]") if listed.status == 200 else []:
        series, instance = one["0020000E"]["Value"][0], one["00080018"]["Value"][0]
        if instance in wanted:
            present |= _digests(node, f"{study}/series/{series}/instances/{instance}")
    return present


def arguments_of(parser: argparse.ArgumentParser) -> None:
    """What can be chosen."""
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--pace", type=float, default=3.0, help="objects a second of 0.5 MB")
    parser.add_argument("--mbit", type=float, default=20)
    parser.add_argument("--delay-ms", type=float, default=50, help="of a round trip")
    parser.add_argument("--lead-for", type=int, default=30)


def main(chosen: argparse.Namespace) -> int:
    """Run it so many times and print the worst."""
    losses = [_one(chosen, number) for number in range(chosen.repeats)]
    worst_rto, worst_rpo = max(max(one.stores_s, one.serves_s) for one in losses), max(one.rpo_s for one in losses)
    wrong = sum(one.wrong + one.lost_after_fail_back for one in losses)
    sys.stdout.write(f"worst of {len(losses)}: RTO {worst_rto} s (goal {RTO_GOAL_S:.0f}), RPO {worst_rpo} s")
    sys.stdout.write(f" (goal {RPO_GOAL_S:.0f}), {wrong} objects torn or lost after fail-back\n")
    return 0 if worst_rto <= RTO_GOAL_S and worst_rpo <= RPO_GOAL_S and not wrong else 1


def _one(chosen: argparse.Namespace, number: int) -> Loss:
    folder, network = new_folder("isocenter-site-"), Namespaces(_HOSTS)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        stack.callback(network.close)
        line = SlowLine(network, _HOSTS, chosen.mbit, chosen.delay_ms)
        stack.callback(line.close)
        swift = start_swift(folder, prefix=network.prefix("b"), host=line.addresses["b"])
        stack.callback(swift.stop)
        sites = Sites(folder, network, line, swift, chosen.lead_for)
        stack.callback(sites.close)
        sites.begin()
        loss = lose(sites, chosen.seconds, chosen.pace, number)
        sys.stdout.write(json.dumps(asdict(loss)) + "\n")
        sys.stdout.flush()
        return loss
