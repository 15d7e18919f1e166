"""What a process of ours says, kept in a few files that are never too large."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from io import FileIO
from pathlib import Path
from threading import Thread
from typing import IO

LOG_BYTES = 20 << 20
_LOGS_KEPT = 3


class LogFile:
    """Lines of one child, in at most four files of 20 MiB."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def follow(self, stream: IO[bytes], also: Callable[[bytes], None] | None = None) -> None:
        """Copy the stream until it ends; in a thread of its own."""
        Thread(target=self._copy, args=(stream, also), name=f"log-{self._path.stem}", daemon=True).start()

    def _copy(self, stream: IO[bytes], also: Callable[[bytes], None] | None) -> None:
        file: FileIO | None = None
        with stream:
            for line in iter(stream.readline, b""):
                with suppress(OSError):  # a full disk loses lines of the log, never the process that writes them
                    file = self._with_room(file)
                    file.write(line)
                if also is not None:
                    also(line)
        if file is not None:
            file.close()

    def _with_room(self, file: FileIO | None) -> FileIO:
        if file is not None and file.tell() <= LOG_BYTES:
            return file
        if file is not None:
            self._rotate()
        opened = self._path.open("ab", buffering=0)
        if file is not None:
            file.close()
        return opened

    def _rotate(self) -> None:
        for number in range(_LOGS_KEPT, 0, -1):
            older = self._path.with_suffix(f".log.{number}")
            newer = self._path.with_suffix(f".log.{number - 1}") if number > 1 else self._path
            if newer.exists():
                newer.replace(older)
