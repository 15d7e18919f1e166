"""One file (PS3.10) on its way in from a folder, a ZIP file or another archive, and groups made durable together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from blake3 import blake3

from isocenter.access.caller import Caller
from isocenter.domain.archive.outcome import StoreOutcome
from isocenter.domain.archive.reception import Reception, Source
from isocenter.domain.archive.store import Archive
from isocenter.domain.migration.errors import MediaDirectory
from isocenter.kit.errors import Exhausted, IsocenterError
from isocenter.standards.dicom.part10 import META_LIMIT_BYTES, PREAMBLE_LENGTH, PREFIX, NotPart10, read_file_meta

MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"
GROUP_OBJECTS = 64
GROUP_BYTES = 64 << 20
_START = PREAMBLE_LENGTH + len(PREFIX)
_HEAD_BYTES = _START + META_LIMIT_BYTES

T = TypeVar("T")


class IncomingFile:
    """Takes the bytes of a file as they come. After any exception call `abandon`."""

    def __init__(self, archive: Archive, caller: Caller, source: Source) -> None:
        self._archive = archive
        self._caller = caller
        self._source = source
        self._head = bytearray()
        self._hasher = blake3()
        self._reception: Reception | None = None

    @property
    def digest(self) -> bytes:
        """BLAKE3 of the data set so far (32 bytes), the preamble and file meta information left out."""
        return self._hasher.digest()

    @property
    def sop_instance_uid(self) -> str:
        """What the file meta information says; "" while it is not known."""
        return "" if self._reception is None else self._reception.sop_instance_uid

    def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Take the next bytes. Raises Invalid as soon as they cannot be a DICOM file, and what a reception raises."""
        if self._reception is not None:
            self._take(chunk)
            return
        self._head += chunk
        if len(self._head) >= _START and bytes(self._head[PREAMBLE_LENGTH:_START]) != PREFIX:
            raise NotPart10("This is not a DICOM file: bytes 128 to 131 are not DICM.")
        if len(self._head) >= _HEAD_BYTES:
            self._begin()

    def finish(self) -> Reception:
        """The file is whole: the reception that holds its data set."""
        if self._reception is None:
            self._begin()
        assert self._reception is not None
        return self._reception

    def abandon(self) -> None:
        """Forget the file."""
        if self._reception is not None:
            self._reception.abandon()
            self._reception = None

    def begin_data_set(self, sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str) -> None:
        """What follows is a bare data set, as DIMSE brings it, and not a file."""
        self._reception = self._archive.reception(
            self._caller,
            self._source,
            sop_class_uid=sop_class_uid,
            sop_instance_uid=sop_instance_uid,
            transfer_syntax_uid=transfer_syntax_uid,
        )

    def _begin(self) -> None:
        head = bytes(self._head)
        meta = read_file_meta(memoryview(head))
        if meta.sop_class_uid == MEDIA_DIRECTORY:
            raise MediaDirectory("A DICOMDIR lists instances and is none itself.")
        self.begin_data_set(meta.sop_class_uid, meta.sop_instance_uid, meta.transfer_syntax_uid)
        self._take(memoryview(head)[meta.data_set_offset :])
        self._head.clear()

    def _take(self, chunk: bytes | bytearray | memoryview) -> None:
        assert self._reception is not None
        self._reception.write(chunk)
        self._hasher.update(chunk)


Settled = Callable[[T, StoreOutcome | IsocenterError], None]


class Batch(Generic[T]):
    """Receptions of one thread that become durable together: at most 64 objects or 64 MiB wait.

    settled: told what became of each, in order; raising from it ends the import.
    """

    def __init__(self, archive: Archive, settled: Settled[T]) -> None:
        self._archive = archive
        self._settled = settled
        self._group: list[tuple[T, Reception]] = []
        self._bytes = 0

    def add(self, label: T, reception: Reception) -> None:
        """Take a whole object. Raises Exhausted when nothing more can be stored now."""
        self._group.append((label, reception))
        self._bytes += reception.length
        if len(self._group) >= GROUP_OBJECTS or self._bytes >= GROUP_BYTES:
            self.flush()

    def flush(self) -> None:
        """Make durable what waits. Raises Exhausted when nothing of it could be stored now."""
        group, self._group, self._bytes = self._group, [], 0
        if not group:
            return
        outcomes = self._archive.complete_many([reception for _, reception in group])
        away = next((each for each in outcomes if isinstance(each, Exhausted)), None)
        for (label, _), outcome in zip(group, outcomes, strict=True):
            if not isinstance(outcome, Exhausted):
                self._settled(label, outcome)
        if away is not None:
            raise away

    def abandon(self) -> None:
        """Forget what waits."""
        for _, reception in self._group:
            reception.abandon()
        self._group, self._bytes = [], 0


@contextmanager
def batch(archive: Archive, settled: Settled[T]) -> Iterator[Batch[T]]:
    """A batch that is flushed at the end, or forgotten when the work breaks off."""
    made = Batch(archive, settled)
    try:
        yield made
        made.flush()
    except BaseException:
        made.abandon()
        raise
