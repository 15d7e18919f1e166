"""kill -9 during ingest, with a ledger of every acknowledgement: nothing acknowledged is lost, nothing is torn.

Senders store without pause, as modalities do: what was not acknowledged is sent again. A killer ends one process of
the node at a random moment. Then everything that was acknowledged is read back over WADO-RS and its digest compared,
and whatever else can be read must be whole.
"""

from __future__ import annotations

import random
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pydicom

from bench.association import Association, AssociationError, contexts_of
from bench.data import (
    CT,
    EXPLICIT_VR_LITTLE_ENDIAN,
    MR,
    Instance,
    digest_of,
    endless,
    folder_of,
    instance_of,
    load,
    uid,
)
from bench.dicomweb import NotRetrievedError, instances
from bench.node import Node, NotReadyError, eventually, kill, new_folder, role_of

VICTIMS = ("listener", "web", "worker", "postgres", "backend", "up", "everything")
READY_WITHIN_S = 10.0
SETTINGS = {"ISOCENTER_QUIET_FOR": "3s"}
"""Studies are sealed after three quiet seconds, so that kills hit sealing too."""


@dataclass(slots=True)
class Entry:
    """One object of the ledger. answers: the statuses that came back, in order."""

    study_instance_uid: str
    digest: str
    answers: list[int] = field(default_factory=list)

    @property
    def acknowledged(self) -> bool:
        """Whether success or a warning came back at least once."""
        return any(status == 0 or status & 0xF000 == 0xB000 for status in self.answers)


