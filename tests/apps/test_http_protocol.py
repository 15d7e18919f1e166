"""Answers sent from files by the server itself: whole, in order, on connections that stay usable."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from isocenter.adapters.dicomweb.answers import Answer, send_answer
from isocenter.adapters.dicomweb.bulk import BulkSending
from isocenter.apps.http_protocol import DirectHttpProtocol, Headers
from isocenter.delivery.files import Files
from isocenter.storage.drivers import open_store
from isocenter.storage.extents import Bytes, Extent
from isocenter.storage.segments import SegmentName
from isocenter.wire.direct_sending import FileRange, Piece

SIZE = 9 << 20
CONTENT = os.urandom(1 << 20) * (SIZE >> 20)


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """A server whose every answer is "head", the whole file, "tail"."""
    segment = SegmentName("node", 1, 1)
    path = segment.path(tmp_path / "journal")
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    files = Files(Bytes(tmp_path / "journal", open_store((tmp_path / "store").as_uri())))
    senders = ThreadPoolExecutor(9)
    sending = BulkSending(files, senders, senders)
    direct_answers: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        del receive
        large = scope["path"] != "/small"
        plan = sending.plan([b"head", Extent(segment.source, 0, SIZE), b"tail"], large=large)
        direct = scope["extensions"]["isocenter.direct"]
        direct_answers.append(scope["path"])
        await send_answer(
            Answer(plan=plan, length=plan.length), send, head_only=scope["method"] == "HEAD", direct=direct
        )

    def at_once(url: bytes, headers: Headers) -> Sequence[Piece] | None:
        if url != b"/at-once" or any(name == b"content-length" for name, _ in headers):
            return None
        opened = files.opened(segment.source)
        assert opened is not None
        direct_answers.append(url.decode())
        return (b"Content-Length: %d\r\n\r\nonce" % (SIZE + 4), FileRange(opened, 0, SIZE))

    class Connection(DirectHttpProtocol):
        answers_at_once = staticmethod(at_once)

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        server = uvicorn.Server(
            uvicorn.Config(application, http=Connection, loop="uvloop", lifespan="off", log_config=None)
        )
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])))
        thread.start()
        yield int(listening.getsockname()[1])
        server.should_exit = True
        thread.join()
    senders.shutdown()
    assert direct_answers
    assert sending.senders == 0


def answer(reader: Any) -> bytes:
    """The body of the next answer on a connection."""
    assert reader.readline().startswith(b"HTTP/1.1 200")
    length = -1
    while (line := reader.readline().strip()) != b"":
        name, _, value = line.partition(b": ")
        if name.lower() == b"content-length":
            length = int(value)
    return bytes(reader.read(length))


def connect(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    return connection


@pytest.mark.parametrize("path", [b"/large", b"/small"])
def test_a_connection_gives_one_whole_answer_after_another(port: int, path: bytes) -> None:
    with connect(port) as connection, connection.makefile("rb") as reader:
        for _ in range(3):
            connection.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n")
            assert answer(reader) == b"head" + CONTENT + b"tail"


def test_requests_sent_ahead_are_answered_in_order(port: int) -> None:
    with connect(port) as connection, connection.makefile("rb") as reader:
        connection.sendall(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
        for _ in range(3):
            assert answer(reader) == b"head" + CONTENT + b"tail"


def test_what_is_at_hand_is_answered_between_other_requests(port: int) -> None:
    with connect(port) as connection, connection.makefile("rb") as reader:
        for _ in range(3):
            connection.sendall(b"GET /at-once HTTP/1.1\r\nHost: x\r\n\r\n")
            assert answer(reader) == b"once" + CONTENT
            connection.sendall(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
            assert answer(reader) == b"head" + CONTENT + b"tail"


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"HEAD /at-once HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /at-once HTTP/1.0\r\nHost: x\r\n\r\n",
        b"GET /at-once HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /at-once HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nxx",
        b"GET /at-once?x HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_the_application_is_asked_in_every_other_case(port: int, request_bytes: bytes) -> None:
    with connect(port) as connection, connection.makefile("rb") as reader:
        connection.sendall(request_bytes)
        head = reader.readline()
        assert head.startswith(b"HTTP/1.1 200")
        while (line := reader.readline().strip()) != b"":
            if line.lower().startswith(b"content-length"):
                assert int(line.split(b":")[1]) == SIZE + 8
        if not request_bytes.startswith(b"HEAD"):
            assert reader.read(4) == b"head"


def test_requests_for_what_is_at_hand_that_are_sent_ahead_are_answered_in_order(port: int) -> None:
    with connect(port) as connection, connection.makefile("rb") as reader:
        connection.sendall(b"GET /at-once HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
        for _ in range(3):
            assert answer(reader) == b"head" + CONTENT + b"tail"
        connection.sendall(b"GET /at-once HTTP/1.1\r\nHost: x\r\n\r\n")
        assert reader.readline().startswith(b"HTTP/1.1 200")
        connection.sendall(b"GET /at-once HTTP/1.1\r\nHost: x\r\n\r\n")  # before the first one has been read
        while reader.readline().strip():
            pass
        assert reader.read(SIZE + 4) == b"once" + CONTENT
        assert answer(reader) == b"once" + CONTENT


@pytest.mark.parametrize("path", [b"/a", b"/small", b"/at-once"])
def test_a_client_that_goes_away_hurts_nobody(port: int, path: bytes) -> None:
    for _ in range(5):
        with connect(port) as connection:
            connection.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(1000)
    with connect(port) as connection, connection.makefile("rb") as reader:
        connection.sendall(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer(reader) == b"head" + CONTENT + b"tail"


@pytest.mark.parametrize(("path", "body"), [(b"/a", b"head" + CONTENT + b"tail"), (b"/at-once", b"once" + CONTENT)])
def test_many_slow_readers_get_everything(port: int, path: bytes, body: bytes) -> None:
    connections = [connect(port) for _ in range(8)]
    readers = [connection.makefile("rb") for connection in connections]
    for connection in connections:
        connection.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    for reader in reversed(readers):
        assert answer(reader) == body
    for reader, connection in zip(readers, connections, strict=True):
        reader.close()
        connection.close()


@pytest.mark.parametrize("beginning", [b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "])
def test_a_connection_that_never_says_what_it_wants_is_closed_in_time(
    port: int, beginning: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte comes sooner than any pause would be noticed (slowloris); the head still has to end."""
    monkeypatch.setattr(DirectHttpProtocol, "head_within_s", 0.5)
    with socket.create_connection(("127.0.0.1", port)) as slow:
        slow.settimeout(0.1)
        slow.sendall(beginning)
        ended = False
        for _ in range(100):
            try:
                if beginning:
                    slow.sendall(b"a")
                if slow.recv(1) == b"":
                    ended = True
                    break
            except TimeoutError:
                continue
            except ConnectionError:
                ended = True
                break
        assert ended
    with socket.create_connection(("127.0.0.1", port)) as known, known.makefile("rb") as reader:
        known.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer(reader).startswith(b"head")


