"""What is known of one source: series, objects, what became of each and how it compared. SQLite in the home.

It survives whatever ends a run, and is kept when the migration is through: a later run brings in what is new.
"""

from __future__ import annotations

import fcntl
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from blake3 import blake3

from isocenter.domain.migration.errors import MigrationUnderWay
from isocenter.domain.migration.source import SourceObject, SourceSeries

_SCHEMA = """
CREATE TABLE IF NOT EXISTS series (
    study_instance_uid TEXT NOT NULL, series_instance_uid TEXT NOT NULL, handle TEXT NOT NULL,
    PRIMARY KEY (study_instance_uid, series_instance_uid)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS object (
    study_instance_uid TEXT NOT NULL, series_instance_uid TEXT NOT NULL, sop_instance_uid TEXT NOT NULL,
    handle TEXT NOT NULL, sop_class_uid TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'listed',
    reason TEXT, message TEXT, md5 TEXT, digest BLOB, compared TEXT,
    PRIMARY KEY (study_instance_uid, series_instance_uid, sop_instance_uid, handle)
) WITHOUT ROWID;
"""


class State(StrEnum):
    """What became of an object of the source."""

    LISTED = "listed"
    STORED = "stored"
    ALREADY_STORED = "already-stored"
    KEPT_ASIDE = "kept-aside"
    TRUSTED = "here-under-the-same-uid"
    REFUSED = "refused"
    FAILED = "failed"


HERE = (State.STORED, State.ALREADY_STORED, State.KEPT_ASIDE, State.TRUSTED)
TO_DO = (State.LISTED, State.FAILED)


class Compared(StrEnum):
    """How an object of the source compared with the received form that we keep."""

    SAME = "same"
    SAME_DATA_SET = "same-data-set-in-another-encoding"
    PRESENT = "present"
    DIFFERENT = "different"
    CHANGED_AT_SOURCE = "changed-at-source"
    MISSING = "missing"


GOOD = (Compared.SAME, Compared.SAME_DATA_SET, Compared.PRESENT)


@dataclass(frozen=True, slots=True)
class KnownObject:
    """An object as the state has it. digest: BLAKE3 of the data set as it came; md5: of the file as it came."""

    object: SourceObject
    state: State
    reason: str | None
    message: str | None
    md5: str | None
    digest: bytes | None
    compared: Compared | None


