"""Associations that we ask for (PS3.8 9.2, the requestor's states), and what is asked on them as SCU (PS3.7 9, 10).

One association belongs to one thread. Objects go out as they lie: views of their bytes between PDU headers, nothing is
encoded again. What the peer sends is bounded in length and in time.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from isocenter.standards.dicom.dimse import (
    MAX_COMMAND_SET_BYTES,
    RESPONSE_BIT,
    CommandField,
    CommandSet,
    Element,
    encode_request,
    encode_store_request,
)
from isocenter.standards.dicom.transfer_syntaxes import transfer_syntax
from isocenter.standards.dicom.uids import VERIFICATION_SOP_CLASS, printable
from isocenter.wire.p_data import even, send_message
from isocenter.wire.pdu import (
    RELEASE_REQUEST,
    RELEASE_RESPONSE,
    AbortSource,
    AnsweredContext,
    ContextResult,
    InvalidPdu,
    PduType,
    RoleSelection,
    encode_abort,
)
from isocenter.wire.pdu import ProposedContext as NumberedContext
from isocenter.wire.reading import AssociationEnded, MessageReader
from isocenter.wire.remote import (
    Answer,
    AssociationRefused,
    NoAcceptedContext,
    PeerAway,
    PeerMisbehaved,
    PeerNotSecure,
    ProposedContext,
    Remote,
    Role,
    StoreStatus,
    address_of,
    connected,
    fault_of,
    not_secure,
    numbered_contexts,
)
from isocenter.wire.requestor_pdu import decode_associate_accept, decode_associate_reject, encode_associate_request
from isocenter.wire.service import Conversation, Message, Peer, Service
from isocenter.wire.tls import fingerprint_of

__all__ = [
    "Answer",
    "Answers",
    "AssociationRefused",
    "NoAcceptedContext",
    "PeerAway",
    "PeerMisbehaved",
    "PeerNotSecure",
    "ProposedContext",
    "Remote",
    "RequestedAssociation",
    "Role",
    "StoreStatus",
    "request_association",
]


def request_association(
    remote: Remote, contexts: Sequence[ProposedContext], *, extended: Sequence[tuple[str, bytes]] = ()
) -> RequestedAssociation:
    """Connect, associate and return the established association; release or abort it.

    Raises PeerAway (no connection, no answer), PeerNotSecure, AssociationRefused (rejected), PeerMisbehaved, and
    Invalid for contexts or AE titles that cannot be proposed.
    """
    numbered = numbered_contexts(remote, contexts)
    roles = [RoleSelection(each.abstract_syntax, *each.role.value) for each in contexts if each.role is not Role.SCU]
    connection = connected(remote)
    association = RequestedAssociation(remote, connection, numbered)
    request = encode_associate_request(
        called_ae_title=remote.ae_title,
        calling_ae_title=remote.calling_ae_title,
        contexts=numbered,
        roles=list(dict.fromkeys(roles)),
        extended=extended,
        max_pdu_bytes=remote.max_pdu_bytes,
    )
    association.establish(request)
    return association


class RequestedAssociation:
    """An established association of ours. Every method raises PeerAway or PeerMisbehaved, and is then at its end."""

    def __init__(self, remote: Remote, connection: socket.socket, proposed: Sequence[NumberedContext]) -> None:
        self.remote = remote
        self.roles: dict[str, RoleSelection] = {}
        self.extended: dict[str, bytes] = {}
        self._connection = connection
        self._proposed = proposed
        self._contexts: dict[int, AnsweredContext] = {}
        self._peer_max_pdu_bytes = 0
        self._reader = MessageReader(connection, max(remote.max_pdu_bytes, MAX_COMMAND_SET_BYTES))
        self._peer = Peer(
            remote.ae_title, remote.calling_ae_title, address_of(connection), certificate=fingerprint_of(connection)
        )
        self._message_id = 0
        self._released = False

    def __enter__(self) -> RequestedAssociation:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.release()
        else:
            self.abort()

    def establish(self, request: bytes) -> None:
        """Send the A-ASSOCIATE-RQ and take the answer; closes the connection when it is not accepted."""
        with self._broken(answered=False):
            self._await_answer()
            self._connection.sendall(request)
            kind, body = self._reader.pdu()
            if kind == PduType.ASSOCIATE_RJ:
                rejection = decode_associate_reject(bytes(body))
                raise AssociationRefused(
                    "The peer refuses the association.",
                    transient=rejection.result == 2,
                    why=rejection.word,
                    result=rejection.result,
                    source=rejection.source,
                    code=rejection.reason,
                )
            if kind != PduType.ASSOCIATE_AC:
                raise AssociationEnded(kind, bytes(body))
            accepted = decode_associate_accept(bytes(body), self._proposed)
        self._contexts = {
            context.id: context for context in accepted.contexts if context.result is ContextResult.ACCEPTANCE
        }
        self._reader.contexts = frozenset(self._contexts)
        self._peer_max_pdu_bytes = accepted.user.max_pdu_bytes
        self.roles = {role.sop_class_uid: role for role in accepted.user.roles}
        self.extended = dict(accepted.user.extended)

    def accepted(self, abstract_syntax: str) -> list[tuple[int, str]]:
        """(context ID, transfer syntax) of each accepted context of the abstract syntax, in the order proposed."""
        return [
            (context.id, context.transfer_syntax)
            for context in self._contexts.values()
            if context.abstract_syntax == abstract_syntax
        ]

    def echo(self) -> int:
        """C-ECHO (PS3.7 9.1.5); returns the status. Raises NoAcceptedContext."""
        context_id = self._context(VERIFICATION_SOP_CLASS)
        fields = {Element.AFFECTED_SOP_CLASS_UID: VERIFICATION_SOP_CLASS}
        return self.ask(context_id, CommandField.C_ECHO_RQ, fields).status

    def store(
        self,
        *,
        sop_class_uid: str,
        sop_instance_uid: str,
        transfer_syntax_uid: str,
        pieces: Iterable[bytes | memoryview],
        move_originator: tuple[str, int] | None = None,
    ) -> StoreStatus:
        """C-STORE (PS3.7 9.1.1) of one data set in that very transfer syntax, given in pieces without file meta.

        move_originator: AE title and message ID of the C-MOVE that this is part of. Raises NoAcceptedContext.
        """
        context_id = self._context(sop_class_uid, transfer_syntax_uid)
        data_set = even(pieces) if transfer_syntax(transfer_syntax_uid).deflated else pieces
        self._message_id = self._message_id % 0xFFFF + 1
        command = encode_store_request(sop_class_uid, sop_instance_uid, self._message_id, move_originator)
        with self._broken():
            send_message(self._connection, context_id, command, data_set, self._peer_max_pdu_bytes)
            answer = self._answer_to(self._message_id, None)
        return StoreStatus(answer.status, printable(answer.command.text(Element.ERROR_COMMENT)))

    def find(self, context_id: int, identifier: bytes) -> Answers:
        """C-FIND (PS3.7 9.1.2); the identifier is encoded as that context says."""
        return self._many(context_id, CommandField.C_FIND_RQ, {}, identifier)

    def move(self, context_id: int, identifier: bytes, destination: str) -> Answers:
        """C-MOVE (PS3.7 9.1.4) to the AE title of the destination."""
        return self._many(context_id, CommandField.C_MOVE_RQ, {Element.MOVE_DESTINATION: destination}, identifier)

    def get(self, context_id: int, identifier: bytes, storage: Service) -> Answers:
        """C-GET (PS3.7 9.1.3); objects that come are given to the storage service, as if the peer had called us.

        Its contexts must have been proposed with Role.SCP or BOTH.
        """
        return self._many(context_id, CommandField.C_GET_RQ, {}, identifier, storage)

    def ask(
        self,
        context_id: int,
        command_field: CommandField,
        fields: Mapping[Element, str | int],
        data_set: Iterable[bytes | memoryview] | None = None,
    ) -> Answer:
        """Any request that is answered once, in an accepted context; the fields without those of every command."""
        message_id = self._send(context_id, command_field, fields, data_set)
        with self._broken():
            return self._answer_to(message_id, None)

    def cancel(self, context_id: int, message_id: int) -> None:
        """C-CANCEL-RQ (PS3.7 9.3.2.3) of a request that is being answered."""
        command_set = encode_request(CommandField.C_CANCEL_RQ, message_id, {}, has_data_set=False)
        with self._broken():
            send_message(self._connection, context_id, command_set, None, self._peer_max_pdu_bytes)

    def release(self) -> None:
        """Release in order and close; a peer that does not answer any more is left without an error."""
        if self._released:
            return
        self._released = True
        with contextlib.suppress(OSError, EOFError, InvalidPdu):
            self._await_answer()
            self._connection.sendall(RELEASE_REQUEST)
            while (kind := self._reader.pdu()[0]) not in (PduType.RELEASE_RP, PduType.ABORT):
                if kind == PduType.RELEASE_RQ:  # both at once (PS3.8 9.2, Sta7)
                    self._connection.sendall(RELEASE_RESPONSE)
        self._connection.close()

    def abort(self) -> None:
        """A-ABORT and close."""
        if self._released:
            return
        self._released = True
        with contextlib.suppress(OSError):
            self._connection.sendall(encode_abort(AbortSource.SERVICE_USER))
        self._connection.close()

    def _context(self, abstract_syntax: str, transfer_syntax: str | None = None) -> int:
        for context_id, accepted in self.accepted(abstract_syntax):
            if transfer_syntax in (None, accepted):
                return context_id
        raise NoAcceptedContext(
            "The peer does not accept this.", abstract_syntax=abstract_syntax, transfer_syntax=transfer_syntax
        )

    def _many(
        self,
        context_id: int,
        command_field: CommandField,
        fields: Mapping[Element, str | int],
        identifier: bytes,
        storage: Service | None = None,
    ) -> Answers:
        sop_class_uid = self._contexts[context_id].abstract_syntax
        fields = {Element.AFFECTED_SOP_CLASS_UID: sop_class_uid, Element.PRIORITY: 0, **fields}
        message_id = self._send(context_id, command_field, fields, (identifier,))
        return Answers(self, context_id, message_id, storage)

    def _send(
        self,
        context_id: int,
        command_field: CommandField,
        fields: Mapping[Element, str | int],
        data_set: Iterable[bytes | memoryview] | None,
    ) -> int:
        self._message_id = self._message_id % 0xFFFF + 1
        command_set = encode_request(command_field, self._message_id, fields, has_data_set=data_set is not None)
        with self._broken():
            send_message(self._connection, context_id, command_set, data_set, self._peer_max_pdu_bytes)
        return self._message_id

    def next_answer(self, message_id: int, storage: Service | None) -> Answer:
        """The next response to that request; objects that come before it are stored and answered."""
        with self._broken():
            return self._answer_to(message_id, storage)

    def _answer_to(self, message_id: int, storage: Service | None) -> Answer:
        self._await_answer()
        while True:
            context_id, command = self._reader.command()
            if command.command_field & RESPONSE_BIT:
                if command.message_id != message_id:
                    raise InvalidPdu("The peer answers something that was not asked.")
                return Answer(command, self._reader.identifier(context_id) if command.has_data_set else None)
            if storage is None or command.command_field != CommandField.C_STORE_RQ or not command.has_data_set:
                raise InvalidPdu("The peer asks for what it may not.", command_field=f"{command.command_field:04x}")
            self._take(context_id, command, storage)
            self._await_answer()

    def _take(self, context_id: int, command: CommandSet, storage: Service) -> None:
        """One C-STORE sub-operation of our C-GET."""
        received = storage.receive(self._peer, self._contexts[context_id], command)
        assert not isinstance(received, Conversation)
        message: Message | None = received
        try:
            for fragment in self._reader.data_set(context_id):
                self._await_answer()
                received.write(fragment)
            message = None
            response = received.finish()
        finally:
            if message is not None:
                message.abandon()
        send_message(self._connection, context_id, response.command_set, None, self._peer_max_pdu_bytes)

    def _await_answer(self) -> None:
        self._reader.deadline = time.monotonic() + self.remote.answer_timeout_s

    def _broken(self, *, answered: bool = True) -> _Broken:
        return _Broken(self, answered)


@dataclass(slots=True)
class Answers:
    """The responses to one request, pending ones first; iterate once. `last` is the final one when it has come."""

    association: RequestedAssociation
    context_id: int
    message_id: int
    storage: Service | None = None
    last: Answer | None = field(default=None, init=False)

    def __iter__(self) -> Iterator[Answer]:
        """All responses, the final one too."""
        while self.last is None:
            answer = self.association.next_answer(self.message_id, self.storage)
            if not answer.is_pending:
                self.last = answer
            yield answer

    def cancel(self) -> None:
        """Ask the peer to stop; go on iterating until it has."""
        self.association.cancel(self.context_id, self.message_id)


class _Broken:
    """What breaks an association becomes one of our errors, and the association is over.

    answered: whether the peer has said something; who ends a secure connection before may not like our certificate.
    """

    __slots__ = ("_answered", "_association")

    def __init__(self, association: RequestedAssociation, answered: bool) -> None:
        self._association = association
        self._answered = answered

    def __enter__(self) -> None:
        """Nothing to do."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if error is None:
            return
        self._association.abort()
        remote = self._association.remote
        if remote.tls is not None and not self._answered and isinstance(error, EOFError | ConnectionError):
            raise not_secure(error, remote.ae_title) from error
        fault = fault_of(error, remote.ae_title)
        if fault is not None:
            raise fault from error
