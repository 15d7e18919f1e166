"""PDUs and command sets (PS3.8 9.3, PS3.7 6.3): what the bench's own clients and its destination are made of.

Not those of the product, on purpose: what it writes wrong, nobody would notice who writes and reads with the same code.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

_APPLICATION_CONTEXT = b"1.2.840.10008.3.1.1.1"
_IMPLEMENTATION_CLASS_UID = b"2.25.140420391284712530812031884512066313361"
COMMAND, LAST = 1, 2
"""Bits of a message control header (PS3.8 E.2)."""
RELEASE_REQUEST = b"\x05\0\0\0\0\x04\0\0\0\0"
RELEASE_RESPONSE = b"\x06\0\0\0\0\x04\0\0\0\0"
ABORT = b"\x07\0\0\0\0\x04\0\0\0\0"
MAX_PDU_BYTES = 131072
"""What we take at the most: as much as DCMTK can."""
_ROOM = 1 << 20


def pdu(kind: int, body: bytes) -> bytes:
    """A PDU that is no P-DATA-TF."""
    return struct.pack(">BBI", kind, 0, len(body)) + body


def item(kind: int, body: bytes) -> bytes:
    """An item of an association request or of its answer."""
    return struct.pack(">BBH", kind, 0, len(body)) + body


def negotiation(contexts: bytes) -> bytes:
    """What ends an association request as well as its answer: the items of contexts between what is always the same."""
    user = item(0x51, struct.pack(">I", MAX_PDU_BYTES)) + item(0x52, _IMPLEMENTATION_CLASS_UID)
    return item(0x10, _APPLICATION_CONTEXT) + contexts + item(0x50, user)


def items(content: bytes) -> list[tuple[int, bytes]]:
    """(kind, body) of each item."""
    found = []
    at = 0
    while at + 4 <= len(content):
        kind, _, length = struct.unpack_from(">BBH", content, at)
        found.append((kind, content[at + 4 : at + 4 + length]))
        at += 4 + length
    return found


def padded(uid: str) -> bytes:
    """A UID of even length."""
    content = uid.encode()
    return content + b"\0" if len(content) % 2 else content


def command_set(elements: dict[int, bytes]) -> bytes:
    """Elements of group 0000 by element number, in order, the group length before them."""
    body = b"".join(struct.pack("<HHI", 0, element, len(value)) + value for element, value in elements.items())
    return struct.pack("<HHII", 0, 0, 4, len(body)) + body


def read_command_set(content: bytes) -> dict[int, bytes]:
    """Values by element number."""
    fields: dict[int, bytes] = {}
    position = 0
    while position + 8 <= len(content):
        _, element, length = struct.unpack_from("<HHI", content, position)
        fields[element] = content[position + 8 : position + 8 + length]
        position += 8 + length
    return fields


def data_header(size: int, context: int, control: int) -> bytes:
    """What stands before `size` bytes of one message in a P-DATA-TF of their own."""
    return struct.pack(">BBIIBB", 4, 0, size + 6, size + 2, context, control)


def command_pdu(context: int, elements: dict[int, bytes]) -> bytes:
    """A command set whole."""
    content = command_set(elements)
    return data_header(len(content), context, COMMAND | LAST) + content


class Incoming:
    """The bytes that come over a connection, read a megabyte at a time; what is dropped is not looked at."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._room = memoryview(bytearray(_ROOM))
        self._at = self._filled = 0

    def pdu_head(self) -> tuple[int, int]:
        """(type, length of what follows) of the next PDU."""
        kind, _, length = struct.unpack(">BBI", self._take(6))
        return kind, length

    def fragments(self, length: int) -> Iterator[tuple[int, int, bytes]]:
        """(presentation context, message control header, content) of each fragment in a P-DATA-TF of that length.

        The content of a data set is dropped.
        """
        while length:
            size, context, control = struct.unpack(">IBB", self._take(6))
            length -= size + 4
            if control & COMMAND:
                yield context, control, self.take(size - 2)
            else:
                self._drop(size - 2)
                yield context, control, b""

    def take(self, count: int) -> bytes:
        """So many bytes, at most a megabyte. Raises EOFError when the peer goes."""
        return bytes(self._take(count))

    def _drop(self, count: int) -> None:
        while self._filled - self._at < count:
            count -= self._filled - self._at
            self._at = self._filled = 0
            self._fill()
        self._at += count

    def _take(self, count: int) -> memoryview:
        if self._filled - self._at < count:
            rest = bytes(self._room[self._at : self._filled])
            self._room[: len(rest)] = rest
            self._at, self._filled = 0, len(rest)
            while self._filled < count:
                self._fill()
        self._at += count
        return self._room[self._at - count : self._at]

    def _fill(self) -> None:
        came = self._connection.recv_into(self._room[self._filled :])
        if not came:
            raise EOFError("the peer closed the connection")
        self._filled += came
