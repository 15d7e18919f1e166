"""uvicorn's HTTP protocol with four things more: an answer of known length may be sent from files without copying, the
body of a request may be read by a thread, an answer that is at hand is sent at once, and a connection has only so long
to say what it wants.

An application finds the extension in scope["extensions"]["isocenter.direct"], sends "http.response.start" with a
Content-Length as always, gives the whole body to `send`, and ends with an empty "http.response.body". A body that it
takes by `take_beside` it does not `receive`. What is answered at once never becomes a request of the application: no
scope, no task.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Any, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from isocenter.wire.direct_receiving import take_all
from isocenter.wire.direct_sending import FileRange, Piece, flushed, send_now, send_patiently, send_pieces

Headers = Sequence[tuple[bytes, bytes]]
AnswersAtOnce = Callable[[bytes, Headers], Sequence[Piece] | None]
"""(URL, headers) of a GET request → the answer in pieces, from the first header line on; None: ask the application."""

HEAD_WITHIN_S = 30.0
"""From the connection, or from the first byte of a later request, to the end of its head. Bytes do not renew it."""
TAKE_WITHIN_S = 60.0
"""A client that takes nothing of an answer for this long is let go."""
_OK = b"HTTP/1.1 200 OK\r\n"
_PASSED_OVER = 1 << 20
_SHORT = 4096


class DirectHttpProtocol(HttpToolsProtocol):
    """One connection. Connections under TLS have no extension: their bytes must pass through the process."""

    head_within_s = HEAD_WITHIN_S
    answers_at_once: AnswersAtOnce | None = None
    take_within_s = TAKE_WITHIN_S
    _head_timer: asyncio.TimerHandle | None = None
    _descriptor: socket.socket | None = None
    _alone = False  # one whole request has come and nothing behind it
    _answered = False  # the request that is being read is answered already
    _passing_over = False  # the rest of the body that is being read is wanted no more
    _sending: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A connection begins, and with it the time for its first request."""
        super().connection_made(transport)
        self._start_head_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._stop_head_timer()
        if self._sending is not None:
            self._sending.cancel()
        if self._descriptor is not None:
            self._descriptor.close()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        self._alone = data.find(b"\r\n\r\n") == len(data) - 4
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """The head of a request is whole."""
        self._stop_head_timer()
        if not self._answer_at_once():
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Bytes of a request's body came."""
        if not self._answered and not self._passing_over:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is whole."""
        if not self._answered:
            super().on_message_complete()

    def shutdown(self) -> None:
        """End when what is being sent is sent."""
        if self._sending is None:
            super().shutdown()
        else:
            self._sending.add_done_callback(lambda _: self.transport.close())

    def _answer_at_once(self) -> bool:
        """Whether the request is answered: nothing is being sent, nothing is behind it, and the answer is at hand."""
        ask = self.answers_at_once
        if ask is None or not self._alone or self._sending is not None or self.pipeline:
            return False
        if self.cycle is not None and not self.cycle.response_complete:
            return False
        if self.scheme != "http" or self.parser.get_method() != b"GET" or not self.parser.should_keep_alive():
            return False
        transport = cast("asyncio.WriteTransport", self.transport)
        if transport.is_closing() or transport.get_write_buffer_size():
            return False
        answer = ask(self.url, self.headers)
        if answer is None:
            return False
        self._answered = True
        self._send_now(self._with_first_lines(answer))
        return True

    def _with_first_lines(self, answer: Sequence[Piece]) -> list[Piece]:
        """The answer from its very beginning; what is short before a file or a body leaves with one call."""
        lines = [b"%s: %s\r\n" % header for header in self.server_state.default_headers]
        first = [_OK, *lines]
        rest = list(answer)
        while rest and not isinstance(rest[0], FileRange) and len(rest[0]) < _SHORT:
            first.append(cast("bytes", rest.pop(0)))
        return [b"".join(first), *rest]

    def _send_now(self, pieces: Sequence[Piece]) -> None:
        """Send what the socket takes; a task sends the rest, and until then nothing more is read."""
        if self._descriptor is None:
            self._descriptor = socket.socket(fileno=os.dup(self.transport.get_extra_info("socket").fileno()))
        try:
            rest = send_now(self._descriptor, pieces)
        except OSError:
            self.transport.abort()
            return
        if not rest:
            self.on_response_complete()
            return
        self.flow.pause_reading()
        self._sending = self.loop.create_task(self._send_rest(rest))
        self.tasks.add(self._sending)
        self._sending.add_done_callback(self.tasks.discard)

    async def _send_rest(self, pieces: Sequence[Piece]) -> None:
        try:
            await send_pieces(cast("asyncio.WriteTransport", self.transport), pieces, self.take_within_s)
        except (OSError, TimeoutError):
            self.transport.abort()
            return
        finally:
            self._sending = None
        self.on_response_complete()

    def body_was_taken(self, count: int, *, whole: bool) -> None:
        """So many bytes of the body that is being read went past the parser, which has to know."""
        if self.parser is None:  # the connection is gone
            return
        if whole:
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
            self.cycle.more_body = False
            return
        self._passing_over = True
        for start in range(0, count, _PASSED_OVER):
            self.parser.feed_data(bytes(min(count - start, _PASSED_OVER)))

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._answered = self._passing_over = False
        if self._head_timer is None:
            self._start_head_timer()
        if self.transport.get_extra_info("sslcontext") is None:
            scope = cast("dict[str, Any]", self.scope)
            scope["extensions"] = {"isocenter.direct": Direct(self, scope)}

    def _start_head_timer(self) -> None:
        self._head_timer = self.loop.call_later(self.head_within_s, self.transport.close)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


class Direct:
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

    async def send(self, pieces: Sequence[Piece], timeout_s: float) -> bool:
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

    async def send_beside(self, pieces: Iterable[Piece], timeout_s: float, executor: Executor) -> bool:
        """The body, made and sent by a thread, so that large ones use another processor; else as `send`."""
        cycle = self._cycle()
        if cycle is None or cycle.disconnected:
            return False
        transport = cast("asyncio.WriteTransport", self._protocol.transport)
        stopping = threading.Event()
        try:
            await flushed(transport, timeout_s)
            ours = transport.get_extra_info("socket")
            with socket.socket(fileno=os.dup(ours.fileno())) as connection:
                send = partial(send_patiently, connection, pieces, timeout_s, stopping)
                sending = asyncio.get_running_loop().run_in_executor(executor, send)
                try:
                    cycle.expected_content_length -= await asyncio.shield(sending)
                except asyncio.CancelledError:
                    stopping.set()
                    await asyncio.wait([sending])
                    raise
        except ConnectionError:
            cycle.disconnected = True
            transport.abort()
            return False
        return True

    async def take_beside(self, take: Callable[[bytes], None], timeout_s: float, executor: Executor) -> bool:
        """The request's whole body, handed to `take` in pieces by threads; False: it is to be received as ever.

        Raises TimeoutError when nothing comes for timeout_s, ConnectionError when the client is gone, and what `take`
        raises; the rest of the body is passed over then.
        """
        cycle, length = self._cycle(), self._body_length()
        if cycle is None or cycle.disconnected or length is None:
            return False
        transport = cast("asyncio.WriteTransport", self._protocol.transport)
        cycle.flow.pause_reading()
        begun, cycle.body = bytes(cycle.body), bytearray()
        if cycle.waiting_for_100_continue:
            transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            cycle.waiting_for_100_continue = False
        taken = len(begun)

        def taking(piece: bytes) -> None:
            nonlocal taken
            taken += len(piece)
            take(piece)

        try:
            if begun:
                await asyncio.get_running_loop().run_in_executor(executor, take, begun)
            with socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno())) as connection:
                await take_all(connection, length - taken, taking, timeout_s, executor)
        finally:
            self._protocol.body_was_taken(taken - len(begun), whole=taken == length)
        return True

    def _body_length(self) -> int | None:
        """Of a request whose body's length is known."""
        lengths = [value for name, value in self._scope["headers"] if name == b"content-length"]
        return int(lengths[0]) if len(lengths) == 1 else None

    def _cycle(self) -> RequestResponseCycle | None:
        cycle = self._protocol.cycle
        return cycle if cycle is not None and cast("Any", cycle.scope) is self._scope else None
