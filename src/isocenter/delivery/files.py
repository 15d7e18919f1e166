"""Byte ranges read with as little ceremony as the kernel allows (preadv2): a hot range without leaving the event loop.

Files are kept open for a short while. A file that was removed meanwhile is read to the end by who has it open, and its
space comes back when the last of them is done.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from collections import OrderedDict

from isocenter.delivery.errors import BytesAway
from isocenter.kit.errors import IsocenterError
from isocenter.kit.open_file import OpenFile
from isocenter.storage.extents import Bytes, Extent

KEPT_OPEN = 256
KEPT_OPEN_S = 30.0
LOOKED_AT_EVERY = 256 << 10


class _Kept(OpenFile):
    """A file with the moment it was opened."""

    __slots__ = ("since",)

    def __init__(self, path: os.PathLike[str]) -> None:
        super().__init__(path)
        self.since = time.monotonic()


class Files:
    """Reads extents of journals and of the store. Safe for threads."""

    def __init__(self, data: Bytes) -> None:
        self._data = data
        self._open: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def read_hot(self, extent: Extent, buffer: memoryview) -> bool:
        """Fill `buffer` (extent.length bytes) without waiting for a disk. False: not in memory, ask `read_into`.

        Raises BytesAway when the file of an object is not there.
        """
        file = self._file(extent.source)
        if file is None:
            return False
        try:
            return os.preadv(file.descriptor, [buffer], extent.offset, os.RWF_NOWAIT) == extent.length
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno in (errno.EOPNOTSUPP, errno.EINVAL):
                return False
            raise BytesAway("The bytes cannot be read now.", source=extent.source) from error

    def read_into(self, extent: Extent, buffer: memoryview) -> None:
        """Fill `buffer` (extent.length bytes), waiting for the disk or the store. Raises BytesAway."""
        file = self._file(extent.source)
        if file is None:
            buffer[:] = self._remote(extent)
            return
        done = 0
        while done < extent.length:
            try:
                count = os.preadv(file.descriptor, [buffer[done:]], extent.offset + done)
            except OSError as error:
                raise BytesAway("The bytes cannot be read now.", source=extent.source) from error
            if count == 0:
                raise BytesAway("A file ends before the bytes that the index names.", source=extent.source)
            done += count

    def read(self, extent: Extent) -> bytearray:
        """The bytes of an extent, waiting for the disk or the store. Raises BytesAway."""
        content = bytearray(extent.length)
        self.read_into(extent, memoryview(content))
        return content

    def view(self, extent: Extent) -> memoryview:
        """The bytes of an extent without copying them, mapped when the file is local. Raises BytesAway."""
        file = self._file(extent.source)
        if file is None or not extent.length:
            return memoryview(self._remote(extent) if file is None else b"")
        try:
            return file.view(extent.offset, extent.length)
        except OSError as error:
            raise BytesAway("The bytes cannot be read now.", source=extent.source) from error

    def opened(self, source: str) -> OpenFile | None:
        """A source's file, for as long as it is held; None when it is no local one. Raises BytesAway."""
        return self._file(source)

    def is_hot(self, extent: Extent) -> bool:
        """Whether the pages of an extent seem to be in memory: one byte of every so many is looked at."""
        file = self._file(extent.source)
        if file is None:
            return False
        byte = bytearray(1)
        end = extent.offset + extent.length
        try:
            for offset in (*range(extent.offset, end, LOOKED_AT_EVERY), end - 1):
                if os.preadv(file.descriptor, [byte], offset, os.RWF_NOWAIT) != 1:
                    return False
        except OSError:
            return False
        return True

    def check(self, source: str) -> None:
        """Raise BytesAway when a source can be read nowhere now; what lies in a remote store is not looked for."""
        if self._file(source) is None and source.startswith("journal/"):
            try:
                self._data.check(source)
            except IsocenterError as error:
                raise BytesAway("The bytes cannot be read now.", source=source) from error

    def _remote(self, extent: Extent) -> bytes:
        try:
            content = self._data.read(extent)
        except Exception as error:
            raise BytesAway("The bytes cannot be read now.", source=extent.source) from error
        if len(content) != extent.length:
            raise BytesAway("A file ends before the bytes that the index names.", source=extent.source)
        return content

    def _file(self, source: str) -> _Kept | None:
        """The open file of a source; None when the source is not a local file. Raises BytesAway."""
        with self._lock:
            file = self._open.get(source)
            if file is not None and time.monotonic() - file.since < KEPT_OPEN_S:
                return file
        path = self._data.path(source)
        if path is None:
            return None
        try:
            file = _Kept(path)
        except FileNotFoundError:
            if not source.startswith("journal/"):
                raise BytesAway("The bytes are not on this node now.", source=source) from None
            return None  # the store or another node has it
        except OSError as error:
            raise BytesAway("The bytes are not on this node now.", source=source) from error
        with self._lock:
            self._open[source] = file
            self._open.move_to_end(source)
            while len(self._open) > KEPT_OPEN or self._oldest_is_stale():
                self._open.popitem(last=False)
        return file

    def _oldest_is_stale(self) -> bool:
        oldest = next(iter(self._open.values()), None)
        return oldest is not None and time.monotonic() - oldest.since > 2 * KEPT_OPEN_S

    def close(self) -> None:
        """Let go of all files."""
        with self._lock:
            self._open.clear()
