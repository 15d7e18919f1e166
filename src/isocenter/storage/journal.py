"""The journal: what was received, made durable before it is acknowledged.

One `JournalWriter` per process appends to segments of its own (docs/formats.md, "Journal segment"); `journal_reader`
reads them back. Nothing here knows what a data set means.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import os
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from isocenter.kit.clock import utc_now
from isocenter.kit.errors import Invalid
from isocenter.kit.files import sync_path
from isocenter.kit.logging import get_logger
from isocenter.storage import tar
from isocenter.storage.allocation import (
    FULL,
    begin_writeback,
    disk_error,
    preallocate,
    release_preallocated,
    write_all,
    write_passing,
)
from isocenter.storage.errors import JournalPoisoned, NoSecondCopy, StorageFull
from isocenter.storage.journal_cipher import PLAIN, ROOM_BYTES, SegmentCipher, SegmentKeys
from isocenter.storage.journal_reader import (
    Damage,
    JournalMember,
    TornTail,
    UnusedRoom,
    cut_torn_tail,
    give_back_room,
    read_segment,
)
from isocenter.storage.large_member import ROOM_STEP_BYTES, LargeMember
from isocenter.storage.ready_segments import ReadySegments
from isocenter.storage.second_copy import Grown, TwoCopies
from isocenter.storage.segment_format import (
    NONCE_LENGTH,
    MemberHeader,
    MemberLocation,
    encode_head,
    encode_member_header,
    meta_of,
)
from isocenter.storage.segments import EpochLease, SegmentName, clear_parts, is_epoch_live, part_path, segments

__all__ = [
    "LARGE_OBJECT_BYTES",
    "Damage",
    "JournalMember",
    "JournalWriter",
    "LargeMember",
    "MemberHeader",
    "MemberLocation",
    "SegmentName",
    "TornTail",
    "UnusedRoom",
    "cut_torn_tail",
    "give_back_room",
    "is_epoch_live",
    "read_segment",
    "segments",
]

MIB: Final = 1 << 20
LARGE_OBJECT_BYTES: Final = 8 * MIB
"""Objects up to this are buffered and appended; larger ones get a segment of their own (`begin_large`)."""
BEGUN_AT_ONCE_BYTES: Final = 256 << 10
"""The disk begins with an object of this size while its rows are made; smaller ones are better written together."""
FREE_BESIDE_READY_BYTES: Final = 2 << 30
"""Segments are made ready only while this much stays free besides."""

_PAGE: Final = bytes(4096)

_log = get_logger(__name__)


@dataclass(slots=True, eq=False)
class _SegmentFile:
    """An open segment. `end`: bytes written and good; `synced`: bytes known durable; guarded by the writer's lock."""

    name: SegmentName
    path: Path
    file: int
    nonce: bytes
    opened_at: float
    end: int
    members: int = 0
    begun: int = 0  # bytes that the disk was told to begin with
    synced: int = 0
    copied: int = 0  # bytes known to be on another node's disk; counts only where a second copy is wanted
    entry_durable: bool = False
    finished: bool = False
    filled: int = 0  # bytes that were filled beforehand (ready_segments)
    cipher: SegmentCipher | None = None


@dataclass(slots=True)
class _Lost:
    """A poisoned segment: durable up to `synced`; members up to `told` were reported by an exception of `sync`."""

    synced: int
    end: int
    told: int


