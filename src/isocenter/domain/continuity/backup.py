"""The verb "back up": index, facts, keys, configuration and journals of a home that goes on working, and its packs.

The order is what makes it sound. Journals are pinned first, the index is read in one snapshot, bytes are copied after
it; then every pack and segment that the snapshot names must be in the backup, or the snapshot is taken anew
(docs/decisions/0335-a-backup-is-closed-before-it-counts.md). Packs never change: those copied before are not again.
"""

from __future__ import annotations

import errno
import fcntl
import io
import os
import shutil
import tarfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

import psycopg
import zstandard
from blake3 import blake3

from isocenter import __version__
from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.domain.continuity import backup_format as layout
from isocenter.domain.continuity.backup_format import BackupManifest, BackupUnfit, StoredFile
from isocenter.index.snapshot import Snapshot, exported_snapshot
from isocenter.kit.clock import utc_now
from isocenter.kit.logging import get_logger
from isocenter.storage.errors import BytesAway, Damaged, NoSuchObject, ObjectExists
from isocenter.storage.facts import SigningKey
from isocenter.storage.object_store import ObjectStore
from isocenter.storage.segments import SegmentName, segments

log = get_logger(__name__)

PIECE: Final = 8 << 20
SNAPSHOTS: Final = 5
"""So often the index is read anew when something that it names went away meanwhile."""
SHIPPED_WITHIN_S: Final = 60.0
"""So long a backup waits for segments of other nodes to reach the store."""
_NOT_KEPT: Final = ("postgres.pgpass",)


