"""Stand for the archive behind the storage door, in memory, failing when told to, and for admission."""

from __future__ import annotations

import threading

from isocenter.access.caller import Caller, CallerKind
from isocenter.access.roles import Role
from isocenter.adapters.dimse.admission import CallerOf
from isocenter.domain.archive.outcome import StoreKind, StoreOutcome
from isocenter.domain.archive.reception import Source
from isocenter.kit.clock import utc_now
from isocenter.wire.service import Peer


def workstations_of(institution_id: int) -> CallerOf:
    """Every application entity is a workstation of this institution."""

    def caller_of(peer: Peer) -> Caller:
        sitting = utc_now().strftime("%Y-%m-%d")
        who = peer.calling_ae_title
        return Caller(CallerKind.APPLICATION_ENTITY, who, institution_id, (Role.WORKSTATION,), sitting)

    return caller_of


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
