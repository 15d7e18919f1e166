"""A connection between two nodes of one region: framed, and authentic both ways (docs/formats.md, "Node protocol").

Both sides prove that they hold the cluster key over nonces of both; every frame after that carries a keyed digest and
its place in the order. What the frames mean is not known here (`adapters.nodes`).
"""

from __future__ import annotations

import hmac
import secrets
import select
import socket
import ssl
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from blake3 import blake3

from isocenter.kit.errors import Exhausted, Invalid, Refused
from isocenter.wire.tls import TlsClient

MAGIC: Final = b"ISONODE1"
NONCE_BYTES: Final = 32
PROOF_BYTES: Final = 32
TAG_BYTES: Final = 16
MOST_PAYLOAD_BYTES: Final = (4 << 20) + 4096
"""A frame that says more is none of ours."""

_HEADER = struct.Struct("<IB3x")
_HELLO_BYTES = len(MAGIC) + NONCE_BYTES + 1
_COUNT = struct.Struct("<Q")


class NodeAway(Exhausted):
    """The other node does not answer, or not any more."""

    reason = "node-away"


class NotOurCluster(Refused):
    """The other side does not hold our cluster key, or what it sent was changed on its way."""

    reason = "not-our-cluster"


@dataclass(frozen=True, slots=True)
class Frame:
    """One message. kind: what it means to those who speak; payload: its bytes."""

    kind: int
    payload: memoryview


class NodeConnection:
    """An authentic connection. For one thread; after an exception it can only be closed."""

    def __init__(self, connection: socket.socket, peer: str, sending: bytes, receiving: bytes) -> None:
        """peer: the name the other side gave. sending, receiving: the keys of the two directions (32 bytes)."""
        self.peer = peer
        self._socket = connection
        self._keys = (sending, receiving)
        self._sent = self._received = 0
        self._until: float | None = None

    def wait_until(self, moment: float | None) -> None:
        """Everything from now on fails with NodeAway after this moment (monotonic clock); None: never."""
        self._until = moment

    def send(self, kind: int, *pieces: bytes | memoryview) -> None:
        """Send one frame. Raises NodeAway, Invalid (too large)."""
        length = sum(len(piece) for piece in pieces)
        if length > MOST_PAYLOAD_BYTES:
            raise Invalid("A frame between nodes is too large.", length=length)
        header = _HEADER.pack(length, kind)
        tag = _tag(self._keys[0], self._sent, header, pieces)
        self._sent += 1
        try:
            self._patience()
            if isinstance(self._socket, ssl.SSLSocket):
                self._socket.sendall(b"".join((header, *pieces, tag)))
            else:
                _send_all(self._socket, [header, *pieces, tag])
        except OSError as error:
            raise NodeAway("The other node went away.", node=self.peer) from error

    def receive(self) -> Frame | None:
        """The next frame; None when the other side ended in good order. Raises NodeAway, NotOurCluster."""
        header = self._exactly(_HEADER.size, may_end=True)
        if not header:
            return None
        length, kind = _HEADER.unpack(header)
        if length > MOST_PAYLOAD_BYTES:
            raise NotOurCluster("The other node sent a frame that is none.", node=self.peer, length=length)
        body = self._exactly(length + TAG_BYTES)
        payload = memoryview(body)[:length]
        tag = _tag(self._keys[1], self._received, header, [payload])
        self._received += 1
        if not hmac.compare_digest(tag, bytes(body[length:])):
            raise NotOurCluster("A frame between nodes was changed on its way.", node=self.peer)
        return Frame(kind, payload)

    def is_quiet(self) -> bool:
        """Whether it is open and nothing came unasked: an end that the other side made long ago is seen here."""
        poller = select.poll()
        poller.register(self._socket, select.POLLIN | getattr(select, "POLLRDHUP", 0))
        return not poller.poll(0)

    def close(self) -> None:
        """End the connection; another thread that waits on it ends too."""
        try:
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()

    def _exactly(self, length: int, *, may_end: bool = False) -> bytearray:
        data = bytearray(length)
        view, got = memoryview(data), 0
        try:
            while got < length:
                self._patience()
                count = self._socket.recv_into(view[got:])
                if not count:
                    break
                got += count
        except OSError as error:
            raise NodeAway("The other node does not answer.", node=self.peer) from error
        if got == length:
            return data
        if may_end and not got:
            return bytearray()
        raise NodeAway("The other node went away in the middle of a frame.", node=self.peer)

    def _patience(self) -> None:
        if self._until is None:
            return
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)


