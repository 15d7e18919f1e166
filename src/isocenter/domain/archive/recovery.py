"""The link between a journal and the index, and what is read back from the journal when the link broke.

Rows of reception are committed asynchronously: visible at once, on the database's disk a moment later. When the server
has crashed in between, rows after the last checkpoint may be gone, so everything the journal holds after it is recorded
again; the same is done for journals that a dead process left behind. Recording is idempotent.
"""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from itertools import groupby
from pathlib import Path
from typing import TypeVar

from isocenter.domain.archive.duplicates import Holdings, rule_on
from isocenter.domain.archive.examination import examine, ingest_row
from isocenter.domain.archive.under_way import Position
from isocenter.index.adoption import erased_instances
from isocenter.index.checkpoints import checkpoint_of
from isocenter.index.erasures import erased_at
from isocenter.index.ingest import Ingest, ServerChanged
from isocenter.index.ingest_row import Checkpoint, IngestOutcome, IngestResult, IngestRow
from isocenter.index.institutions import institutions
from isocenter.index.withdrawal import claims_after, withdraw
from isocenter.kit.errors import Invalid
from isocenter.kit.logging import get_logger
from isocenter.storage.errors import NoSecondCopy
from isocenter.storage.journal import (
    Damage,
    JournalMember,
    JournalWriter,
    TornTail,
    UnusedRoom,
    cut_torn_tail,
    give_back_room,
    is_epoch_live,
    read_segment,
    segments,
)

log = get_logger(__name__)

REPLAY_GROUP = 256
START: Position = (0, 0)
Result = TypeVar("Result")


@dataclass(slots=True)
class Replay:
    """What one reading back found. members: whole ones; recorded: those the index had lost; withdrawn: rows without."""

    members: int = 0
    recorded: int = 0
    damaged: int = 0
    torn: int = 0
    withdrawn: int = 0

    def add(self, other: Replay) -> None:
        """Count what another reading found too."""
        self.members += other.members
        self.recorded += other.recorded
        self.damaged += other.damaged
        self.torn += other.torn
        self.withdrawn += other.withdrawn


class Life(Enum):
    """What may be done with the files of an epoch.

    WRITING: our own, its last segment may be growing, so a torn tail is only its growing end. ENDED: it wrote into this
    home and is over: tails are cut, and what it never made durable is withdrawn. COPY: of another node's, which may be
    shorter than what that node has: nothing is cut, and nothing is withdrawn.
    """

    WRITING = auto()
    ENDED = auto()
    COPY = auto()


@dataclass(frozen=True, slots=True)
class _Epoch:
    """Segments of one process. directory: laid out as the journal directory is."""

    directory: Path
    node: str
    number: int
    life: Life


class IndexLink:
    """One process's way into the index: records rows, keeps the checkpoint, replays when the server lost something."""

    def __init__(self, holdings: Holdings, journal: JournalWriter, settled_up_to: Callable[[], Position]) -> None:
        self._holdings = holdings
        self._journal = journal
        self._settled_up_to = settled_up_to
        self._ingest = Ingest(holdings.database.ingest_connection)
        self._lock = threading.Lock()
        self._checkpoint: Position = START
        self._replay_due = False

    def record(self, rows: Sequence[IngestRow], make_durable: Callable[[], None]) -> list[IngestOutcome]:
        """Record rows of objects that lie in the journal while make_durable brings those to the disk.

        Raises Exhausted when the database is away, and what make_durable raises: none counts then.
        """
        return self._certainly(lambda: self._ingest.record(rows, make_durable=make_durable))

    def keep_aside(self, row: IngestRow, current: IngestOutcome, reason: str) -> bool:
        """Record a version that is not current, durably; false when it was there already."""
        return self._certainly(lambda: self._ingest.keep_aside(row, current, reason))

    def checkpoint(self) -> None:
        """Note durably up to where the index is complete, when that moved; notices a database that came back."""
        position = self._settled_up_to()

        def note() -> None:
            if position == self._checkpoint:
                _ = self._ingest.server_life
                return
            self._ingest.record_checkpoint(self._named(position))
            self._checkpoint = position

        self._certainly(note)

    def close(self, end: Position) -> None:
        """The last checkpoint of a journal that ends well, and the end of the connection."""
        with self._lock:
            try:
                if self._replay_due:
                    raise ServerChanged("The index is not complete yet; the next process reads this journal back.")
                self._ingest.record_checkpoint(self._named(end))
            finally:
                self._ingest.close()

    def _named(self, position: Position) -> Checkpoint:
        return Checkpoint(self._journal.node, self._journal.epoch, *position)

    def _certainly(self, work: Callable[[], Result]) -> Result:
        """Talk to the index after everything that the server may have lost was recorded again.

        That is owed until it is done: the server says only once that it changed, and may be away, or change again,
        before all of it is recorded.
        """
        with self._lock:
            if self._replay_due:
                self._replay_own()
            try:
                return work()
            except ServerChanged:
                self._replay_due = True
                self._replay_own()
                return work()

    def _replay_own(self) -> None:
        with suppress(NoSecondCopy):  # it is on this disk: what was acknowledged must be seen again, with one copy too
            self._journal.sync()
        epoch = _Epoch(self._holdings.journal_directory, self._journal.node, self._journal.epoch, Life.WRITING)
        replay = _replay_epoch(self._holdings, self._ingest, epoch, self._checkpoint)
        self._replay_due = False
        log.warning("archive.replayed", epoch=self._journal.epoch, members=replay.members, recorded=replay.recorded)


