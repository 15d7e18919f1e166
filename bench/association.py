"""A cheap C-STORE client (PS3.8, PS3.7 9.1.1) that measures the server and not itself.

No re-encoding and no copy of pixels: PDU headers and slices of the mapped file go out in one sendmsg per object.
It is also the client of the fault tests, because it says exactly what was acknowledged.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.data import Instance

APPLICATION_CONTEXT = b"1.2.840.10008.3.1.1.1"
VERIFICATION = "1.2.840.10008.1.1"
IMPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2"
IMPLEMENTATION_CLASS_UID = b"2.25.140420391284712530812031884512066313361"
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
        self._socket.sendall(whole[: len(pdus[0]) + len(pdus[1]) + count])

    def echo(self) -> Answer:
        """C-ECHO."""
        self._message_id += 1
        command = _command(
            {0x2: _padded(VERIFICATION), 0x100: b"\x30\0", 0x110: struct.pack("<H", self._message_id), 0x800: b"\1\1"}
        )
        self._send([_pdv_header(len(command), self._ids[(VERIFICATION, IMPLICIT_VR_LITTLE_ENDIAN)], 3), command])
        return self._answer()

    def release(self) -> None:
        """Release and close."""
        try:
            self._socket.sendall(b"\x05\0\0\0\0\x04\0\0\0\0")
            self._receive_pdu()
        finally:
            self._socket.close()

    def abort(self) -> None:
        """A-ABORT and close."""
        try:
            self._socket.sendall(b"\x07\0\0\0\0\x04\0\0\0\0")
        finally:
            self._socket.close()

    def reset(self) -> None:
        """Close with a TCP reset, as a pulled cable or a crashed modality does."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def _request(self, called: str, calling: str) -> bytes:
        body = struct.pack(">HH", 1, 0) + called.encode().ljust(16) + calling.encode().ljust(16) + bytes(32)
        body += _item(0x10, APPLICATION_CONTEXT)
        for (abstract, transfer), number in self._ids.items():
            syntaxes = _item(0x30, abstract.encode()) + _item(0x40, transfer.encode())
            body += _item(0x20, bytes([number, 0, 0, 0]) + syntaxes)
        user = _item(0x51, struct.pack(">I", 131072)) + _item(0x52, IMPLEMENTATION_CLASS_UID)
        body += _item(0x50, user)
        return struct.pack(">BBI", 1, 0, len(body)) + body

    def _store_pdus(self, instance: Instance, context: int) -> list[bytes | memoryview]:
        self._message_id = self._message_id % 65535 + 1
        command = _command({
            0x2: _padded(instance.sop_class_uid),
            0x100: b"\1\0",
            0x110: struct.pack("<H", self._message_id),
            0x700: b"\0\0",
            0x800: b"\1\0",
            0x1000: _padded(instance.sop_instance_uid),
        })  # fmt: skip
        pdus: list[bytes | memoryview] = [_pdv_header(len(command), context, 3), command]
        room, left = self._max_pdu - 6, instance.length
        parts = list(instance.data_set)
        while left:
            size = min(room, left)
            left -= size
            pdus.append(_pdv_header(size, context, 0 if left else 2))
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

    def _answer(self) -> Answer:
        kind, body = self._receive_pdu()
        if kind != 4:
            raise AssociationError(f"PDU type {kind} instead of an answer: {body.hex()}")
        fields = _read_command(body[6:])
        comment = fields.get(0x902, b"").decode("ascii", "replace").rstrip(" \0")
        return Answer(int.from_bytes(fields[0x900], "little"), comment)

    def _receive_pdu(self) -> tuple[int, bytes]:
        header = self._receive(6)
        return header[0], self._receive(struct.unpack(">I", header[2:])[0])

    def _receive(self, count: int) -> bytes:
        got = bytearray()
        while len(got) < count:
            piece = self._socket.recv(count - len(got))
            if not piece:
                raise EOFError("the peer closed the connection")
            got += piece
        return bytes(got)


def contexts_of(instances: Sequence[Instance]) -> list[tuple[str, str]]:
    """The presentation contexts (abstract, transfer syntax) that the instances need."""
    return list(dict.fromkeys((i.sop_class_uid, i.transfer_syntax_uid) for i in instances))


def _item(kind: int, body: bytes) -> bytes:
    return struct.pack(">BBH", kind, 0, len(body)) + body


def _padded(value: str) -> bytes:
    content = value.encode()
    return content + b"\0" if len(content) % 2 else content


def _command(elements: dict[int, bytes]) -> bytes:
    body = b"".join(struct.pack("<HHI", 0, element, len(value)) + value for element, value in elements.items())
    return struct.pack("<HHII", 0, 0, 4, len(body)) + body


def _read_command(content: bytes) -> dict[int, bytes]:
    fields: dict[int, bytes] = {}
    position = 0
    while position + 8 <= len(content):
        _, element, length = struct.unpack_from("<HHI", content, position)
        fields[element] = content[position + 8 : position + 8 + length]
        position += 8 + length
    return fields


def _pdv_header(size: int, context: int, flags: int) -> bytes:
    return struct.pack(">BBIIBB", 4, 0, size + 6, size + 2, context, flags)


def _read_acceptance(body: bytes) -> tuple[set[int], int]:
    """The accepted context ids and the peer's largest PDU (PS3.8 9.3.3, D.1)."""
    accepted: set[int] = set()
    max_pdu = 16384
    position = 68
    while position + 4 <= len(body):
        kind, _, length = struct.unpack_from(">BBH", body, position)
        content = body[position + 4 : position + 4 + length]
        if kind == 0x21 and content[2] == 0:
            accepted.add(content[0])
        elif kind == 0x50 and content[:1] == b"\x51":
            max_pdu = struct.unpack_from(">I", content, 4)[0] or 1 << 20
        position += 4 + length
    return accepted, max_pdu
