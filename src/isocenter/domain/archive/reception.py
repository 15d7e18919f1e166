"""One object on its way in: hashed and buffered while it arrives, examined, and appended to the journal.

An object up to 8 MiB is held in a pooled buffer and appended whole, so that refused objects never touch the disk and
associations share a segment; a larger one streams into a journal segment of its own (docs/formats.md).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from blake3 import blake3

from isocenter.access.caller import Caller
from isocenter.domain.archive.errors import DataSetMismatch, ObjectTooLarge, StudyMismatch
from isocenter.domain.archive.examination import examine, ingest_row
from isocenter.domain.archive.outcome import StoreOutcome
from isocenter.domain.archive.under_way import UnderWay
from isocenter.index.ingest_row import IngestRow
from isocenter.kit.clock import utc_now
from isocenter.standards.dicom.attributes import IndexAttributes
from isocenter.standards.dicom.elements import ScannedDataSet
from isocenter.storage.journal import JournalWriter, LargeMember, MemberHeader, MemberLocation

BUFFERED_BYTES = 8 << 20
"""Objects up to this size are appended whole (design: group commit over shared segments)."""
FIRST_BUFFER_BYTES = 1 << 20
POOLED_BUFFERS = 32


class BufferPool:
    """Buffers that outlive one object, because fresh megabytes cost page faults."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._free: list[bytearray] = []

    def take(self) -> bytearray:
        with self._lock:
            return self._free.pop() if self._free else bytearray(FIRST_BUFFER_BYTES)

    def give(self, buffer: bytearray) -> None:
        with self._lock:
            if len(self._free) < POOLED_BUFFERS:
                self._free.append(buffer)


@dataclass(frozen=True, slots=True)
class Source:
    """Where an object comes from. door: "c-store", "stow-rs" or "import".

    default_character_set, issuer_of_patient_id: what holds where the object is silent (`index.senders`).
    """

    calling_ae_title: str
    called_ae_title: str
    peer_address: str
    door: str
    default_character_set: str | None = None
    issuer_of_patient_id: str | None = None


@dataclass(slots=True)  # not frozen: decision 0005
class Appended:
    """An object that lies in the journal and is neither durable nor indexed yet.

    number: its place among the objects under way (`UnderWay`), which hold the checkpoint back.
    """

    row: IngestRow
    location: MemberLocation
    number: int
    caller: Caller


@dataclass(frozen=True, slots=True)
class Intake:
    """What of its archive a reception uses. commit: blocks until a group is durable and indexed (`Archive.commit`)."""

    journal: JournalWriter
    buffers: BufferPool
    under_way: UnderWay
    max_object_bytes: int
    commit: Callable[[Sequence[Appended]], list[StoreOutcome]]


