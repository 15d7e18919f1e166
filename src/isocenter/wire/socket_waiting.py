"""Waiting on the event loop for a socket that a transport does not watch itself."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable


async def until_readable(connection: socket.socket, timeout_s: float) -> None:
    """Wait until there is something to read, the end included. Raises TimeoutError."""
    loop = asyncio.get_running_loop()
    await _until(loop.add_reader, loop.remove_reader, connection, timeout_s)


async def until_writable(connection: socket.socket, timeout_s: float) -> None:
    """Wait until the peer has taken something, or is gone. Raises TimeoutError."""
    loop = asyncio.get_running_loop()
    await _until(loop.add_writer, loop.remove_writer, connection, timeout_s)


async def _until(
    watch: Callable[..., object], forget: Callable[[int], object], connection: socket.socket, timeout_s: float
) -> None:
    ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    watch(connection.fileno(), _set, ready)
    try:
        async with asyncio.timeout(timeout_s):
            await ready
    finally:
        forget(connection.fileno())


def _set(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
