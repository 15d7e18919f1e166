"""A cheap HTTP reader for large answers, which measures the server and not itself.

wrk reads 8 KiB at a time and is full at 2 GB/s on this machine, whoever sends. This one takes answers in pieces of a
megabyte into the same buffer, one process for each connection, as `bench/blast.py` sends.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice

from bench.blast import LoadError, forked

_ROOM = 1 << 20
_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_CLOSES = re.compile(rb"(?i)\r\nconnection: *close")
_CHUNKED = re.compile(rb"(?i)\r\ntransfer-encoding: *chunked")


@dataclass(frozen=True, slots=True)
class Readings:
    """What all connections read together. bytes: of bodies."""

    requests: int
    bytes: int
    seconds: float
    latencies_ms: tuple[float, ...]


def read(port: int, paths: Sequence[str], headers: Mapping[str, str], connections: int, seconds: float) -> Readings:
    """GET the paths in turn for a while, each connection beginning with another; answers under way are finished.

    Raises LoadError at an answer that is not 200.
    """
    lines = "".join(f"{name}: {value}\r\n" for name, value in {"Host": f"127.0.0.1:{port}", **headers}.items())
    requests = [f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode() for path in paths]
    step = max(1, len(requests) // connections)
    began = time.perf_counter()
    answers = forked([_reading(port, requests, number * step, began + seconds) for number in range(connections)])
    took = time.perf_counter() - began
    latencies = tuple(value for answer in answers for value in answer[1:])
    return Readings(len(latencies), int(sum(answer[0] for answer in answers)), took, latencies)


def _reading(port: int, requests: Sequence[bytes], first: int, until: float) -> Callable[[], list[float]]:
    def work() -> list[float]:
        reader, total, latencies = Connection(port), 0, []
        for request in islice(cycle(requests), first % len(requests), None):
            began = time.perf_counter()
            if began >= until:
                break
            total += reader.get(request)
            latencies.append(round((time.perf_counter() - began) * 1000, 3))
        return [float(total), *latencies]

    return work


class Connection:
    """Connects again when the server closes after an answer, as Orthanc does after every multipart one."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._room = memoryview(bytearray(_ROOM))
        self._socket: socket.socket | None = None
        self._begins = self._length = 0

    def get(self, request: bytes) -> int:
        """Ask and read to the end; bytes of the body. Raises LoadError for any other answer than 200."""
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=60)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(request)
        head, filled = self._head(self._socket)
        length = _LENGTH.search(head)
        if _CHUNKED.search(head):
            raise LoadError("an answer in chunks: this reader does not know them")
        self._begins = len(head)
        self._length = self._body(self._socket, filled - len(head), int(length[1]) if length else None)
        if length is None or _CLOSES.search(head):
            self.close()
        return self._length

    @property
    def body(self) -> bytes:
        """Of the last answer, unless it was too large to be kept."""
        end = self._begins + self._length
        if end > _ROOM:
            raise LoadError("the answer is too large to be kept")
        return bytes(self._room[self._begins : end])

    def close(self) -> None:
        """End the connection; the next question opens another."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    def _head(self, connection: socket.socket) -> tuple[bytes, int]:
        """The head of an answer with the empty line behind it, and how many bytes came with it."""
        filled = 0
        while True:
            count = connection.recv_into(self._room[filled:])
            filled += count
            end = bytes(self._room[: min(filled, 8192)]).find(_END)
            if end >= 0:
                break
            if not count:
                raise EOFError("the server closed the connection")
            if filled > 8192:
                raise LoadError("no head of an answer came")
        head = bytes(self._room[: end + len(_END)])
        if not head.startswith(b"HTTP/1.1 200 "):
            raise LoadError(f"not answered with 200: {head[:64]!r}")
        return head, filled

    def _body(self, connection: socket.socket, came: int, length: int | None) -> int:
        while length is None or came < length:
            at = self._begins + came
            count = connection.recv_into(self._room[at:] if at < _ROOM else self._room)
            if not count:
                break
            came += count
        if length is not None and came < length:
            raise LoadError("an answer ended early")
        return came
