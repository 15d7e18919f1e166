"""Small files and folder entries that outlive a power failure: whole or not at all, and on the disk on return."""

from __future__ import annotations

import os
from pathlib import Path


def sync_path(path: Path) -> None:
    """A file's content, or a folder's entries, are on the disk on return (fsync(2)). Raises OSError."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def write_whole(path: Path, content: bytes, owner: tuple[int, int] | None = None) -> None:
    """Replace a file by one that its owner alone may read, whole or not at all; durable on return.

    owner: (user, group) numbers when it shall belong to somebody else. Raises OSError; then the old file is there.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.unlink(missing_ok=True)
    file = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        if owner is not None:
            os.fchown(file, *owner)
        written = 0
        while written < len(content):
            written += os.write(file, content[written:])
        os.fsync(file)
    finally:
        os.close(file)
    unfinished.replace(path)
    sync_path(path.parent)
