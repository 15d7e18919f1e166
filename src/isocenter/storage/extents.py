"""Where bytes lie: an extent of a journal segment or of a stored object, and how to read it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from isocenter.storage.errors import BytesAway, Damaged, NoSuchObject
from isocenter.storage.object_store import ObjectStore
from isocenter.storage.segments import SegmentName


@dataclass(frozen=True, slots=True)
class Extent:
    """`length` bytes from `offset` of a source: "journal/<node>/<epoch>/<sequence>" or "store/<key>"."""

    source: str
    offset: int
    length: int


def store_source(key: str) -> str:
    """The source of extents in the stored object `key`."""
    return f"store/{key}"


def read_file_range(path: Path, offset: int, length: int) -> bytes:
    """Exactly `length` bytes of a local file. Raises FileNotFoundError, or Damaged when the file is shorter."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        data = os.pread(file, length, offset)
        while 0 < len(data) < length:
            more = os.pread(file, length - len(data), offset + len(data))
            if not more:
                break
            data += more
    finally:
        os.close(file)
    if len(data) != length:
        raise Damaged("A file is shorter than what was written to it.", file=path.name, offset=offset, length=length)
    return data


class Bytes:
    """Reads extents from this node's journals and from the store. Safe for threads; keeps nothing open."""

    def __init__(self, journal_directory: Path, store: ObjectStore) -> None:
        self._journal_directory = journal_directory
        self._store = store

    def path(self, source: str) -> Path | None:
        """The local file behind a source, for zero-copy sending and pread; None when it is not a local file.

        The file may be gone by the time it is opened (a reclaimed segment): treat FileNotFoundError as BytesAway.
        """
        kind, _, key = source.partition("/")
        if kind == "journal":
            return SegmentName.from_source(source).path(self._journal_directory)
        return self._store.local_path(key)

    def read(self, extent: Extent) -> bytes:
        """The bytes of an extent.

        Raises BytesAway (a segment that is not here), NoSuchObject (no such pack), Damaged (shorter than written).
        """
        path = self.path(extent.source)
        if path is None:
            return self._store.get_range(extent.source.partition("/")[2], extent.offset, extent.length)
        try:
            return read_file_range(path, extent.offset, extent.length)
        except FileNotFoundError as error:
            if extent.source.startswith("journal/"):
                raise BytesAway("These bytes are not on this node.", source=extent.source) from error
            raise NoSuchObject("The store has no such object.", source=extent.source) from error

    def read_all(self, extents: Iterable[Extent]) -> bytes:
        """The bytes of several extents, one after the other (a frame in fragments)."""
        return b"".join(self.read(extent) for extent in extents)