class JournalWriter:
    """Appends received objects to segments of its own epoch and makes them durable. Safe for threads.

    A location that `append` or `LargeMember.finish` returned may be acknowledged only after a `sync` that began later
    has returned. When `sync` raises JournalPoisoned, ask `is_durable` for each location: false means never.
    """

    def __init__(
        self,
        directory: Path,
        node: str,
        *,
        close_bytes: int = 64 * MIB,
        close_after_s: float = 10.0,
        reserve_bytes: int = 64 * MIB,
        after_epoch: int = 0,
        ready_segments: int = 0,
        keys: SegmentKeys = PLAIN,
        two_copies: TwoCopies | None = None,
    ) -> None:
        """directory: the journal directory, `<home>/journal`. Leases a new epoch of the node, later than after_epoch.

        close_bytes, close_after_s: a segment is closed at this size or age, by the next append or `roll_if_due`.
        reserve_bytes: append fails with StorageFull while less is free, so that others on the disk can go on.
        ready_segments: so many are prepared beforehand, by calls of `prepare_segment`.
        keys: whether data sets are encrypted, and with what.
        two_copies: brings what is appended onto another node too; then nothing is durable before it is there.
        """
        self._directory = directory
        self._lease = EpochLease(directory, node, after=after_epoch)
        self._close_bytes = close_bytes
        self._close_after_s = close_after_s
        self._reserve_bytes = reserve_bytes
        self._two_copies = two_copies
        self.keys = keys
        self._sealed = bytearray()
        self._lock = threading.Lock()
        self._sync_lock = threading.Lock()
        clear_parts(directory, node)
        self._sequence = 0
        self._parts = itertools.count(1)
        self._ready = ReadySegments(close_bytes, ready_segments, self._part_path)
        self._current: _SegmentFile | None = None
        self._unsynced: list[_SegmentFile] = []
        self._lost: dict[SegmentName, _Lost] = {}
        self._closed: list[SegmentName] = []
        self._given_up: list[int] = []
        self._room = 0
        self._is_closed = False

    @property
    def node(self) -> str:
        """The node this writer belongs to."""
        return self._lease.node

    @property
    def epoch(self) -> int:
        """The epoch this writer holds."""
        return self._lease.epoch

    def position(self) -> tuple[int, int]:
        """(sequence, offset) in this epoch: nothing appended from now on lies in an earlier segment or before it.

        A large member may take a later segment while the shared one still grows, so this is a bound, not an order.
        Takes no lock, because an append holds it while it writes: an answer that is late is only further back.
        """
        sequence = self._sequence  # before the segment: one that is made in between then has this number plus one
        current = self._current
        return (sequence + 1, 0) if current is None else (current.name.sequence, current.end)

    # Appending

    def append(self, header: MemberHeader, data_set: Sequence[memoryview | bytes]) -> MemberLocation:
        """Append one object, its data set in pieces; not durable before `sync`.

        Raises StorageFull (nothing of it is left), JournalPoisoned (the segment is given up; the next append starts
        another), Invalid for a header without digest.
        """
        if header.digest is None or len(header.digest) != 32:
            raise Invalid("A member needs the BLAKE3 digest of its data set (32 bytes).")
        length = sum(len(piece) for piece in data_set)
        meta = meta_of(header)
        with self._lock:
            segment = self._open_segment(length)
            head = encode_member_header(
                header,
                header.digest,
                meta,
                length,
                number=segment.members + 1,
                offset=segment.end,
                nonce=segment.nonce,
                cipher=None if segment.cipher is None else segment.cipher.header,
            )
            before = len(head) + len(meta)
            if segment.cipher is not None:
                if len(self._sealed) < length + ROOM_BYTES:  # kept, because fresh megabytes cost page faults
                    self._sealed = bytearray(length + ROOM_BYTES)
                data_set = [segment.cipher.apply_into(segment.end + before, data_set, self._sealed)]
            pieces = [head, meta, *data_set, tar.padding(len(meta) + length)]
            location = MemberLocation(segment.name, segment.end, segment.end + before, length)
            self._write(segment, pieces)
            segment.members += 1
        if length >= BEGUN_AT_ONCE_BYTES:
            self.begin_sync()
        return location

    def begin_large(self, header: MemberHeader) -> LargeMember:
        """Begin an object of unknown size in a segment of its own. Raises StorageFull, JournalPoisoned."""
        with self._lock:
            self._check_room(ROOM_STEP_BYTES)
            path = self._part_path()
        return LargeMember(path, header, SegmentName(self.node, self.epoch, 0), self)

    def prepare_segment(self) -> bool:
        """Make one segment ready for later; false when there are enough, or the disk has better use for its room.

        For moments in which nobody appends: it writes as much as a whole segment.
        """
        if self._is_closed or self._free_bytes() < self._ready.room_wanted + FREE_BESIDE_READY_BYTES:
            return False
        return self._ready.add_one()

    def _part_path(self) -> Path:
        return part_path(self._directory, self.node, self.epoch, next(self._parts))

    def _open_segment(self, length: int) -> _SegmentFile:
        self._check_room(length)
        segment = self._current
        if segment is not None and self._is_due(segment):
            self._finish(segment)
            segment = None
        if segment is None:
            segment = self._current = self._new_segment(self._close_bytes)
            self._unsynced.append(segment)
        return segment

    def _is_due(self, segment: _SegmentFile) -> bool:
        return segment.end >= self._close_bytes or time.monotonic() - segment.opened_at >= self._close_after_s

    def _check_room(self, length: int) -> None:
        """Look at the free space each 16 MiB that were written, and at every append while there is too little."""
        if self._room < length:
            free = self._free_bytes()
            if free < length:
                self._room = 0
                raise StorageFull("The disk of the journal is full.", free_bytes=max(0, free))
            self._room = min(free, 16 * MIB + length)
        self._room -= length

    def _check_open(self) -> None:
        if self._is_closed:
            raise JournalPoisoned("This journal is closed.")

    def _free_bytes(self) -> int:
        status = os.statvfs(self._directory)
        return status.f_bavail * status.f_frsize - self._reserve_bytes

    def _new_segment(self, room: int) -> _SegmentFile:
        self._check_open()
        name = SegmentName(self.node, self.epoch, self._sequence + 1)
        path, nonce = name.path(self._directory), secrets.token_bytes(NONCE_LENGTH)
        cipher = self.keys.new(nonce)
        head = encode_head(name, nonce, utc_now(), None if cipher is None else cipher.header)
        ready = self._ready.take()
        file = -1 if ready is None else ready[0]
        try:
            if ready is not None:
                ready[1].rename(path)
                self._sequence += 1
            else:
                file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
                self._sequence += 1
                if room and self._free_bytes() > room:
                    preallocate(file, 0, room)
            write_all(file, [head], 0)
        except OSError as error:
            if file >= 0:
                os.close(file)
                path.unlink(missing_ok=True)
            raise disk_error(error, name.source) from error
        filled = 0 if ready is None else self._close_bytes
        return _SegmentFile(name, path, file, nonce, time.monotonic(), len(head), filled=filled, cipher=cipher)

    def _write(self, segment: _SegmentFile, pieces: list[bytes | memoryview]) -> None:
        """Write at the end of a segment; on failure cut it back to its last good member."""
        size = sum(map(len, pieces))
        end = segment.end + size
        write = write_passing if size >= BEGUN_AT_ONCE_BYTES else write_all
        if end < segment.filled:  # whole pages: what was filled past the page cache is not read back to be completed
            pieces.append(_PAGE[: -end % len(_PAGE)])
        try:
            write(segment.file, pieces, segment.end)
            segment.end = end
        except OSError as error:
            full = error.errno in FULL
            try:
                os.ftruncate(segment.file, segment.end)
            except OSError:
                full = False
            if not full:
                self._poison(segment)
            elif segment.cipher is not None:  # the key stream of a place is used once: nothing is written there again
                segment.opened_at = -math.inf
            raise disk_error(error, segment.name.source) from error

    # Making durable

    def begin_sync(self) -> None:
        """Let the disk begin with all that was appended, without waiting: a `sync` soon after waits for less."""
        with self._lock:
            due = [(each, each.begun, each.end) for each in self._unsynced if each.end > each.begun]
            for segment, _, end in due:
                segment.begun = end
        for segment, begun, end in due:
            begin_writeback(segment.file, begun, end - begun)

    def sync(self) -> None:
        """Make everything appended or finished before this call durable: one fdatasync per file.

        Raises JournalPoisoned when a sync failed, or when a segment was poisoned since the last call and members of it
        were not reported yet; all other segments are durable then. Raises NoSecondCopy when a second copy is wanted and
        no other node took it: nothing appended since the last sync that succeeded is durable then.
        """
        with self._sync_lock:
            with self._lock:
                due = [(segment, segment.end) for segment in self._unsynced if segment.end > self._durable(segment)]
                failed = {name: lost.end for name, lost in self._lost.items() if lost.told < lost.end}
            wait = self._begin_copies(due)
            for segment, end in due:
                if end > segment.synced and not self._sync_segment(segment, end):
                    failed[segment.name] = end
            lonely = self._await_copies(wait, due)
            self._retire_whole(due)
            self._report(failed)
        if lonely is not None:
            raise lonely

    def _durable(self, segment: _SegmentFile) -> int:
        """Up to where a segment may be acknowledged."""
        return segment.synced if self._two_copies is None else min(segment.synced, segment.copied)

    def _begin_copies(self, due: list[tuple[_SegmentFile, int]]) -> Callable[[], None] | None:
        if self._two_copies is None or not due:
            return None
        return self._two_copies.begin([Grown(each.name, each.path, end, each.finished) for each, end in due])

    def _await_copies(
        self, wait: Callable[[], None] | None, due: list[tuple[_SegmentFile, int]]
    ) -> NoSecondCopy | None:
        """Wait for the other node beside whose disk ours was busy; what it says when there is none."""
        if wait is None:
            return None
        try:
            wait()
        except NoSecondCopy as error:
            return error
        with self._lock:
            for segment, end in due:
                segment.copied = end
        return None

    def _retire_whole(self, due: list[tuple[_SegmentFile, int]]) -> None:
        with self._lock:
            for segment, _ in due:
                if segment.finished and segment in self._unsynced and self._durable(segment) == segment.end:
                    self._retire(segment)

    def _sync_segment(self, segment: _SegmentFile, end: int) -> bool:
        try:
            os.fdatasync(segment.file)
            if not segment.entry_durable:
                sync_path(segment.path.parent)
                segment.entry_durable = True
        except OSError as error:
            _log.error("journal-sync-failed", segment=segment.name.source, errno=error.errno)
            with self._lock:
                self._poison(segment)
                return segment.name not in self._lost
        with self._lock:
            if segment not in self._unsynced:  # an append poisoned it meanwhile, and cut it; or it was empty
                return segment.name not in self._lost
            segment.synced = end
        return True

    def _report(self, failed: dict[SegmentName, int]) -> None:
        """Raise for poisoned segments. What came after this sync began, behind `failed`, the next one reports."""
        with self._lock:
            for name, end in failed.items():
                self._lost[name].told = max(self._lost[name].told, end)
            for file in self._given_up:
                os.close(file)
            self._given_up.clear()
        if failed:
            raise JournalPoisoned(
                "The disk failed; what was not durable in these segments must be sent again.",
                segments=tuple(name.source for name in failed),
            )

    def is_durable(self, location: MemberLocation) -> bool:
        """Whether a location of this writer is on disk by a sync that succeeded."""
        with self._lock:
            lost = self._lost.get(location.segment)
            if lost is not None:
                return location.end_offset <= lost.synced
            for segment in self._unsynced:
                if segment.name == location.segment:
                    return location.end_offset <= self._durable(segment)
            return True

    def _poison(self, segment: _SegmentFile) -> None:
        """Give a segment up: what is not synced is never acknowledged, and is cut off when the disk still obeys.

        Its file is closed by the next sync, because a sync of another thread may be using it now.
        """
        if segment not in self._unsynced:
            return
        self._unsynced.remove(segment)
        durable = self._durable(segment)
        self._lost[segment.name] = _Lost(durable, segment.end, told=durable)
        if self._current is segment:
            self._current = None
        release_preallocated(segment.file, segment.synced)
        if not segment.synced:
            with contextlib.suppress(OSError):
                segment.path.unlink()
        self._given_up.append(segment.file)

    def _retire(self, segment: _SegmentFile) -> None:
        self._unsynced.remove(segment)
        self._closed.append(segment.name)
        os.close(segment.file)

    # Closing segments

    def roll(self) -> None:
        """Close the current segment when it has members; it is durable, and listed as closed, after the next `sync`."""
        with self._lock:
            if self._current is not None:
                self._finish(self._current)

    def roll_if_due(self) -> bool:
        """Close the current segment when it is old or large enough; for the idle moments of the committer.

        True when a `sync` is due: a segment was closed, or one that is closed has no second copy yet. An idle journal
        has no current segment: nothing churns.
        """
        with self._lock:
            if self._current is None or not self._is_due(self._current):
                return any(segment.finished for segment in self._unsynced)
            self._finish(self._current)
            return True

    def _finish(self, segment: _SegmentFile) -> None:
        """End a segment: end-of-archive blocks, unused room given back. The next sync retires it."""
        if self._current is segment:
            self._current = None
        if not segment.members:  # a failed first append left an empty segment
            self._unsynced.remove(segment)
            self._given_up.append(segment.file)
            segment.path.unlink(missing_ok=True)
            return
        try:
            write_all(segment.file, [tar.END_OF_ARCHIVE], segment.end)
            segment.end += len(tar.END_OF_ARCHIVE)
        except OSError:
            _log.warning("journal-segment-without-end", segment=segment.name.source)
        release_preallocated(segment.file, segment.end)
        segment.finished = True
        if self._durable(segment) == segment.end:
            self._retire(segment)

    def closed_segments(self) -> list[SegmentName]:
        """The segments of this writer that are closed and durable: ready to be copied elsewhere."""
        with self._lock:
            return list(self._closed)

    def close(self) -> None:
        """Close and sync what is open and give the epoch up. Large members in progress must be ended before."""
        if self._is_closed:
            return
        try:
            self.roll()
            self.sync()
        except NoSecondCopy:  # what had none was never acknowledged
            _log.warning("journal-closed-without-second-copy", node=self.node, epoch=self.epoch)
        finally:
            with self._lock:
                self._is_closed = True
                for segment in list(self._unsynced):
                    self._poison(segment)
                for file in self._given_up:
                    os.close(file)
                self._given_up.clear()
            self._ready.close()
            self._lease.close()

    # Large members (called by LargeMember)

    def check_room(self, length: int) -> None:
        """Raise StorageFull unless `length` bytes may be written."""
        with self._lock:
            self._check_room(length)

    def adopt(self, file: int, part: Path, heads: Callable[[SegmentName], bytes], end: int) -> SegmentName:
        """Give a whole large member its segment: name it, write its heads, put it in its place."""
        with self._lock:
            self._check_open()
            name = SegmentName(self.node, self.epoch, self._sequence + 1)
            write_all(file, [heads(name)], 0)
            self._sequence += 1
            path = name.path(self._directory)
            part.rename(path)
        if self._two_copies is not None:  # nobody but its own sender waits for it
            self._two_copies.ahead(Grown(name, path, end, whole=False))
        segment = _SegmentFile(name, path, file, b"", time.monotonic(), end, members=1)
        with self._lock:
            self._unsynced.append(segment)
            self._finish(segment)
        return name
