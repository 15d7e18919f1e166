"""Importing DICOM files (PS3.10) from disk through the same verb as every modality, in groups."""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from isocenter.access.caller import Caller
from isocenter.domain.archive.outcome import StoreKind, StoreOutcome
from isocenter.domain.archive.reception import Reception, Source
from isocenter.domain.archive.store import Archive
from isocenter.kit.errors import Exhausted, Invalid, IsocenterError
from isocenter.standards.dicom.elements import scan
from isocenter.standards.dicom.part10 import FileMeta, read_file_meta
from isocenter.standards.dicom.transfer_syntaxes import transfer_syntax

MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"
_GROUP_FILES = 64
_GROUP_BYTES = 64 << 20
_CHUNK_BYTES = 1 << 20
_SOP_CLASS_UID, _SOP_INSTANCE_UID = 0x00080016, 0x00080018


class UnreadableFile(Invalid):
    """The file cannot be read from disk."""

    reason = "unreadable-file"


class MediaDirectory(Invalid):
    """A DICOMDIR: it lists instances and is none itself (PS3.3 F)."""

    reason = "media-directory"


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """One file that was not stored, and why."""

    path: Path
    reason: str
    message: str


@dataclass(slots=True)
class ImportReport:
    """What became of the files."""

    stored: int = 0
    already_stored: int = 0
    kept_aside: int = 0
    passed_over: int = 0
    refused: list[RefusedFile] = field(default_factory=list)
    studies: set[str] = field(default_factory=set)

    def count(self, outcome: StoreOutcome) -> None:
        """Add one acknowledged object."""
        self.studies.add(outcome.study_instance_uid)
        if outcome.kind is StoreKind.STORED:
            self.stored += 1
        elif outcome.kind is StoreKind.ALREADY_STORED:
            self.already_stored += 1
        else:
            self.kept_aside += 1


def files_below(paths: Sequence[Path]) -> Iterator[Path]:
    """The files that are named, and every file in folders that are named, in a stable order. Hidden ones are left out.

    Links to folders are not followed, so a loop of links ends. A missing path is yielded: it is refused later.
    """
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                if not name.startswith("."):
                    yield Path(folder) / name


def import_paths(
    archive: Archive, caller: Caller, files: Iterable[Path], *, ae_title: str, advanced: Callable[[int], None]
) -> ImportReport:
    """Store every file; refused files do not stop the others. advanced: told how many files are done.

    Raises Exhausted when nothing more can be stored now; what was acknowledged until then is stored for good.
    """
    report = ImportReport()
    source = Source("IMPORT", ae_title, "127.0.0.1", "import")
    group: list[tuple[Path, Reception]] = []
    size = 0
    for path in files:
        try:
            reception = _received(archive, caller, source, path)
        except MediaDirectory:
            report.passed_over += 1
            advanced(1)
            continue
        except Exhausted:
            _abandon(group)
            raise
        except IsocenterError as error:
            report.refused.append(RefusedFile(path, error.reason, error.message))
            advanced(1)
            continue
        group.append((path, reception))
        size += reception.length
        if len(group) >= _GROUP_FILES or size >= _GROUP_BYTES:
            _complete(archive, group, report)
            advanced(len(group))
            group, size = [], 0
    _complete(archive, group, report)
    advanced(len(group))
    return report


def _received(archive: Archive, caller: Caller, source: Source, path: Path) -> Reception:
    """Read one file into a reception. Raises Invalid with the reason."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if not path.is_file() or size == 0:
                raise UnreadableFile("This is not a file with anything in it.")
            with mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as mapped, memoryview(mapped) as data:
                return _from_bytes(archive, caller, source, data)
    except OSError as error:
        raise UnreadableFile(f"The file cannot be read: {error.strerror}.") from None


def _from_bytes(archive: Archive, caller: Caller, source: Source, data: memoryview) -> Reception:
    with data[: 1 << 16] as head:
        meta = read_file_meta(head)
    if meta.sop_class_uid == MEDIA_DIRECTORY:
        raise MediaDirectory("A DICOMDIR lists instances and is none itself.")
    with data[meta.data_set_offset :] as data_set:
        sop_class_uid, sop_instance_uid = _identity(meta, data_set)
        reception = archive.reception(
            caller,
            source,
            sop_class_uid=sop_class_uid,
            sop_instance_uid=sop_instance_uid,
            transfer_syntax_uid=meta.transfer_syntax_uid,
        )
        try:
            for offset in range(0, len(data_set), _CHUNK_BYTES):
                with data_set[offset : offset + _CHUNK_BYTES] as chunk:
                    reception.write(chunk)
        except BaseException:
            reception.abandon()
            raise
    return reception


def _identity(meta: FileMeta, data_set: memoryview) -> tuple[str, str]:
    """What the file meta says the instance is, or, where it is silent, what the data set says."""
    if meta.sop_class_uid and meta.sop_instance_uid:
        return meta.sop_class_uid, meta.sop_instance_uid
    values = scan(data_set, transfer_syntax(meta.transfer_syntax_uid)).values
    said = [values.get(tag, b"").rstrip(b"\0 ").decode("latin-1") for tag in (_SOP_CLASS_UID, _SOP_INSTANCE_UID)]
    return meta.sop_class_uid or said[0], meta.sop_instance_uid or said[1]


def _complete(archive: Archive, group: Sequence[tuple[Path, Reception]], report: ImportReport) -> None:
    """Make one group durable and count what became of it. Raises Exhausted when the whole group was refused for now."""
    outcomes = archive.complete_many([reception for _, reception in group])
    for (path, _), outcome in zip(group, outcomes, strict=True):
        if isinstance(outcome, Exhausted):
            raise outcome
        if isinstance(outcome, IsocenterError):
            report.refused.append(RefusedFile(path, outcome.reason, outcome.message))
        else:
            report.count(outcome)


def _abandon(group: Sequence[tuple[Path, Reception]]) -> None:
    for _, reception in group:
        reception.abandon()
