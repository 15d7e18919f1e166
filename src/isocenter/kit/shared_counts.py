"""How many of something each process of a kind has, where the others see it: to leave the next to who has fewest.

Looking is a look into mapped memory. A process that was killed leaves its number behind until it is started again.
"""

from __future__ import annotations

import mmap
import os
import struct
import threading
from pathlib import Path
from typing import Final

_SLOT: Final = struct.Struct("=i")


class SharedCounts:
    """The counts, one for each process; this one begins at nothing. Thread-safe.

    path: a small file, made when it is not there. mine: which process this is, from 0. processes: how many there are.
    """

    def __init__(self, path: Path, mine: int, processes: int) -> None:
        self._mine = mine
        self._processes = processes
        self._lock = threading.Lock()
        self._count = 0
        size = processes * _SLOT.size
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.truncate(descriptor, size)
            self._memory = mmap.mmap(descriptor, size)
        finally:
            os.close(descriptor)
        self.add(0)

    def add(self, number: int) -> None:
        """So many more here; fewer when negative."""
        with self._lock:
            self._count += number
            _SLOT.pack_into(self._memory, self._mine * _SLOT.size, self._count)

    def others_have_fewer(self) -> bool:
        """Whether another process has fewer than this one."""
        return any(
            _SLOT.unpack_from(self._memory, other * _SLOT.size)[0] < self._count
            for other in range(self._processes)
            if other != self._mine
        )
