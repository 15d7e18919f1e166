"""Bodies of requests read by threads beside the event loop: whole, in order, on connections that stay usable."""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import uvicorn

from isocenter.apps.http_protocol import DirectHttpProtocol

CONTENT = os.urandom(3 << 20)
ENOUGH = 1 << 20


class Server:
    """Answers with the SHA-256 of a request's body; /refuse throws once it has seen a part. ways: how bodies came."""

    def __init__(self) -> None:
        self.ways: list[str] = []
        self.executor = ThreadPoolExecutor(2)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        hasher, seen = hashlib.sha256(), 0

        def take(piece: bytes) -> None:
            nonlocal seen
            seen += len(piece)
            hasher.update(piece)
            if scope["path"] == "/refuse" and seen >= ENOUGH:
                raise ValueError("enough")

        said = b""
        try:
            if await scope["extensions"]["isocenter.direct"].take_beside(take, 5.0, self.executor):
                self.ways.append("taken")
            else:
                more = True
                while more:
                    message = await receive()
                    take(message["body"])
                    more = message["more_body"]
                self.ways.append("received")
            said = hasher.hexdigest().encode()
        except ValueError:
            said = b"refused"
        except OSError as error:
            self.ways.append(type(error).__name__)
            raise
        headers = [(b"content-length", b"%d" % len(said))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": said})


@pytest.fixture
def server() -> Iterator[tuple[Server, int]]:
    """The server and its port."""
    application = Server()
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        config = uvicorn.Config(application, http=DirectHttpProtocol, loop="uvloop", lifespan="off", log_config=None)
        serving = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(serving.serve(sockets=[listening])))
        thread.start()
        yield application, int(listening.getsockname()[1])
        serving.should_exit = True
        thread.join()
    application.executor.shutdown()


def head(length: int, path: str = "/", *more: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {length}", *more, "", ""]
    return "\r\n".join(lines).encode()


def answer(reader: Any) -> bytes:
    assert reader.readline() == b"HTTP/1.1 200 OK\r\n"
    length = -1
    while (line := reader.readline().strip()) != b"":
        if line.lower().startswith(b"content-length"):
            length = int(line.split(b":")[1])
    return bytes(reader.read(length))


def digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()


def test_one_body_after_another_is_taken_whole(server: tuple[Server, int]) -> None:
    with (
        socket.create_connection(("127.0.0.1", server[1]), timeout=30) as connection,
        connection.makefile("rb") as reader,
    ):
        for content in (CONTENT, b"short", b"", CONTENT[:70_000], CONTENT):
            connection.sendall(head(len(content)) + content)
            assert answer(reader) == digest(content)
    assert server[0].ways == ["taken"] * 5


def test_a_request_sent_ahead_is_not_taken_for_the_body(server: tuple[Server, int]) -> None:
    with (
        socket.create_connection(("127.0.0.1", server[1]), timeout=30) as connection,
        connection.makefile("rb") as reader,
    ):
        connection.sendall(head(len(CONTENT)) + CONTENT + head(5) + b"after" + head(4) + b"last")
        assert [answer(reader) for _ in range(3)] == [digest(CONTENT), digest(b"after"), digest(b"last")]


def test_a_client_that_waits_to_be_asked_is_asked(server: tuple[Server, int]) -> None:
    with (
        socket.create_connection(("127.0.0.1", server[1]), timeout=30) as connection,
        connection.makefile("rb") as reader,
    ):
        connection.sendall(head(5, "/", "Expect: 100-continue"))
        assert (reader.readline(), reader.readline()) == (b"HTTP/1.1 100 Continue\r\n", b"\r\n")
        connection.sendall(b"hello")
        assert answer(reader) == digest(b"hello")
    assert server[0].ways == ["taken"]


def test_a_slow_sender_is_heard_out_and_keeps_no_thread(server: tuple[Server, int]) -> None:
    """Three of them, and two threads; the fourth, who is quick, is served meanwhile."""
    slow = [socket.create_connection(("127.0.0.1", server[1]), timeout=30) for _ in range(3)]
    for connection in slow:
        connection.sendall(head(6) + b"ab")
    time.sleep(0.2)
    with socket.create_connection(("127.0.0.1", server[1]), timeout=30) as quick, quick.makefile("rb") as reader:
        quick.sendall(head(len(CONTENT)) + CONTENT)
        assert answer(reader) == digest(CONTENT)
    for pair in (b"cd", b"ef"):
        for connection in slow:
            connection.sendall(pair)
        time.sleep(0.1)
    for connection in slow:
        with connection, connection.makefile("rb") as reader:
            assert answer(reader) == digest(b"abcdef")


def test_what_is_left_of_a_refused_body_is_passed_over(server: tuple[Server, int]) -> None:
    with (
        socket.create_connection(("127.0.0.1", server[1]), timeout=30) as connection,
        connection.makefile("rb") as reader,
    ):
        for _ in range(2):
            sending = threading.Thread(target=connection.sendall, args=(head(len(CONTENT), "/refuse") + CONTENT,))
            sending.start()
            assert answer(reader) == b"refused"
            sending.join()
            connection.sendall(head(5) + b"after")
            assert answer(reader) == digest(b"after")


def test_a_client_that_goes_away_hurts_nobody(server: tuple[Server, int]) -> None:
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", server[1]), timeout=30) as connection:
            connection.sendall(head(len(CONTENT)) + CONTENT[: 1 << 20])
    with (
        socket.create_connection(("127.0.0.1", server[1]), timeout=30) as connection,
        connection.makefile("rb") as reader,
    ):
        connection.sendall(head(5) + b"after")
        assert answer(reader) == digest(b"after")
    for _ in range(100):
        if len(server[0].ways) == 4:
            break
        time.sleep(0.05)
    assert len(server[0].ways) == 4
    assert server[0].ways.count("taken") == 1


def test_a_body_of_unknown_length_is_received(server: tuple[Server, int]) -> None:
    with (
        socket.create_connection(("127.0.0.1", server[1]), timeout=30) as connection,
        connection.makefile("rb") as reader,
    ):
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
        assert answer(reader) == digest(b"hello")
    assert server[0].ways == ["received"]
