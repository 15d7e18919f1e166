"""Segments of the journal: their names, their epochs, and the bytes of their heads and member headers.

docs/formats.md, "Journal segment", describes these bytes; `journal` writes them and `journal_reader` reads them.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from isocenter.kit.errors import Invalid
from isocenter.kit.files import sync_path
from isocenter.storage import tar

SEGMENT_FORMAT: Final = b"journal/1"
NONCE_LENGTH: Final = 16
LARGEST_HEADER: Final = 1 << 16
"""A pax body larger than this is not ours."""

_NODE = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_FILE_NAME = re.compile(r"([0-9]{8,10})-([0-9]{8,10})\.tar")
_PART_NAME = re.compile(r"([0-9]{8,10})-([0-9]{8,10})\.part")
_LEASE_NAME = re.compile(r"([0-9]{8,10})\.lease")
_CHECK_LENGTH = len(tar.record(b"ISOCENTER.check", bytes(64)))
_PLAIN = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) != "%") + " "


@dataclass(frozen=True, slots=True, order=True)
class SegmentName:
    """One segment: the node that wrote it, the epoch of the writing process, and its number in that epoch from 1."""

    node: str
    epoch: int
    sequence: int

    @property
    def source(self) -> str:
        """The source of extents in this segment, "journal/<node>/<epoch>/<sequence>"."""
        return f"journal/{self.node}/{self.epoch}/{self.sequence}"

    @property
    def key(self) -> str:
        """The key under which the closed segment's copy lies in the object store."""
        return f"segments/{self.node}/{self.epoch:08d}-{self.sequence:08d}.tar"

    @classmethod
    def from_source(cls, source: str) -> SegmentName:
        """The name in a source. Raises Invalid when it is not a journal source."""
        parts = source.split("/")
        if len(parts) != 4 or parts[0] != "journal" or not (parts[2].isdigit() and parts[3].isdigit()):
            raise Invalid("This is not a journal source.", source=source)
        return cls(check_node(parts[1]), int(parts[2]), int(parts[3]))

    def path(self, directory: Path) -> Path:
        """The file of this segment below the journal directory."""
        return directory / self.node / f"{self.epoch:08d}-{self.sequence:08d}.tar"

    @classmethod
    def from_path(cls, path: Path) -> SegmentName:
        """The name that a path says. Raises Invalid when it is not the path of a segment."""
        match = _FILE_NAME.fullmatch(path.name)
        if match is None:
            raise Invalid("This is not the file name of a segment.", file=path.name)
        return cls(check_node(path.parent.name), int(match[1]), int(match[2]))


def check_node(node: str) -> str:
    """The node name, when it is one (lower-case letters, digits, hyphens). Raises Invalid."""
    if _NODE.fullmatch(node) is None:
        raise Invalid("A node is named with lower-case letters, digits and hyphens.", node=node)
    return node


def segments(directory: Path, node: str | None = None) -> list[SegmentName]:
    """The segments below the journal directory, of one node or of all, in their order."""
    pattern = f"{check_node(node)}/*.tar" if node is not None else "*/*.tar"
    return sorted(SegmentName.from_path(path) for path in directory.glob(pattern) if _FILE_NAME.fullmatch(path.name))


# Epochs


class EpochLease:
    """An epoch of a node, held by this process until it ends. Epochs are never given twice.

    The lease is a file `<epoch>.lease` made exclusively and locked with flock; the newest one is never removed.
    """

    def __init__(self, directory: Path, node: str, *, after: int = 0) -> None:
        """directory: the journal directory. Makes the node's folder when it is not there.

        after: the last epoch that anybody else remembers; a folder that was lost or restored forgets.
        """
        self.node = check_node(node)
        folder = directory / node
        folder.mkdir(parents=True, exist_ok=True)
        self.epoch, self._file = _lease_next(folder, after)
        sync_path(folder)
        sync_path(directory)
        sync_path(directory.parent)

    def close(self) -> None:
        """Give the epoch up; it is not used again."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _lease_next(folder: Path, after: int) -> tuple[int, int]:
    while True:
        epoch = 1 + max([after, *_epochs(folder)])
        try:
            file = os.open(folder / f"{epoch:08d}.lease", os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        except FileExistsError:  # another process of this node was quicker
            continue
        fcntl.flock(file, fcntl.LOCK_EX)
        with contextlib.suppress(OSError):  # for people only; a full disk must not keep us from starting
            os.write(file, f"pid {os.getpid()} since {datetime.now(UTC).isoformat(timespec='seconds')}\n".encode())
            os.fsync(file)
        return epoch, file


def _epochs(folder: Path) -> list[int]:
    names = [path.name for path in folder.iterdir()]
    matches = [_LEASE_NAME.fullmatch(name) or _FILE_NAME.fullmatch(name) for name in names]
    return [int(match[1]) for match in matches if match]


def part_path(directory: Path, node: str, epoch: int, number: int) -> Path:
    """Where a large member is written before its segment has a name. Not a segment: nothing reads it back."""
    return directory / node / f"{epoch:08d}-{number:08d}.part"


def clear_parts(directory: Path, node: str) -> int:
    """Remove the parts that dead epochs of a node left behind; they were never acknowledged. Returns how many."""
    removed = 0
    for path in (directory / check_node(node)).glob("*.part"):
        match = _PART_NAME.fullmatch(path.name)
        if match and not is_epoch_live(directory, node, int(match[1])):
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def is_epoch_live(directory: Path, node: str, epoch: int) -> bool:
    """Whether a process holds the lease of this epoch now, so that its last segment may still grow."""
    try:
        file = os.open(directory / check_node(node) / f"{epoch:08d}.lease", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False