class MigrationState:
    """The state of one source; one run at a time. Thread-safe. Close it."""

    def __init__(self, home: Path, source_key: str) -> None:
        """source_key: kind and address of the source. Raises MigrationUnderWay."""
        folder = home / "migrations"
        folder.mkdir(mode=0o700, exist_ok=True)
        self.file = folder / f"{blake3(source_key.encode()).hexdigest(8)}.sqlite"
        self._lock_file = self.file.with_suffix(".lock").open("a")
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock_file.close()
            raise MigrationUnderWay("Another run is bringing in this source already.") from None
        self._lock = threading.Lock()
        self._database = sqlite3.connect(self.file, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")  # what is lost in a power cut is brought in once more
        self._database.executescript(_SCHEMA)

    def close(self) -> None:
        """Keep everything for the next run."""
        self._database.close()
        self._lock_file.close()

    def list_series(self, series: SourceSeries, objects: Sequence[SourceObject]) -> int:
        """Remember what the source lists; how many objects of it are new."""
        uids = (series.study_instance_uid, series.series_instance_uid)
        with self._lock:
            self._database.execute("BEGIN")
            self._database.execute("INSERT OR REPLACE INTO series VALUES (?, ?, ?)", (*uids, series.handle))
            before = self._database.total_changes
            self._database.executemany(
                """INSERT INTO object (study_instance_uid, series_instance_uid, sop_instance_uid, handle, sop_class_uid)
                VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING""",
                [(*uids, each.sop_instance_uid, each.handle, each.sop_class_uid) for each in objects],
            )
            new = self._database.total_changes - before
            self._database.execute("COMMIT")
        return new

    def series_with(self, states: Sequence[State]) -> list[SourceSeries]:
        """The series that have objects in one of the states."""
        rows = self._rows(f"{_SERIES} AND o.state IN ({_marks(states)}))", states)
        return [SourceSeries(*row) for row in rows]

    def objects_of(self, series: SourceSeries, states: Sequence[State]) -> list[KnownObject]:
        """The objects of a series in one of the states."""
        uids = (series.study_instance_uid, series.series_instance_uid)
        where = f"study_instance_uid = ? AND series_instance_uid = ? AND state IN ({_marks(states)})"
        return [_known(row) for row in self._rows(f"{_OBJECT} WHERE {where}", (*uids, *states))]

    def settle(
        self,
        series: SourceSeries,
        found: SourceObject,
        state: State,
        *,
        reason: str | None = None,
        message: str | None = None,
        md5: str | None = None,
        digest: bytes | None = None,
    ) -> None:
        """What became of one object."""
        self._change(
            _SETTLE,
            (state, reason, message, md5, digest, *_key(series, found)),
        )

    def compared(self, series: SourceSeries, found: SourceObject, result: Compared) -> None:
        """How one object compared."""
        self._change(_COMPARED, (result, *_key(series, found)))

    def counts(self) -> dict[State, int]:
        """Objects by state."""
        return {State(row[0]): int(row[1]) for row in self._rows("SELECT state, count(*) FROM object GROUP BY state")}

    def comparisons(self) -> dict[Compared, int]:
        """Objects by how they compared."""
        query = "SELECT compared, count(*) FROM object WHERE compared IS NOT NULL GROUP BY compared"
        return {Compared(row[0]): int(row[1]) for row in self._rows(query)}

    def studies(self) -> int:
        """How many studies the source has listed."""
        return int(self._rows("SELECT count(DISTINCT study_instance_uid) FROM series")[0][0])

    def problems(self) -> Iterator[KnownObject]:
        """Every object that is not here, is here beside another, or does not compare."""
        states = (State.LISTED, State.REFUSED, State.FAILED, State.KEPT_ASIDE)
        where = f"state IN ({_marks(states)}) OR compared NOT IN ({_marks(GOOD)})"
        rows = self._rows(f"{_OBJECT} WHERE {where} ORDER BY state, sop_instance_uid", (*states, *GOOD))
        return (_known(row) for row in rows)

    def _rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[str, ...]]:
        with self._lock:
            return self._database.execute(query, [_plain(value) for value in values]).fetchall()

    def _change(self, query: str, values: Sequence[object]) -> None:
        with self._lock:
            self._database.execute(query, [_plain(value) for value in values])


_SERIES = (
    "SELECT study_instance_uid, series_instance_uid, handle FROM series s WHERE EXISTS (SELECT 1 FROM object o"
    " WHERE o.study_instance_uid = s.study_instance_uid AND o.series_instance_uid = s.series_instance_uid"
)
_OBJECT = "SELECT sop_instance_uid, sop_class_uid, handle, state, reason, message, md5, digest, compared FROM object"

_SETTLE = """UPDATE object SET state = ?, reason = ?, message = ?, md5 = ?, digest = ?, compared = NULL
    WHERE study_instance_uid = ? AND series_instance_uid = ? AND sop_instance_uid = ? AND handle = ?"""
_COMPARED = """UPDATE object SET compared = ?
    WHERE study_instance_uid = ? AND series_instance_uid = ? AND sop_instance_uid = ? AND handle = ?"""


def _key(series: SourceSeries, found: SourceObject) -> tuple[str, str, str, str]:
    return series.study_instance_uid, series.series_instance_uid, found.sop_instance_uid, found.handle


def _known(row: Sequence[object]) -> KnownObject:
    uid, sop_class, handle, state, reason, message, md5, digest, compared = row
    return KnownObject(
        SourceObject(str(uid), str(sop_class), str(handle)),
        State(str(state)),
        None if reason is None else str(reason),
        None if message is None else str(message),
        None if md5 is None else str(md5),
        digest if isinstance(digest, bytes) else None,
        None if compared is None else Compared(str(compared)),
    )


def _plain(value: object) -> object:
    return str(value) if isinstance(value, StrEnum) else value


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
