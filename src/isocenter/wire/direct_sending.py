"""Bytes and ranges of files straight into a connected socket, beside the transport that owns it.

What is long goes from its file without a copy through the process (sendfile): a gigabyte costs the sender a tenth of a
second. An answer of up to a megabyte is copied by one call, which is cheaper than the calls that save the copy. The
transport must have nothing left to write; whoever calls waits for that and writes nothing else meanwhile.
"""

from __future__ import annotations

import asyncio
import os
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from isocenter.kit.open_file import OpenFile
from isocenter.wire.socket_waiting import until_writable

AT_ONCE_BYTES: Final = 1 << 20
"""In one call at the most; after so many, others get their turn. An answer up to this is copied."""
_MOST_PARTS: Final = 512
"""In one call, below the kernel's 1024."""
LOOKS_EVERY_S: Final = 1.0
"""How soon a thread that waits for a slow reader notices that it shall stop."""


@dataclass(frozen=True, slots=True)
class FileRange:
    """`length` bytes from `offset` of an open file."""

    file: OpenFile
    offset: int
    length: int

    def view(self) -> memoryview:
        """The bytes, mapped. Raises OSError when the file is shorter."""
        return self.file.view(self.offset, self.length)

    def behind(self, count: int) -> FileRange:
        """Without its first `count` bytes."""
        return FileRange(self.file, self.offset + count, self.length - count)


Piece = bytes | memoryview | FileRange


class Outgoing:
    """Pieces on their way out, in order; those to come are asked for as far as one call may send.

    connection: not blocking. copied: of files too, their bytes go through a mapping.
    """

    def __init__(self, connection: socket.socket, pieces: Iterable[Piece], *, copied: bool) -> None:
        self._connection = connection
        self._coming = iter(pieces)
        self._waiting: deque[memoryview | FileRange] = deque()
        self._waiting_bytes = 0
        self._copied = copied
        self.is_full = False  # the socket took less than it was offered

    def send_some(self) -> int:
        """Send once; the number of bytes, 0 when all is sent and when the socket is full.

        Raises OSError when the connection broke or a file ends early, and what the pieces raise.
        """
        self._gather()
        if not self._waiting:
            return 0
        try:
            first = self._waiting[0]
            count, offered = self._hand_over(first) if isinstance(first, FileRange) else self._copy()
        except BlockingIOError:
            self.is_full = True
            return 0
        self.is_full = count < offered
        self._drop(count)
        return count

    def rest(self) -> list[Piece]:
        """What is not sent."""
        return [*self._waiting, *self._coming]

    def _gather(self) -> None:
        while self._waiting_bytes < AT_ONCE_BYTES and len(self._waiting) < _MOST_PARTS:
            piece = next(self._coming, None)
            if piece is None:
                return
            if not isinstance(piece, FileRange):
                piece = memoryview(piece)
            elif self._copied:
                piece = piece.view()
            if length := _length(piece):
                self._waiting.append(piece)
                self._waiting_bytes += length

    def _copy(self) -> tuple[int, int]:
        """What stands before the next range of a file; the number of bytes that were taken, and that were offered."""
        parts: list[memoryview] = []
        offered = 0
        for piece in self._waiting:
            if isinstance(piece, FileRange) or offered == AT_ONCE_BYTES:
                break
            parts.append(piece[: AT_ONCE_BYTES - offered])
            offered += len(parts[-1])
        # The kernel holds bytes back that more will follow, for a fifth of a second if it does not.
        more = socket.MSG_MORE if offered < self._waiting_bytes else 0
        return self._connection.sendmsg(parts, (), socket.MSG_DONTWAIT | more), offered

    def _hand_over(self, piece: FileRange) -> tuple[int, int]:
        offered = min(piece.length, AT_ONCE_BYTES)
        count = os.sendfile(self._connection.fileno(), piece.file.descriptor, piece.offset, offered)
        if not count:
            raise OSError("a file ends before the bytes that were promised")
        return count, offered

    def _drop(self, count: int) -> None:
        self._waiting_bytes -= count
        while self._waiting and count >= _length(self._waiting[0]):
            count -= _length(self._waiting.popleft())
        if count:
            first = self._waiting[0]
            self._waiting[0] = first.behind(count) if isinstance(first, FileRange) else first[count:]


async def flushed(transport: asyncio.WriteTransport, timeout_s: float) -> None:
    """Wait until the transport has nothing left to write. Raises TimeoutError, ConnectionError."""
    async with asyncio.timeout(timeout_s):
        turns = 0
        while transport.get_write_buffer_size():
            if transport.is_closing():
                raise ConnectionError("the connection was closed")
            await asyncio.sleep(0 if turns < 10 else 0.001)
            turns += 1


def send_now(connection: socket.socket, pieces: Sequence[Piece]) -> list[Piece]:
    """Send as much as the socket takes without waiting; what is left, in order.

    Raises OSError when the connection broke or a file ends early.
    """
    outgoing = Outgoing(connection, pieces, copied=_is_short(pieces))
    while outgoing.send_some() and not outgoing.is_full:
        pass
    return outgoing.rest()


def send_patiently(
    connection: socket.socket, pieces: Iterable[Piece], timeout_s: float, stopping: threading.Event
) -> int:
    """Send everything from a thread, which waits where `send_pieces` would let others have their turn; bytes sent.

    connection: not blocking. Raises TimeoutError when the peer takes nothing for timeout_s, ConnectionError when told
    to stop, and OSError when the connection broke or a file ends early.
    """
    poll = select.poll()
    poll.register(connection, select.POLLOUT)
    outgoing, total = Outgoing(connection, pieces, copied=False), 0
    while (count := outgoing.send_some()) or outgoing.is_full:
        total += count
        if outgoing.is_full:
            _wait_until_writable(poll, timeout_s, stopping)
    return total


def _wait_until_writable(poll: select.poll, timeout_s: float, stopping: threading.Event) -> None:
    deadline = time.monotonic() + timeout_s
    while not poll.poll(1000 * LOOKS_EVERY_S):
        if stopping.is_set():
            raise ConnectionError("told to stop")
        if time.monotonic() > deadline:
            raise TimeoutError("the peer takes nothing")


async def send_pieces(transport: asyncio.WriteTransport, pieces: Sequence[Piece], timeout_s: float) -> int:
    """Send everything, in order; the number of bytes. timeout_s: without the peer taking anything.

    Raises TimeoutError, and OSError when the connection broke or a file ends early.
    """
    await flushed(transport, timeout_s)
    ours = transport.get_extra_info("socket")
    if ours is None or transport.is_closing():
        raise ConnectionError("the connection was closed")
    # A descriptor of its own: the event loop refuses to watch the one that the transport watches.
    with socket.socket(fileno=os.dup(ours.fileno())) as connection:
        outgoing, total, turn = Outgoing(connection, pieces, copied=_is_short(pieces)), 0, 0
        while (count := outgoing.send_some()) or outgoing.is_full:
            total, turn = total + count, turn + count
            if outgoing.is_full:
                await until_writable(connection, timeout_s)
                if transport.is_closing():
                    raise ConnectionError("the connection was closed")
            elif turn >= AT_ONCE_BYTES:
                turn = 0
                await asyncio.sleep(0)
    return total


def _is_short(pieces: Sequence[Piece]) -> bool:
    return sum(map(_length, pieces)) <= AT_ONCE_BYTES


def _length(piece: Piece) -> int:
    return piece.length if isinstance(piece, FileRange) else len(piece)