def test_hundreds_of_silent_connections_keep_nobody_out(port: int) -> None:
    crowd = [socket.create_connection(("127.0.0.1", port)) for _ in range(400)]
    try:
        for silent in crowd[::2]:
            silent.sendall(b"GET /slow HTTP/1.1\r\nHost:")
        with socket.create_connection(("127.0.0.1", port), timeout=20) as known, known.makefile("rb") as reader:
            known.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert answer(reader).startswith(b"head")
    finally:
        for silent in crowd:
            silent.close()


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: -1",
        b"Content-Length: 1e9",
        b"Content-Length: 5\r\nContent-Length: 6",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked, identity",
        b"X-Name : value",
        b" X-Folded: value",
    ],
)
def test_a_head_that_two_servers_might_read_differently_is_refused(port: int, head: bytes) -> None:
    """Request smuggling (RFC 9112 11.2): nothing behind such a head is taken for a request."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(
            b"POST / HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
        )
        said = b""
        while chunk := connection.recv(1 << 16):
            said += chunk
    assert said.startswith(b"HTTP/1.1 400")
    assert said.count(b"HTTP/1.1 ") == 1
    with socket.create_connection(("127.0.0.1", port)) as known, known.makefile("rb") as reader:
        known.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer(reader).startswith(b"head")
