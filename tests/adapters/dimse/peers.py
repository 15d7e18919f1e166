"""Application entities at the other end, made with pynetdicom."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import AE, evt

CT = "1.2.840.10008.5.1.4.1.1.2"
COMMITMENT = "1.2.840.10008.1.20.1"
COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1.1"
EXPLICIT = "1.2.840.10008.1.2.1"
HTJ2K_LOSSLESS = "1.2.840.10008.1.2.4.201"


@dataclass
class StoragePeer:
    """What a Storage SCP of pynetdicom was sent, and on how many associations. answer: status by SOP Instance UID."""

    port: int = 0
    answer: Callable[[str], int] = lambda _: 0
    received: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    associations: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def stored(self, event: Any) -> int:
        uid = str(event.request.AffectedSOPInstanceUID)
        status = self.answer(uid)
        if status == 0:
            with self.lock:
                self.received[uid] = (str(event.context.transfer_syntax), event.request.DataSet.getvalue())
        return status

    def accepted(self, _event: Any) -> None:
        with self.lock:
            self.associations += 1


@contextmanager
def storage_peer(
    syntaxes: Sequence[str], *, classes: Sequence[str] = (CT,), ae_title: str = "PACS", port: int = 0
) -> Iterator[StoragePeer]:
    """A Storage SCP that takes these syntaxes."""
    peer = StoragePeer()
    entity = AE(ae_title=ae_title)
    entity.require_called_aet = True
    for sop_class in classes:
        entity.add_supported_context(sop_class, list(syntaxes))
    handlers = [(evt.EVT_C_STORE, peer.stored), (evt.EVT_ACCEPTED, peer.accepted)]
    server = entity.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)
    peer.port = server.server_address[1]
    try:
        yield peer
    finally:
        server.shutdown()


@dataclass
class CommitmentRequester:
    """A modality of pynetdicom that asks for storage commitment and takes reports on associations of ours."""

    port: int = 0
    status: int = 0
    reports: list[tuple[int, Any]] = field(default_factory=list)
    callers: list[str] = field(default_factory=list)

    def reported(self, event: Any) -> tuple[int, Any]:
        if self.status == 0:
            self.reports.append((event.event_type, event.event_information))
            self.callers.append(event.assoc.requestor.ae_title)
        return self.status, None

    def ask(self, listener: tuple[str, int], transaction_uid: str, references: Sequence[tuple[str, str]]) -> int:
        """N-ACTION; the status it was answered with."""
        entity = AE(ae_title="SCANNER")
        entity.add_requested_context(COMMITMENT)
        association = entity.associate(*listener, ae_title="ISOCENTER")
        assert association.is_established
        try:
            status, _ = association.send_n_action(
                action_request(transaction_uid, references), 1, COMMITMENT, COMMITMENT_INSTANCE
            )
            return int(status.Status)
        finally:
            association.release()


@contextmanager
def commitment_requester(ae_title: str = "SCANNER") -> Iterator[CommitmentRequester]:
    """Listens for reports as an SCU of the service must: it accepts us only in the role of SCP."""
    peer = CommitmentRequester()
    entity = AE(ae_title=ae_title)
    entity.require_called_aet = True
    entity.add_supported_context(COMMITMENT, scu_role=False, scp_role=True)
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_N_EVENT_REPORT, peer.reported)])
    peer.port = server.server_address[1]
    try:
        yield peer
    finally:
        server.shutdown()


def action_request(transaction_uid: str, references: Sequence[tuple[str, str]]) -> Dataset:
    request = Dataset()
    request.TransactionUID = transaction_uid
    request.ReferencedSOPSequence = []
    for sop_class, instance in references:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, instance
        request.ReferencedSOPSequence.append(item)
    return request
