"""Writing arriving instances into the index: the hot path, one transaction and mostly one statement per group.

The journal is the log of what is written here, so commits are asynchronous; a checkpoint commits synchronously. The
bytes of a group become durable while the server writes its rows (docs/decisions/0005-rows-beside-the-disk.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

import psycopg

from isocenter.index.asides import insert_aside, raise_aside_task
from isocenter.index.first_sight import SeriesBook, ensure_segment
from isocenter.index.group_write import Placed, WrittenButFailed, prepare, write_group
from isocenter.index.ingest_row import Checkpoint, IngestOutcome, IngestResult, IngestRow
from isocenter.index.rehearsal import nobodys_row
from isocenter.index.uid_hash import uid_key
from isocenter.index.withdrawal import Claim, withdraw
from isocenter.kit.database import (
    Connection,
    DatabaseAway,
    DatabaseBusy,
    ServerLife,
    fingerprint,
    set_institution,
    translated_errors,
)
from isocenter.kit.logging import get_logger

log = get_logger(__name__)

MAX_ATTEMPTS = 8
# Raised by isocenter_record: a study is gone since we looked it up; a UID is known already.
STALE, KNOWN = "IS001", "IS002"
RETRIED = frozenset({STALE, KNOWN, "23505", "40P01", "40001"})  # and unique violation, deadlock, serialization failure


class ServerChanged(DatabaseAway):
    """The connection came back to a server that crashed, failed over or was restored: commits may be missing.

    Rescan the journals from their checkpoints, then go on. Raised once per change, before anything is written.
    """

    reason = "database-server-changed"


class _Beside:
    """What makes the bytes of a group durable: done once, at best while the server writes the group's rows."""

    __slots__ = ("_work", "is_done")

    def __init__(self, work: Callable[[], None] | None) -> None:
        self._work = work
        self.is_done = work is None

    def do(self) -> None:
        if not self.is_done:
            self.is_done = True
            assert self._work is not None
            self._work()