def recover_abandoned(holdings: Holdings) -> Replay:
    """Record what journals of dead processes hold after their checkpoints. Several processes may do it at once."""
    total = Replay()
    directory = holdings.journal_directory
    with _alone_in(directory), closing(Ingest(holdings.database.ingest_connection)) as ingest:
        for (node, epoch), group in groupby(segments(directory), key=lambda name: (name.node, name.epoch)):
            last = max(name.sequence for name in group)
            if not is_epoch_live(directory, node, epoch):
                _recover_epoch(holdings, ingest, node, epoch, last, total)
    return total


@contextmanager
def _alone_in(directory: Path) -> Iterator[None]:
    """One process recovers at a time: cutting a torn tail is not for two."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "recovery.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _recover_epoch(holdings: Holdings, ingest: Ingest, node: str, epoch: int, last: int, total: Replay) -> None:
    with holdings.database.transaction() as connection:
        known = checkpoint_of(connection, node, epoch)
    position: Position = START if known is None else (known.sequence, known.end_offset)
    if position[0] > last:
        return
    ended = _Epoch(holdings.journal_directory, node, epoch, Life.ENDED)
    replay = _replay_epoch(holdings, ingest, ended, position)
    ingest.record_checkpoint(Checkpoint(node, epoch, last + 1, 0))  # not by a server that lost the rows: it says so
    log.info(
        "archive.recovered",
        node=node,
        epoch=epoch,
        members=replay.members,
        recorded=replay.recorded,
        withdrawn=replay.withdrawn,
    )
    total.add(replay)


def replay_copies(holdings: Holdings, directory: Path, node: str) -> Replay:
    """Record what copies of another node's segments hold after its checkpoints, as far as the index lacks it.

    directory: laid out as the journal directory is (replicas, or shipped segments that were fetched). The checkpoints
    stay where they are: the node may have more, and reads it back when it returns.
    """
    total = Replay()
    directory.mkdir(parents=True, exist_ok=True)
    with _alone_in(directory), closing(Ingest(holdings.database.ingest_connection)) as ingest:
        for epoch in sorted({name.epoch for name in segments(directory, node)}):
            with holdings.database.transaction() as connection:
                known = checkpoint_of(connection, node, epoch)
            position: Position = START if known is None else (known.sequence, known.end_offset)
            total.add(_replay_epoch(holdings, ingest, _Epoch(directory, node, epoch, Life.COPY), position))
    log.info("archive.copies-replayed", node=node, members=total.members, recorded=total.recorded)
    return total


def _replay_epoch(holdings: Holdings, ingest: Ingest, epoch: _Epoch, position: Position) -> Replay:
    replay = Replay()
    life = ingest.server_life
    erased = _Erased(holdings)
    rows: list[IngestRow] = []
    explained: list[tuple[int, range]] = []
    for item in _items_after(holdings, epoch, position):
        if isinstance(item, JournalMember):
            replay.members += 1
            explained.append(
                (item.location.segment.sequence, range(item.location.member_offset, item.location.end_offset))
            )
            row = _row_of(holdings, item)
            if row is not None and not erased.covers(row):
                rows.append(row)
        elif isinstance(item, Damage):
            replay.damaged += 1
            explained.append((item.segment.sequence, range(item.offset, item.offset + item.length)))
            log.error("archive.journal-damaged", segment=item.segment.source, offset=item.offset, why=item.reason)
        elif epoch.life is Life.ENDED:
            replay.torn += isinstance(item, TornTail)
            _end(epoch.directory, item)
        if len(rows) >= REPLAY_GROUP:
            replay.recorded += _record_again(holdings, ingest, rows)
            rows.clear()
    replay.recorded += _record_again(holdings, ingest, rows)
    if ingest.server_life != life:
        raise ServerChanged("The database server was restarted while a journal was read back: it is read again.")
    if epoch.life is Life.ENDED:
        replay.withdrawn = _withdraw_others(holdings, epoch.node, epoch.number, position, explained)
    return replay


def _withdraw_others(
    holdings: Holdings, node: str, epoch: int, position: Position, explained: list[tuple[int, range]]
) -> int:
    """Take back rows of a dead epoch that were written before their bytes were durable, which then never became so.

    explained: (sequence, bytes) of what the journal holds after the position, whole or damaged. A row of a damaged
    member stays: the object mends it when it comes again.
    """
    starts = {(sequence, place.start) for sequence, place in explained}
    withdrawn = 0
    with holdings.database.transaction() as connection:
        every = institutions(connection)
    for institution in every:
        with holdings.database.transaction(institution.institution_id) as connection:
            unfounded = [
                claim
                for sequence, claim in claims_after(connection, node, epoch, *position)
                if (sequence, claim.member_offset) not in starts
                and not any(sequence == at and claim.member_offset in place for at, place in explained)
            ]
            if unfounded:
                withdrawn += withdraw(connection, unfounded)
    return withdrawn


def _end(directory: Path, item: TornTail | UnusedRoom) -> None:
    """Let the segment of a dead epoch end with its last member."""
    path = item.segment.path(directory)
    if isinstance(item, UnusedRoom):
        give_back_room(path, item)
    else:
        cut_torn_tail(path, item)


def _items_after(
    holdings: Holdings, epoch: _Epoch, position: Position
) -> Iterator[JournalMember | Damage | TornTail | UnusedRoom]:
    sequence, offset = position
    for name in segments(epoch.directory, epoch.node):
        if name.epoch == epoch.number and name.sequence >= sequence:
            start = offset if name.sequence == sequence else 0
            yield from read_segment(name.path(epoch.directory), start, keys=holdings.data.keys)


def _row_of(holdings: Holdings, member: JournalMember) -> IngestRow | None:
    header = member.header
    sender = holdings.senders.find(header.institution_id, header.calling_ae_title)
    try:
        scanned, attributes = examine(
            member.data_set, header.transfer_syntax_uid, sender.default_character_set, sender.issuer_of_patient_id
        )
    except Invalid as error:
        log.error("archive.member-not-indexable", sop_instance_uid=header.sop_instance_uid, reason=error.reason)
        return None
    return ingest_row(header, member.location, scanned, attributes)


def _record_again(holdings: Holdings, ingest: Ingest, rows: list[IngestRow]) -> int:
    if not rows:
        return 0
    try:
        outcomes = ingest.record(rows)
    except ServerChanged:  # a fresh connection of recovery; what it may have lost is being recorded right now
        outcomes = ingest.record(rows)
    stored = 0
    for row, outcome in zip(rows, outcomes, strict=True):
        if outcome.result is IngestResult.STORED:
            stored += 1
        else:
            rule_on(holdings, ingest.keep_aside, row, outcome, replayed=True)
    return stored


class _Erased:
    """Studies and instances that were erased after a member was received must not come back with it."""

    def __init__(self, holdings: Holdings) -> None:
        self._holdings = holdings
        self._known: dict[tuple[int, str], datetime | None] = {}
        self._instances: dict[int, dict[str, datetime]] = {}

    def covers(self, row: IngestRow) -> bool:
        key = (row.institution_id, row.attributes.study_instance_uid)
        if key not in self._known:
            with self._holdings.database.transaction(row.institution_id) as connection:
                self._known[key] = erased_at(connection, key[1])
                self._instances.setdefault(row.institution_id, erased_instances(connection))
        instance = self._instances[row.institution_id].get(row.attributes.sop_instance_uid)
        return any(moment is not None and row.received_at <= moment for moment in (self._known[key], instance))
