"""Room for a file set aside before it is written (Linux fallocate(2)), and writing that syncs then wait less for."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
from typing import Final

from isocenter.kit.logging import get_logger
from isocenter.storage.errors import JournalPoisoned, StorageFull

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Error numbers that mean there is no room."""

_KEEP_SIZE = 0x01
_BEGIN_WRITING = 0x02
_IOV_MAX = 1024
_log = get_logger(__name__)
_libc = ctypes.CDLL(None, use_errno=True)


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


def write_all(file: int, pieces: list[bytes | memoryview], offset: int) -> int:
    """Write the pieces one after the other from `offset`; returns how many bytes. Finishes short writes.

    Raises OSError; then any part of the bytes may have been written.
    """
    written = 0
    while pieces:
        batch = pieces[:_IOV_MAX]
        done = os.pwritev(file, batch, offset + written)
        written += done
        pieces = _after(batch, done) + pieces[_IOV_MAX:]
    return written


def _after(batch: list[bytes | memoryview], done: int) -> list[bytes | memoryview]:
    """What is left of a batch when `done` of its bytes are written."""
    for index, piece in enumerate(batch):
        if done < len(piece):
            return [memoryview(piece)[done:], *batch[index + 1 :]]
        done -= len(piece)
    return []


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
