"""Copies of objects between stores: streamed with bounded memory, read back, compared by BLAKE3."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from blake3 import blake3

from isocenter.storage.errors import Damaged, NoSuchObject, ObjectExists, StorageFull
from isocenter.storage.object_store import ObjectStore

PIECE: Final = 8 << 20
"""Bytes in memory at one time."""


class UnsoundSource(Damaged):
    """What was to be copied is not what was written down."""

    reason = "unsound-source"


@dataclass(frozen=True, slots=True)
class Content:
    """What an object consists of: its size in bytes and the BLAKE3 of its bytes as they are stored."""

    size: int
    digest: bytes


class Pace:
    """Holds a stream of bytes back to a rate. For one thread."""

    def __init__(
        self,
        bytes_per_s: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        """bytes_per_s: 0 is no limit. wait: may return at once when the process is to stop."""
        self._bytes_per_s = bytes_per_s
        self._clock = clock
        self._wait = wait
        self._free_at = clock()

    def spend(self, size: int) -> None:
        """Wait until so many bytes more are within the rate."""
        if not self._bytes_per_s:
            return
        now = self._clock()
        self._free_at = max(self._free_at, now) + size / self._bytes_per_s
        if self._free_at > now:
            self._wait(self._free_at - now)


FULL_SPEED: Final = Pace(0)


def content_of(store: ObjectStore, key: str, pace: Pace = FULL_SPEED) -> Content:
    """Read a whole object, from the disk and not from its cache where it is a file.

    Raises NoSuchObject, StoreAway; Damaged when it cannot be read to its end.
    """
    hasher, size = blake3(), 0
    for piece in _pieces(store, key, pace):
        hasher.update(piece)
        size += len(piece)
    return Content(size, hasher.digest())


def content_of_file(path: Path) -> Content:
    """Of a whole local file, in pieces. Raises OSError."""
    hasher, size = blake3(max_threads=1), path.stat().st_size
    if size:  # an empty file cannot be mapped
        hasher.update_mmap(path)
    return Content(size, hasher.digest())


def copy_object(
    source: ObjectStore, target: ObjectStore, key: str, expected: Content | None = None, pace: Pace = FULL_SPEED
) -> Content:
    """Copy an object under the same key, and read the copy back.

    A copy that is there already, of an attempt that was interrupted, counts when it is sound, and is replaced when not.
    expected: what the source must be.

    Raises NoSuchObject (no source), UnsoundSource, Damaged (the copy reads back otherwise; it is gone then),
    StorageFull, StoreAway.
    """
    staged = target.staging_path()
    try:
        try:
            content = fetch_object(source, key, staged, pace)
        except Damaged as error:
            raise UnsoundSource("An object cannot be read to its end.", key=key) from error
        if expected is not None and content != expected:
            raise UnsoundSource("An object is not as it was written down.", key=key)
        put_staged(target, key, staged, content)
    finally:
        staged.unlink(missing_ok=True)
    if content_of(target, key) != content:
        target.delete(key)
        raise Damaged("A copy that was just written reads back otherwise.", key=key)
    return content


def fetch_object(source: ObjectStore, key: str, path: Path, pace: Pace = FULL_SPEED) -> Content:
    """Copy an object into a new local file, whose folder is there.

    Raises NoSuchObject, StoreAway, Damaged (it cannot be read to its end), StorageFull.
    """
    hasher, size = blake3(), 0
    try:
        with path.open("xb") as file:
            for piece in _pieces(source, key, pace):
                hasher.update(piece)
                size += len(piece)
                file.write(piece)
    except OSError as error:
        raise StorageFull("The disk where copies are prepared is full or failing.", errno=error.errno) from error
    return Content(size, hasher.digest())


def put_staged(target: ObjectStore, key: str, staged: Path, content: Content) -> None:
    """Put a staged file; what lies under its key of an attempt that was interrupted counts, or is replaced.

    content: of the staged file. Raises StoreAway, StorageFull.
    """
    try:
        target.put_file(key, staged)
    except ObjectExists:
        with contextlib.suppress(Damaged, NoSuchObject):
            if content_of(target, key) == content:
                return
        target.delete(key)
        target.put_file(key, staged)


def _pieces(store: ObjectStore, key: str, pace: Pace) -> Iterator[bytes]:
    path = store.local_path(key)
    if path is not None:
        yield from _from_disk(path, key, pace)
        return
    size = store.head(key).size
    for offset in range(0, size, PIECE):
        length = min(PIECE, size - offset)
        pace.spend(length)
        yield store.get_range(key, offset, length)


def _from_disk(path: Path, key: str, pace: Pace) -> Iterator[bytes]:
    """A file's bytes; what the page cache has of it is given up first, or a rotten disk would not be noticed."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise NoSuchObject("The store has no such object.", key=key) from error
    try:
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        while piece := os.read(file, PIECE):
            pace.spend(len(piece))
            yield piece
    except OSError as error:
        raise Damaged("The disk does not give an object back.", key=key, errno=error.errno) from error
    finally:
        os.close(file)
