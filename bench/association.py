"""A cheap client of C-STORE and C-FIND (PS3.8, PS3.7 9.1) that measures the server and not itself.

No re-encoding and no copy of pixels: PDU headers and slices of the mapped file go out in one sendmsg per object. Of
what is found only the status is read.
It is also the client of the fault tests, because it says exactly what was acknowledged.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bench.data import Instance
from bench.pdus import (
    ABORT,
    COMMAND,
    LAST,
    RELEASE_REQUEST,
    Incoming,
    command_pdu,
    data_header,
    item,
    items,
    negotiation,
    padded,
    pdu,
    read_command_set,
)

VERIFICATION = "1.2.840.10008.1.1"
IMPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2"
_PENDING = (0xFF00, 0xFF01)
_STATUS_HEAD = b"\0\0\0\x09\2\0\0\0"
_IOV_MAX = 1000  # parts in one sendmsg, below the kernel's 1024


class AssociationError(Exception):
    """The association was rejected, aborted or has no accepted context for what is to be sent."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one request: the status and, where sent, the error comment (0000,0902)."""

    status: int
    comment: str


class Association:
    """One association, to this machine unless told. Raises AssociationError, OSError or EOFError when the peer goes."""

    def __init__(
        self,
        port: int,
        *,
        called: str,
        contexts: Iterable[tuple[str, str]],
        calling: str = "BENCH",
        max_pdu: int = 1 << 20,
        timeout_s: float | None = 120.0,
        host: str = "127.0.0.1",
    ) -> None:
        self._socket = socket.create_connection((host, port), timeout=timeout_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._incoming = Incoming(self._socket)
        self._ids = {context: 2 * index + 1 for index, context in enumerate(dict.fromkeys(contexts))}
        self._message_id = 0
        try:
            self._socket.sendall(self._request(called, calling))
            kind, body = self._receive_pdu()
            if kind != 2:
                raise AssociationError(f"association answered with PDU type {kind}: {body[:4].hex()}")
            self.accepted, offered = _read_acceptance(body)
        except BaseException:
            self._socket.close()
            raise
        self._max_pdu = min(offered, max_pdu)

    def store(self, instance: Instance) -> Answer:
        """C-STORE one instance and wait for its answer."""
        return self.exchange(self.message(instance))

    def message(self, instance: Instance) -> list[bytes | memoryview]:
        """The C-STORE of one instance, to be sent in the order in which messages were made. Raises AssociationError."""
        context = self._ids[(instance.sop_class_uid, instance.transfer_syntax_uid)]
        if context not in self.accepted:
            raise AssociationError(f"no accepted presentation context for {instance.sop_class_uid}")
        return self._store_pdus(instance, context)

    def exchange(self, message: list[bytes | memoryview]) -> Answer:
        """Send a message and wait for its answer."""
        self._send(message)
        return self._answer()

    def store_in_part(self, instance: Instance, count: int) -> None:
        """Send the command and about `count` bytes of the data set, then stop in mid object."""
        context = self._ids[(instance.sop_class_uid, instance.transfer_syntax_uid)]
        pdus = self._store_pdus(instance, context)
        whole = b"".join(pdus)
        self._socket.sendall(whole[: len(pdus[0]) + count])

    def find_message(self, sop_class_uid: str, transfer_syntax_uid: str, identifier: bytes) -> list[bytes | memoryview]:
        """A C-FIND with an encoded identifier, small enough for one PDU; it may be sent more than once."""
        context = self._ids[(sop_class_uid, transfer_syntax_uid)]
        elements = {
            0x2: padded(sop_class_uid),
            0x100: b"\x20\0",
            0x110: b"\1\0",
            0x700: b"\0\0",
            0x800: b"\1\0",
        }
        return [command_pdu(context, elements) + data_header(len(identifier), context, LAST) + identifier]

    def find(self, message: list[bytes | memoryview]) -> int:
        """Ask and wait for the last answer; how many were found. Raises AssociationError unless it ends in success."""
        self._send(message)
        found, statuses = 0, self._statuses()
        while (status := next(statuses)) in _PENDING:
            found += 1
        if status:
            raise AssociationError(f"C-FIND ended with {status:04x}")
        return found

    def echo(self) -> Answer:
        """C-ECHO."""
        self._message_id += 1
        elements = {
            0x2: padded(VERIFICATION),
            0x100: b"\x30\0",
            0x110: struct.pack("<H", self._message_id),
            0x800: b"\1\1",
        }
        self._send([command_pdu(self._ids[(VERIFICATION, IMPLICIT_VR_LITTLE_ENDIAN)], elements)])
        return self._answer()

    def release(self) -> None:
        """Release and close."""
        try:
            self._socket.sendall(RELEASE_REQUEST)
            self._receive_pdu()
        finally:
            self._socket.close()

    def abort(self) -> None:
        """A-ABORT and close."""
        try:
            self._socket.sendall(ABORT)
        finally:
            self._socket.close()

    def reset(self) -> None:
        """Close with a TCP reset, as a pulled cable or a crashed modality does."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def _request(self, called: str, calling: str) -> bytes:
        body = struct.pack(">HH", 1, 0) + called.encode().ljust(16) + calling.encode().ljust(16) + bytes(32)
        contexts = b""
        for (abstract, transfer), number in self._ids.items():
            syntaxes = item(0x30, abstract.encode()) + item(0x40, transfer.encode())
            contexts += item(0x20, bytes([number, 0, 0, 0]) + syntaxes)
        return pdu(1, body + negotiation(contexts))

    def _store_pdus(self, instance: Instance, context: int) -> list[bytes | memoryview]:
        self._message_id = self._message_id % 65535 + 1
        command = command_pdu(context, {
            0x2: padded(instance.sop_class_uid),
            0x100: b"\1\0",
            0x110: struct.pack("<H", self._message_id),
            0x700: b"\0\0",
            0x800: b"\1\0",
            0x1000: padded(instance.sop_instance_uid),
        })  # fmt: skip
        pdus: list[bytes | memoryview] = [command]
        room, left = self._max_pdu - 6, instance.length
        parts = list(instance.data_set)
        while left:
            size = min(room, left)
            left -= size
            pdus.append(data_header(size, context, 0 if left else LAST))
            while size:
                piece = parts[0][:size]
                pdus.append(piece)
                size -= len(piece)
                parts[0] = parts[0][len(piece) :]
                if not len(parts[0]):
                    parts.pop(0)
        return pdus

    def _send(self, pieces: list[bytes | memoryview]) -> None:
        while pieces:
            sent = self._socket.sendmsg(pieces[:_IOV_MAX])
            done = 0
            while done < len(pieces) and sent >= len(pieces[done]):
                sent -= len(pieces[done])
                done += 1
            pieces = pieces[done:]
            if sent:
                pieces[0] = memoryview(pieces[0])[sent:]

    def _statuses(self) -> Iterator[int]:
        """Of the answers as they come, for ever."""
        while True:
            kind, length = self._incoming.pdu_head()
            if kind != 4:
                raise AssociationError(f"PDU type {kind} instead of an answer")
            for _, control, content in self._incoming.fragments(length):
                if control & COMMAND:
                    yield _status(content)

    def _answer(self) -> Answer:
        kind, body = self._receive_pdu()
        if kind != 4:
            raise AssociationError(f"PDU type {kind} instead of an answer: {body.hex()}")
        fields = read_command_set(body[6:])
        comment = fields.get(0x902, b"").decode("ascii", "replace").rstrip(" \0")
        return Answer(int.from_bytes(fields[0x900], "little"), comment)

    def _receive_pdu(self) -> tuple[int, bytes]:
        kind, length = self._incoming.pdu_head()
        return kind, self._incoming.take(length)


def contexts_of(instances: Sequence[Instance]) -> list[tuple[str, str]]:
    """The presentation contexts (abstract, transfer syntax) that the instances need."""
    return list(dict.fromkeys((i.sop_class_uid, i.transfer_syntax_uid) for i in instances))


def _status(content: bytes) -> int:
    """(0000,0900) of a command set, without reading the rest."""
    at = content.index(_STATUS_HEAD) + len(_STATUS_HEAD)
    return int.from_bytes(content[at : at + 2], "little")


def _read_acceptance(body: bytes) -> tuple[set[int], int]:
    """The accepted context ids and the peer's largest PDU (PS3.8 9.3.3, D.1)."""
    accepted: set[int] = set()
    max_pdu = 16384
    for kind, content in items(body[68:]):
        if kind == 0x21 and content[2] == 0:
            accepted.add(content[0])
        elif kind == 0x50 and content[:1] == b"\x51":
            max_pdu = struct.unpack_from(">I", content, 4)[0] or 1 << 20
    return accepted, max_pdu
