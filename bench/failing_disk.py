"""Every call that writes fails once: the n-th write, sync, link, rename or open of storage, for each n there is (F04).

A hospital opens its archive, stores, deletes and closes while one call of the operating system fails; then it opens it
again. What was acknowledged must be there with its digest, and what was not may only be missing, never torn.
"""

from __future__ import annotations

import errno
import io
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from blake3 import blake3

from bench.node import new_folder
from isocenter.access.caller import Caller, CallerKind, system_caller
from isocenter.access.institutions import ensure_institution
from isocenter.access.roles import Role
from isocenter.access.sign_in.policy import offer_in_a_demo
from isocenter.apps.postgres.embedded import EmbeddedPostgres
from isocenter.domain.archive.deletions import Deletions
from isocenter.domain.archive.erase import facts_key_path
from isocenter.domain.archive.reception import Source
from isocenter.domain.archive.store import Archive
from isocenter.index.deletions import see_deleted
from isocenter.index.migrate import migrate
from isocenter.kit.database import Database
from isocenter.kit.errors import IsocenterError
from isocenter.storage.drivers import open_store
from isocenter.storage.extents import Bytes, Extent
from isocenter.storage.facts import FactLog, make_key_file

CALLS: Final = (
    "open",
    "write",
    "pwrite",
    "pwritev",
    "fsync",
    "fdatasync",
    "link",
    "rename",
    "ftruncate",
    "posix_fallocate",
)
SOURCE: Final = Source("SCANNER", "ISOCENTER", "127.0.0.1", "c-store")
CT: Final = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT: Final = "1.2.840.10008.1.2.1"


@dataclass(slots=True)
class Failing:
    """Counts the calls of storage that change a disk; the n-th fails, and with `onwards` all after it."""

    nth: int
    error: int = errno.EIO
    onwards: bool = False
    count: int = 0
    failed: list[str] = field(default_factory=list)

    def falls_on(self, name: str) -> bool:
        """Whether this call is one that fails."""
        self.count += 1
        falls = self.count >= self.nth if self.onwards else self.count == self.nth
        if falls:
            self.failed.append(name)
        return falls


