"""Asking other nodes: bytes of their journals, and replicas that they keep."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from isocenter.adapters.nodes.messages import (
    MOST_READ_BYTES,
    Kind,
    failure,
    parse_listing,
    range_of,
)
from isocenter.kit.errors import Exhausted, IsocenterError
from isocenter.kit.logging import get_logger
from isocenter.storage.errors import BytesAway
from isocenter.storage.replicas import Replica, Replicas
from isocenter.storage.segments import SegmentName
from isocenter.wire.node_connection import NodeAway, NodeConnection, NotOurCluster, call
from isocenter.wire.tls import TlsClient

log = get_logger(__name__)

ANSWER_WITHIN_S: Final = 3.0
"""A node has so long for an answer, and a second for each SLOWEST_BYTES of it."""
SLOWEST_BYTES: Final = 4 << 20
ASKED_FOR_S: Final = 9.0
"""When so long was spent, no further node is asked."""
CONNECT_WITHIN_S: Final = 2.0
AVOIDED_FOR_S: Final = 2.0
"""A node that did not answer is not asked again for so long."""
_KEPT = 4


@dataclass(frozen=True, slots=True)
class Peer:
    """Another node: its name, and where its keeper listens. draining: it is about to leave."""

    name: str
    host: str
    port: int
    draining: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """Who we are among the nodes. key: the cluster key. tls: None speaks plain.

    peers: the nodes that may answer now, as the registry says; this node itself may be among them.
    """

    node: str
    key: bytes
    peers: Callable[[], Sequence[Peer]]
    tls: TlsClient | None = None

    def others(self) -> list[Peer]:
        """Every node but this one. A registry that cannot be read is one without nodes."""
        try:
            return [peer for peer in self.peers() if peer.name != self.node]
        except Exhausted as error:
            log.warning("nodes.registry-away", reason=error.reason)
            return []

    def call(self, peer: Peer, within_s: float) -> NodeConnection:
        """A new connection. Raises NodeAway, NotOurCluster."""
        return call((peer.host, peer.port), self.node, self.key, within_s=within_s, tls=self.tls)


@dataclass(slots=True)
class _Known:
    """What we know of a peer: connections that wait for the next question, and until when it is left alone."""

    idle: list[NodeConnection] = field(default_factory=list)
    avoided_until: float = 0.0


class NodeClient:
    """Asks the other nodes. Safe for threads; close it."""

    def __init__(self, member: Member, replicas: Replicas | None = None) -> None:
        """replicas: those of this node, looked at before others are asked."""
        self.member = member
        self._replicas = replicas
        self._lock = threading.Lock()
        self._known: dict[Peer, _Known] = {}

    def read(self, source: str, offset: int, length: int) -> bytes:
        """Exactly these bytes of a segment: from the replica here, from its owner, or from another that keeps one.

        Raises BytesAway when nobody has them now; ends within some seconds.
        """
        name = SegmentName.from_source(source)
        if self._replicas is not None:
            try:
                return self._replicas.read(name, offset, length)
            except BytesAway:
                pass
        no_more = time.monotonic() + ASKED_FOR_S
        for peer in sorted(self.member.others(), key=lambda peer: peer.name != name.node):
            if time.monotonic() > no_more:
                break
            try:
                return self._read_from(peer, source, offset, length)
            except IsocenterError as error:
                log.debug("nodes.not-there", node=peer.name, segment=source, reason=error.reason)
        raise BytesAway("These bytes are on no node that answers now.", source=source)

    def owner_has(self, name: SegmentName) -> bool:
        """Whether the node that wrote a segment still has it. Raises NodeAway when it does not say so."""
        for peer in self.member.others():
            if peer.name == name.node:
                try:
                    return len(self._read_from(peer, name.source, 0, 1)) == 1
                except BytesAway:
                    return False
        raise NodeAway("The node is not known, or does not answer others.", node=name.node)

    def is_nowhere(self, source: str, offset: int) -> bool:
        """Whether neither this node nor any other that is up has this byte of a segment.

        Raises NodeAway when one of them does not say so, NotOurCluster.
        """
        if self._replicas is not None:
            try:
                self._replicas.read(SegmentName.from_source(source), offset, 1)
            except BytesAway:
                pass
            else:
                return False
        for peer in self.member.others():
            try:
                self._read_from(peer, source, offset, 1)
            except BytesAway:
                continue
            return False
        return True

    def replicas_of(self, node: str, peer: Peer) -> list[Replica]:
        """What a peer keeps of a node's journal. Raises NodeAway, NotOurCluster."""
        with self._talking(peer, time.monotonic() + ANSWER_WITHIN_S) as connection:
            connection.send(Kind.LIST, node.encode("ascii"))
            return list(parse_listing(node, memoryview(b"".join(_answer(connection)))))

    def close(self) -> None:
        """End the connections."""
        with self._lock:
            idle = [connection for known in self._known.values() for connection in known.idle]
            self._known.clear()
        for connection in idle:
            connection.close()

    def _read_from(self, peer: Peer, source: str, offset: int, length: int) -> bytes:
        until = time.monotonic() + ANSWER_WITHIN_S + length / SLOWEST_BYTES
        parts: list[memoryview] = []
        with self._talking(peer, until) as connection:
            for start in range(0, length, MOST_READ_BYTES):
                connection.send(Kind.READ, range_of(source, offset + start, min(MOST_READ_BYTES, length - start)))
                parts.extend(_answer(connection))
        data = b"".join(parts)
        if len(data) != length:
            raise NodeAway("The other node answered with less than was asked for.", node=peer.name)
        return data

    @contextmanager
    def _talking(self, peer: Peer, until: float) -> Iterator[NodeConnection]:
        """A connection for one question, kept for the next one when it went well."""
        connection = self._connection(peer, until)
        try:
            connection.wait_until(until)
            yield connection
        except (NodeAway, NotOurCluster):
            connection.close()
            self._avoid(peer)
            raise
        except IsocenterError:  # an answer too: the connection is sound
            self._keep(peer, connection)
            raise
        except BaseException:
            connection.close()
            raise
        self._keep(peer, connection)

    def _connection(self, peer: Peer, until: float) -> NodeConnection:
        """One that waits, unless the other side ended it, or a new one."""
        with self._lock:
            known = self._known.setdefault(peer, _Known())
            if time.monotonic() < known.avoided_until:
                raise NodeAway("The node did not answer a moment ago.", node=peer.name)
            while known.idle:
                connection = known.idle.pop()
                if connection.is_quiet():
                    return connection
                connection.close()
        try:
            return self.member.call(peer, min(CONNECT_WITHIN_S, max(0.01, until - time.monotonic())))
        except (NodeAway, NotOurCluster) as error:
            log.warning("nodes.no-connection", node=peer.name, reason=error.reason, detail=str(error))
            self._avoid(peer)
            raise

    def _avoid(self, peer: Peer) -> None:
        with self._lock:
            self._known.setdefault(peer, _Known()).avoided_until = time.monotonic() + AVOIDED_FOR_S

    def _keep(self, peer: Peer, connection: NodeConnection) -> None:
        with self._lock:
            known = self._known.setdefault(peer, _Known())
            if len(known.idle) < _KEPT:
                known.idle.append(connection)
                return
        connection.close()


def _answer(connection: NodeConnection) -> Iterator[memoryview]:
    """The parts of one answer. Raises what the other side says, NodeAway, NotOurCluster."""
    while True:
        frame = connection.receive()
        if frame is None:
            raise NodeAway("The other node ended the connection.", node=connection.peer)
        if frame.kind == Kind.PART:
            yield frame.payload
        elif frame.kind == Kind.DONE:
            return
        elif frame.kind == Kind.FAILED:
            raise failure(frame.payload)
        else:
            raise NotOurCluster("The other node answered with what is no answer.", node=connection.peer)
