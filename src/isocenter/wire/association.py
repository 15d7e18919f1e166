"""One accepted association: P-DATA in, responses out, until release or abort (PS3.8 9.2, states Sta6 to Sta13).

One blocking thread each. Bytes are received into one buffer and handed on as views of it, without waiting for whole
PDUs; nothing is copied here but command sets.
"""

from __future__ import annotations

import contextlib
import mmap
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass
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
from isocenter.wire.pdu import (
    HEADER,
    HEADER_BYTES,
    PDV_HEADER,
    PDV_HEADER_BYTES,
    RELEASE_RESPONSE,
    AbortReason,
    AbortSource,
    AnsweredContext,
    ContextResult,
    PduType,
    encode_abort,
    encode_command,
)
from isocenter.wire.service import Message, Peer, Response, Service

log = get_logger(__name__)

RECEIVE_BUFFER_BYTES: Final = 1 << 20
EMPTY_FRAGMENTS_ALLOWED: Final = 8
"""More fragments without a byte in a row than this are an attack, not a sender."""
LINGER_S: Final = 2.0
"""How long the peer may take to close the connection after our last word."""


class AssociationAborted(Exception):
    """The association ends with our A-ABORT. Never leaves this module."""

    def __init__(self, word: str, source: AbortSource, reason: AbortReason = AbortReason.NOT_SPECIFIED) -> None:
        super().__init__(word)
        self.word = word
        self.source = source
        self.reason = reason


@dataclass(slots=True)
class _Incoming:
    """Where the walk through the byte stream stands: what is left of the PDU and of the PDV, and whose PDV it is."""

    pdu_left: int = 0
    pdv_left: int = 0
    context_id: int = 0
    control: int = 0
    ending: int = 0  # type of a PDU after which nothing follows; its body is still awaited
    empty_fragments: int = 0