@contextmanager
def failing(disk: Failing) -> Iterator[Failing]:
    """While the block runs, calls of `isocenter.storage` fail as the disk says."""
    originals: dict[str, Callable[..., Any]] = {name: getattr(os, name) for name in CALLS}
    opened = io.open

    def of(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def instead(*arguments: Any, **more: Any) -> Any:
            if _from_storage() and not _only_reads(name, arguments) and disk.falls_on(name):
                raise OSError(disk.error, os.strerror(disk.error))
            return call(*arguments, **more)

        return instead

    def open_instead(file: Any, mode: str = "r", *arguments: Any, **more: Any) -> Any:
        if mode not in ("r", "rb") and _from_storage() and disk.falls_on("open"):
            raise OSError(disk.error, os.strerror(disk.error))
        return opened(file, mode, *arguments, **more)

    for name, call in originals.items():
        setattr(os, name, of(name, call))
    io.open = open_instead
    try:
        yield disk
    finally:
        io.open = opened
        for name, call in originals.items():
            setattr(os, name, call)


def _from_storage() -> bool:
    frame = sys._getframe(2)
    for _ in range(4):
        if str(frame.f_globals.get("__name__", "")).startswith("isocenter.storage"):
            return True
        if frame.f_back is None:
            return False
        frame = frame.f_back
    return False


def _only_reads(name: str, arguments: tuple[Any, ...]) -> bool:
    return name == "open" and not (arguments[1] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


@dataclass(frozen=True, slots=True)
class Round:
    """One n. failed: the calls that failed. lost, torn: acknowledged and not there, or there and not as sent."""

    nth: int
    failed: tuple[str, ...]
    acknowledged: int
    refused: int
    lost: int
    torn: int

    @property
    def good(self) -> bool:
        """Whether nothing acknowledged is missing or other than it was sent."""
        return not (self.lost or self.torn)


def one_round(
    database: Database, institution_id: int, folder: Path, nth: int, *, error: int = errno.EIO, word: str = "9"
) -> Round:
    """Let the n-th call fail in a hospital's short day, and look afterwards. Study UIDs are of n alone."""
    folder.mkdir(parents=True)
    make_key_file(facts_key_path(folder))
    caller = Caller(CallerKind.APPLICATION_ENTITY, "SCANNER", institution_id, (Role.MODALITY,))
    anna = Caller(CallerKind.USER, "1", institution_id, (Role.ADMINISTRATOR,))
    day = _Day(database, folder, caller, f"1.2.{word}.{nth}")
    with failing(Failing(nth, error)) as disk:
        deleted = day.live(anna)
    lost, torn = day.look(deleted)
    shutil.rmtree(folder, ignore_errors=True)
    return Round(nth, tuple(disk.failed), len(day.acknowledged), day.refused, lost, torn)


def rounds(
    database: Database,
    institution_id: int,
    folder: Path,
    *,
    step: int = 1,
    most: int = 200,
    error: int = errno.EIO,
    word: str = "9",
) -> list[Round]:
    """Rounds from the first call on until none is left to fail."""
    done: list[Round] = []
    for nth in range(1, most + 1, step):
        done.append(one_round(database, institution_id, folder / str(nth), nth, error=error, word=word))
        if not done[-1].failed:
            break
    return done


def on_a_database_of_its_own(*, most: int) -> list[Round]:
    """Rounds on a PostgreSQL that is started for them: every error that a disk gives, one after the other."""
    folder = new_folder("isocenter-failing-disk-")
    server = EmbeddedPostgres(folder, durable=False)
    try:
        url = server.start()
        migrate(url)
        with closing(Database(url)) as database:
            institution = ensure_institution(database, "Bench").institution_id
            offer_in_a_demo(database, system_caller(institution, "bench"))
            done = []
            for number, error in enumerate((errno.EIO, errno.ENOSPC, errno.EROFS), start=1):
                done += rounds(database, institution, folder / str(error), most=most, error=error, word=str(number))
            return done
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def markdown(done: list[Round]) -> str:
    """What failed, and that nothing came of it."""
    failed = sum(len(one.failed) for one in done)
    return (
        f"{failed} calls of the disk failed one by one: {sum(one.acknowledged for one in done)} objects acknowledged, "
        f"{sum(one.refused for one in done)} refused, {sum(one.lost for one in done)} lost, "
        f"{sum(one.torn for one in done)} torn.\n"
    )


class _Day:
    """What a hospital does while a call fails, and what was promised to it."""

    def __init__(self, database: Database, home: Path, caller: Caller, study: str) -> None:
        self.database, self.home, self.caller, self.study = database, home, caller, study
        self.acknowledged: dict[str, bytes] = {}
        self.refused = 0

    def data(self) -> Bytes:
        return Bytes(self.home / "journal", open_store((self.home / "store").absolute().as_uri()))

    def live(self, anna: Caller) -> bool:
        """Whether the study was deleted, so that it said."""
        archive = self._opened()
        if archive is None:
            return False
        for number in range(3):
            self._store(archive, number)
        deleted = False
        with suppress(IsocenterError):
            deletions = Deletions(self.database, self.store, facts_key_path(self.home), timedelta(days=30))
            deletions.delete(anna, self.study, reason="test")
            deleted = True
        self._store(archive, 3)
        with suppress(IsocenterError, OSError):
            archive.close()
        return deleted

    def _opened(self) -> Archive | None:
        try:
            data = self.data()
            self.store = data.store
            return Archive(
                data=data,
                node=f"disk-{self.home.parent.name}-{self.home.name}",
                database=self.database,
                max_object_bytes=1 << 20,
            )
        except (IsocenterError, OSError):
            self.refused += 1
            return None

    def _store(self, archive: Archive, number: int) -> None:
        uid = f"{self.study}.1.{number}"
        data_set = a_slice(self.study, uid)
        try:
            reception = archive.reception(
                self.caller, SOURCE, sop_class_uid=CT, sop_instance_uid=uid, transfer_syntax_uid=EXPLICIT
            )
            reception.write(data_set)
            reception.complete()
        except IsocenterError:
            self.refused += 1
        else:
            self.acknowledged[uid] = blake3(data_set).digest()

    def look(self, deleted: bool) -> tuple[int, int]:
        """Open the home again on a disk that works: (lost, torn)."""
        with closing(
            Archive(
                data=self.data(),
                node=f"disk-{self.home.parent.name}-{self.home.name}",
                database=self.database,
                max_object_bytes=1 << 20,
            )
        ):
            pass
        institution_id = self.caller.institution_id
        list(FactLog(self.data().store, institution_id, facts_key_path(self.home)).facts())
        with self.database.transaction(institution_id) as connection:
            hidden = connection.execute("SELECT FROM study WHERE study_instance_uid = %s", [self.study]).fetchone()
            see_deleted(connection)
            rows = connection.execute(
                """
                SELECT i.sop_instance_uid, 'journal/' || g.node || '/' || g.epoch || '/' || g.sequence,
                    i.data_set_offset, i.data_set_length, i.digest
                FROM instance i JOIN segment g USING (segment_id) JOIN study s USING (institution_id, study_id)
                WHERE s.study_instance_uid = %s
                """,
                [self.study],
            ).fetchall()
        found = {
            str(uid): _Found(Extent(str(source), int(str(at)), int(str(size))), digest)
            for uid, source, at, size, digest in rows
        }
        lost = len(self.acknowledged.keys() - found.keys()) + int(deleted and hidden is not None)
        return lost, sum(not self._is_whole(one) for one in found.values())

    def _is_whole(self, found: _Found) -> bool:
        try:
            return blake3(self.data().read(found.extent)).digest() == found.digest
        except IsocenterError:
            return False


@dataclass(frozen=True, slots=True)
class _Found:
    """What the index says of an instance that lies in a journal."""

    extent: Extent
    digest: object


def a_slice(study: str, uid: str) -> bytes:
    """The smallest CT image that is one."""
    values = [
        (0x08, 0x16, b"UI", CT), (0x08, 0x18, b"UI", uid), (0x08, 0x60, b"CS", "CT"), (0x10, 0x20, b"LO", "P1"),
        (0x20, 0x0D, b"UI", study), (0x20, 0x0E, b"UI", f"{study}.1"),
    ]  # fmt: skip
    data = b""
    for group, number, vr, text in values:
        value = text.encode()
        value += (b"\0" if vr == b"UI" else b" ") * (len(value) % 2)
        data += (
            group.to_bytes(2, "little") + number.to_bytes(2, "little") + vr + len(value).to_bytes(2, "little") + value
        )
    return data
