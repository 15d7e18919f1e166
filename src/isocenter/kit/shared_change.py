"""A mark that the processes of a home share: whoever changes what others remember changes it too.

Reading it is a look into mapped memory, so that it can be asked before every use of what is remembered.
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import Final

_BYTES: Final = 16


class SharedChange:
    """The mark. path: a small file, made when it is not there; None: of this process alone. Thread-safe."""

    def __init__(self, path: Path | None = None) -> None:
        if path is None:
            self._memory = mmap.mmap(-1, _BYTES)
            return
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.truncate(descriptor, _BYTES)
            self._memory = mmap.mmap(descriptor, _BYTES)
        finally:
            os.close(descriptor)

    def seen(self) -> bytes:
        """What it is now; something else after every `announce` of any process."""
        return self._memory[:_BYTES]

    def announce(self) -> None:
        """Something was changed."""
        self._memory[:_BYTES] = os.urandom(_BYTES)