class Association:
    """An association from its acceptance to its end. `run` is its thread; others call `leave`, `dismiss` and `cut`."""

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
    ) -> None:
        self.peer = peer
        self.last_active = time.monotonic()
        self.succeeded = 0  # requests answered with success
        self.answered = 0
        self._connection = connection
        self._contexts = {each.id: each for each in contexts if each.result is ContextResult.ACCEPTANCE}
        self._services = {service.command_field: service for service in services}
        self._max_pdu_bytes = max_pdu_bytes
        self._peer_max_pdu_bytes = peer_max_pdu_bytes
        self._idle_for_s = idle_for_s
        self._incoming = _Incoming()
        self._command = bytearray()
        self._command_context = 0
        self._message: Message | None = None
        self._finishing = False
        self._leave: str | None = None

    @property
    def in_message(self) -> bool:
        """Whether a request has begun and is not answered."""
        return self._message is not None or bool(self._command)

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
        """Ask it to end: at once when nothing is under way, else after the request in flight is answered."""
        self._leave = why
        if not self.in_message:
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
        """Blocking reads with the kernel's own time-out: Python's would cost a poll before each."""
        self._connection.setblocking(True)
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        seconds = int(self._idle_for_s)
        timeout = struct.pack("ll", seconds, int((self._idle_for_s - seconds) * 1e6))
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            self._connection.setsockopt(socket.SOL_SOCKET, option, timeout)

    def _serve(self) -> str:
        """Receive until the peer ends it; returns how it ended. Raises AssociationAborted, OSError."""
        buffer = memoryview(mmap.mmap(-1, RECEIVE_BUFFER_BYTES))  # anonymous: an idle association touches one page
        filled = 0
        while True:
            received = self._receive(buffer[filled:])
            if not received:
                return "connection closed by peer"
            filled += received
            used = self._feed(buffer[:filled])
            if self._incoming.ending and not self._incoming.pdu_left:
                return self._end(self._incoming.ending)
            if used < filled:  # less than a header
                buffer[: filled - used] = bytes(buffer[used:filled])
            filled -= used

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
            raise _unexpected("release in the middle of a message")
        self._connection.sendall(RELEASE_RESPONSE)
        return "released"

    def _feed(self, view: memoryview) -> int:
        """Walk through received bytes; returns how many are used up (all but the beginning of a header)."""
        incoming, position, end = self._incoming, 0, len(view)
        while True:
            if incoming.pdv_left:
                take = min(incoming.pdv_left, end - position)
                if not take:
                    return position
                incoming.pdv_left -= take
                self._fragment(view[position : position + take])
                position += take
            elif incoming.ending:
                take = min(incoming.pdu_left, end - position)
                incoming.pdu_left -= take
                return position + take
            elif incoming.pdu_left:
                if end - position < PDV_HEADER_BYTES:
                    return position
                self._begin_pdv(*PDV_HEADER.unpack_from(view, position))
                position += PDV_HEADER_BYTES
                if not incoming.pdv_left:
                    self._fragment(view[position:position])
            else:
                if end - position < HEADER_BYTES:
                    return position
                self._begin_pdu(*HEADER.unpack_from(view, position))
                position += HEADER_BYTES

    def _begin_pdu(self, pdu_type: int, length: int) -> None:
        if pdu_type == PduType.P_DATA_TF:
            if not PDV_HEADER_BYTES <= length <= self._max_pdu_bytes:
                raise _invalid("P-DATA-TF of an impossible length")
        elif pdu_type in (PduType.RELEASE_RQ, PduType.ABORT):
            if length != 4:
                raise _invalid("PDU of a wrong length")
            self._incoming.ending = pdu_type
        elif PduType.ASSOCIATE_RQ <= pdu_type <= PduType.ABORT:
            raise _unexpected(f"PDU of type {pdu_type} inside an association")
        else:
            raise AssociationAborted("unrecognized PDU", AbortSource.SERVICE_PROVIDER, AbortReason.UNRECOGNIZED_PDU)
        self._incoming.pdu_left = length

    def _begin_pdv(self, length: int, context_id: int, control: int) -> None:
        incoming = self._incoming
        if length < 2 or length + 4 > incoming.pdu_left:
            raise _invalid("presentation data value overruns its PDU")
        if context_id not in self._contexts:
            raise _invalid("presentation context was not accepted")
        incoming.pdu_left -= length + 4
        incoming.pdv_left, incoming.context_id, incoming.control = length - 2, context_id, control
        incoming.empty_fragments = 0 if length > 2 else incoming.empty_fragments + 1
        if incoming.empty_fragments > EMPTY_FRAGMENTS_ALLOWED:
            raise _invalid("too many empty fragments")

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
            raise _unexpected("data set without its command")
        message.write(chunk)
        if ends_message_part:
            self._finish_message(message)

    def _command_fragment(self, chunk: memoryview) -> None:
        if self._message is not None or (self._command and self._command_context != self._incoming.context_id):
            raise _unexpected("command in the middle of another message")
        if len(self._command) + len(chunk) > MAX_COMMAND_SET_BYTES:
            raise _invalid("command set is too long")
        self._command_context = self._incoming.context_id
        self._command += chunk

    def _begin_message(self) -> None:
        try:
            command = decode_command_set(self._command)
        except IsocenterError as error:
            raise _invalid(str(error)) from None
        self._command.clear()
        if command.command_field == CommandField.C_CANCEL_RQ and not command.has_data_set:
            return
        if command.command_field & RESPONSE_BIT:
            raise _unexpected("response without a request")
        service = self._services.get(command.command_field)
        context = self._contexts[self._command_context]
        message = service.receive(self.peer, context, command) if service else _Unrecognized(command)
        self._message = message
        if not command.has_data_set:
            self._finish_message(message)

    def _finish_message(self, message: Message) -> None:
        self._finishing = True
        response = message.finish()
        self._finishing = False
        self._message = None
        self._connection.sendall(encode_command(self._command_context, response.command_set, self._peer_max_pdu_bytes))
        self.answered += 1
        self.succeeded += response.succeeded
        self.last_active = time.monotonic()
        if self._leave:
            raise AssociationAborted(self._leave, AbortSource.SERVICE_USER)

    def _abandon_message(self) -> None:
        message, self._message = self._message, None
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


def _invalid(word: str) -> AssociationAborted:
    return AssociationAborted(word, AbortSource.SERVICE_PROVIDER, AbortReason.INVALID_PDU_PARAMETER)


def _unexpected(word: str) -> AssociationAborted:
    return AssociationAborted(word, AbortSource.SERVICE_PROVIDER, AbortReason.UNEXPECTED_PDU)