@dataclass(frozen=True, slots=True)
class BackupSource:
    """What is backed up. index_url: of a role that sees every row. dump: writes the index as of a snapshot to a file.

    key: signs the manifest (`facts_key_path`). node: that makes the backup.
    """

    home: Path
    store: ObjectStore
    index_url: str
    dump: Callable[[str, Path], None]
    key: SigningKey
    node: str


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What a backup copied. copied_bytes: new objects, and the files of this backup."""

    backup_id: str
    object_count: int
    copied_objects: int
    copied_bytes: int
    segment_count: int
    removed_backups: tuple[str, ...] = ()


@dataclass(slots=True)
class _Copying:
    """A backup in the making."""

    source: BackupSource
    target: ObjectStore
    backup_id: str
    with_packs: bool
    known: dict[str, tuple[int, str]]
    objects: dict[str, tuple[int, str]] = field(default_factory=dict)
    files: list[StoredFile] = field(default_factory=list)
    copied_objects: int = 0
    copied_bytes: int = 0

    def listed(self) -> list[tuple[str, int, str]]:
        """(key, size, digest) of every object, by key."""
        return [(key, *self.objects[key]) for key in sorted(self.objects)]


def back_up(
    caller: Caller, source: BackupSource, target: ObjectStore, *, with_packs: bool = True, keep: int | None = None
) -> BackupReport:
    """Make a backup; finished only when its manifest stands, which is last.

    target: of backups alone. with_packs=False leaves the packs to their copies elsewhere. keep: so many backups stay,
    older ones go, and objects that no backup names. Raises Refused, BackupUnfit, StorageFull, StoreAway, BytesAway.
    """
    caller.require(Right.MANAGE_STORAGE)
    at = utc_now()
    backup_id = layout.next_backup_id(target, at)
    copying = _Copying(source, target, backup_id, with_packs, _known_objects(target))
    facts = fact_heads(source.store)
    _copy_objects(copying)
    with _pinned_journals(source.home, backup_id) as pins:
        snapshot = _closed_snapshot(copying, pins)
        segment_count = _copy_journals(copying, pins)
    _put_file(copying, layout.SECRETS, _secrets_tar(source.home))
    _put_file(copying, layout.OBJECT_LIST, layout.encode_objects(copying.listed()))
    manifest = _manifest(copying, at, facts, snapshot)
    target.put(f"{layout.folder_of(backup_id)}/{layout.MANIFEST}", layout.encode_manifest(manifest, source.key))
    removed = tuple(_prune(target, keep)) if keep else ()
    count, copied = len(copying.objects), copying.copied_objects
    log.info("continuity.backed-up", backup_id=backup_id, objects=count, copied=copied)
    return BackupReport(backup_id, count, copied, copying.copied_bytes, segment_count, removed)


def _manifest(copying: _Copying, at: datetime, facts: dict[str, int], snapshot: Snapshot) -> BackupManifest:
    return BackupManifest(
        backup_id=copying.backup_id,
        at=at,
        isocenter=__version__,
        revision=snapshot.revision,
        node=copying.source.node,
        with_packs=copying.with_packs,
        facts=facts,
        counts=snapshot.counts,
        files=tuple(copying.files),
        object_count=len(copying.objects),
        object_bytes=sum(size for size, _ in copying.objects.values()),
    )


def _known_objects(target: ObjectStore) -> dict[str, tuple[int, str]]:
    """Objects that earlier backups name and that are still there in their size."""
    there = {head.key.partition("/")[2]: head.size for head in target.list(layout.OBJECTS)}
    known: dict[str, tuple[int, str]] = {}
    for backup_id in reversed(layout.backup_ids(target)):
        with suppress(Damaged, NoSuchObject):
            data = target.get(f"{layout.folder_of(backup_id)}/{layout.OBJECT_LIST}")
            for key, size, digest in layout.decode_objects(data):
                if there.get(key) == size:
                    known.setdefault(key, (size, digest))
    return known


def fact_heads(store: ObjectStore) -> dict[str, int]:
    """Number of the last fact by institution."""
    heads: dict[str, int] = {}
    for head in store.list("facts"):
        _, institution, name = head.key.split("/", 2)
        heads[institution] = max(heads.get(institution, 0), int(name.partition(".")[0]))
    return heads


def _copy_objects(copying: _Copying) -> None:
    """Every object of the store that the backup does not have yet."""
    for head in copying.source.store.list():
        if head.key not in copying.objects and (copying.with_packs or not head.key.startswith("packs/")):
            with suppress(NoSuchObject):  # erased or merged meanwhile
                _copy_object(copying, head.key, head.size)


def _copy_object(copying: _Copying, key: str, size: int) -> None:
    known = copying.known.get(key)
    if known is not None and known[0] == size:
        copying.objects[key] = known
        return
    path = copying.target.staging_path()
    try:
        digest = _fetch(copying.source.store, key, size, path)
        with suppress(ObjectExists):
            copying.target.put_file(f"{layout.OBJECTS}/{key}", path)
        _check_there(copying.target, key, size, digest)
    finally:
        path.unlink(missing_ok=True)
    copying.objects[key] = (size, digest)
    copying.copied_objects += 1
    copying.copied_bytes += size


def _check_there(target: ObjectStore, key: str, size: int, digest: str) -> None:
    """What lies in the backup is what was copied: read back once, when it comes."""
    if digest_of(target, f"{layout.OBJECTS}/{key}", size) != digest:
        target.delete(f"{layout.OBJECTS}/{key}")
        raise Damaged("An object in the backup is not what was copied; it is removed, try again.", key=key)


def _fetch(store: ObjectStore, key: str, size: int, path: Path) -> str:
    hasher = blake3()
    with path.open("wb") as file:
        for piece in pieces_of(store, key, size):
            hasher.update(piece)
            file.write(piece)
    return hasher.hexdigest()


def pieces_of(store: ObjectStore, key: str, size: int) -> Iterator[bytes]:
    """The bytes of an object, 8 MiB at a time."""
    for offset in range(0, size, PIECE):
        yield store.get_range(key, offset, min(PIECE, size - offset))


def digest_of(store: ObjectStore, key: str, size: int) -> str:
    """BLAKE3 of an object, in hex. Raises NoSuchObject, Damaged when it is shorter."""
    hasher = blake3()
    for piece in pieces_of(store, key, size):
        hasher.update(piece)
    return hasher.hexdigest()


@contextmanager
def _pinned_journals(home: Path, backup_id: str) -> Iterator[Path]:
    """A folder with hard links to every segment, so that what is reclaimed meanwhile stays until it is copied."""
    pins = home / "run" / f"backup-{backup_id}"
    with _alone(home / "run"):
        for left in (home / "run").glob("backup-*/"):  # a backup that was killed: its links hold room
            shutil.rmtree(left, ignore_errors=True)
        pins.mkdir(mode=0o700)
        try:
            _pin(home, pins)
            yield pins
        finally:
            shutil.rmtree(pins, ignore_errors=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One backup of a home at a time. Raises BackupUnfit."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "backup.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupUnfit("Another backup of this home is being made: wait for its end.") from None
        yield


def _pin(home: Path, pins: Path) -> None:
    for name in segments(home / "journal"):
        link = name.path(pins)
        link.parent.mkdir(exist_ok=True)
        with suppress(FileExistsError, FileNotFoundError):
            try:
                os.link(name.path(home / "journal"), link)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                link.symlink_to(name.path(home / "journal").absolute())  # another file system: not pinned, only named


def _closed_snapshot(copying: _Copying, pins: Path) -> Snapshot:
    """The index dumped as of a moment of which every byte that it names is in the backup or pinned."""
    until = time.monotonic() + SHIPPED_WITHIN_S
    for attempt in range(1, SNAPSHOTS + 1):
        path = copying.target.staging_path()
        try:
            with closing(psycopg.connect(copying.source.index_url)) as connection:
                snapshot = exported_snapshot(connection)
                copying.source.dump(snapshot.snapshot_id, path)
            _pin(copying.source.home, pins)
            _copy_objects(copying)
            missing = _missing(copying, snapshot, pins)
            if missing and not any(name.startswith("packs/") for name in missing):
                missing = _wait_for_segments(copying, snapshot, pins, until)
            if not missing:
                _put_staged(copying, layout.INDEX_DUMP, path)
                return snapshot
            log.warning("continuity.backup-not-closed", attempt=attempt, missing=len(missing), first=missing[0])
        finally:
            path.unlink(missing_ok=True)
    raise BytesAway(
        "The index names bytes that are nowhere to be copied from: run `isocenter verify`, then back up again.",
        count=len(missing),
        first=missing[0],
    )


def _wait_for_segments(copying: _Copying, snapshot: Snapshot, pins: Path, until: float) -> list[str]:
    """Open segments of other nodes reach the store within seconds of closing."""
    missing = _missing(copying, snapshot, pins)
    while missing and time.monotonic() < until and any(not _is_ours(copying, name) for name in missing):
        time.sleep(0.5)
        _copy_objects(copying)
        missing = _missing(copying, snapshot, pins)
    return missing


def _is_ours(copying: _Copying, key: str) -> bool:
    return key.startswith(f"segments/{copying.source.node}/")


def _missing(copying: _Copying, snapshot: Snapshot, pins: Path) -> list[str]:
    """Keys of packs and segments that the index names and the backup has not."""
    packs = [key for key in snapshot.pack_keys if key not in copying.objects] if copying.with_packs else []
    away = [
        name.key
        for name in (SegmentName(*each) for each in snapshot.segments)
        if not name.path(pins).exists() and name.key not in copying.objects
    ]
    return packs + away


def _copy_journals(copying: _Copying, pins: Path) -> int:
    """Every pinned segment, compressed: room that is not used yet is zeros."""
    names = segments(pins)
    for name in names:
        staged = copying.target.staging_path()
        try:
            with name.path(pins).open("rb") as file, staged.open("wb") as out:
                zstandard.ZstdCompressor(level=1, write_checksum=True).copy_stream(file, out)
            _put_staged(copying, f"journal/{name.node}/{name.path(pins).name}.zst", staged)
        finally:
            staged.unlink(missing_ok=True)
    return len(names)


def _secrets_tar(home: Path) -> bytes:
    """The secrets of a home; the password of its private database is made anew by a restore."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted((home / "secrets").rglob("*")):
            if path.is_file() and path.name not in _NOT_KEPT:
                archive.add(path, path.relative_to(home / "secrets").as_posix(), recursive=False)
    return buffer.getvalue()


