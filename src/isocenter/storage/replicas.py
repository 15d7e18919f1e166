"""Replicas: what other nodes have in their journals, kept here until it is elsewhere (docs/formats.md, "Replicas").

`<home>/replicas/<node>/<epoch>-<sequence>.tar` is byte for byte the beginning of that node's segment. A replica is only
ever appended to; what its owner was told is durable stays so, whatever is sent again.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from isocenter.kit.errors import Invalid
from isocenter.kit.files import sync_path
from isocenter.kit.logging import get_logger
from isocenter.storage.allocation import disk_error, preallocate, release_preallocated, write_all
from isocenter.storage.errors import BytesAway, Damaged, StorageFull
from isocenter.storage.extents import read_file_range
from isocenter.storage.segments import SegmentName, segments

ROOM_STEP_BYTES: Final = 16 << 20
"""Blocks are asked for in steps of this many bytes, so that a sync changes less metadata."""
HEAD_BYTES: Final = 1024
"""The head of a segment, with a nonce of its own."""
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True, order=True)
class Replica:
    """What is here of a segment: its first `length` bytes."""

    name: SegmentName
    length: int


class Replicas:
    """The replicas of one home. Safe for threads."""

    def __init__(self, directory: Path, *, reserve_bytes: int = 64 << 20) -> None:
        """directory: `<home>/replicas`. reserve_bytes: nothing is taken while less is free."""
        self.directory = directory
        self._reserve_bytes = reserve_bytes
        self._lock = threading.Lock()
        self._writers: dict[SegmentName, ReplicaWriter] = {}

    def read(self, name: SegmentName, offset: int, length: int) -> bytes:
        """A range of a replica. Raises BytesAway when it is not here that far."""
        try:
            return read_file_range(name.path(self.directory), offset, length)
        except (FileNotFoundError, Damaged):
            raise BytesAway("There is no replica of these bytes here.", source=name.source) from None

    def listed(self, node: str) -> list[Replica]:
        """What is here of a node's journal, in its order."""
        return list(self._listed(node))

    def nodes(self) -> list[str]:
        """The nodes of which there is something."""
        if not self.directory.is_dir():
            return []
        return sorted(path.name for path in self.directory.iterdir() if path.is_dir())

    def drop(self, name: SegmentName) -> None:
        """Forget a replica that is not needed any more; nothing happens when there is none."""
        with suppress(FileNotFoundError):
            name.path(self.directory).unlink()

    def claim(self, name: SegmentName, writer: ReplicaWriter) -> None:
        """From now on this writer alone writes the replica: its node has called again, the call before is over."""
        with self._lock:
            self._writers[name] = writer

    def is_claimed_by(self, name: SegmentName, writer: ReplicaWriter) -> bool:
        """Whether no other writer has claimed it since."""
        return self._writers.get(name) is writer

    def let_go(self, name: SegmentName, writer: ReplicaWriter, file: int) -> None:
        """Give back the room behind a replica that its writer ends."""
        with self._lock:
            if self._writers.get(name) is writer:
                del self._writers[name]
                release_preallocated(file, os.fstat(file).st_size)

    def check_room(self, length: int) -> None:
        """Raise StorageFull unless so many bytes may be written."""
        status = os.statvfs(self.directory if self.directory.is_dir() else self.directory.parent)
        free = status.f_bavail * status.f_frsize - self._reserve_bytes
        if free < length:
            raise StorageFull("The disk has no room for copies of other nodes' journals.", free_bytes=max(0, free))

    def _listed(self, node: str) -> Iterator[Replica]:
        for name in segments(self.directory, node):
            with suppress(FileNotFoundError):
                yield Replica(name, name.path(self.directory).stat().st_size)


@dataclass(slots=True)
class _File:
    path: Path
    file: int
    end: int
    room: int
    unsynced: bool = True
    entry_durable: bool = False


class ReplicaWriter:
    """Takes one node's segments as they grow. For one thread (a connection); close it."""

    def __init__(self, replicas: Replicas, node: str) -> None:
        """node: whose segments these are; it writes no others."""
        self._replicas = replicas
        self._node = node
        self._files: dict[SegmentName, _File] = {}

    def write(self, name: SegmentName, offset: int, data: memoryview) -> None:
        """The bytes at an offset of a segment; what is here already must be the same.

        Raises Invalid (another's segment, a gap), Damaged (other bytes than before), StorageFull, JournalPoisoned.
        """
        if name.node != self._node:
            raise Invalid("A node sends its own segments only.", node=self._node, segment=name.source)
        file = self._files.get(name) or self._open(name)
        if not self._replicas.is_claimed_by(name, self):
            raise Invalid("Another connection of this node sends this segment now.", segment=name.source)
        if offset > file.end:
            raise Invalid("A piece of this segment is missing before this one.", segment=name.source, offset=offset)
        self._compare(file, name, offset, data)
        try:
            self._make_room(file, offset + len(data))
            write_all(file.file, [data], offset)
        except OSError as error:
            raise disk_error(error, name.source) from error
        file.end, file.unsynced = max(file.end, offset + len(data)), True

    def sync(self) -> None:
        """Make everything written so far durable. Raises JournalPoisoned."""
        for name, file in self._files.items():
            if not file.unsynced:
                continue
            try:
                os.fdatasync(file.file)
                if not file.entry_durable:
                    _sync_folders(file.path.parent)
            except OSError as error:
                raise disk_error(error, name.source) from error
            file.unsynced, file.entry_durable = False, True

    def end(self, name: SegmentName) -> None:
        """The segment is whole and grows no more; `sync` came before."""
        file = self._files.pop(name, None)
        if file is not None:
            self._replicas.let_go(name, self, file.file)
            os.close(file.file)

    def close(self) -> None:
        """End them all."""
        for name in list(self._files):
            self.end(name)

    def _open(self, name: SegmentName) -> _File:
        self._replicas.check_room(ROOM_STEP_BYTES)
        path = name.path(self._replicas.directory)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise disk_error(error, name.source) from error
        self._replicas.claim(name, self)
        end = os.fstat(file).st_size
        self._files[name] = _File(path, file, end, end)
        return self._files[name]

    def _compare(self, file: _File, name: SegmentName, offset: int, data: memoryview) -> None:
        """What is here already is written again all the same, because a sync that failed has forgotten it, and because
        its owner may have erased something of it. But its head must be the same: else it is another segment.
        """
        known = memoryview(data)[: max(0, min(HEAD_BYTES, file.end) - offset)]
        if os.pread(file.file, len(known), offset) != known:
            _log.error("replica-differs", segment=name.source)
            raise Damaged("Another segment had this name before; what is kept of it stays.", segment=name.source)

    def _make_room(self, file: _File, end: int) -> None:
        if end > file.room:
            step = max(ROOM_STEP_BYTES, end - file.room)
            self._replicas.check_room(step)
            preallocate(file.file, file.room, step)
            file.room += step


def _sync_folders(folder: Path) -> None:
    """The entry of a file, and of its folders, which may be new too."""
    for each in (folder, folder.parent, folder.parent.parent):
        sync_path(each)
