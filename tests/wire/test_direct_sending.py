"""Pieces of answers on their way out: in order and whole, whatever the socket takes at a time."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from isocenter.kit.open_file import OpenFile
from isocenter.wire.direct_sending import FileRange, Piece, send_now, send_patiently
from isocenter.wire.listening_socket import bound_socket

CONTENT = os.urandom(3 << 20)


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A connection over loopback: what sends, not blocking, and what receives."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        receiving = socket.create_connection(server.getsockname(), timeout=30)
        sending, _ = server.accept()
    sending.setblocking(False)
    with sending, receiving:
        yield sending, receiving


@pytest.fixture
def file(tmp_path: Path) -> OpenFile:
    (tmp_path / "file").write_bytes(CONTENT)
    return OpenFile(tmp_path / "file")


def bytes_of(pieces: Sequence[Piece]) -> bytes:
    return b"".join(bytes(piece.view()) if isinstance(piece, FileRange) else bytes(piece) for piece in pieces)


def received(receiving: socket.socket, length: int) -> bytes:
    came = bytearray()
    while len(came) < length:
        came += receiving.recv(length - len(came))
    return bytes(came)


def answers(file: OpenFile) -> dict[str, list[Piece]]:
    large = CONTENT[: 2 << 20]
    return {
        "short": [b"head", FileRange(file, 5, 200_000), b"tail"],
        "long": [b"head", FileRange(file, 5, len(CONTENT) - 5), b"between", FileRange(file, 0, 9), b"tail"],
        "long bytes": [b"head", large, memoryview(large), FileRange(file, 0, 10), b"", b"tail"],
        "many": [piece for number in range(1500) for piece in (b"%d" % number, FileRange(file, number, 3))],
        "nothing": [],
    }


@pytest.mark.parametrize("name", ["short", "long", "long bytes", "many", "nothing"])
def test_a_thread_sends_everything_in_order(
    name: str, ends: tuple[socket.socket, socket.socket], file: OpenFile
) -> None:
    pieces, (sending, receiving) = answers(file)[name], ends
    expected, came = bytes_of(pieces), bytearray()
    reader = threading.Thread(target=lambda: came.extend(received(receiving, len(expected))))
    reader.start()
    assert send_patiently(sending, iter(pieces), 30, threading.Event()) == len(expected)
    reader.join()
    assert came == expected


@pytest.mark.parametrize("name", ["short", "long", "long bytes", "many", "nothing"])
def test_what_the_socket_does_not_take_now_is_left_in_order(
    name: str, ends: tuple[socket.socket, socket.socket], file: OpenFile
) -> None:
    pieces, (sending, receiving) = answers(file)[name], ends
    sending.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 100_000)
    expected, came, left = bytes_of(pieces), b"", pieces
    for _ in range(10_000):
        left = send_now(sending, left)
        came += received(receiving, len(expected) - len(bytes_of(left)) - len(came))
        assert came == expected[: len(came)]
        if not left:
            break
    assert came == expected


@pytest.mark.parametrize("length", [100, 2 << 20])
def test_a_file_that_ends_early_is_an_error(
    length: int, ends: tuple[socket.socket, socket.socket], file: OpenFile
) -> None:
    beyond = FileRange(file, len(CONTENT) - 50, length)
    with pytest.raises(OSError, match="ends before"):
        send_now(ends[0], [b"head", beyond, b"tail"])
        send_now(ends[0], [beyond.behind(50)])


def test_a_reader_that_takes_nothing_is_given_up(ends: tuple[socket.socket, socket.socket], file: OpenFile) -> None:
    pieces = [FileRange(file, 0, len(CONTENT))] * 20
    with pytest.raises(TimeoutError):
        send_patiently(ends[0], pieces, 0.1, threading.Event())


def test_connections_to_loopback_are_not_paced_and_others_are_as_the_kernel_is_set() -> None:
    with socket.socket() as plain:
        usual = congestion_control(plain)
    for host, expected in (("127.0.0.1", "reno"), ("::1", "reno"), ("0.0.0.0", usual)):
        with bound_socket(host, 0) as bound:
            bound.listen()
            with socket.create_connection(("localhost" if host == "0.0.0.0" else host, bound.getsockname()[1])):
                accepted, _ = bound.accept()
                with accepted:
                    assert congestion_control(accepted) == expected


def congestion_control(connection: socket.socket) -> str:
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16).rstrip(b"\0").decode()
