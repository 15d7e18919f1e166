"""Stands for the archive behind the storage door: keeps what it is given in memory and fails when told to."""

from __future__ import annotations

import threading

from isocenter.access.caller import Caller
from isocenter.domain.archive.outcome import StoreKind, StoreOutcome
from isocenter.domain.archive.reception import Source


class MemoryArchive:
    """An archive whose objects are a list. Set a failure to make the next steps of every reception raise it."""

    def __init__(self) -> None:
        self.objects: list[MemoryReception] = []
        self.abandoned: list[MemoryReception] = []
        self.kind = StoreKind.STORED
        self.fail_on_open: Exception | None = None
        self.fail_on_write: Exception | None = None
        self.fail_on_complete: Exception | None = None
        self.lock = threading.Lock()

    def reception(
        self, caller: Caller, source: Source, *, sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str
    ) -> MemoryReception:
        if self.fail_on_open:
            raise self.fail_on_open
        return MemoryReception(self, caller, source, sop_class_uid, sop_instance_uid, transfer_syntax_uid)


class MemoryReception:
    """One object on its way into a MemoryArchive."""

    def __init__(
        self,
        archive: MemoryArchive,
        caller: Caller,
        source: Source,
        sop_class_uid: str,
        sop_instance_uid: str,
        transfer_syntax_uid: str,
    ) -> None:
        self.archive, self.caller, self.source = archive, caller, source
        self.sop_class_uid, self.sop_instance_uid = sop_class_uid, sop_instance_uid
        self.transfer_syntax_uid = transfer_syntax_uid
        self.data = bytearray()

    def write(self, chunk: memoryview) -> None:
        if self.archive.fail_on_write:
            raise self.archive.fail_on_write
        self.data += chunk

    def complete(self) -> StoreOutcome:
        if self.archive.fail_on_complete:
            raise self.archive.fail_on_complete
        with self.archive.lock:
            self.archive.objects.append(self)
        return StoreOutcome(self.archive.kind, "1.2", "1.2.3", self.sop_class_uid, self.sop_instance_uid, ())

    def abandon(self) -> None:
        with self.archive.lock:
            self.archive.abandoned.append(self)
