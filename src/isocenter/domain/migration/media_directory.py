"""DICOMDIR (PS3.3 F, PS3.10 8): which files it lists. Foreign bytes: parsed in a confined process."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO

from isocenter.domain.migration.errors import LeadsOutside, MalformedMediaDirectory
from isocenter.kit.confined import Confined, ConfinedFailure
from isocenter.kit.settings import GIB

LARGEST_BYTES = 256 << 20
"""A DICOMDIR larger than this is not read: a CD's has some hundred KiB, a disk's some MiB."""
_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class MediaRecord:
    """A directory record that names a file. file_id: its components, from the DICOMDIR's own folder (PS3.10 8.2)."""

    file_id: tuple[str, ...]
    sop_instance_uid: str


def read_media_directory(data: bytes) -> list[MediaRecord]:
    """The records that name files. Raises MalformedMediaDirectory."""
    if len(data) > LARGEST_BYTES:
        raise MalformedMediaDirectory("The DICOMDIR is larger than any that is read.", limit_bytes=LARGEST_BYTES)
    confined = Confined(processes=1, memory_bytes=2 * GIB, timeout_s=_TIMEOUT_S)
    try:
        found = confined.call(records_of, data)
    except ConfinedFailure:
        raise MalformedMediaDirectory("The DICOMDIR cannot be read.") from None
    finally:
        confined.close()
    return [MediaRecord(tuple(parts), uid) for parts, uid in found]


def records_of(data: bytes) -> list[tuple[list[str], str]]:
    """(file id, SOP Instance UID) of every record that names a file. Runs in a confined process."""
    from pydicom import dcmread  # only a DICOMDIR pays for it

    found = []
    for record in dcmread(BytesIO(data)).get("DirectoryRecordSequence") or []:
        file_id = record.get("ReferencedFileID")
        if not file_id or record.get("RecordInUseFlag", 0xFFFF) == 0:
            continue
        parts = [file_id] if isinstance(file_id, str) else list(file_id)
        found.append(([str(part) for part in parts], str(record.get("ReferencedSOPInstanceUIDInFile") or "")))
    return found


def place_of(file_id: Iterable[str]) -> str:
    """The file's place relative to the DICOMDIR, "/" between its components, each folded (`folded`).

    Raises LeadsOutside for a file id that is no plain path downwards (CVE-2026-32711).
    """
    parts = [part.strip() for part in file_id]
    if not parts or any(_is_unsafe(part) for part in parts):
        raise LeadsOutside("A record of the DICOMDIR names a file outside its own folder.")
    return "/".join(folded(part) for part in parts)


def folded(name: str) -> str:
    """A name as ISO 9660 means it: case is nothing, nor is a version or a closing dot."""
    return name.partition(";")[0].rstrip(".").casefold()


def _is_unsafe(part: str) -> bool:
    # Folded too: "..;1" is ".." of version 1.
    return not part.strip(". ") or not folded(part).strip(". ") or any(c in part for c in "/\\:\0")
