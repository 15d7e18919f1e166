"""What answers other nodes: reads of our journal and of replicas, and their segments as they grow."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from isocenter.adapters.nodes.messages import (
    PIECE_BYTES,
    Kind,
    failure_of,
    listing_of,
    parse_place,
    parse_range,
)
from isocenter.kit.errors import Conflict, Invalid, IsocenterError
from isocenter.kit.logging import get_logger
from isocenter.storage.errors import BytesAway, Damaged
from isocenter.storage.extents import read_file_range
from isocenter.storage.replicas import Replicas, ReplicaWriter
from isocenter.storage.segments import SegmentName, check_node
from isocenter.wire.node_connection import Frame, NodeConnection, answer
from isocenter.wire.tls import TlsServer

log = get_logger(__name__)

GREETING_WITHIN_S: Final = 5.0
MOST_CONNECTIONS: Final = 256
_JOIN_S = 5.0


class CannotServeNodes(Conflict):
    """The address for other nodes cannot be had."""

    reason = "cannot-serve-nodes"


@dataclass(frozen=True, slots=True)
class Served:
    """What of this home is there for other nodes. node: our own name; key: the cluster key."""

    node: str
    key: bytes
    journal_directory: Path
    replicas: Replicas

    def pieces(self, name: SegmentName, offset: int, length: int) -> Iterator[bytes]:
        """A range of a segment, from our journal or from a replica. Raises BytesAway."""
        for start in range(offset, offset + length, PIECE_BYTES):
            wanted = min(PIECE_BYTES, offset + length - start)
            try:
                yield read_file_range(name.path(self.journal_directory), start, wanted)
            except (FileNotFoundError, Damaged):
                yield self.replicas.read(name, start, wanted)
            except OSError as error:
                raise BytesAway("The disk does not give these bytes.", source=name.source) from error


class NodeServer:
    """Accepts other nodes, one thread each, until it is stopped."""

    def __init__(self, host: str, port: int, served: Served, *, tls: TlsServer | None = None) -> None:
        """tls: None takes plain connections only, else TLS alone. Raises CannotServeNodes."""
        self._served = served
        self._tls = tls
        self._listening = _listening(host, port)
        self.address: tuple[str, int] = self._listening.getsockname()[:2]
        """Host and port that it listens on."""
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._stopping = False
        self._accepting = threading.Thread(target=self._accept, name="nodes", daemon=True)

    def start(self) -> None:
        """Begin to accept."""
        self._accepting.start()

    def stop(self) -> None:
        """Accept no more and end what is connected; what is in the middle of a sync finishes it."""
        self._stopping = True
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        with self._lock:
            for each in self._sockets:
                with suppress(OSError):
                    socket.socket.shutdown(each, socket.SHUT_RDWR)
        self._accepting.join(_JOIN_S)

    def _accept(self) -> None:
        while not self._stopping:
            try:
                connection, address = self._listening.accept()
            except OSError as error:
                if not self._stopping:
                    log.error("nodes.accept-failed", errno=error.errno)
                return
            with self._lock:
                if self._stopping or len(self._sockets) >= MOST_CONNECTIONS:
                    connection.close()
                    continue
                self._sockets.add(connection)
            threading.Thread(target=self._serve, args=(connection, address[0]), name="node", daemon=True).start()

    def _serve(self, connection: socket.socket, address: str) -> None:
        accepted = connection
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _notice_the_dead(connection)
            with closing(self._greeted(connection)) as greeted:
                _Conversation(self._served, greeted).run()
        except IsocenterError as error:
            log.warning("nodes.connection-ended", address=address, reason=error.reason, detail=str(error))
        except OSError as error:
            log.info("nodes.connection-broke", address=address, errno=error.errno)
        except Exception:
            log.exception("nodes.connection-failed", address=address)
        finally:
            with self._lock:
                self._sockets.discard(accepted)
            accepted.close()

    def _greeted(self, connection: socket.socket) -> NodeConnection:
        connection.settimeout(GREETING_WITHIN_S)
        if self._tls is not None:
            secured = self._tls.begin(connection)
            secured.settimeout(GREETING_WITHIN_S)
            secured.do_handshake()
            with self._lock:  # it is asked by one thread at a time
                objection = self._tls.objection(secured)
            if objection is not None:
                raise Invalid("A node's certificate is refused.", why=objection)
            connection = secured
        return answer(connection, self._served.node, self._served.key, within_s=GREETING_WITHIN_S)


class _Conversation:
    """One connection's questions, in their order. What went wrong with writing is said at the next SYNC."""

    def __init__(self, served: Served, connection: NodeConnection) -> None:
        self._served = served
        self._connection = connection
        self._writer = ReplicaWriter(served.replicas, check_node(connection.peer))
        self._failure: IsocenterError | None = None

    def run(self) -> None:
        with closing(self._writer):
            while (frame := self._connection.receive()) is not None:
                self._take(frame)

    def _take(self, frame: Frame) -> None:
        if frame.kind == Kind.WRITE:
            self._write(frame.payload)
            return
        if frame.kind == Kind.END:
            self._writer.end(parse_place(frame.payload)[0])
            return
        try:
            for piece in self._answer(frame):
                self._connection.send(Kind.PART, piece)
        except (IsocenterError, OSError) as error:
            told = error if isinstance(error, IsocenterError) else BytesAway("The disk of this node failed.")
            self._connection.send(Kind.FAILED, failure_of(told))
            return
        self._connection.send(Kind.DONE)

    def _answer(self, frame: Frame) -> Iterator[bytes]:
        if frame.kind == Kind.READ:
            yield from self._served.pieces(*parse_range(frame.payload))
        elif frame.kind == Kind.SYNC:
            self._sync()
        elif frame.kind == Kind.LIST:
            node = check_node(bytes(frame.payload).decode("ascii", "replace"))
            listing = listing_of(self._served.replicas.listed(node))
            for start in range(0, len(listing), PIECE_BYTES):
                yield listing[start : start + PIECE_BYTES]
        else:
            raise Invalid("This node does not know that question; is it an older version?", kind=frame.kind)

    def _write(self, payload: memoryview) -> None:
        if self._failure is not None:
            return
        try:
            self._writer.write(*parse_place(payload))
        except IsocenterError as error:
            log.warning("nodes.replica-not-written", node=self._connection.peer, reason=error.reason, detail=str(error))
            self._failure = error

    def _sync(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
        self._writer.sync()


def _notice_the_dead(connection: socket.socket) -> None:
    """A node that was cut off may never say goodbye: ask after half a minute of silence, and end after another one."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in ((socket.TCP_KEEPIDLE, 30), (socket.TCP_KEEPINTVL, 10), (socket.TCP_KEEPCNT, 3)):
        connection.setsockopt(socket.IPPROTO_TCP, option, value)


def _listening(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        message = f"The address for other nodes cannot be used: {error.strerror}. Set ISOCENTER_NODE_PORT to another."
        raise CannotServeNodes(message, host=host, port=port) from error
