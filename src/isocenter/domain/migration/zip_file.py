"""ZIP files as media (PS3.12 Annex V): read as streams, one level deep. Nothing is ever unpacked to disk.

The names inside are shown and compared, never opened, so none of them can lead anywhere; climbing ones are refused all
the same, because they say that the file was made to harm.
"""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from isocenter.domain.migration.errors import (
    ExpandsTooFar,
    LeadsOutside,
    MalformedArchive,
    NestedArchive,
    UnreadableFile,
)
from isocenter.kit.errors import Invalid
from isocenter.standards.dicom.part10 import PREAMBLE_LENGTH, PREFIX

MOST_ENTRIES = 1_000_000
EXPANSION = 200
EXPANDED_BYTES_FREE = 1 << 30
"""All entries together may expand to this and 200 times the size of the ZIP file: real images stay below 20 times."""
_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_CHUNK_BYTES = 1 << 20


def is_zip(path: Path) -> bool:
    """Whether a file begins as a ZIP file does and is no DICOM file with such a preamble. False when unreadable."""
    try:
        with path.open("rb") as file:
            head = file.read(PREAMBLE_LENGTH + len(PREFIX))
    except OSError:
        return False
    return head.startswith(_MAGIC) and head[PREAMBLE_LENGTH:] != PREFIX


class ZipMedia:
    """One ZIP file, open. Not thread-safe."""

    def __init__(self, path: Path) -> None:
        """Raises MalformedArchive for a damaged directory, overlapping entries or too many of them."""
        try:
            self._file = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise MalformedArchive(f"The ZIP file cannot be read ({type(error).__name__}).") from None
        try:
            self.entries = [each for each in self._file.infolist() if not each.is_dir()]
            self._budget = EXPANDED_BYTES_FREE + EXPANSION * path.stat().st_size
            if len(self.entries) > MOST_ENTRIES:
                raise MalformedArchive("The ZIP file has too many entries.", limit=MOST_ENTRIES)
            self._check_no_overlap()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def chunks(self, entry: zipfile.ZipInfo) -> Iterator[bytes]:
        """The bytes of one entry, which must be the size and checksum it claims.

        Raises LeadsOutside, UnreadableFile, NestedArchive, ExpandsTooFar, MalformedArchive.
        """
        check_entry(entry)
        total = 0
        with _damage_told(), self._file.open(entry) as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                if total == 0 and chunk.startswith(_MAGIC) and chunk[PREAMBLE_LENGTH:][: len(PREFIX)] != PREFIX:
                    raise NestedArchive("A ZIP file inside a ZIP file is not followed: unpack it and import that.")
                total += len(chunk)
                self._budget -= len(chunk)
                if self._budget < 0:
                    raise ExpandsTooFar(
                        "The ZIP file expands to far more than images do; if it is honest, unpack it first."
                    )
                yield chunk
        if total != entry.file_size:
            raise MalformedArchive("The entry is not as long as the ZIP file says.", said=entry.file_size, found=total)

    def _check_no_overlap(self) -> None:
        """Entries that share bytes are how small ZIP files expand without end."""
        end = -1
        for entry in sorted(self.entries, key=lambda each: each.header_offset):
            if entry.header_offset < end:
                raise MalformedArchive("Entries of the ZIP file overlap.")
            end = entry.header_offset + entry.compress_size


def check_entry(entry: zipfile.ZipInfo) -> None:
    """Raise for an entry that is not read at all: unsafe name, link, encrypted, another compression than Deflate."""
    name = entry.orig_filename
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or "\0" in name or ":" in path.as_posix().partition("/")[0]:
        raise LeadsOutside("The name of the entry leads outside the ZIP file.")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise LeadsOutside("The entry is a link or a device, not a file.")
    if entry.flag_bits & 0x1:
        raise UnreadableFile("The entry is encrypted: unpack it with its password and import the folder.")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise UnreadableFile("The entry is compressed in another way than Deflate (PS3.12 V): unpack it first.")
    if entry.file_size == 0:
        raise UnreadableFile("This is not a file with anything in it.")


@contextmanager
def _damage_told() -> Iterator[None]:
    try:
        yield
    except Invalid:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise MalformedArchive(f"The entry is damaged ({type(error).__name__}).") from None
