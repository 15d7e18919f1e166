"""An HTTP proxy before a real S3 store that does what stores and lines do on bad days."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Fault = Callable[["Handler", bytes], None]
_KEPT = ("content-type", "etag", "last-modified", "content-range", "x-amz-request-id")


@dataclass(slots=True)
class FaultProxy:
    """faults: (method, fault) in the order in which they happen; a request that none is for passes."""

    port: int
    store_port: int
    faults: list[tuple[str, Fault]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def endpoint(self) -> str:
        """Its address, in the place of the store's."""
        return f"http://127.0.0.1:{self.port}"

    def next_fault(self, method: str) -> Fault | None:
        """What happens to this request, if something does."""
        with self.lock:
            self.asked.append(method)
            for number, (name, fault) in enumerate(self.faults):
                if name == method:
                    del self.faults[number]
                    return fault
        return None


class Handler(BaseHTTPRequestHandler):
    """Passes a request on, or meets it with the next fault."""

    protocol_version = "HTTP/1.1"
    proxy: FaultProxy

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def handle_any(self) -> None:
        """One request."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.proxy.next_fault(self.command)
        if fault is None:
            self.answer(*self.forward(body))
        else:
            fault(self, body)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_any

    def forward(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """The real store's answer: status, headers, body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.proxy.store_port, timeout=10)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        kept = {name: value for name, value in answer.getheaders() if name.lower() in _KEPT}
        if self.command == "HEAD":
            kept["Content-Length"] = answer.getheader("Content-Length", "0")
        data = answer.read()
        connection.close()
        return answer.status, kept, data

    def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """Write it to the caller."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if self.command != "HEAD":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def passes(handler: Handler, body: bytes) -> None:
    """No fault: the next one is for a later request."""
    handler.answer(*handler.forward(body))


def status(code: int, body: bytes = b"") -> Fault:
    """The store answers with a status and does nothing."""
    return lambda handler, _: handler.answer(code, {}, body)


def silence(handler: Handler, _: bytes) -> None:
    """Nothing is done and nothing is said."""
    handler.proxy.released.wait(10)
    handler.close_connection = True


def hang_up(handler: Handler, _: bytes) -> None:
    """The line ends before anything is done."""
    handler.close_connection = True


def lost_answer(handler: Handler, body: bytes) -> None:
    """The store does it; the line ends before it can say so."""
    handler.forward(body)
    handler.close_connection = True


def lie(handler: Handler, _: bytes) -> None:
    """Success, and nothing was stored."""
    handler.answer(200, {"ETag": '"d41d8cd98f00b204e9800998ecf8427e"'}, b"")


def flip(handler: Handler, body: bytes) -> None:
    """One bit of what is read is another."""
    code, headers, data = handler.forward(body)
    changed = bytes([data[0] ^ 1]) + data[1:]
    handler.answer(code, headers, changed)


def cut(handler: Handler, body: bytes) -> None:
    """The line ends in the middle of the body."""
    code, headers, data = handler.forward(body)
    handler.send_response(code)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data[: len(data) // 2])
    handler.close_connection = True


def instead(what: Callable[[], object], then: Fault) -> Fault:
    """Something else happens, and then this answer is given."""

    def fault(handler: Handler, body: bytes) -> None:
        what()
        then(handler, body)

    return fault


@contextmanager
def fault_proxy(store_port: int) -> Iterator[FaultProxy]:
    """A running proxy."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    proxy = FaultProxy(server.server_address[1], store_port)
    server.RequestHandlerClass = type("BoundHandler", (Handler,), {"proxy": proxy})
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.released.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
