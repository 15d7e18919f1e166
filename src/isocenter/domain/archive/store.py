"""The verb "store": durable in the journal, visible in the index, and only then acknowledged.

Two steps stand between an appended object and its acknowledgement, shared by all who came together: one `fdatasync`
for all that was appended, one transaction for all their rows. See docs/architecture.md, "The life of an object".
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.domain.archive.arrivals import Arrivals
from isocenter.domain.archive.duplicates import Holdings, Ruling, rule_on
from isocenter.domain.archive.errors import ArchiveStopping
from isocenter.domain.archive.grouping import Grouping
from isocenter.domain.archive.outcome import StoreKind, StoreOutcome
from isocenter.domain.archive.reception import Appended, BufferPool, Intake, Reception, Source
from isocenter.domain.archive.recovery import IndexLink, recover_abandoned
from isocenter.domain.archive.tally import Tally
from isocenter.domain.archive.under_way import Position, UnderWay
from isocenter.index.checkpoints import last_epoch_of
from isocenter.index.ingest_row import IngestOutcome, IngestResult
from isocenter.index.senders import UNKNOWN
from isocenter.kit.database import Database, DatabaseAway
from isocenter.kit.errors import Exhausted, IsocenterError
from isocenter.kit.logging import get_logger
from isocenter.kit.settings import MIB
from isocenter.storage.errors import JournalPoisoned
from isocenter.storage.extents import Bytes
from isocenter.storage.journal import JournalWriter
from isocenter.storage.second_copy import TwoCopies

log = get_logger(__name__)

CHECKPOINT_EVERY_S = 1.0
FREE_BYTES_NEEDED = 256 * MIB
COMPANY_WITHIN_S = 0.003
"""Senders that were acknowledged together have their next objects here within about this time."""


class Archive:
    """Receives objects for one process: owns its leased journal and its connection to the index.

    Call `close` (or use as a context manager): it stops taking objects and records the last checkpoint.
    """

    def __init__(
        self,
        *,
        data: Bytes,
        node: str,
        database: Database,
        max_object_bytes: int,
        ready_segments: int = 0,
        two_copies: TwoCopies | None = None,
    ) -> None:
        """node: this host's name, lower-case. Reads back what a dead process left in its journal before it returns.

        ready_segments: so many journal segments of 64 MiB are filled beforehand, in idle moments, for the next burst.
        two_copies: nothing is acknowledged before another node has it too; closed with the archive.
        """
        self._two_copies = two_copies
        self._tally = Tally()
        self._may_write = database.may_write
        self._arrivals = Arrivals(database)
        self._holdings = Holdings(database, data, two_copies=two_copies is not None)
        recover_abandoned(self._holdings)
        with database.transaction() as connection:
            after_epoch = last_epoch_of(connection, node)
        self.journal = JournalWriter(
            data.journal_directory,
            node,
            after_epoch=after_epoch,
            ready_segments=ready_segments,
            keys=data.keys,
            two_copies=two_copies,
        )
        self.under_way = UnderWay(self.journal.position)
        self._link = IndexLink(self._holdings, self.journal, self.under_way.settled_up_to)
        self._grouping: Grouping[Appended, IngestOutcome] = Grouping(self._settle_group, patience_s=COMPANY_WITHIN_S)
        self._intake = Intake(self.journal, BufferPool(), self.under_way, max_object_bytes, self.commit)
        self._stopping = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="archive-keeper", daemon=True)
        self._keeper.start()

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def reception(
        self, caller: Caller, source: Source, *, sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str
    ) -> Reception:
        """Begin to receive one object for the caller's institution. Raises Refused, ArchiveStopping, NoSecondCopy."""
        caller.require(Right.STORE)
        if self._stopping.is_set():
            raise ArchiveStopping("This Isocenter process is stopping; send again in a moment.")
        self._may_write()
        if self._two_copies is not None:  # before it is sent, not after
            self._two_copies.check()
        return Reception(
            self._intake,
            caller,
            self._with_defaults(caller.institution_id, source),
            sop_class_uid=sop_class_uid,
            sop_instance_uid=sop_instance_uid,
            transfer_syntax_uid=transfer_syntax_uid,
        )

    def _with_defaults(self, institution_id: int, source: Source) -> Source:
        """With what the sender leaves unsaid. Raises Exhausted when that was never read and cannot be now."""
        known = self._holdings.senders.find(institution_id, source.calling_ae_title)
        if known is UNKNOWN:
            return source
        return replace(
            source,
            default_character_set=known.default_character_set,
            issuer_of_patient_id=known.issuer_of_patient_id,
        )

    @property
    def max_object_bytes(self) -> int:
        """Longer objects are refused."""
        return self._intake.max_object_bytes

    @property
    def journal_directory(self) -> Path:
        """On the disk where objects arrive; doors may have files without a name there."""
        return self._holdings.journal_directory

    def commit(self, group: Sequence[Appended]) -> list[StoreOutcome]:
        """Block until all objects of the group are durable and indexed. Raises Exhausted: then none is acknowledged."""
        if not group:
            return []
        try:
            outcomes = self._grouping.submit(group)
            self._may_write()  # the lease may have run out meanwhile: then another site is asked, and takes it
            return [self._acknowledge(appended, outcome) for appended, outcome in zip(group, outcomes, strict=True)]
        finally:
            for appended in group:
                self.under_way.settle(appended.number)

    def complete_many(self, receptions: Sequence[Reception]) -> list[StoreOutcome | IsocenterError]:
        """Complete several objects as one group; an object that is refused does not stop the others."""
        appended: list[Appended | IsocenterError] = []
        for reception in receptions:
            try:
                appended.append(reception.append())
            except IsocenterError as error:
                reception.abandon()
                appended.append(error)
        group = [each for each in appended if isinstance(each, Appended)]
        try:
            outcomes = iter(self.commit(group))
        except IsocenterError as error:
            return [each if isinstance(each, IsocenterError) else error for each in appended]
        return [each if isinstance(each, IsocenterError) else next(outcomes) for each in appended]

    def writable(self) -> None:
        """Raise Exhausted, with the reason, when an object sent now would not be acknowledged."""
        if self._stopping.is_set():
            raise ArchiveStopping("This Isocenter process is stopping.")
        self._may_write()
        free = _free_for_writing(self._holdings.journal_directory / self.journal.node)
        if free < FREE_BYTES_NEEDED:
            raise Exhausted("The disk of the journals is nearly full; free some space.", free_bytes=free)
        if self._two_copies is not None:
            self._two_copies.reachable()
        if not self._holdings.database.answers():
            raise DatabaseAway("The database does not answer.")

    def close(self) -> None:
        """Stop taking objects, record the last checkpoint and give the journal's lease back."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._keeper.join(timeout=30)
        self._tally.flush()
        self._arrivals.flush(everything=True)
        self.journal.close()
        if self._two_copies is not None:
            self._two_copies.close()
        try:
            self._link.close(self.under_way.settled_up_to())
        except Exhausted as error:  # the next process reads the journal back instead
            log.warning("archive.last-checkpoint-missing", reason=error.reason)

    def _settle_group(self, group: Sequence[Appended]) -> Sequence[IngestOutcome]:
        """One fdatasync and, beside it, one transaction, for everybody who came together."""

        def make_durable() -> None:
            self.journal.sync()
            for appended in group:
                if not self.journal.is_durable(appended.location):  # its segment was given up before this group came
                    raise JournalPoisoned("The disk failed; send again.", segments=(appended.location.segment.source,))

        # PostgreSQL takes the processor as soon as it is asked: the disk has its work before.
        self.journal.begin_sync()
        return self._link.record([appended.row for appended in group], make_durable)

    def _acknowledge(self, appended: Appended, outcome: IngestOutcome) -> StoreOutcome:
        kind = StoreKind.STORED
        if outcome.result is not IngestResult.STORED:
            ruling = rule_on(self._holdings, self._link.keep_aside, appended.row, outcome)
            kind = StoreKind.KEPT_ASIDE if ruling is Ruling.OTHER_CONTENT else StoreKind.ALREADY_STORED
        self._tally.add(appended.row.door, kind.value, appended.row.data_set_length)
        attributes = appended.row.attributes
        self._arrivals.add(appended.caller, appended.row.door, attributes.study_instance_uid, kind.value)
        return StoreOutcome(
            kind,
            attributes.study_instance_uid,
            attributes.series_instance_uid,
            attributes.sop_class_uid,
            attributes.sop_instance_uid,
            attributes.warnings,
        )

    def _prepare(self, before: Position) -> Position:
        """Make segments ready for as long as nobody appends; before: where the journal ended a moment ago."""
        while before == (now := self.journal.position()) and not self._stopping.is_set():
            if not self.journal.prepare_segment():
                break
        return now

    def _keep(self) -> None:
        """Once a second: close old segments, record the checkpoint, and look whether the database came back.

        Segments are made ready at once, beside the start of everything else: the first burst may come soon after.
        """
        before = self._prepare(self.journal.position())
        while not self._stopping.wait(CHECKPOINT_EVERY_S):
            self._tally.flush()
            before = self._prepare(before)
            try:
                self._arrivals.flush()
                if self.journal.roll_if_due():
                    self.journal.sync()
                self._link.checkpoint()
            except Exhausted as error:
                log.warning("archive.checkpoint-late", reason=error.reason, detail=str(error))
            except Exception:
                log.exception("archive.keeper-failed")


def _free_for_writing(folder: Path) -> int:
    """Bytes free where a journal is written. Raises Exhausted when the folder is gone or turned read-only."""
    try:
        status = os.statvfs(folder)
    except OSError as error:
        raise Exhausted("The folder of the journal cannot be reached.", errno=error.errno) from error
    if status.f_flag & os.ST_RDONLY:
        raise Exhausted("The disk of the journal turned read-only.")
    return status.f_bavail * status.f_frsize
