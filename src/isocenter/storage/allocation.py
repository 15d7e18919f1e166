"""Room for a file set aside before it is written (Linux fallocate(2)), and writing that costs and waits for less."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import mmap
import os
from typing import Final

from isocenter.kit.logging import get_logger
from isocenter.storage.errors import JournalPoisoned, StorageFull

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Error numbers that mean there is no room."""

_KEEP_SIZE = 0x01
_BEGIN_WRITING = 0x02
_DONT_CACHE = 0x80
_IOV_MAX = 1024
_log = get_logger(__name__)
_libc = ctypes.CDLL(None, use_errno=True)
_through_cache: set[int] = set()  # devices whose file system, or kernel, cannot write past it


def preallocate(file: int, offset: int, length: int) -> bool:
    """Set blocks aside behind a file without changing its size. False when the file system will or can not."""
    fallocate = getattr(_libc, "fallocate", None)
    if fallocate is None:
        return False
    return bool(fallocate(file, _KEEP_SIZE, ctypes.c_int64(offset), ctypes.c_int64(length)) == 0)


def release_preallocated(file: int, size: int) -> None:
    """Give back the blocks that are set aside behind `size`, the present size of the file."""
    with contextlib.suppress(OSError):
        os.ftruncate(file, size)


def write_all(file: int, pieces: list[bytes | memoryview], offset: int, *, flags: int = 0) -> int:
    """Write the pieces one after the other from `offset`; returns how many bytes. Finishes short writes.

    Raises OSError; then any part of the bytes may have been written.
    """
    written = 0
    while pieces:
        batch = pieces[:_IOV_MAX]
        done = os.pwritev(file, batch, offset + written, flags)
        written += done
        pieces = _cut(batch, done)[1] + pieces[_IOV_MAX:]
    return written


def write_passing(file: int, pieces: list[bytes | memoryview], offset: int) -> int:
    """The same without leaving the bytes in the page cache (Linux RWF_DONTCACHE); the disk begins with them at once.

    The last page stays, so that what is appended next completes it in memory. Where the kernel (before 6.14) or the
    file system has no such thing, it is `write_all`.
    """
    device = os.fstat(file).st_dev
    end = offset + sum(map(len, pieces))
    most, last = _cut(pieces, max(0, (end - 1) // mmap.PAGESIZE * mmap.PAGESIZE - offset))
    written = 0
    if most and device not in _through_cache:
        try:
            written = write_all(file, most, offset, flags=_DONT_CACHE)
            pieces = last
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
                raise
            _through_cache.add(device)
            _log.info("journal-through-page-cache", errno=error.errno)
    return written + write_all(file, pieces, offset + written)


def _cut(pieces: list[bytes | memoryview], size: int) -> tuple[list[bytes | memoryview], list[bytes | memoryview]]:
    """The first `size` bytes, and the rest."""
    for index, piece in enumerate(pieces):
        if size < len(piece):
            first, rest = memoryview(piece)[:size], memoryview(piece)[size:]
            return [*pieces[:index], first] if size else pieces[:index], [rest, *pieces[index + 1 :]]
        size -= len(piece)
    return pieces, []


def begin_writeback(file: int, offset: int, length: int) -> None:
    """Let the disk begin with what was written, without waiting for it (Linux sync_file_range(2)).

    Makes nothing durable and takes no error away from the fdatasync that must follow, which has less to wait for. Where
    the file system or the C library has no such thing, that sync does it all.
    """
    sync_file_range = getattr(_libc, "sync_file_range", None)
    if sync_file_range is not None:
        sync_file_range(file, ctypes.c_int64(offset), ctypes.c_int64(length), _BEGIN_WRITING)


def disk_error(error: OSError, name: str) -> StorageFull | JournalPoisoned:
    """What a failed write of the journal is called: full, or a disk that fails. name: of the segment."""
    if error.errno in FULL:
        return StorageFull("The disk of the journal is full.", segment=name)
    _log.error("journal-write-failed", segment=name, errno=error.errno)
    return JournalPoisoned("The disk of the journal failed a write.", segments=(name,))
