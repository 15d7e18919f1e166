"""A large object on its way into the journal, in a segment of its own (see `journal`)."""

from __future__ import annotations

import mmap
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from isocenter.kit.clock import utc_now
from isocenter.kit.errors import Invalid
from isocenter.storage import tar
from isocenter.storage.allocation import disk_error, preallocate, write_all
from isocenter.storage.journal_cipher import SegmentCipher, SegmentKeys
from isocenter.storage.segment_format import (
    NONCE_LENGTH,
    MemberHeader,
    MemberLocation,
    encode_head,
    encode_member_header,
    meta_of,
)
from isocenter.storage.segments import SegmentName

ROOM_STEP_BYTES: Final = 32 << 20
"""Room is asked for, and written bytes are synced, in steps of this many bytes."""
_STRIP_BYTES: Final = 1 << 20


class LargeMemberHome(Protocol):
    """What a large member needs of its journal."""

    keys: SegmentKeys

    def check_room(self, length: int) -> None:
        """Raise StorageFull unless `length` bytes may be written."""

    def adopt(self, file: int, part: Path, heads: Callable[[SegmentName], bytes], end: int) -> SegmentName:
        """Make the whole part file a segment; returns its name. Raises OSError."""


class LargeMember:
    """An object on its way into a segment of its own. For one thread.

    It is written to a part file, whose heads are written, and which becomes a segment, when it is whole: a crash leaves
    nothing that could be taken for a member, and its place in the order of the journal is that of `finish`.
    """

    def __init__(self, path: Path, header: MemberHeader, like: SegmentName, journal: LargeMemberHome) -> None:
        """Called by `JournalWriter.begin_large`. like: a segment name of the writer's epoch."""
        self._journal = journal
        self._path = path
        self._header = header
        self._meta = meta_of(header)
        self._nonce = secrets.token_bytes(NONCE_LENGTH)
        self._cipher = journal.keys.new(self._nonce)
        self._created_at = utc_now()
        self._length = 0
        self._unsynced = 0
        self._allocated = 0
        segment_head, member_head = self._heads(like, bytes(32))
        self._member_offset = len(segment_head)
        self._data_set_offset = len(segment_head) + len(member_head)
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise disk_error(error, path.name) from error

    @property
    def length(self) -> int:
        """Bytes of the data set written so far."""
        return self._length

    def write(self, chunk: memoryview | bytes) -> None:
        """Write the next bytes of the data set. After an exception only `abandon` may follow.

        Raises StorageFull, JournalPoisoned, Invalid (larger than a member can be).
        """
        offset, size = self._data_set_offset + self._length, len(chunk)
        if self._length + size + len(self._meta) > tar.LARGEST_MEMBER:
            raise Invalid("The object is larger than a journal member can be (8 GiB).")
        try:
            self._make_room(offset + size)
            if self._cipher is not None:
                chunk = self._cipher.apply(offset, chunk)
            self._length += write_all(self._file, [chunk], offset)
            self._unsynced += size
            if self._unsynced >= ROOM_STEP_BYTES:  # so that the sync of the group has little left to wait for
                os.fdatasync(self._file)
                self._unsynced = 0
        except OSError as error:
            raise disk_error(error, self._path.name) from error

    def data_set(self) -> memoryview:
        """The data set written so far, mapped from the file: to be scanned before `finish`.

        An encrypted one is decrypted into memory as a whole, for as long as the view is held.
        """
        if self._length == 0:
            return memoryview(b"")
        if self._cipher is not None:
            return self._decrypted(self._cipher)
        mapped = mmap.mmap(self._file, self._data_set_offset + self._length, prot=mmap.PROT_READ)
        return memoryview(mapped)[self._data_set_offset :]

    def _decrypted(self, cipher: SegmentCipher) -> memoryview:
        plain = memoryview(mmap.mmap(-1, self._length))
        for start in range(0, self._length, _STRIP_BYTES):
            place = self._data_set_offset + start
            strip = os.pread(self._file, min(_STRIP_BYTES, self._length - start), place)
            plain[start : start + len(strip)] = cipher.apply(place, strip)
        return plain

    def finish(self, digest: bytes) -> MemberLocation:
        """Write the heads and make the file a segment; durable after the next `sync`. digest: BLAKE3 of the data set.

        Raises StorageFull, JournalPoisoned; then `abandon` must follow.
        """
        end = tar.padded(self._data_set_offset + self._length)
        try:
            write_all(self._file, [tar.padding(len(self._meta) + self._length)], self._data_set_offset + self._length)
            name = self._journal.adopt(self._file, self._path, lambda name: b"".join(self._heads(name, digest)), end)
        except OSError as error:
            raise disk_error(error, self._path.name) from error
        self._file = -1
        return MemberLocation(name, self._member_offset, self._data_set_offset, self._length)

    def abandon(self) -> None:
        """Remove the part, unless it is finished. May be called twice."""
        if self._file >= 0:
            os.close(self._file)
            self._path.unlink(missing_ok=True)
            self._file = -1

    def _heads(self, name: SegmentName, digest: bytes) -> tuple[bytes, bytes]:
        """The head of the segment, and everything between it and the data set. Their lengths are always the same."""
        cipher = None if self._cipher is None else self._cipher.header
        head = encode_head(name, self._nonce, self._created_at, cipher)
        member = encode_member_header(
            self._header,
            digest,
            self._meta,
            self._length,
            number=1,
            offset=len(head),
            nonce=self._nonce,
            cipher=cipher,
        )
        return head, member + self._meta

    def _make_room(self, end: int) -> None:
        if end <= self._allocated:
            return
        self._journal.check_room(ROOM_STEP_BYTES)
        step = max(ROOM_STEP_BYTES, end - self._allocated)
        preallocate(self._file, self._allocated, step)
        self._allocated += step
