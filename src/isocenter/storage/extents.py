"""Where bytes lie: an extent of a journal segment or of a stored object, and how to read it."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from isocenter.kit.errors import IsocenterError
from isocenter.storage.errors import BytesAway, Damaged, NoSuchObject, StoreAway
from isocenter.storage.journal_cipher import SegmentCipher, segment_keys_of
from isocenter.storage.object_store import ObjectStore
from isocenter.storage.segment_format import FIRST_MEMBER_LENGTHS, HEAD_LENGTH, SegmentCipherHeader, cipher_of
from isocenter.storage.segments import SegmentName

CIPHERS_KEPT: Final = 4096


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
        self.keys = segment_keys_of(store)
        self._elsewhere = elsewhere
        self._lock = threading.Lock()
        self._ciphers: OrderedDict[str, SegmentCipher | None] = OrderedDict()

    def path(self, source: str) -> Path | None:
        """The local file behind a source, for zero-copy sending and pread; None when it is not a local file.

        Says nothing of existence. The file of a segment may lie on another node, or may have been reclaimed: on
        FileNotFoundError ask `read`, which knows where else to look.
        """
        path = self._path(source)
        if path is None or not source.startswith("journal/") or self.keys.masters is None:
            return path
        try:
            return None if self._cipher(source) is not None else path
        except BytesAway:
            return path
        except IsocenterError:  # no key, or too damaged to know: `read` says so
            return None

    def read(self, extent: Extent) -> bytes:
        """The bytes of an extent, decrypted: of a segment, all or a part of a data set.

        Raises BytesAway (a segment that can be read nowhere now), NoSuchObject (no such pack), StoreAway, KeyLost,
        Damaged (shorter than written).
        """
        stored = self.read_stored(extent)
        if not extent.source.startswith("journal/") or self.keys.masters is None:
            return stored
        cipher = self._cipher(extent.source)
        return stored if cipher is None else cipher.apply(extent.offset, stored)

    def cipher(self, source: str) -> SegmentCipher | None:
        """The key stream of a segment, for whoever reads its file itself; None when it is plain.

        Raises BytesAway, StoreAway, KeyLost, Damaged.
        """
        return None if self.keys.masters is None else self._cipher(source)

    def _cipher(self, source: str) -> SegmentCipher | None:
        with self._lock:
            if source in self._ciphers:
                self._ciphers.move_to_end(source)
                return self._ciphers[source]
        found = self.keys.open(*self._cipher_header(source))
        with self._lock:
            self._ciphers[source] = found
            while len(self._ciphers) > CIPHERS_KEPT:
                self._ciphers.popitem(last=False)
        return found

    def _cipher_header(self, source: str) -> tuple[SegmentCipherHeader | None, bytes]:
        problem: Damaged | None = None
        for length in (HEAD_LENGTH, *FIRST_MEMBER_LENGTHS):
            try:
                return cipher_of(self.read_stored(Extent(source, 0, length)))
            except Damaged as error:  # the head, or the segment is shorter
                problem = error
        assert problem is not None
        raise problem

    def _path(self, source: str) -> Path | None:
        kind, _, key = source.partition("/")
        if kind == "journal":
            return SegmentName.from_source(source).path(self.journal_directory)
        return self.store.local_path(key)

    def read_stored(self, extent: Extent) -> bytes:
        """The bytes of an extent as they lie: what a segment says besides its data sets is read like this.

        Raises as `read`, KeyLost aside.
        """
        path = self._path(extent.source)
        if path is None:
            return self.store.get_range(extent.source.partition("/")[2], extent.offset, extent.length)
        try:
            return read_file_range(path, extent.offset, extent.length)
        except (FileNotFoundError, Damaged) as error:
            if not extent.source.startswith("journal/"):  # the store knows whether it is elsewhere, away, or unknown
                return self.store.get_range(extent.source.partition("/")[2], extent.offset, extent.length)
            if isinstance(error, Damaged):
                raise
        return self._read_away(extent)

    def _read_away(self, extent: Extent) -> bytes:
        """Of a segment that is not on this node. A store that is away, or a copy of a replica that is shorter than the
        segment, is no reason not to ask the owner."""
        try:
            return self.store.get_range(SegmentName.from_source(extent.source).key, extent.offset, extent.length)
        except (NoSuchObject, StoreAway, Damaged) as error:
            if self._elsewhere is None:
                raise BytesAway("These bytes are not on this node.", source=extent.source) from error
        return self._elsewhere(extent.source, extent.offset, extent.length)

    def is_of_this_home(self, source: str) -> bool:
        """Whether a segment was written in this home, under whatever node name."""
        return (self.journal_directory / SegmentName.from_source(source).node).is_dir()

    def check(self, source: str) -> None:
        """Raise BytesAway when a segment can be read nowhere now. Reads one byte of it, wherever it lies."""
        self.read_stored(Extent(source, 0, 1))

    def read_all(self, extents: Iterable[Extent]) -> bytes:
        """The bytes of several extents, one after the other (a frame in fragments)."""
        return b"".join(self.read(extent) for extent in extents)
