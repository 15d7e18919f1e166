"""The channel of a request that is answered many times (C-FIND, C-GET, C-MOVE), on the association it came in on.

Between two answers it takes in what the peer says meanwhile, without waiting: a C-CANCEL-RQ, an answer to a C-STORE
sub-operation, the end of the association.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from isocenter.standards.dicom.dimse import RESPONSE_BIT, CommandField, CommandSet, Element, encode_store_request
from isocenter.standards.dicom.transfer_syntaxes import transfer_syntax
from isocenter.standards.dicom.uids import printable
from isocenter.wire.p_data import even, send_messages
from isocenter.wire.pdu import AnsweredContext
from isocenter.wire.service import ConversationOver, SubOperation

_STORE_RESPONSE: Final = CommandField.C_STORE_RQ | RESPONSE_BIT


class Hearing(Protocol):
    """What of the association a channel uses."""

    def hear(self, wait_s: float | None) -> None:
        """Take in what the peer has said, waiting at most so long for more; None: for something, as long as a peer may
        be silent. Raises ConversationOver.
        """

    def touched(self) -> None:
        """Something was exchanged: the association is not silent."""


@dataclass(slots=True)
class Asked:
    """Which request is being answered."""

    context_id: int
    message_id: int


class AssociationChannel:
    """A `service.Channel` on a blocking socket. Belongs to the association's thread."""

    def __init__(
        self,
        association: Hearing,
        connection: socket.socket,
        asked: Asked,
        *,
        storage: Mapping[str, Sequence[AnsweredContext]],
        peer_max_pdu_bytes: int,
        patience_s: float,
    ) -> None:
        self._association = association
        self._connection = connection
        self._asked = asked
        self._storage = storage
        self._peer_max_pdu_bytes = peer_max_pdu_bytes
        self._patience_s = patience_s
        self._cancelled = False
        self._sub_message_id = 0
        self._reply: CommandSet | None = None

    @property
    def cancelled(self) -> bool:
        return self.wait(0.0)

    def wait(self, seconds: float) -> bool:
        if not self._cancelled:
            self._association.hear(seconds)
        return self._cancelled

    def send(self, command_set: bytes, *data_sets: bytes) -> None:
        self._association.hear(0.0)
        if data_sets:
            self._send(self._asked.context_id, command_set, *((each,) for each in data_sets))
        else:
            self._send(self._asked.context_id, command_set, None)

    def storage_contexts(self, sop_class_uid: str) -> Sequence[AnsweredContext]:
        return self._storage.get(sop_class_uid, ())

    def store(
        self, context: AnsweredContext, sop_instance_uid: str, pieces: Iterable[bytes | memoryview]
    ) -> SubOperation:
        self._sub_message_id = self._sub_message_id % 0xFFFF + 1
        request = encode_store_request(context.abstract_syntax, sop_instance_uid, self._sub_message_id)
        self._reply = None
        self._send(context.id, request, even(pieces) if transfer_syntax(context.transfer_syntax).deflated else pieces)
        reply = self._await_reply()
        return SubOperation(reply.number(Element.STATUS), printable(reply.text(Element.ERROR_COMMENT)))

    def heard(self, command: CommandSet) -> bool:
        """A command that the peer sent meanwhile; returns whether it belongs to this conversation."""
        if command.command_field == CommandField.C_CANCEL_RQ:
            self._cancelled = self._cancelled or command.message_id == self._asked.message_id
            return True
        if command.command_field == _STORE_RESPONSE and command.message_id == self._sub_message_id:
            self._reply = command
            return True
        return False

    def _await_reply(self) -> CommandSet:
        deadline = time.monotonic() + self._patience_s
        self._association.hear(None)
        while self._reply is None:
            if time.monotonic() > deadline:
                raise ConversationOver("no answer to a sub-operation")
            self._association.hear(None)
        return self._reply

    def _send(self, context_id: int, command_set: bytes, *data_sets: Iterable[bytes | memoryview] | None) -> None:
        try:
            send_messages(self._connection, context_id, command_set, data_sets, self._peer_max_pdu_bytes)
        except OSError as error:
            raise ConversationOver(f"connection lost: {error.strerror or type(error).__name__}") from error
        self._association.touched()
