"""Application entities at the other end, made with pynetdicom."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pynetdicom import AE, evt

CT = "1.2.840.10008.5.1.4.1.1.2"
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
