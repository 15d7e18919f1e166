"""Where bytes lie: an extent of a journal segment or of a stored object, and how to read it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from isocenter.storage.errors import BytesAway, Damaged, NoSuchObject, StoreAway
from isocenter.storage.object_store import ObjectStore
from isocenter.storage.segments import SegmentName


@dataclass(frozen=True, slots=True)
class Extent:
    """`length` bytes from `offset` of a source: "journal/<node>/<epoch>/<sequence>" or "store/<key>"."""

    source: str
    offset: int
    length: int


Elsewhere = Callable[[str, int, int], bytes]
"""(source of a segment, offset, length) → exactly these bytes, from the node that wrote it or keeps a replica.

Raises BytesAway when no other node has them now. Must end by itself: it is asked while somebody waits.
"""


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
    """Reads extents of journals and of the store, wherever they lie. Safe for threads; keeps nothing open.

    A segment is looked for in this node's journal folder, then as the copy that its node shipped to the store
    (`SegmentName.key`), then at other nodes. Only then is it away: never missing, for its owner may come back.
    """

    def __init__(self, journal_directory: Path, store: ObjectStore, *, elsewhere: Elsewhere | None = None) -> None:
        """journal_directory: of this node. elsewhere: how other nodes are asked; None: there are none."""
        self.journal_directory = journal_directory
        self.store = store
        self._elsewhere = elsewhere

    def path(self, source: str) -> Path | None:
        """The local file behind a source, for zero-copy sending and pread; None when it is not a local file.

        Says nothing of existence. The file of a segment may lie on another node, or may have been reclaimed: on
        FileNotFoundError ask `read`, which knows where else to look.
        """
        kind, _, key = source.partition("/")
        if kind == "journal":
            return SegmentName.from_source(source).path(self.journal_directory)
        return self.store.local_path(key)

    def read(self, extent: Extent) -> bytes:
        """The bytes of an extent.

        Raises BytesAway (a segment that can be read nowhere now), NoSuchObject (no such pack), StoreAway,
        Damaged (shorter than written).
        """
        path = self.path(extent.source)
        if path is None:
            return self.store.get_range(extent.source.partition("/")[2], extent.offset, extent.length)
        try:
            return read_file_range(path, extent.offset, extent.length)
        except FileNotFoundError as error:
            if not extent.source.startswith("journal/"):
                raise NoSuchObject("The store has no such object.", source=extent.source) from error
        return self._read_away(extent)

    def _read_away(self, extent: Extent) -> bytes:
        """Of a segment that is not on this node. A store that is away is no reason not to ask the owner."""
        try:
            return self.store.get_range(SegmentName.from_source(extent.source).key, extent.offset, extent.length)
        except (NoSuchObject, StoreAway) as error:
            if self._elsewhere is None:
                raise BytesAway("These bytes are not on this node.", source=extent.source) from error
        return self._elsewhere(extent.source, extent.offset, extent.length)

    def check(self, source: str) -> None:
        """Raise BytesAway when a segment can be read nowhere now. Reads one byte of it, wherever it lies."""
        self.read(Extent(source, 0, 1))

    def read_all(self, extents: Iterable[Extent]) -> bytes:
        """The bytes of several extents, one after the other (a frame in fragments)."""
        return b"".join(self.read(extent) for extent in extents)
