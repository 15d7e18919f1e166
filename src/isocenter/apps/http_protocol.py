"""uvicorn's HTTP protocol with two things more: an answer of known length may be sent from files without copying, and
a connection has only so long to say what it wants.

An application finds the extension in scope["extensions"]["isocenter.direct"], sends "http.response.start" with a
Content-Length as always, gives the whole body to `send`, and ends with an empty "http.response.body".
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from isocenter.wire.direct_sending import FileRange, send_pieces

HEAD_WITHIN_S = 30.0
"""From the connection, or from the first byte of a later request, to the end of its head. Bytes do not renew it."""


class DirectHttpProtocol(HttpToolsProtocol):
    """One connection. Connections under TLS have no extension: their bytes must pass through the process."""

    head_within_s = HEAD_WITHIN_S
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A connection begins, and with it the time for its first request."""
        super().connection_made(transport)
        self._start_head_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._stop_head_timer()
        super().connection_lost(exc)

    def on_headers_complete(self) -> None:
        """The head of a request is whole."""
        self._stop_head_timer()
        super().on_headers_complete()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        if self._head_timer is None:
            self._start_head_timer()
        if self.transport.get_extra_info("sslcontext") is None:
            scope = cast("dict[str, Any]", self.scope)
            scope["extensions"] = {"isocenter.direct": DirectAnswer(self, scope)}

    def _start_head_timer(self) -> None:
        self._head_timer = self.loop.call_later(self.head_within_s, self.transport.close)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


class DirectAnswer:
    """The extension of one request."""

    __slots__ = ("_protocol", "_scope")

    def __init__(self, protocol: DirectHttpProtocol, scope: dict[str, Any]) -> None:
        self._protocol = protocol
        self._scope = scope

    def available(self) -> bool:
        """Whether this request's answer is the one that the connection sends now (not so behind a pipelined one)."""
        cycle = self._cycle()
        return cycle is not None and not cycle.disconnected

    def hold_back(self, held: bool) -> None:
        """While held, the kernel gathers what is sent: the head leaves with the first bytes of the body."""
        ours = self._protocol.transport.get_extra_info("socket")
        if ours is not None and not self._protocol.transport.is_closing():
            ours.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, held)

    async def send(self, pieces: Sequence[bytes | FileRange], timeout_s: float) -> bool:
        """The body, or its next part; False when the client is gone. Raises TimeoutError, and OSError for a file."""
        cycle = self._cycle()
        if cycle is None or cycle.disconnected:
            return False
        transport = cast("asyncio.WriteTransport", self._protocol.transport)
        try:
            cycle.expected_content_length -= await send_pieces(transport, pieces, timeout_s)
        except ConnectionError:
            cycle.disconnected = True
            transport.abort()
            return False
        return True

    def _cycle(self) -> RequestResponseCycle | None:
        cycle = self._protocol.cycle
        return cycle if cycle is not None and cast("Any", cycle.scope) is self._scope else None