def _put_file(copying: _Copying, name: str, data: bytes) -> None:
    copying.target.put(f"{layout.folder_of(copying.backup_id)}/{name}", data)
    copying.files.append(StoredFile(name, len(data), blake3(data).hexdigest()))
    copying.copied_bytes += len(data)


def _put_staged(copying: _Copying, name: str, path: Path) -> None:
    hasher = blake3()
    hasher.update_mmap(path)
    size = path.stat().st_size
    copying.target.put_file(f"{layout.folder_of(copying.backup_id)}/{name}", path)
    copying.files.append(StoredFile(name, size, hasher.hexdigest()))
    copying.copied_bytes += size


def verify_backup(target: ObjectStore, backup_id: str) -> list[str]:
    """Read every byte of a backup; names of what is missing or damaged. Raises NoBackup, Damaged (its manifest)."""
    manifest, _ = layout.read_manifest(target, backup_id)
    folder = layout.folder_of(backup_id)
    problems = [one.name for one in manifest.files if not _is_sound(target, f"{folder}/{one.name}", one)]
    if layout.OBJECT_LIST in problems or manifest.file(layout.OBJECT_LIST) is None:
        return problems
    for key, size, digest in layout.decode_objects(target.get(f"{folder}/{layout.OBJECT_LIST}")):
        if not _is_sound(target, f"{layout.OBJECTS}/{key}", StoredFile(key, size, digest)):
            problems.append(key)
    return problems


def _is_sound(target: ObjectStore, key: str, expected: StoredFile) -> bool:
    try:
        return target.head(key).size == expected.size and digest_of(target, key, expected.size) == expected.digest
    except (NoSuchObject, Damaged):
        return False


def _prune(target: ObjectStore, keep: int) -> Sequence[str]:
    """Remove the oldest backups, and objects that no backup names any more; which backups went."""
    if keep < 1:
        raise BackupUnfit("At least one backup must be kept.")
    every = layout.backup_ids(target)
    gone, kept = every[:-keep], every[-keep:]
    for backup_id in gone:
        target.delete(f"{layout.folder_of(backup_id)}/{layout.MANIFEST}")
    named: set[str] = set()
    for backup_id in kept:
        data = target.get(f"{layout.folder_of(backup_id)}/{layout.OBJECT_LIST}")
        named |= {f"{layout.OBJECTS}/{key}" for key, _, _ in layout.decode_objects(data)}
    folders = {f"{layout.folder_of(backup_id)}/" for backup_id in kept}
    for head in list(target.list(layout.BACKUPS)):
        if not any(head.key.startswith(folder) for folder in folders):
            target.delete(head.key)
    for head in list(target.list(layout.OBJECTS)):
        if head.key not in named:
            target.delete(head.key)
    return gone
