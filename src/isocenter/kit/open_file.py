"""A file that stays open while somebody holds it, read by many at once; large parts of it as views without a copy."""

from __future__ import annotations

import errno
import mmap
import os


class OpenFile:
    """Closes when nobody holds it any more. Safe for threads. Raises OSError when it cannot be opened."""

    __slots__ = ("_mapped", "descriptor")

    def __init__(self, path: os.PathLike[str]) -> None:
        self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._mapped = memoryview(b"")

    def __del__(self) -> None:
        if hasattr(self, "descriptor"):
            os.close(self.descriptor)

    def view(self, offset: int, length: int) -> memoryview:
        """The bytes of a range, mapped; the view holds the mapping, not the file. Raises OSError beyond the end.

        The file is mapped whole, once, and again when it has grown: to map each range costs more than to send it.
        """
        mapped = self._mapped
        if offset + length > len(mapped):
            size = os.fstat(self.descriptor).st_size
            if offset + length > size:
                raise OSError(errno.ENODATA, "the file ends before the bytes that are asked for")
            mapped = self._mapped = (
                memoryview(mmap.mmap(self.descriptor, size, prot=mmap.PROT_READ)) if size else mapped
            )
        return mapped[offset : offset + length]