class Reception:
    """One object being received. Not thread-safe; after any exception call `abandon`."""

    def __init__(
        self,
        intake: Intake,
        caller: Caller,
        source: Source,
        *,
        sop_class_uid: str,
        sop_instance_uid: str,
        transfer_syntax_uid: str,
    ) -> None:
        self._intake = intake
        self._caller = caller
        self._institution_id = caller.institution_id
        self._source = source
        self.sop_class_uid = sop_class_uid
        self.sop_instance_uid = sop_instance_uid
        self.transfer_syntax_uid = transfer_syntax_uid
        self.expected_study_instance_uid: str | None = None
        self._hasher = blake3()
        self._length = 0
        self._buffer: bytearray | None = intake.buffers.take()
        self._large: LargeMember | None = None
        self._appended: Appended | None = None

    @property
    def length(self) -> int:
        """Bytes of the data set written so far."""
        return self._length

    def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Take the next bytes of the data set (no preamble, no file meta). Copies; the chunk may be reused."""
        view = memoryview(chunk)
        end = self._length + len(view)
        if end > self._intake.max_object_bytes:
            raise ObjectTooLarge(
                "The object is larger than this archive receives; raise ISOCENTER_MAX_OBJECT_BYTES to accept it.",
                limit_bytes=self._intake.max_object_bytes,
            )
        self._hasher.update(view)
        if self._large is not None:
            self._large.write(view)
        elif end > BUFFERED_BYTES:
            self._spill().write(view)
        else:
            # Through a view: a slice of a bytearray would be given a copy of the chunk.
            memoryview(self._room_for(end))[self._length : end] = view
        self._length = end

    def append(self) -> Appended:
        """Examine the object and append it to the journal; its buffer is free for others afterwards.

        Raises Invalid for an object that cannot be understood: nothing of it is left on disk.
        """
        if self._appended is None:
            self._appended = self._append_large() if self._large is not None else self._append_buffered()
        return self._appended

    def complete(self) -> StoreOutcome:
        """Append, then block until the object is durable and indexed."""
        return self._intake.commit([self.append()])[0]

    def abandon(self) -> None:
        """Forget the object; what was streamed to disk is removed. Does nothing once the object is committed."""
        if self._appended is not None:
            self._intake.under_way.settle(self._appended.number)
        if self._large is not None:
            self._large.abandon()
            self._large = None
        self._release()

    def _room_for(self, size: int) -> bytearray:
        buffer = self._buffer
        assert buffer is not None, "written to after it was appended or abandoned"
        if size > len(buffer):
            larger = bytearray(min(BUFFERED_BYTES, max(size, 2 * len(buffer))))
            larger[: self._length] = memoryview(buffer)[: self._length]
            self._buffer = buffer = larger
        return buffer

    def _spill(self) -> LargeMember:
        assert self._buffer is not None
        self._large = self._intake.journal.begin_large(self._header(None))
        self._large.write(memoryview(self._buffer)[: self._length])
        self._release()
        return self._large

    def _release(self) -> None:
        if self._buffer is not None:
            self._intake.buffers.give(self._buffer)
            self._buffer = None

    def _header(self, digest: bytes | None) -> MemberHeader:
        return MemberHeader(
            institution_id=self._institution_id,
            sop_class_uid=self.sop_class_uid,
            sop_instance_uid=self.sop_instance_uid,
            transfer_syntax_uid=self.transfer_syntax_uid,
            calling_ae_title=self._source.calling_ae_title,
            called_ae_title=self._source.called_ae_title,
            peer_address=self._source.peer_address,
            received_at=utc_now(),
            digest=digest,
            door=self._source.door,
        )

    def _examined(self, data_set: memoryview) -> tuple[ScannedDataSet, IndexAttributes]:
        scanned, attributes = examine(
            data_set,
            self.transfer_syntax_uid,
            self._source.default_character_set,
            self._source.issuer_of_patient_id,
        )
        if self._source.door != "c-store":
            # File meta information is often left over from before the object was de-identified or copied; only a
            # C-STORE command says what the sender means to send (PS3.4 B.2.3).
            self.sop_class_uid, self.sop_instance_uid = attributes.sop_class_uid, attributes.sop_instance_uid
        for keyword, announced, found in (
            ("SOPInstanceUID", self.sop_instance_uid, attributes.sop_instance_uid),
            ("SOPClassUID", self.sop_class_uid, attributes.sop_class_uid),
        ):
            if announced != found:
                raise DataSetMismatch(
                    f"The data set's {keyword} differs from the one in the message.", announced=announced, found=found
                )
        if self.expected_study_instance_uid not in (None, attributes.study_instance_uid):
            raise StudyMismatch(
                "The object belongs to another study than the one it was sent to.",
                expected=self.expected_study_instance_uid,
                found=attributes.study_instance_uid,
            )
        return scanned, attributes

    def _append_buffered(self) -> Appended:
        assert self._buffer is not None
        view = memoryview(self._buffer)[: self._length]
        scanned, attributes = self._examined(view)
        header = self._header(self._hasher.digest())
        with self._under_way() as number:
            location = self._intake.journal.append(header, [view])
        self._release()
        return Appended(ingest_row(header, location, scanned, attributes), location, number, self._caller)

    def _append_large(self) -> Appended:
        assert self._large is not None
        with self._large.data_set() as view:
            scanned, attributes = self._examined(view)
        digest = self._hasher.digest()
        header = self._header(digest)
        with self._under_way() as number:
            location = self._large.finish(digest)
        self._large = None
        return Appended(ingest_row(header, location, scanned, attributes), location, number, self._caller)

    @contextmanager
    def _under_way(self) -> Iterator[int]:
        """Hold the checkpoint back from before the append on; only a failed append lets it go again here."""
        number = self._intake.under_way.begin()
        try:
            yield number
        except BaseException:
            self._intake.under_way.settle(number)
            raise
