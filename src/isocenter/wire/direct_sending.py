"""Bytes and ranges of files straight into a connected socket (sendfile), beside the transport that owns it.

The kernel moves file pages to the socket without a copy through the process: a gigabyte costs a few milliseconds. The
transport must have nothing left to write; whoever calls waits for that and writes nothing else meanwhile.
"""

from __future__ import annotations

import asyncio
import os
import select
import socket
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from isocenter.wire.socket_waiting import until_writable

TURN_BYTES: Final = 1 << 20
"""After so many bytes others get their turn."""


@dataclass(frozen=True, slots=True)
class FileRange:
    """`length` bytes from `offset` of an open file. holder: what keeps the descriptor open."""

    descriptor: int
    offset: int
    length: int
    holder: object = None


async def flushed(transport: asyncio.WriteTransport, timeout_s: float) -> None:
    """Wait until the transport has nothing left to write. Raises TimeoutError, ConnectionError."""
    async with asyncio.timeout(timeout_s):
        turns = 0
        while transport.get_write_buffer_size():
            if transport.is_closing():
                raise ConnectionError("the connection was closed")
            await asyncio.sleep(0 if turns < 10 else 0.001)
            turns += 1


def send_now(connection: socket.socket, pieces: Sequence[bytes | FileRange]) -> list[bytes | FileRange]:
    """Send as much as the socket takes without waiting; what is left, in order.

    Raises OSError when the connection broke or a file ends early.
    """
    for number, piece in enumerate(pieces):
        more = number + 1 < len(pieces)
        done = _send_some(connection, piece, more)
        if done < _length(piece):
            return [_from(piece, done), *pieces[number + 1 :]]
    return []


def _send_some(connection: socket.socket, piece: bytes | FileRange, more: bool) -> int:
    length, done = _length(piece), 0
    while done < length:
        try:
            if isinstance(piece, FileRange):
                count = os.sendfile(connection.fileno(), piece.descriptor, piece.offset + done, length - done)
            else:
                flags = socket.MSG_DONTWAIT | (socket.MSG_MORE if more else 0)
                count = connection.send(memoryview(piece)[done:], flags)
        except BlockingIOError:
            break
        if count == 0:
            raise OSError("a file ends before the bytes that were promised")
        done += count
    return done


def _length(piece: bytes | FileRange) -> int:
    return piece.length if isinstance(piece, FileRange) else len(piece)


def _from(piece: bytes | FileRange, start: int) -> bytes | FileRange:
    if isinstance(piece, FileRange):
        return FileRange(piece.descriptor, piece.offset + start, piece.length - start, piece.holder)
    return memoryview(piece)[start:] if start else piece  # type: ignore[return-value]  # sockets take any bytes-like


LOOKS_EVERY_S: Final = 1.0
"""How soon a thread that waits for a slow reader notices that it shall stop."""


def send_patiently(
    connection: socket.socket, pieces: Iterable[bytes | FileRange], timeout_s: float, stopping: threading.Event
) -> int:
    """Send everything from a thread, which waits where `send_pieces` would let others have their turn; bytes sent.

    connection: not blocking. Raises TimeoutError when the peer takes nothing for timeout_s, ConnectionError when told
    to stop, and OSError when the connection broke or a file ends early.
    """
    poll = select.poll()
    poll.register(connection, select.POLLOUT)
    total = 0
    for piece in pieces:
        done, length = 0, _length(piece)
        while done < length:
            count = _send_some(connection, _from(piece, done), more=False)
            done += count
            if done < length:
                _wait_until_writable(poll, timeout_s, stopping)
        total += length
    return total


def _wait_until_writable(poll: select.poll, timeout_s: float, stopping: threading.Event) -> None:
    deadline = time.monotonic() + timeout_s
    while not poll.poll(1000 * LOOKS_EVERY_S):
        if stopping.is_set():
            raise ConnectionError("told to stop")
        if time.monotonic() > deadline:
            raise TimeoutError("the peer takes nothing")


async def send_pieces(transport: asyncio.WriteTransport, pieces: Sequence[bytes | FileRange], timeout_s: float) -> int:
    """Send everything, in order; the number of bytes. timeout_s: without the peer taking anything.

    Raises TimeoutError, and OSError when the connection broke or a file ends early.
    """
    await flushed(transport, timeout_s)
    ours = transport.get_extra_info("socket")
    if ours is None or transport.is_closing():
        raise ConnectionError("the connection was closed")
    total = 0
    # A descriptor of its own: the event loop refuses to watch the one that the transport watches.
    with socket.socket(fileno=os.dup(ours.fileno())) as connection:
        turn = 0
        for number, piece in enumerate(pieces, 1):
            # The kernel holds bytes back that more will follow, for a fifth of a second if it does not.
            flags = socket.MSG_DONTWAIT | (socket.MSG_MORE if number < len(pieces) else 0)
            sent = await _send(connection, transport, piece, flags, timeout_s)
            total, turn = total + sent, turn + sent
            if turn >= TURN_BYTES:
                turn = 0
                await asyncio.sleep(0)
    return total


async def _send(
    connection: socket.socket,
    transport: asyncio.WriteTransport,
    piece: bytes | FileRange,
    flags: int,
    timeout_s: float,
) -> int:
    length, done = _length(piece), 0
    while done < length:
        try:
            if isinstance(piece, FileRange):
                target = connection.fileno()
                count = os.sendfile(target, piece.descriptor, piece.offset + done, min(length - done, TURN_BYTES))
            else:
                count = connection.send(memoryview(piece)[done:], flags)
        except BlockingIOError:
            await until_writable(connection, timeout_s)
            if transport.is_closing():
                raise ConnectionError("the connection was closed") from None
            continue
        if count == 0:
            raise OSError("a file ends before the bytes that were promised")
        done += count
    return done
