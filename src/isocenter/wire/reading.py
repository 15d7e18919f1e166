"""What comes in on an association that we asked for: PDUs, fragments, messages; bounded in length and in time."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import Final, NamedTuple

from isocenter.standards.dicom.dimse import MAX_COMMAND_SET_BYTES, CommandSet, decode_command_set
from isocenter.wire.pdu import HEADER, HEADER_BYTES, PDV_HEADER, PDV_HEADER_BYTES, InvalidPdu, PduType

MAX_IDENTIFIER_BYTES: Final = 16 << 20
"""The longest data set that is taken whole (an identifier); objects are streamed and have no limit here."""


class AssociationEnded(Exception):
    """The peer ended the association where it owed something. Never leaves `wire`."""

    def __init__(self, pdu_type: int, body: bytes) -> None:
        super().__init__(pdu_type)
        self.pdu_type = pdu_type
        self.source, self.code = (body[2], body[3]) if len(body) == 4 else (0, 0)


class Fragment(NamedTuple):
    """One presentation data value; `data` is valid until the next PDU is read."""

    context_id: int
    is_command: bool
    is_last: bool
    data: memoryview


class MessageReader:
    """Reads PDUs of at most max_pdu_bytes from a blocking socket into one buffer, and messages out of them.

    contexts: IDs that may be used. deadline: of time.monotonic(); what is not whole by then is given up.
    """

    def __init__(self, connection: socket.socket, max_pdu_bytes: int) -> None:
        self._connection = connection
        self._max_pdu_bytes = max_pdu_bytes
        self._buffer = memoryview(bytearray(4 * (max_pdu_bytes + HEADER_BYTES)))
        self._start = self._end = 0
        self._fragments: Iterator[Fragment] = iter(())
        self.contexts: frozenset[int] = frozenset()
        self.deadline = float("inf")

    def pdu(self) -> tuple[int, memoryview]:
        """Type and body of the next PDU; the body is valid until the next call.

        Raises EOFError when the peer closed, TimeoutError, OSError, InvalidPdu when it is longer than allowed.
        """
        self._need(HEADER_BYTES)
        kind, length = HEADER.unpack_from(self._buffer, self._start)
        if length > self._max_pdu_bytes:
            raise InvalidPdu("The peer sent a longer PDU than it may.", length=length)
        self._need(HEADER_BYTES + length)
        body = self._buffer[self._start + HEADER_BYTES : self._start + HEADER_BYTES + length]
        self._start += HEADER_BYTES + length
        return kind, body

    def _need(self, count: int) -> None:
        if len(self._buffer) - self._start < count:
            left = bytes(self._buffer[self._start : self._end])
            self._buffer[: len(left)] = left
            self._start, self._end = 0, len(left)
        while self._end - self._start < count:
            if self._start == self._end:
                self._start = self._end = 0
            try:
                received = self._connection.recv_into(self._buffer[self._end :])
            except BlockingIOError:
                raise TimeoutError("The peer does not answer.") from None
            if not received:
                raise EOFError("The peer closed the connection.")
            self._end += received
            if time.monotonic() > self.deadline:
                raise TimeoutError("The peer takes too long.")

    def command(self) -> tuple[int, CommandSet]:
        collected = bytearray()
        context_id = 0
        while True:
            fragment = self._next_fragment()
            if not fragment.is_command or (collected and fragment.context_id != context_id):
                raise InvalidPdu("The peer sends a data set without its command.")
            context_id = fragment.context_id
            collected += fragment.data
            if len(collected) > MAX_COMMAND_SET_BYTES:
                raise InvalidPdu("The peer sends a command without an end.")
            if fragment.is_last:
                return context_id, decode_command_set(collected)

    def identifier(self, context_id: int) -> bytes:
        collected = bytearray()
        for chunk in self.data_set(context_id):
            collected += chunk
            if len(collected) > MAX_IDENTIFIER_BYTES:
                raise InvalidPdu("The peer sends an identifier without an end.")
        return bytes(collected)

    def data_set(self, context_id: int) -> Iterator[memoryview]:
        while True:
            fragment = self._next_fragment()
            if fragment.is_command or fragment.context_id != context_id:
                raise InvalidPdu("The peer sends something else in the middle of a data set.")
            yield fragment.data
            if fragment.is_last:
                return

    def _next_fragment(self) -> Fragment:
        while True:
            fragment = next(self._fragments, None)
            if fragment is None:
                kind, body = self.pdu()
                if kind != PduType.P_DATA_TF:
                    raise AssociationEnded(kind, bytes(body))
                self._fragments = fragments_of(body)
            elif fragment.context_id not in self.contexts:
                raise InvalidPdu("The peer uses a context that was not accepted.")
            else:
                return fragment


def fragments_of(body: memoryview) -> Iterator[Fragment]:
    """The fragments of a P-DATA-TF. Raises InvalidPdu when one overruns."""
    position, end = 0, len(body)
    while position < end:
        if end - position < PDV_HEADER_BYTES:
            raise InvalidPdu("A presentation data value ends inside its header.")
        length, context_id, control = PDV_HEADER.unpack_from(body, position)
        following = position + 4 + length
        if length < 2 or following > end:
            raise InvalidPdu("A presentation data value overruns its PDU.")
        data = body[position + PDV_HEADER_BYTES : following]
        yield Fragment(context_id, bool(control & 1), bool(control & 2), data)
        position = following
