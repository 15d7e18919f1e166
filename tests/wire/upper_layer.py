"""A DICOM peer made of bytes: requests right and wrong, and a service that remembers what it was given."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from ipaddress import ip_network

from isocenter.standards.dicom.dimse import (
    CommandField,
    CommandSet,
    Element,
    Status,
    decode_command_set,
    encode_command_set,
    encode_response,
)
from isocenter.standards.dicom.transfer_syntaxes import preferred_syntax
from isocenter.wire.listener import Listener
from isocenter.wire.listening_socket import bound_socket
from isocenter.wire.negotiation import Admission
from isocenter.wire.pdu import AnsweredContext
from isocenter.wire.roster import Limits
from isocenter.wire.service import Peer, Response, Service
from isocenter.wire.tls import TlsServer

APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"
CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
VERIFICATION = "1.2.840.10008.1.1"
IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
LOOPBACK = (ip_network("127.0.0.0/8"),)
PATIENCE_S = 20.0


def item(kind: int, value: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(value)) + value


def context(identifier: int, abstract: str, *syntaxes: str) -> bytes:
    return item(
        0x20,
        bytes((identifier, 0, 0, 0))
        + item(0x30, abstract.encode())
        + b"".join(item(0x40, each.encode()) for each in syntaxes),
    )


def user_information(*items: bytes, max_pdu_bytes: int = 16384) -> bytes:
    return item(0x50, item(0x51, struct.pack(">I", max_pdu_bytes)) + item(0x52, b"1.2.3") + b"".join(items))


def pdu(kind: int, body: bytes) -> bytes:
    return struct.pack(">BxI", kind, len(body)) + body


def associate_request(
    *contexts: bytes,
    called: bytes = b"ISOCENTER",
    calling: bytes = b"TESTER",
    application_context: str = APPLICATION_CONTEXT,
    version: int = 1,
    user: bytes | None = None,
) -> bytes:
    """An A-ASSOCIATE-RQ; CT Image Storage and Verification in both native syntaxes when no context is given."""
    proposed = contexts or (context(1, CT_IMAGE_STORAGE, IMPLICIT, EXPLICIT), context(3, VERIFICATION, IMPLICIT))
    body = struct.pack(">HH", version, 0) + called.ljust(16) + calling.ljust(16) + bytes(32)
    body += item(0x10, application_context.encode()) + b"".join(proposed)
    return pdu(1, body + (user_information() if user is None else user))


def pdv(context_id: int, control: int, data: bytes) -> bytes:
    return struct.pack(">IBB", len(data) + 2, context_id, control) + data


def p_data(*pdvs: bytes) -> bytes:
    return pdu(4, b"".join(pdvs))


def command(field: int, *, message_id: int = 1, data_set: bool = True, uid: bytes = b"1.2.3\0") -> bytes:
    return encode_command_set(
        [
            (Element.AFFECTED_SOP_CLASS_UID, CT_IMAGE_STORAGE.encode() + b"\0"),
            (Element.COMMAND_FIELD, field.to_bytes(2, "little")),
            (Element.MESSAGE_ID, message_id.to_bytes(2, "little")),
            (Element.COMMAND_DATA_SET_TYPE, b"\0\0" if data_set else b"\1\1"),
            (Element.AFFECTED_SOP_INSTANCE_UID, uid),
        ]
    )


RELEASE_REQUEST = pdu(5, bytes(4))
ABORT = pdu(7, bytes(4))


class Wire:
    """One TCP connection to a listener."""

    def __init__(self, to: Listener | tuple[str, int]) -> None:
        address = to.address if isinstance(to, Listener) else to
        self.socket = socket.create_connection(address, timeout=PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def read_pdu(self) -> tuple[int, bytes]:
        """The next PDU; type 0 when the connection is closed."""
        header = self._read(6)
        if len(header) < 6:
            return 0, b""
        kind, length = struct.unpack(">BxI", header)
        return kind, self._read(length)

    def associate(self, request: bytes | None = None) -> bytes:
        """Associate; returns the body of the A-ASSOCIATE-AC."""
        self.send(request or associate_request())
        kind, body = self.read_pdu()
        assert kind == 2, (kind, body)
        return body

    def read_response(self) -> CommandSet:
        """The next command set, put together from as many PDUs as it takes."""
        collected = b""
        while True:
            kind, body = self.read_pdu()
            assert kind == 4, (kind, body)
            collected += body[6:]
            if body[5] & 2:
                return decode_command_set(collected)

    def echo(self) -> int:
        self.send(p_data(pdv(3, 3, command(CommandField.C_ECHO_RQ, data_set=False))))
        return status(self.read_response())

    def store(self, data: bytes, *, pieces: int = 1, message_id: int = 1) -> int:
        self.send(p_data(pdv(1, 3, command(CommandField.C_STORE_RQ, message_id=message_id))))
        size = max(1, -(-len(data) // pieces))
        parts = [data[at : at + size] for at in range(0, len(data), size)] or [b""]
        for part in parts[:-1]:
            self.send(p_data(pdv(1, 0, part)))
        self.send(p_data(pdv(1, 2, parts[-1])))
        return status(self.read_response())

    def release(self) -> int:
        """Returns the type of the answer (6 is A-RELEASE-RP) and closes."""
        self.send(RELEASE_REQUEST)
        kind, _ = self.read_pdu()
        self.close()
        return kind

    def close(self) -> None:
        self.socket.close()

    def _read(self, length: int) -> bytes:
        data = b""
        with suppress(ConnectionError):
            while len(data) < length and (part := self.socket.recv(length - len(data))):
                data += part
        return data

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def status(response: CommandSet) -> int:
    return int.from_bytes(response.values[Element.STATUS], "little")


class Recorded:
    """One message that the recording service was given."""

    def __init__(self, service: RecordingService, request: CommandSet, peer: Peer, context: AnsweredContext) -> None:
        self.service, self.request, self.peer, self.context = service, request, peer, context
        self.data = bytearray()
        self.outcome = ""

    def write(self, chunk: memoryview) -> None:
        self.data += chunk
        self.service.began.set()

    def finish(self) -> Response:
        self.service.may_finish.wait(PATIENCE_S)
        self.outcome = "finished"
        return Response(encode_response(self.request, Status.SUCCESS), succeeded=True)

    def abandon(self) -> None:
        self.outcome = "abandoned"
        self.service.abandoned.set()


class RecordingService:
    """Stands for any service: takes everything, remembers it, says yes."""

    def __init__(self, command_field: int, abstract_syntax: str) -> None:
        self.command_field = command_field
        self.abstract_syntax = abstract_syntax
        self.messages: list[Recorded] = []
        self.began, self.may_finish, self.abandoned = threading.Event(), threading.Event(), threading.Event()
        self.may_finish.set()

    def accepts(self, abstract_syntax: str) -> bool:
        return abstract_syntax == self.abstract_syntax

    def transfer_syntax(self, proposed: list[str]) -> str | None:
        return preferred_syntax(proposed)

    def extended_negotiation(self, sop_class_uid: str, information: bytes) -> bytes | None:
        return information[::-1] if information else None

    def receive(self, peer: Peer, context: AnsweredContext, command: CommandSet) -> Recorded:
        self.messages.append(Recorded(self, command, peer, context))
        return self.messages[-1]


def recording_services() -> tuple[RecordingService, RecordingService]:
    """A stand-in for storage and one for verification."""
    return (
        RecordingService(CommandField.C_STORE_RQ, CT_IMAGE_STORAGE),
        RecordingService(CommandField.C_ECHO_RQ, VERIFICATION),
    )


@contextmanager
def listening(
    services: Sequence[Service],
    *,
    limits: Limits | None = None,
    artim_s: float = 10.0,
    idle_for_s: float = 10.0,
    accept_from: tuple[object, ...] = LOOPBACK,
    max_pdu_bytes: int = 131072,
    tls: TlsServer | None = None,
) -> Iterator[Listener]:
    listener = Listener(
        bound_socket("127.0.0.1", 0),
        Admission("ISOCENTER", accept_from),  # type: ignore[arg-type]
        services,
        limits=limits,
        artim_s=artim_s,
        idle_for_s=idle_for_s,
        max_pdu_bytes=max_pdu_bytes,
        tls=tls,
    )
    listener.start()
    try:
        yield listener
    finally:
        listener.stop(within_s=1)


class ScriptedConnection:
    """Stands for a socket whose peer has said everything already: hands it out in the pieces it was given."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self.pieces = list(pieces)
        self.sent = bytearray()

    def recv_into(self, room: memoryview) -> int:
        while self.pieces and not self.pieces[0]:
            self.pieces.pop(0)
        if not self.pieces:
            return 0
        piece = self.pieces[0][: len(room)]
        room[: len(piece)] = piece
        self.pieces[0] = self.pieces[0][len(piece) :]
        return len(piece)

    def sendall(self, data: bytes) -> None:
        self.sent += data

    def setblocking(self, flag: bool) -> None: ...

    def setsockopt(self, *option: object) -> None: ...
