"""Bytes that a peer sends, read straight from a connected socket by a thread, beside the transport that owns it.

The transport must not be reading meanwhile; whoever calls sees to that. A thread is lent only as long as bytes come: a
slow sender waits on the event loop, where waiting costs nothing.
"""

from __future__ import annotations

import asyncio
import select
import socket
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Final

from isocenter.wire.socket_waiting import until_readable

PIECE_BYTES: Final = 512 << 10
PATIENCE_MS: Final = 20
"""How long a thread waits for more before it is given back."""
TURN_BYTES: Final = 64 << 20
"""After so many bytes another connection may have the thread."""


def take_now(connection: socket.socket, length: int, take: Callable[[bytes], None]) -> int:
    """Read at most length bytes and hand them on in pieces, until none comes for a moment; the number of bytes.

    connection: not blocking. Raises ConnectionError when the peer ended the connection, and what `take` raises.
    """
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    done, most = 0, min(length, TURN_BYTES)
    while done < most:
        try:
            piece = connection.recv(min(most - done, PIECE_BYTES))
        except BlockingIOError:
            if not poll.poll(PATIENCE_MS):
                break
            continue
        if not piece:
            raise ConnectionError("the peer ended the connection")
        done += len(piece)
        take(piece)
    return done


async def take_all(
    connection: socket.socket, length: int, take: Callable[[bytes], None], timeout_s: float, executor: Executor
) -> None:
    """Hand exactly `length` bytes of a peer to `take`, in threads of the executor, one after another.

    Cancelled, it ends when the thread that is at work has given back what it holds. Raises TimeoutError when nothing
    comes for timeout_s, ConnectionError, and what `take` raises.
    """
    loop = asyncio.get_running_loop()
    left = length
    while left:
        await until_readable(connection, timeout_s)
        taking = loop.run_in_executor(executor, take_now, connection, left, take)
        try:
            left -= await asyncio.shield(taking)
        except asyncio.CancelledError:
            await asyncio.wait([taking])
            raise