class Ledger:
    """What was sent and what was acknowledged, by SOP Instance UID. Threads share it."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._changed = threading.Condition()

    def sent(self, instance: Instance) -> None:
        """Before the first byte goes out."""
        with self._changed:
            if instance.sop_instance_uid not in self._entries:
                entry = Entry(instance.study_instance_uid, instance.digest())
                self._entries[instance.sop_instance_uid] = entry

    def answered(self, instance: Instance, status: int) -> None:
        """After the answer came in."""
        with self._changed:
            self._entries[instance.sop_instance_uid].answers.append(status)
            self._changed.notify_all()

    def acknowledged(self) -> int:
        """How many objects are acknowledged."""
        return sum(entry.acknowledged for entry in self.entries().values())

    def entries(self) -> dict[str, Entry]:
        """A copy."""
        with self._changed:
            return dict(self._entries)

    def wait_for_more(self, than: int, within_s: float) -> bool:
        """Whether more than so many objects are acknowledged within a bounded time."""
        return eventually(lambda: self.acknowledged() > than, within_s)


class Sender(threading.Thread):
    """One modality: stores without pause, reconnects, and sends again what was not acknowledged."""

    def __init__(
        self, node: Node, ledger: Ledger, stream: Iterator[Instance], contexts: Sequence[tuple[str, str]]
    ) -> None:
        super().__init__(name="sender", daemon=True)
        self._node, self._ledger, self._stream, self._contexts = node, ledger, stream, contexts
        self._ending = threading.Event()

    def run(self) -> None:
        """Until `end`; the object in hand is finished first if the node answers."""
        association: Association | None = None
        instance = next(self._stream)
        while not self._ending.is_set():
            try:
                association = association or self._associate()
                self._ledger.sent(instance)
                status = association.store(instance).status
            except (OSError, EOFError, AssociationError):
                association = None
                self._ending.wait(0.1)
                continue
            self._ledger.answered(instance, status)
            if status == 0:
                instance = next(self._stream)
            else:
                self._ending.wait(0.2)
        if association is not None:
            association.abort()

    def _associate(self) -> Association:
        node = self._node
        return Association(node.dicom_port, called=node.ae_title, contexts=self._contexts, timeout_s=30)

    def end(self) -> None:
        """Stop and wait."""
        self._ending.set()
        self.join(60)


@dataclass(frozen=True, slots=True)
class Round:
    """One kill. by_itself: whether `isocenter up` recovered alone (else it was started again, as an operator would)."""

    number: int
    victim: str
    acknowledged: int
    in_doubt: int
    ready_after_s: float
    by_itself: bool
    lost: int
    torn: int

    @property
    def good(self) -> bool:
        """Nothing lost, nothing torn, ready in time."""
        return not self.lost and not self.torn and self.ready_after_s <= READY_WITHIN_S


def a_large_instance(frames: int = 20) -> Instance:
    """One object of some 10 MiB: it takes a journal segment of its own."""
    path = next(folder_of(CT, 1, 8).rglob("*.dcm"))
    header = pydicom.dcmread(path)
    header.SOPInstanceUID = uid("large")
    header.NumberOfFrames = frames
    header.PixelData = header.PixelData * frames
    return instance_of(header)


def a_mix() -> list[Instance]:
    """What the senders send: mostly small objects, some CT, one large one."""
    mr, ct = load([folder_of(MR, 1, 24)]), load([folder_of(CT, 1, 8)])
    return [*mr[:12], *ct[:4], a_large_instance(), *mr[12:], *ct[4:]]


def rounds(
    count: int,
    *,
    seed: int = 0,
    victims: Sequence[str] = VICTIMS,
    say: Callable[[str], None] = print,
    work_s: tuple[float, float] = (0.5, 2.5),
    senders: int = 2,
) -> list[Round]:
    """Kill something `count` times on one home; every victim has its turn before any has a second one."""
    chance = random.Random(seed)
    folder = new_folder("isocenter-faults-")
    node = Node(folder / "home", **SETTINGS)
    done = []
    try:
        say(f"first start: ready after {node.start():.1f} s")
        everything: dict[str, Entry] = {}
        order: list[str] = []
        for number in range(1, count + 1):
            order = order or chance.sample(list(victims), len(victims))
            ledger = Ledger()
            done.append(one_round(node, ledger, number, order.pop(), chance.uniform(*work_s), senders))
            everything |= ledger.entries()
            say(line(done[-1]))
        done.append(final_check(node, everything, count + 1))
        say(line(done[-1]))
    finally:
        node.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return done


def final_check(node: Node, everything: Mapping[str, Entry], number: int) -> Round:
    """Read back the whole ledger once more: what a later kill or sealing did to older objects."""
    lost, torn = compared(node, everything)
    acknowledged = sum(entry.acknowledged for entry in everything.values())
    return Round(number, "(nothing)", acknowledged, len(everything) - acknowledged, 0.0, True, len(lost), len(torn))


def one_round(node: Node, ledger: Ledger, number: int, victim: str, work_s: float, count: int) -> Round:
    """Store, kill, wait until everything works again, stop storing, read back."""
    mix = a_mix()
    senders = [Sender(node, ledger, endless(mix, number, which), contexts_of(mix)) for which in range(count)]
    for sender in senders:
        sender.start()
    try:
        if not ledger.wait_for_more(5, 30):
            raise NotReadyError(f"nothing is being acknowledged\n{node.said()}")
        time.sleep(work_s)
        strike(node, victim)
        ready_after_s, by_itself = recovered(node, ledger, victim)
    finally:
        for sender in senders:
            sender.end()
    entries = ledger.entries()
    lost, torn = compared(node, entries)
    acknowledged = sum(entry.acknowledged for entry in entries.values())
    in_doubt = len(entries) - acknowledged
    return Round(number, victim, acknowledged, in_doubt, ready_after_s, by_itself, len(lost), len(torn))


def strike(node: Node, victim: str) -> None:
    """kill -9 of the victim: one process of a role, or all of them at once as when the power goes.

    Waits for one that is being started again. Raises NotReadyError.
    """

    def struck() -> list[int]:
        return node.pids() if victim == "everything" else node.pids_of(victim)[:1]

    eventually(lambda: bool(struck()), 30)
    pids = struck()
    if not pids:
        raise NotReadyError(f"there is no process that is the {victim}: {described(node)}")
    kill(pids)


def described(node: Node) -> list[tuple[int, str]]:
    """The processes of the node and their roles, for messages."""
    return [(pid, role_of(pid)) for pid in node.pids()]


def recovered(node: Node, ledger: Ledger, victim: str, within_s: float = 60.0) -> tuple[float, bool]:
    """Wait until it is ready and acknowledges again; seconds, and whether it managed alone. Raises NotReadyError."""
    began = time.monotonic()
    by_itself = True
    if victim in ("up", "everything") or eventually(lambda: not node.alive(), 0.3):
        by_itself = False
        eventually(lambda: not node.alive(), 10)
        node.start(within_s)

    def works() -> bool:
        return node.ready() and all(node.pids_of(role) for role in ("listener", "web", "worker", "postgres"))

    while time.monotonic() - began < within_s:
        if not node.alive():
            by_itself = False
            node.start(within_s)
        if works() and ledger.wait_for_more(ledger.acknowledged(), 5):
            return time.monotonic() - began, by_itself
        time.sleep(0.05)
    raise NotReadyError(f"not recovered from the death of {victim}: {described(node)}\n{node.said()}")


def compared(node: Node, entries: Mapping[str, Entry]) -> tuple[list[str], list[str]]:
    """Read back every study of the ledger: UIDs acknowledged but missing, and UIDs whose bytes differ."""
    present: dict[str, str] = {}
    for study in dict.fromkeys(entry.study_instance_uid for entry in entries.values()):
        try:
            found = instances(node, study, EXPLICIT_VR_LITTLE_ENDIAN)
        except NotRetrievedError as absent:
            if not str(absent).startswith("404"):
                raise
            continue
        present |= {name: digest_of([part.data_set]) for name, part in found.items()}
    lost = [name for name, entry in entries.items() if entry.acknowledged and name not in present]
    torn = [name for name, digest in present.items() if entries[name].digest != digest]
    return lost, torn


def line(done: Round) -> str:
    """One round for the terminal."""
    how = "by itself" if done.by_itself else "started again"
    return (
        f"round {done.number:2}  kill -9 {done.victim:10} {done.acknowledged:6} acknowledged, "
        f"{done.in_doubt} in doubt; ready after {done.ready_after_s:5.2f} s ({how}); {done.lost} lost, {done.torn} torn"
        f"{'' if done.good else '   <-- NOT GOOD'}"
    )


def markdown(done: Sequence[Round]) -> str:
    """The ledger as a table for the results folder."""
    head = (
        "| round | kill -9 | acknowledged | in doubt | ready after s | lost | torn |\n|---|---|---|---|---|---|---|\n"
    )
    return head + "".join(
        f"| {each.number} | {each.victim} | {each.acknowledged} | {each.in_doubt} "
        f"| {each.ready_after_s:.1f} | {each.lost} | {each.torn} |\n"
        for each in done
    )
