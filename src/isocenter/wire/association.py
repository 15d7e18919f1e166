"""One accepted association: P-DATA in, responses out, until release or abort (PS3.8 9.2, states Sta6 to Sta13).

One blocking thread each. Bytes are received into one buffer and handed on as views of it, without waiting for whole
PDUs; nothing is copied here but command sets.
"""

from __future__ import annotations

import contextlib
import mmap
import select
import socket
import time
from collections.abc import Collection, Sequence
from typing import Final

from isocenter.kit.errors import IsocenterError
from isocenter.kit.logging import get_logger
from isocenter.standards.dicom.dimse import (
    MAX_COMMAND_SET_BYTES,
    RESPONSE_BIT,
    CommandField,
    CommandSet,
    Status,
    decode_command_set,
    encode_response,
)
from isocenter.wire.conversation import Asked, AssociationChannel
from isocenter.wire.p_data import send_message
from isocenter.wire.pdu import (
    RELEASE_RESPONSE,
    AbortSource,
    AnsweredContext,
    ContextResult,
    PduType,
    encode_abort,
    encode_command,
)
from isocenter.wire.service import Conversation, ConversationOver, Message, Peer, Response, Service
from isocenter.wire.stream import AssociationAborted, PduStream, invalid, unexpected
from isocenter.wire.tls import be_patient, waits_decrypted

log = get_logger(__name__)

RECEIVE_BUFFER_BYTES: Final = 1 << 20
LONGEST_DEAF_S: Final = 0.05
LINGER_S: Final = 2.0
"""How long the peer may take to close the connection after our last word."""


