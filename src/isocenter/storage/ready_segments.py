"""Segments filled with zeros beforehand: overwriting them needs no new blocks, so a sync waits for the data alone.

On ext4 that is a third to a half of a sync, and it no longer waits for what other programs write (docs/decisions/0011).
They are made while nobody appends, so that a burst (a CT examination) finds them ready; without one a segment is made
the ordinary way.
"""

from __future__ import annotations

import errno
import mmap
import os
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

from isocenter.kit.logging import get_logger

_STRIP_BYTES: Final = 1 << 20
_log = get_logger(__name__)


class ReadySegments:
    """Files of one size full of zeros, durable, in the folder where segments lie. Safe for threads.

    new_path: gives a path for each file; a file there is no segment, and is cleared away when its process died.
    """

    def __init__(self, size: int, count: int, new_path: Callable[[], Path]) -> None:
        self._size = size
        self._count = count
        self._new_path = new_path
        self._ready: deque[tuple[int, Path]] = deque()
        self._lock = threading.Lock()

    @property
    def room_wanted(self) -> int:
        """Bytes of the files that are still missing."""
        return (self._count - len(self._ready)) * self._size

    def take(self) -> tuple[int, Path] | None:
        """An open file and its path, the caller's from now on; None when none is ready."""
        with self._lock:
            return self._ready.popleft() if self._ready else None

    def add_one(self) -> bool:
        """Make one more, which takes about a tenth of a second; false when there are enough or the disk will not."""
        with self._lock:
            if len(self._ready) >= self._count:
                return False
        path = self._new_path()
        try:
            file = _filled(path, self._size)
        except OSError as error:
            path.unlink(missing_ok=True)
            _log.warning("journal-segment-not-prepared", errno=error.errno)
            return False
        with self._lock:
            self._ready.append((file, path))
        return True

    def close(self) -> None:
        """Remove what was not taken."""
        while (taken := self.take()) is not None:
            file, path = taken
            os.close(file)
            path.unlink(missing_ok=True)


def _filled(path: Path, size: int) -> int:
    """An open file of so many zeros, on the disk; past the page cache, where a page costs more than it saves."""
    file = _create(path)
    try:
        os.posix_fallocate(file, 0, size)  # blocks that lie together, or no file at all
        with mmap.mmap(-1, _STRIP_BYTES) as zeros:  # page-aligned, as O_DIRECT wants it
            for offset in range(0, size, _STRIP_BYTES):
                os.pwrite(file, memoryview(zeros)[: size - offset], offset)
        os.fsync(file)
    finally:
        os.close(file)
    return os.open(path, os.O_RDWR | os.O_CLOEXEC)


def _create(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    try:
        return os.open(path, flags | os.O_EXCL | os.O_DIRECT, 0o640)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    return os.open(path, flags, 0o640)  # a file system without O_DIRECT: tmpfs
