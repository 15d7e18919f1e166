"""Scrubbing: every copy is read again, compared with its digest, and mended from another copy when it is not sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from isocenter.domain.placement.placing import (
    Placed,
    Placement,
    Shift,
    is_wanted,
    lost,
    register_packs,
    write_copy,
)
from isocenter.domain.placement.tiers import CopyState
from isocenter.index import copies, placement
from isocenter.index.copies import CopyRow
from isocenter.index.institutions import institutions
from isocenter.kit.database import Database
from isocenter.kit.logging import get_logger
from isocenter.kit.metrics import COPY_PROBLEMS, SCRUBBED_BYTES
from isocenter.storage.copying import FULL_SPEED, Content, Pace, content_of
from isocenter.storage.errors import Damaged, NoSuchObject, StorageFull, StoreAway
from isocenter.storage.places import Place

log = get_logger(__name__)

_PAGE: Final = 200


@dataclass(slots=True)
class ScrubReport:
    """What scrubbing did. away: copies in storages that did not answer; lost: objects without a sound copy (keys)."""

    registered: int = 0
    read: int = 0
    read_bytes: int = 0
    damaged: int = 0
    missing: int = 0
    repaired: int = 0
    away: int = 0
    busy: int = 0
    lost: list[str] = field(default_factory=list)
    finished: bool = True

    @property
    def sound(self) -> bool:
        """Whether every copy was read and is sound now."""
        return self.finished and not self.lost and not self.away and self.damaged + self.missing == self.repaired


@dataclass(frozen=True, slots=True)
class Scrub:
    """How to scrub. before: copies that were read since then are left alone; storage_id: only those in this storage.

    repair: False only tells and counts. shift: when to end; what was read is not read again next time.
    """

    work: Placement
    before: datetime
    shift: Shift
    pace: Pace = FULL_SPEED
    storage_id: int | None = None
    repair: bool = True
    report: ScrubReport = field(default_factory=ScrubReport)

    def run(self) -> ScrubReport:
        """Read every copy that is due, suspects first."""
        institution_ids = every_institution(self.work.database)
        with self.work.database.transaction() as connection:
            suspects = placement.suspects(connection, _PAGE)
        for storage_id, key in suspects:
            if self.storage_id in (None, storage_id) and not self.shift.over():
                self._look_at_suspect(institution_ids, key, storage_id)
        for institution_id in institution_ids:
            self._scrub_institution(institution_id)
        self.report.finished = not self.shift.over()
        return self.report

    def run_on_everything(self) -> ScrubReport:
        """`run`, after the first copies of packs that were not counted yet were written down."""
        for institution_id in every_institution(self.work.database):
            while not self.shift.over():
                placed = Placed()
                register_packs(self.work, institution_id, self.shift, placed, self.pace)
                self.report.registered += placed.registered
                if not placed.registered:
                    break
        return self.run()

    def _look_at_suspect(self, institution_ids: Sequence[int], key: str, storage_id: int) -> None:
        """Readers do not know whose an object is: every institution is asked."""
        for institution_id in institution_ids:
            with self.work.database.transaction(institution_id) as connection:
                rows = [row for row in copies.copies_of(connection, key) if row.storage_id == storage_id]
            for row in rows:
                self._look(institution_id, row)
        with self.work.database.transaction() as connection:
            placement.not_suspect(connection, key, storage_id)

    def _scrub_institution(self, institution_id: int) -> None:
        after = ("", 0)
        while not self.shift.over():
            with self.work.database.transaction(institution_id) as connection:
                rows = copies.due_for_reading(connection, self.before, _PAGE, self.storage_id, after)
            for row in rows:
                if self.shift.over():
                    return
                self._look(institution_id, row)
                after = (row.object_key, row.storage_id)
            if len(rows) < _PAGE:
                return

    def _look(self, institution_id: int, row: CopyRow) -> None:
        with copies.one_at_a_time(self.work.database, row.object_key) as mine:
            if not mine:
                self.report.busy += 1
                return
            place = self.work.place(row.storage_id)
            if place is None:
                self.report.away += 1
                return
            try:
                problem = _problem(place, row, self.pace)
                if problem == "damaged" and not row.digest:
                    problem = self._learned(institution_id, row, place)
                self.report.read += 1
                self.report.read_bytes += row.size_bytes
                SCRUBBED_BYTES.labels(place.name).inc(row.size_bytes)
                self._found(institution_id, row, place, problem)
            except (StoreAway, StorageFull) as error:
                log.warning("storage.scrub-waits", storage=place.name, key=row.object_key, reason=error.reason)
                self.report.away += 1

    def _learned(self, institution_id: int, row: CopyRow, place: Place) -> str | None:
        """A copy whose digest nobody knows, because it was never sound: it may have been brought back since."""
        if not self.work.proven(place.store, row.object_key):
            return "damaged"
        content = content_of(place.store, row.object_key, self.pace)
        with self.work.database.transaction(institution_id) as connection:
            if is_wanted(connection, row.object_key):
                copies.put_copy(
                    connection, row.object_key, row.storage_id, CopyState.VERIFIED, content.size, content.digest
                )
        return None

    def _found(self, institution_id: int, row: CopyRow, place: Place, problem: str | None) -> None:
        state = CopyState.VERIFIED if problem is None else CopyState.DAMAGED
        with self.work.database.transaction(institution_id) as connection:
            if not is_wanted(connection, row.object_key):
                return  # erased; what is left of it goes with the deletions
            if not copies.set_state(connection, row.object_key, row.storage_id, state, of=list(CopyState)):
                return
            if problem is None:
                placement.end_alarm(connection, "copy-lost", row.object_key)
        if problem is None or row.state == CopyState.WRITING:
            return  # what was only being written when its writer was killed is no finding
        self.report.damaged += problem == "damaged"
        self.report.missing += problem == "missing"
        log.error("storage.copy-unsound", storage=place.name, key=row.object_key, problem=problem)
        outcome = self._mended(institution_id, row)
        COPY_PROBLEMS.labels(place.name, problem, outcome).inc()
        self._tell(row, problem, outcome)

    def _mended(self, institution_id: int, row: CopyRow) -> str:
        with self.work.database.transaction(institution_id) as connection:
            states = [each.state for each in copies.copies_of(connection, row.object_key)]
        if CopyState.VERIFIED not in states:
            return "no-sound-copy"
        try:
            if self.repair and write_copy(self.work, institution_id, row.object_key, row.storage_id, self.pace):
                return "repaired"
        except Damaged:
            return "repair-failed"
        return "not-repaired"

    def _tell(self, row: CopyRow, problem: str, outcome: str) -> None:
        """Once for each copy, until it is repaired."""
        known = row.state == CopyState.DAMAGED
        if outcome == "no-sound-copy":
            self.report.lost.append(row.object_key)
            if not known:
                lost(self.work.database, row.object_key, row.storage_id, problem)
        elif outcome == "repaired" or not known:
            self.report.repaired += outcome == "repaired"
            with self.work.database.transaction() as connection:
                placement.record_finding(connection, row.object_key, row.storage_id, problem, outcome)


def every_institution(database: Database) -> list[int]:
    """The numbers of all institutions."""
    with database.transaction() as connection:
        return [each.institution_id for each in institutions(connection)]


def _problem(place: Place, row: CopyRow, pace: Pace) -> str | None:
    """What is wrong with a copy: "missing", "damaged", or None. Raises StoreAway, also for an empty storage."""
    try:
        content = content_of(place.store, row.object_key, pace)
    except NoSuchObject:
        if next(iter(place.store.list()), None) is None:
            raise StoreAway("The storage is empty; is it mounted?", storage=place.name) from None
        return "missing"
    except Damaged:
        return "damaged"
    return None if content == Content(row.size_bytes, row.digest) else "damaged"
