"""What an interrupted import has stored already: a small SQLite file in the home, gone when the import is through.

A file counts as done only while it is unchanged (size and time, or size and CRC in a ZIP file) and the index still has
its instance. A second import of the same source, after the first one ended, goes through everything again, because a
repeat mends damaged copies (docs/decisions/0160).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from blake3 import blake3

from isocenter.access.caller import Caller
from isocenter.domain.migration.media import MediaFile
from isocenter.index.holdings import instances_here
from isocenter.kit.database import Database

_AT_A_TIME = 1000


class ImportState:
    """The state of the import of some paths. Close it; `finished` removes it."""

    def __init__(self, home: Path, paths: Sequence[Path]) -> None:
        folder = home / "imports"
        folder.mkdir(mode=0o700, exist_ok=True)
        source = "\n".join(sorted(str(path.resolve()) for path in paths))
        self._file = folder / f"{blake3(source.encode('utf-8', 'surrogateescape')).hexdigest(16)}.sqlite"
        self._database = sqlite3.connect(self._file, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")  # a lost tail is imported once more, and changes nothing
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS done (file BLOB PRIMARY KEY, sop_instance_uid TEXT NOT NULL) WITHOUT ROWID"
        )

    def done_before(self, caller: Caller, database: Database, files: Iterable[MediaFile]) -> set[bytes]:
        """Of the files, the keys (`key_of`) of those that an interrupted run stored and that are still here."""
        said = dict(self._database.execute("SELECT file, sop_instance_uid FROM done"))
        if not said:
            return set()
        asked = [(key, said[key]) for key in map(key_of, files) if key in said]
        done: set[bytes] = set()
        for start in range(0, len(asked), _AT_A_TIME):
            some = asked[start : start + _AT_A_TIME]
            with database.transaction(caller.institution_id) as connection:
                here = instances_here(connection, [uid for _, uid in some])
            done.update(key for key, uid in some if uid in here)
        return done

    def remember(self, stored: Iterable[tuple[MediaFile, str]]) -> None:
        """These files are acknowledged, as these SOP Instance UIDs."""
        rows = [(key_of(file), uid) for file, uid in stored]
        self._database.execute("BEGIN")
        self._database.executemany("INSERT OR REPLACE INTO done VALUES (?, ?)", rows)
        self._database.execute("COMMIT")

    def finished(self) -> None:
        """The import is through: forget it."""
        self._database.close()
        for suffix in ("", "-wal", "-shm"):
            self._file.with_name(self._file.name + suffix).unlink(missing_ok=True)

    def close(self) -> None:
        """Keep the state for the next run."""
        self._database.close()


def key_of(file: MediaFile) -> bytes:
    """A file as it is now."""
    return blake3(f"{file.name}\0{file.stamp}".encode("utf-8", "surrogateescape")).digest(16)