def call(
    address: tuple[str, int], ours: str, key: bytes, *, within_s: float, tls: TlsClient | None = None
) -> NodeConnection:
    """Connect to a node and prove who we are. ours: our own name. key: the cluster key. tls: None speaks plain.

    Raises NodeAway when it does not answer within the time, NotOurCluster when it has another key.
    """
    until = time.monotonic() + within_s
    try:
        connection = socket.create_connection(address, timeout=within_s)
    except OSError as error:
        raise NodeAway("The node does not answer.", host=address[0], port=address[1]) from error
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(max(0.01, until - time.monotonic()))
        if tls is not None:
            connection = tls.secured(connection, address[0], None)
        made = _greet(connection, ours, key, until)
    except OSError as error:
        connection.close()
        raise NodeAway("The node does not answer.", host=address[0], port=address[1]) from error
    except BaseException:
        connection.close()
        raise
    made.wait_until(until)
    return made


def answer(connection: socket.socket, ours: str, key: bytes, *, within_s: float) -> NodeConnection:
    """The other side of `call`: prove who we are, and see who it is. Raises NodeAway, NotOurCluster."""
    until = time.monotonic() + within_s
    made = NodeConnection(connection, "", b"", b"")
    made.wait_until(until)
    theirs, name = _read_hello(made)
    hello = _hello(ours)
    transcript = theirs + hello
    try:
        connection.sendall(hello + _proof(key, b"server", transcript))
    except OSError as error:
        raise NodeAway("The caller went away.") from error
    if not hmac.compare_digest(made._exactly(PROOF_BYTES), _proof(key, b"client", transcript)):
        raise NotOurCluster("A caller does not hold our cluster key.", node=name)
    done = NodeConnection(
        connection, name, _proof(key, b"to-client", transcript), _proof(key, b"to-server", transcript)
    )
    done.wait_until(None)
    connection.settimeout(None)
    return done


def _greet(connection: socket.socket, ours: str, key: bytes, until: float) -> NodeConnection:
    made = NodeConnection(connection, "", b"", b"")
    made.wait_until(until)
    hello = _hello(ours)
    connection.sendall(hello)
    theirs, name = _read_hello(made)
    transcript = hello + theirs
    if not hmac.compare_digest(made._exactly(PROOF_BYTES), _proof(key, b"server", transcript)):
        message = "The node holds another cluster key; copy secrets/cluster.key of one node to all of them."
        raise NotOurCluster(message, node=name)
    connection.sendall(_proof(key, b"client", transcript))
    return NodeConnection(
        connection, name, _proof(key, b"to-server", transcript), _proof(key, b"to-client", transcript)
    )


def _hello(name: str) -> bytes:
    encoded = name.encode("ascii")
    return MAGIC + secrets.token_bytes(NONCE_BYTES) + bytes([len(encoded)]) + encoded


def _read_hello(connection: NodeConnection) -> tuple[bytes, str]:
    """The other side's hello, whole, and the name in it."""
    fixed = connection._exactly(_HELLO_BYTES)
    if not fixed.startswith(MAGIC):
        raise NotOurCluster("What answers there is no node of this version.")
    name = connection._exactly(fixed[-1])
    try:
        return bytes(fixed + name), name.decode("ascii")
    except UnicodeDecodeError:
        raise NotOurCluster("What answers there is no node of this version.") from None


def _proof(key: bytes, role: bytes, transcript: bytes) -> bytes:
    return hmac.digest(key, b"isonode/1 " + role + b"\0" + transcript, "sha256")


def _tag(key: bytes, count: int, header: bytes | bytearray, pieces: Sequence[bytes | memoryview]) -> bytes:
    hasher = blake3(_COUNT.pack(count) + header, key=key)
    for piece in pieces:
        hasher.update(piece)
    return hasher.digest(TAG_BYTES)


def _send_all(connection: socket.socket, pieces: list[bytes | memoryview]) -> None:
    """Everything, without joining it first."""
    while pieces:
        done = connection.sendmsg(pieces)
        while pieces and done >= len(pieces[0]):
            done -= len(pieces[0])
            pieces.pop(0)
        if pieces and done:
            pieces[0] = memoryview(pieces[0])[done:]