class Ingest:
    """The writer of one committer thread; not thread-safe. Reconnects by itself at the next call after a failure."""

    def __init__(self, connection_factory: Callable[[], Connection]) -> None:
        self._connect = connection_factory
        self._connection: Connection | None = None
        self._life: ServerLife | None = None
        self._book = SeriesBook()
        self._is_prepared = False
        self._pending: list[tuple[int, list[Claim]]] = []

    @property
    def server_life(self) -> ServerLife:
        """Which life of which server the rows go to; connects when needed."""
        with self._talking():
            assert self._life is not None
            return self._life

    def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def record(
        self,
        rows: Sequence[IngestRow],
        checkpoint: Checkpoint | None = None,
        *,
        make_durable: Callable[[], None] | None = None,
    ) -> list[IngestOutcome]:
        """Write a group in order and say what became of each row; known UIDs never cost the others their place.

        checkpoint: moved forward behind the rows, which makes this call wait for the disk. make_durable: makes the
        bytes of the rows durable while the server works; when it raises, no row of the group stays.
        Raises DatabaseAway, DatabaseBusy or ServerChanged, and what make_durable raises; it may be repeated: rows that
        were written answer EXISTS.
        """
        outcomes: dict[int, IngestOutcome] = {}
        beside = _Beside(make_durable)
        with self._talking() as connection:
            self._withdraw_pending(connection)
            for institution_id in dict.fromkeys([row.institution_id for row in rows]):
                waiting = [number for number, row in enumerate(rows) if row.institution_id == institution_id]
                self._record_institution(connection, institution_id, rows, waiting, outcomes, beside)
        if checkpoint is not None:
            self.record_checkpoint(checkpoint)
        return [outcomes[number] for number in range(len(rows))]

    def record_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Move the checkpoint of a journal forward, on disk when this returns, and with it every row written before."""
        with self._talking() as connection:
            self._withdraw_pending(connection)
        with self._talking() as connection, self._transaction(connection):
            connection.execute("SET LOCAL synchronous_commit = on")
            connection.execute(
                """
                INSERT INTO checkpoint (node, epoch, sequence, end_offset) VALUES (%s, %s, %s, %s)
                ON CONFLICT (node, epoch) DO UPDATE
                SET sequence = excluded.sequence, end_offset = excluded.end_offset, at = now()
                WHERE (checkpoint.sequence, checkpoint.end_offset) < (excluded.sequence, excluded.end_offset)
                """,
                [checkpoint.node, checkpoint.epoch, checkpoint.sequence, checkpoint.end_offset],
            )

    def keep_aside(self, row: IngestRow, current: IngestOutcome, reason: str) -> bool:
        """Keep a version that is not current, with a quality task of kind `reason`; False when it was there already.

        current: the outcome that `record` gave for the row; the version is kept with the study of the current one.
        """
        with self._talking() as connection, self._transaction(connection):
            set_institution(connection, row.institution_id)
            segment_id = ensure_segment(connection, row.segment_node, row.segment_epoch, row.segment_sequence)
            new = insert_aside(connection, row, current.study_id, segment_id, reason)
            if new:
                raise_aside_task(connection, row, current, reason)
        return new

    @contextmanager
    def _talking(self) -> Iterator[Connection]:
        """A connection to a server whose life we know; a broken one is dropped, and what we know with it."""
        with translated_errors():
            if self._connection is None or self._connection.closed:
                self._reconnect()
            assert self._connection is not None
            try:
                yield self._connection
            except (psycopg.Error, DatabaseAway):
                self._book.forget()
                if self._connection is not None and self._connection.closed:
                    self._connection = None
                raise

    def _reconnect(self) -> None:
        self.close()
        self._book.forget()
        self._is_prepared = False
        connection = self._connect()
        try:
            life = fingerprint(connection)
            self._rehearse(connection)
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        before, self._life = self._life, life
        if before is not None and before != life:
            raise ServerChanged("The database server was restarted: read the journals again from their checkpoints.")

    def _rehearse(self, connection: Connection) -> None:
        """Record an instance that does not exist and take it back: the server has read its catalogues then, and the
        first object after a start is not the one that waits for that (decision 0395).
        """
        row = nobodys_row(connection)
        if row is None:
            return
        hashes = {0: uid_key(row.institution_id, row.attributes.sop_instance_uid).hex()}
        try:
            with self._transaction(connection, taken_back=True):
                set_institution(connection, row.institution_id)
                _known_instances(connection, row.institution_id, [row], [0], hashes)
                write_group(
                    connection, row.institution_id, self._place_new(connection, row.institution_id, [row], [0], hashes)
                )
        except psycopg.DatabaseError as error:  # a server that only reads, say: what is recorded in earnest says so
            log.warning("index.not-rehearsed", sqlstate=error.sqlstate)
        self._book.forget()

    @contextmanager
    def _transaction(self, connection: Connection, *, taken_back: bool = False) -> Iterator[None]:
        """A transaction with the statement of `write_group` at hand: psycopg lets go of all after a rollback."""
        self._prepare(connection)
        try:
            with connection.transaction(force_rollback=taken_back):
                yield
        except BaseException:
            self._is_prepared = False
            raise
        self._is_prepared = not taken_back

    def _prepare(self, connection: Connection) -> None:
        if not self._is_prepared:
            prepare(connection)
            self._is_prepared = True

    def _record_institution(
        self,
        connection: Connection,
        institution_id: int,
        rows: Sequence[IngestRow],
        waiting: list[int],
        outcomes: dict[int, IngestOutcome],
        beside: _Beside,
    ) -> None:
        """Rounds until every row has its outcome: each writes all rows whose UIDs are new, or finds known ones."""
        hashes = {number: uid_key(institution_id, rows[number].attributes.sop_instance_uid).hex() for number in waiting}
        failures = 0
        while waiting:
            # The second of two equal UIDs in a group waits for the next round, which finds the first.
            firsts = {hashes[number]: number for number in reversed(waiting)}
            batch = sorted(firsts.values())
            try:
                written, known = self._attempt(connection, institution_id, rows, batch, hashes, beside)
            except psycopg.DatabaseError as error:
                failures += 1
                if error.sqlstate not in RETRIED:
                    raise
                if failures >= MAX_ATTEMPTS:
                    raise DatabaseBusy("The index could not be written; try again.", sqlstate=error.sqlstate) from error
                self._book.forget()
                continue
            for number in known:
                outcomes[number] = known[number]
            outcomes.update(written)
            waiting = [number for number in waiting if number not in outcomes]

    def _attempt(
        self,
        connection: Connection,
        institution_id: int,
        rows: Sequence[IngestRow],
        batch: list[int],
        hashes: dict[int, str],
        beside: _Beside,
    ) -> tuple[dict[int, IngestOutcome], dict[int, IngestOutcome]]:
        """(written, known): write the batch in one transaction; what is known already is found instead of written."""
        placed = self._place_known(institution_id, rows, batch, hashes)
        if placed is not None:
            self._prepare(connection)
            try:
                return self._write_known(connection, institution_id, placed, beside), {}
            except psycopg.DatabaseError as error:
                if error.sqlstate != KNOWN:
                    raise
        beside.do()
        with self._transaction(connection):
            set_institution(connection, institution_id)
            known = _known_instances(connection, institution_id, rows, batch, hashes)
            fresh = [number for number in batch if number not in known]
            if not fresh:
                return {}, known
            placed = self._place_new(connection, institution_id, rows, fresh, hashes)
            return _outcomes(placed, write_group(connection, institution_id, placed)), known

    def _write_known(
        self, connection: Connection, institution_id: int, placed: list[Placed], beside: _Beside
    ) -> dict[int, IngestOutcome]:
        """Write rows while their bytes become durable; they are withdrawn when those do not."""
        if beside.is_done:
            return _outcomes(placed, write_group(connection, institution_id, placed))
        try:
            return _outcomes(placed, write_group(connection, institution_id, placed, beside.do))
        except WrittenButFailed as failed:
            self._pending.append((institution_id, _claims(placed, failed.ordinals)))
            assert failed.__cause__ is not None
            try:
                self._withdraw_pending(connection)
            except psycopg.Error:
                log.warning("index.withdrawal-waits", instances=len(placed))
            raise failed.__cause__ from None

    def _withdraw_pending(self, connection: Connection) -> None:
        """Take back rows whose bytes never became durable, before anything else is said about them."""
        while self._pending:
            institution_id, claims = self._pending[-1]
            with self._transaction(connection):
                connection.execute("SET LOCAL synchronous_commit = on")
                set_institution(connection, institution_id)
                withdraw(connection, claims)
            self._pending.pop()

    def _place_known(
        self, institution_id: int, rows: Sequence[IngestRow], batch: list[int], hashes: dict[int, str]
    ) -> list[Placed] | None:
        """The rows with their series and segments when all of those are known."""
        placed = []
        for number in batch:
            row = rows[number]
            series = self._book.find(institution_id, row.attributes)
            segment_id = self._book.segment_id(row.segment_node, row.segment_epoch, row.segment_sequence)
            if series is None or segment_id is None:
                return None
            placed.append(Placed(number, row, hashes[number], series, segment_id))
        return placed

    def _place_new(
        self,
        connection: Connection,
        institution_id: int,
        rows: Sequence[IngestRow],
        batch: list[int],
        hashes: dict[int, str],
    ) -> list[Placed]:
        """The rows with their series and segments, made where they are seen for the first time."""
        placed = []
        # By study, the order in which rows of studies are locked everywhere: two listeners then never wait in a circle.
        for number in sorted(batch, key=lambda number: (rows[number].attributes.study_instance_uid, number)):
            row = rows[number]
            tasks: tuple[str, ...] = ()
            series = self._book.find(institution_id, row.attributes)
            if series is None:
                series, tasks = self._book.learn(connection, institution_id, row.attributes, row.received_at)
            segment = (row.segment_node, row.segment_epoch, row.segment_sequence)
            segment_id = self._book.segment_id(*segment) or self._book.learn_segment(connection, *segment)
            placed.append(Placed(number, row, hashes[number], series, segment_id, tasks))
        return placed


def _outcomes(placed: list[Placed], ordinals: list[int]) -> dict[int, IngestOutcome]:
    return {
        each.number: IngestOutcome(
            IngestResult.STORED, each.series.study.study_id, each.series.series_id, ordinal, tasks=each.tasks
        )
        for each, ordinal in zip(placed, ordinals, strict=True)
    }


def _claims(placed: list[Placed], ordinals: list[int]) -> list[Claim]:
    return [
        Claim(each.series.study.study_id, ordinal, each.hash, each.segment_id, each.row.member_offset)
        for each, ordinal in zip(placed, ordinals, strict=True)
    ]


def _known_instances(
    connection: Connection,
    institution_id: int,
    rows: Sequence[IngestRow],
    batch: list[int],
    hashes: dict[int, str],
) -> dict[int, IngestOutcome]:
    """Outcomes of the rows whose UID the index has already."""
    found = connection.execute(
        """
        SELECT l.uid_hash, l.study_id, l.series_id, l.ordinal, s.study_instance_uid, e.series_instance_uid,
            i.digest
        FROM instance_lookup l
        LEFT JOIN study s USING (institution_id, study_id)
        LEFT JOIN series e USING (institution_id, study_id, series_id)
        LEFT JOIN instance i USING (institution_id, study_id, ordinal)
        WHERE l.institution_id = %s AND l.uid_hash = ANY (%s::uuid[])
        """,
        [institution_id, [hashes[number] for number in batch]],
    ).fetchall()
    by_hash = {UUID(str(row[0])).hex: row[1:] for row in found}
    outcomes = {}
    for number in batch:
        if hashes[number] in by_hash:
            study_id, series_id, ordinal, study_uid, series_uid, digest = by_hash[hashes[number]]
            attributes = rows[number].attributes
            same = (attributes.study_instance_uid, attributes.series_instance_uid) == (study_uid, series_uid)
            result = IngestResult.EXISTS if same else IngestResult.MISPLACED
            assert isinstance(study_id, int) and isinstance(series_id, int) and isinstance(ordinal, int)
            assert digest is None or isinstance(digest, bytes)
            outcomes[number] = IngestOutcome(result, study_id, series_id, ordinal, digest)
    return outcomes