class Association(PduStream):
    """An association from its acceptance to its end. `run` is its thread; others call `leave`, `dismiss` and `cut`.

    peer_serves: abstract syntaxes of which the peer is SCP on it, by role selection.
    """

    def __init__(
        self,
        connection: socket.socket,
        peer: Peer,
        contexts: Sequence[AnsweredContext],
        services: Sequence[Service],
        *,
        max_pdu_bytes: int,
        peer_max_pdu_bytes: int,
        idle_for_s: float,
        peer_serves: Collection[str] = (),
    ) -> None:
        super().__init__({each.id: each for each in contexts if each.result is ContextResult.ACCEPTANCE}, max_pdu_bytes)
        self.peer = peer
        self.last_active = time.monotonic()
        self.succeeded = 0  # requests answered with success
        self.answered = 0
        self._connection = connection
        self._services = {service.command_field: service for service in services}
        self._peer_max_pdu_bytes = peer_max_pdu_bytes
        self._idle_for_s = idle_for_s
        self._command = bytearray()
        self._command_context = 0
        self._message: Message | Conversation | None = None
        self._message_id = 0
        self._finishing = False
        self._leave: str | None = None
        self._buffer = memoryview(b"")
        self._filled = 0
        self._peer_serves = frozenset(peer_serves)
        self._conversation: Conversation | None = None
        self._channel: AssociationChannel | None = None
        self._held: tuple[int, CommandSet] | None = None  # a request that came before the last one was answered

    @property
    def in_message(self) -> bool:
        """Whether a request has begun and is not answered."""
        return self._message is not None or bool(self._command) or self._conversation is not None

    def silent_for_s(self, now: float) -> float:
        """Seconds since the peer sent a byte or got an answer; 0 while it is we who take our time."""
        return 0.0 if self._finishing else now - self.last_active

    def run(self, accept_pdu: bytes) -> None:
        """Send the A-ASSOCIATE-AC and serve until the end. Closes the connection; raises nothing."""
        ended = "aborted"
        try:
            self._prepare_connection()
            self._connection.sendall(accept_pdu)
            ended = self._serve()
        except AssociationAborted as abort:
            ended = f"we aborted: {abort.word}"
            self._send_quietly(encode_abort(abort.source, abort.reason))
        except ConversationOver as over:
            ended = str(over)
            self._send_quietly(encode_abort(AbortSource.SERVICE_PROVIDER))
        except OSError as error:
            ended = f"connection lost: {error.strerror or type(error).__name__}"
        except Exception:
            log.exception("association.failed", **self._identity())
            self._send_quietly(encode_abort(AbortSource.SERVICE_PROVIDER))
        finally:
            self._abandon_message()
            log.info(
                "association.ended", how=ended, answered=self.answered, succeeded=self.succeeded, **self._identity()
            )

    def close(self) -> None:
        """After `run`: let the peer close first, so that our last PDU is not lost to a reset, then close."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)
            self._connection.settimeout(LINGER_S)
            deadline = time.monotonic() + LINGER_S
            while self._connection.recv(1 << 16) and time.monotonic() < deadline:
                pass
        self._connection.close()

    def leave(self, why: str) -> None:
        """Ask it to end: at once, but a request that is answered once is answered first."""
        self._leave = why
        if not self.in_message or self._conversation is not None:
            self.dismiss(why)

    def dismiss(self, why: str) -> None:
        """End it with an A-ABORT as soon as it waits for the peer, even in the middle of a message."""
        self._leave = why
        self._wake(socket.SHUT_RD)

    def cut(self) -> None:
        """End it now, whatever is under way, with no word to the peer."""
        self._leave = self._leave or "cut"
        self._wake(socket.SHUT_RDWR)

    def _wake(self, how: int) -> None:
        with contextlib.suppress(OSError):
            self._connection.shutdown(how)

    def _prepare_connection(self) -> None:
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        be_patient(self._connection, self._idle_for_s)

    def _serve(self) -> str:
        """Receive until the peer ends it; returns how it ended. Raises AssociationAborted, OSError."""
        buffer = memoryview(mmap.mmap(-1, RECEIVE_BUFFER_BYTES))  # anonymous: an idle association touches one page
        self._buffer = buffer
        while True:
            received = self._receive(buffer[self._filled :])
            if not received:
                return "connection closed by peer"
            self._filled += received
            self._walk()
            while self._paused:
                self._converse()
                self._walk()
            if self._incoming.ending and not self._incoming.pdu_left:
                return self._end(self._incoming.ending)

    def _walk(self) -> None:
        """Go through what the buffer holds; what is left over stays at its beginning."""
        buffer, filled = self._buffer, self._filled
        used = self._feed(buffer[:filled])
        if used < filled:  # less than a header, or all that waits for a conversation
            buffer[: filled - used] = bytes(buffer[used:filled])
        self._filled = filled - used

    def _receive(self, room: memoryview) -> int:
        try:
            received = self._connection.recv_into(room)
        except BlockingIOError:
            raise AssociationAborted("idle", AbortSource.SERVICE_PROVIDER) from None
        if not received and self._leave:
            raise AssociationAborted(self._leave, AbortSource.SERVICE_USER)
        self.last_active = time.monotonic()
        return received

    def _end(self, pdu_type: int) -> str:
        if pdu_type == PduType.ABORT:
            return "aborted by peer"
        if self.in_message:
            raise unexpected("release in the middle of a message")
        self._connection.sendall(RELEASE_RESPONSE)
        return "released"

    def _fragment(self, chunk: memoryview) -> None:
        """Take bytes of the current PDV; they are its last when none of it is left."""
        incoming = self._incoming
        ends_message_part = incoming.control & 2 and not incoming.pdv_left
        if incoming.control & 1:
            self._command_fragment(chunk)
            if ends_message_part:
                self._begin_message()
            return
        message = self._message
        if message is None or incoming.context_id != self._command_context:
            raise unexpected("data set without its command")
        message.write(chunk)
        if ends_message_part:
            self._finish_message(message)

    def _command_fragment(self, chunk: memoryview) -> None:
        if self._message is not None or (self._command and self._command_context != self._incoming.context_id):
            raise unexpected("command in the middle of another message")
        if len(self._command) + len(chunk) > MAX_COMMAND_SET_BYTES:
            raise invalid("command set is too long")
        self._command_context = self._incoming.context_id
        self._command += chunk

    def _begin_message(self) -> None:
        try:
            command = decode_command_set(self._command)
        except IsocenterError as error:
            raise invalid(str(error)) from None
        self._command.clear()
        if self._channel is not None:
            if command.has_data_set or not self._channel.heard(command):
                self._hold(command)
            return
        if command.command_field == CommandField.C_CANCEL_RQ and not command.has_data_set:
            return
        self._take_request(self._command_context, command)

    def _take_request(self, context_id: int, command: CommandSet) -> None:
        if command.command_field & RESPONSE_BIT:
            raise unexpected("response without a request")
        self._command_context = context_id
        service = self._services.get(command.command_field)
        context = self._contexts[context_id]
        message = service.receive(self.peer, context, command) if service else _Unrecognized(command)
        self._message, self._message_id = message, command.message_id
        if not command.has_data_set:
            self._finish_message(message)

    def _hold(self, command: CommandSet) -> None:
        """A request that came while another is being answered waits for its turn, and all behind it."""
        if command.command_field & RESPONSE_BIT:
            raise unexpected("response without a request")
        self._held = self._command_context, command
        self._paused = True

    def _finish_message(self, message: Message | Conversation) -> None:
        if isinstance(message, Conversation):
            self._message, self._conversation = None, message
            self._paused = True
            return
        self._finishing = True
        response = message.finish()
        self._finishing = False
        self._message = None
        self._answer(self._command_context, response)

    def _answer(self, context_id: int, response: Response) -> None:
        if response.data_set is None:
            self._connection.sendall(encode_command(context_id, response.command_set, self._peer_max_pdu_bytes))
        else:
            identifier = (response.data_set,)
            send_message(self._connection, context_id, response.command_set, identifier, self._peer_max_pdu_bytes)
        self.answered += 1
        self.succeeded += response.succeeded
        self.last_active = time.monotonic()
        if self._leave:
            raise AssociationAborted(self._leave, AbortSource.SERVICE_USER)

    def _converse(self) -> None:
        """Answer the request that the walk stopped for; then begin the one that came meanwhile, if any."""
        self._paused = False
        conversation, context_id = self._conversation, self._command_context
        if conversation is not None:
            self._channel = AssociationChannel(
                self,
                self._connection,
                Asked(context_id, self._message_id),
                storage=self._storage_contexts(),
                peer_max_pdu_bytes=self._peer_max_pdu_bytes,
                patience_s=self._idle_for_s,
            )
            response = conversation.respond(self._channel)
            self._conversation = self._channel = None
            self._answer(context_id, response)
        held, self._held, self._paused = self._held, None, False
        if held is not None:
            self._take_request(*held)

    def _storage_contexts(self) -> dict[str, list[AnsweredContext]]:
        found: dict[str, list[AnsweredContext]] = {}
        for context in self._contexts.values():
            if context.abstract_syntax in self._peer_serves:
                found.setdefault(context.abstract_syntax, []).append(context)
        return found

    def hear(self, wait_s: float | None) -> None:
        """For a conversation: take in what the peer has said, waiting at most so long for more; None: for something,
        as long as a peer may be silent.

        Raises ConversationOver when the peer or we end the association.
        """
        if self._leave:
            raise AssociationAborted(self._leave, AbortSource.SERVICE_USER)
        if self._filled and self._channel is not None and not self._paused:
            self._walk()
        if self._held is not None:  # it waits for this conversation's end, and so does what is behind it
            if wait_s != 0:
                time.sleep(min(wait_s or LONGEST_DEAF_S, LONGEST_DEAF_S))
            return
        try:
            if wait_s and not waits_decrypted(self._connection):
                poll = select.poll()
                poll.register(self._connection, select.POLLIN)
                poll.poll(wait_s * 1000)
            flags = 0 if wait_s is None else socket.MSG_DONTWAIT
            received = self._connection.recv_into(self._buffer[self._filled :], 0, flags)
        except BlockingIOError:
            return
        except OSError as error:
            raise ConversationOver(f"connection lost: {error.strerror or type(error).__name__}") from error
        self._heard(received)

    def _heard(self, received: int) -> None:
        if not received:
            if self._leave:
                raise AssociationAborted(self._leave, AbortSource.SERVICE_USER)
            raise ConversationOver("connection closed by peer in the middle of a conversation")
        self._filled += received
        self.last_active = time.monotonic()
        self._walk()
        if self._incoming.ending and not self._incoming.pdu_left:
            if self._incoming.ending == PduType.ABORT:
                raise ConversationOver("aborted by peer")
            raise unexpected("release in the middle of a message")

    def touched(self) -> None:
        """For a conversation: something was exchanged."""
        self.last_active = time.monotonic()

    def _abandon_message(self) -> None:
        message, self._message = self._message or self._conversation, None
        self._conversation = None
        if message is not None:
            try:
                message.abandon()
            except Exception:
                log.exception("association.abandon-failed", **self._identity())

    def _send_quietly(self, pdu: bytes) -> None:
        with contextlib.suppress(OSError):
            self._connection.sendall(pdu)

    def _identity(self) -> dict[str, str]:
        return {"calling_ae_title": self.peer.calling_ae_title, "address": self.peer.address}


class _Unrecognized:
    """A request that no service takes: its data set is let pass, then it is answered (PS3.7 C.5.21)."""

    def __init__(self, command: CommandSet) -> None:
        self._command = command

    def write(self, chunk: memoryview) -> None:
        """Let it pass."""

    def finish(self) -> Response:
        return Response(encode_response(self._command, Status.UNRECOGNIZED_OPERATION), succeeded=False)

    def abandon(self) -> None:
        """Nothing was kept."""
