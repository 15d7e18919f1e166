"""Two copies before an acknowledgement: what the journal appends goes to another node's disk beside our own."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from isocenter.adapters.nodes.client import Member, Peer
from isocenter.adapters.nodes.messages import PIECE_BYTES, Kind, failure, place_of
from isocenter.kit.errors import IsocenterError
from isocenter.kit.logging import get_logger
from isocenter.storage.errors import BytesAway, NoSecondCopy
from isocenter.storage.second_copy import Grown, TwoCopies
from isocenter.storage.segments import SegmentName
from isocenter.wire.node_connection import NodeAway, NodeConnection

log = get_logger(__name__)

SLOWEST_BYTES: Final = 16 << 20
"""So many bytes may take another second."""
AVOIDED_FOR_S: Final = 2.0
"""A node that did not take a copy is not tried again for so long, unless there is no other."""
HOPELESS_FOR_S: Final = 1.0
"""When no node took one, what comes next is refused at once for so long."""
PROBED_WITHIN_S: Final = 2.0
PROBE_HOLDS_S: Final = 2.0
"""Who asks whether another node answers waits so long at most, and the answer holds so long."""
_PAUSE_S = 0.05


class SecondCopies:
    """Brings one writer's segments to one other node, and to the next when that one fails. For one thread at a time.

    It stays with a node as long as that node takes copies. A node that is new to it gets open segments from their
    beginning, so that what it keeps can be read without anybody else's.
    """

    def __init__(self, member: Member, within_s: float) -> None:
        """within_s: time for a group's copy, besides a second for each SLOWEST_BYTES. Half of it is for one node."""
        self._member = member
        self._within_s = within_s
        self._stream: _Stream | None = None
        self._avoided: dict[str, float] = {}
        self._hopeless_until = 0.0
        self._ahead: dict[SegmentName, tuple[Peer, int]] = {}
        self._probing = threading.Lock()
        self._probed_until = 0.0
        self._answers = False

    def two_copies(self) -> TwoCopies:
        """What a journal takes of it."""
        return TwoCopies(self.begin, self.ahead, self.check, self.reachable, self.close)

    def reachable(self) -> None:
        """Raise NoSecondCopy unless another node answers; what was found a moment ago still holds. For any thread."""
        with self._probing:
            if time.monotonic() >= self._probed_until:
                self._answers = self._any_answers(time.monotonic() + PROBED_WITHIN_S)
                self._probed_until = time.monotonic() + PROBE_HOLDS_S
            if not self._answers:
                raise _no_second_copy()

    def _any_answers(self, until: float) -> bool:
        for peer in self._candidates():
            left = until - time.monotonic()
            if left <= 0:
                break
            try:
                self._member.call(peer, min(left, PROBED_WITHIN_S / 2)).close()
                return True
            except IsocenterError as error:
                log.info("nodes.does-not-answer", node=peer.name, reason=error.reason)
        return False

    def check(self) -> None:
        """Raise NoSecondCopy when it is known that a copy would find no place now. Any thread may ask."""
        if time.monotonic() < self._hopeless_until:
            raise _no_second_copy()

    def begin(self, grown: Sequence[Grown]) -> Callable[[], None]:
        """See `storage.second_copy.SecondCopy`."""
        for each in grown:
            self._take_over_what_is_ahead(each.name)
        size = sum(each.end - self._sent(each.name) for each in grown)
        patience = self._within_s + size / SLOWEST_BYTES
        until = time.monotonic() + patience
        sent = self._try(self._stream, grown, until - patience / 2, lambda stream: stream.send(grown))

        def wait() -> None:
            if sent and self._try(self._stream, grown, until - patience / 2, lambda stream: stream.finish(grown)):
                return
            self.check()
            self._send_elsewhere(grown, until, patience / 2)

        return wait

    def ahead(self, grown: Grown) -> None:
        """See `storage.second_copy.TwoCopies`: over a connection of its own, to the node that takes the others."""
        stream = self._stream
        peer = stream.peer if stream is not None else next(iter(self._candidates()), None)
        limit = time.monotonic() + self._within_s + grown.end / SLOWEST_BYTES
        own = None if peer is None else self._open(peer, min(limit, time.monotonic() + self._within_s / 2))
        if own is None:
            return
        try:
            own.connection.wait_until(limit)
            own.copy([replace(grown, whole=True)])
        except (IsocenterError, OSError) as error:
            log.warning("nodes.not-ahead", node=own.peer.name, segment=grown.name.source, reason=str(error))
            return
        finally:
            own.close()
        self._ahead[grown.name] = (own.peer, grown.end)

    def close(self) -> None:
        """End the connection."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def _take_over_what_is_ahead(self, name: SegmentName) -> None:
        """Only once: a connection that fails later sends everything again."""
        peer, end = self._ahead.pop(name, (None, 0))
        if self._stream is not None and self._stream.peer == peer:
            self._stream.sent.setdefault(name, end)

    def _sent(self, name: SegmentName) -> int:
        return 0 if self._stream is None else self._stream.sent.get(name, 0)

    def _try(
        self, stream: _Stream | None, grown: Sequence[Grown], until: float, act: Callable[[_Stream], None]
    ) -> bool:
        """Whether it succeeded; a stream that failed is given up, and its node avoided for a while."""
        if stream is None:
            return False
        try:
            stream.connection.wait_until(until)
            act(stream)
        except (IsocenterError, OSError) as error:
            reason = error.reason if isinstance(error, IsocenterError) else str(error.strerror)
            log.warning("nodes.second-copy-failed", node=stream.peer.name, reason=reason, segments=len(grown))
            self._avoided[stream.peer.name] = time.monotonic() + AVOIDED_FOR_S
            if stream is self._stream:
                self._stream = None
            stream.close()
            return False
        return True

    def _send_elsewhere(self, grown: Sequence[Grown], until: float, share_s: float) -> None:
        """To any node that takes it before the time is over, one after the other, again and again."""
        while True:
            # A segment that is not here any more was given up, or its folder is lost: no other node can help.
            candidates = self._candidates() if all(each.path.exists() for each in grown) else []
            for peer in candidates:
                limit = min(until, time.monotonic() + share_s)
                stream = self._open(peer, limit)
                if self._try(stream, grown, limit, lambda stream: stream.copy(grown)):
                    assert stream is not None
                    log.info("nodes.second-copy-at", node=peer.name)
                    self._stream = stream
                    return
                if time.monotonic() >= until:
                    break
            if not candidates or time.monotonic() + _PAUSE_S >= until:
                self._hopeless_until = time.monotonic() + HOPELESS_FOR_S
                raise _no_second_copy()
            time.sleep(_PAUSE_S)

    def _candidates(self) -> list[Peer]:
        """The other nodes in a ring behind this one, so that nodes share the copies; those that failed come last, and
        those that leave.
        """
        now = time.monotonic()
        ours = self._member.node
        return sorted(
            self._member.others(),
            key=lambda peer: (
                self._avoided.get(peer.name, 0.0) > now,
                peer.draining,
                peer.name < ours,
                peer.name,
            ),
        )

    def _open(self, peer: Peer, until: float) -> _Stream | None:
        try:
            return _Stream(peer, self._member.call(peer, max(0.01, until - time.monotonic())))
        except IsocenterError as error:
            log.warning("nodes.no-connection", node=peer.name, reason=error.reason, detail=str(error))
            self._avoided[peer.name] = time.monotonic() + AVOIDED_FOR_S
            return None


class _Stream:
    """A connection on which segments grow. sent: up to where each was sent."""

    def __init__(self, peer: Peer, connection: NodeConnection) -> None:
        self.peer = peer
        self.connection = connection
        self.sent: dict[SegmentName, int] = {}

    def send(self, grown: Sequence[Grown]) -> None:
        """Everything that is new, and the question whether it is on the disk. Raises NodeAway, OSError, BytesAway."""
        for each in grown:
            file = os.open(each.path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                self._send(each, file)
            finally:
                os.close(file)
        self.connection.send(Kind.SYNC)

    def finish(self, grown: Sequence[Grown]) -> None:
        """Wait for the answer. Raises NodeAway, and what the other node says."""
        frame = self.connection.receive()
        if frame is None or frame.kind not in (Kind.DONE, Kind.FAILED):
            raise NodeAway("The other node ended the connection.", node=self.peer.name)
        if frame.kind == Kind.FAILED:
            raise failure(frame.payload)
        for each in grown:
            if each.whole:
                self.connection.send(Kind.END, place_of(each.name, each.end))
                self.sent.pop(each.name, None)

    def copy(self, grown: Sequence[Grown]) -> None:
        """Both."""
        self.send(grown)
        self.finish(grown)

    def close(self) -> None:
        self.connection.close()

    def _send(self, each: Grown, file: int) -> None:
        offset = self.sent.get(each.name, 0)
        while offset < each.end:
            piece = os.pread(file, min(PIECE_BYTES, each.end - offset), offset)
            if not piece:  # given up meanwhile, and cut
                raise BytesAway("This segment became shorter.", source=each.name.source)
            self.connection.send(Kind.WRITE, place_of(each.name, offset), piece)
            offset += len(piece)
            self.sent[each.name] = offset


def _no_second_copy() -> NoSecondCopy:
    return NoSecondCopy("No other node takes a second copy now; send again when one answers (`isocenter node list`).")
