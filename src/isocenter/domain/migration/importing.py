"""The verb "import": every file of some media through the same verb as every modality, in groups, resumable."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.domain.archive.outcome import StoreKind, StoreOutcome
from isocenter.domain.archive.reception import Reception, Source
from isocenter.domain.archive.store import Archive
from isocenter.domain.migration.errors import MediaDirectory
from isocenter.domain.migration.import_state import ImportState, key_of
from isocenter.domain.migration.incoming import Batch, IncomingFile, batch
from isocenter.domain.migration.media import Media, MediaFile
from isocenter.kit.errors import Exhausted, IsocenterError
from isocenter.standards.dicom.part10 import NotPart10


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """One file that was not stored, and why."""

    name: str
    reason: str
    message: str


@dataclass(slots=True)
class ImportReport:
    """What became of the files. continued: stored by an interrupted run before this one; unlisted: stored in this run
    though the DICOMDIR above them does not list them; passed_over: DICOMDIRs, which are no instances, and
    what lies beside them, is not listed and is no DICOM file.
    """

    stored: int = 0
    already_stored: int = 0
    kept_aside: int = 0
    continued: int = 0
    unlisted: int = 0
    passed_over: int = 0
    refused: list[RefusedFile] = field(default_factory=list)
    studies: set[str] = field(default_factory=set)

    def count(self, file: MediaFile, outcome: StoreOutcome | IsocenterError) -> None:
        """Add what became of one file."""
        if isinstance(outcome, IsocenterError):
            self.refused.append(RefusedFile(file.name, outcome.reason, outcome.message))
            return
        self.studies.add(outcome.study_instance_uid)
        self.unlisted += file.listed is False
        if outcome.kind is StoreKind.STORED:
            self.stored += 1
        elif outcome.kind is StoreKind.ALREADY_STORED:
            self.already_stored += 1
        else:
            self.kept_aside += 1


def import_files(
    archive: Archive,
    caller: Caller,
    media: Media,
    files: Iterable[MediaFile],
    *,
    ae_title: str,
    advanced: Callable[[int], None],
    state: ImportState | None = None,
    done_before: frozenset[bytes] | set[bytes] = frozenset(),
) -> ImportReport:
    """Store every file; refused ones do not stop the others. advanced: told how many files are done.

    state: told what is acknowledged; done_before: keys of the files that need not be read again (`ImportState`).

    Raises Refused; Exhausted when nothing more can be stored now: what was acknowledged until then is stored for good.
    """
    caller.require(Right.STORE)
    work = _Import(archive, caller, media, Source("IMPORT", ae_title, "127.0.0.1", "import"), advanced, state)
    try:
        with batch(archive, work.settled) as waiting:
            for file in files:
                if key_of(file) in done_before:
                    work.report.continued += 1
                    advanced(1)
                else:
                    work.take(file, waiting)
    finally:
        work.remember()
    return work.report


class _Import:
    """One import under way."""

    def __init__(
        self,
        archive: Archive,
        caller: Caller,
        media: Media,
        source: Source,
        advanced: Callable[[int], None],
        state: ImportState | None,
    ) -> None:
        self.report = ImportReport()
        self._archive = archive
        self._caller = caller
        self._media = media
        self._source = source
        self._advanced = advanced
        self._state = state
        self._acknowledged: list[tuple[MediaFile, str]] = []

    def take(self, file: MediaFile, waiting: Batch[MediaFile]) -> None:
        """Read one file into the group that waits, or count why not."""
        try:
            reception = self._received(file)
        except MediaDirectory:
            self.report.passed_over += 1
            self._advanced(1)
        except Exhausted:
            raise
        except IsocenterError as error:
            if isinstance(error, NotPart10) and file.listed is False:
                self.report.passed_over += 1  # a disc's viewer, its pictures and pages
                self._advanced(1)
            else:
                self.settled(file, error)
        else:
            waiting.add(file, reception)

    def settled(self, file: MediaFile, outcome: StoreOutcome | IsocenterError) -> None:
        """What became of one file."""
        self.report.count(file, outcome)
        self._advanced(1)
        if isinstance(outcome, StoreOutcome):
            self._acknowledged.append((file, outcome.sop_instance_uid))
            if len(self._acknowledged) >= 64:
                self.remember()

    def remember(self) -> None:
        """Write down what is acknowledged, for a run after this one is interrupted."""
        if self._state is not None and self._acknowledged:
            self._state.remember(self._acknowledged)
        self._acknowledged = []

    def _received(self, file: MediaFile) -> Reception:
        incoming = IncomingFile(self._archive, self._caller, self._source)
        try:
            for chunk in self._media.chunks(file):
                incoming.write(chunk)
            return incoming.finish()
        except BaseException:
            incoming.abandon()
            raise
