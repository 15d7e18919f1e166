"""Connections between nodes: who holds the key is let in, and nothing can be changed, left out or repeated."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from isocenter.kit.errors import Invalid, IsocenterError
from isocenter.wire.node_connection import MAGIC, NodeAway, NodeConnection, NotOurCluster, answer, call

KEY, OTHER = bytes(range(32)), bytes(32)


@contextmanager
def a_pair(*, key: bytes = KEY) -> Iterator[tuple[Callable[[], NodeConnection], list[NodeConnection | IsocenterError]]]:
    """(connects as node "one" with `key`, what the other side made of it)."""
    theirs: list[NodeConnection | IsocenterError] = []
    threads: list[threading.Thread] = []
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def accept() -> None:
            accepted, _ = listening.accept()
            try:
                theirs.append(answer(accepted, "two", KEY, within_s=5))
            except IsocenterError as error:
                accepted.close()
                theirs.append(error)

        def connect() -> NodeConnection:
            threads.append(threading.Thread(target=accept))
            threads[-1].start()
            made = call(listening.getsockname(), "one", key, within_s=5)
            threads[-1].join(5)
            return made

        yield connect, theirs
        for thread in threads:
            thread.join(5)
        for each in theirs:
            if isinstance(each, NodeConnection):
                each.close()


def other_side(theirs: list[NodeConnection | IsocenterError]) -> NodeConnection:
    """The connection that was accepted."""
    (made,) = theirs
    assert isinstance(made, NodeConnection)
    return made


def test_frames_arrive_in_order_and_whole_both_ways() -> None:
    with a_pair() as (connect, theirs), closing(connect()) as ours:
        ours.send(1, b"first", b" frame")
        ours.send(2)
        there = other_side(theirs)
        assert (there.peer, ours.peer) == ("one", "two")
        first, second = there.receive(), there.receive()
        assert first is not None and (first.kind, bytes(first.payload)) == (1, b"first frame")
        assert second is not None and (second.kind, bytes(second.payload)) == (2, b"")
        assert ours.is_quiet()
        there.send(3, bytes(2 << 20))
        assert not ours.is_quiet()
        answered = ours.receive()
        assert answered is not None and len(answered.payload) == 2 << 20
        there.close()
        assert ours.receive() is None


def test_another_key_is_refused_by_both() -> None:
    with a_pair(key=OTHER) as (connect, theirs), pytest.raises(NotOurCluster, match=r"cluster\.key"):
        connect()
    assert isinstance(theirs[0], IsocenterError)


def test_what_speaks_something_else_is_refused() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def speak() -> None:
            accepted, _ = listening.accept()
            accepted.sendall(b"HTTP/1.1 400 Bad Request\r\n" + bytes(100))
            accepted.close()

        speaker = threading.Thread(target=speak)
        speaker.start()
        with pytest.raises((NotOurCluster, NodeAway)):
            call(listening.getsockname(), "one", KEY, within_s=5)
        speaker.join(5)


def test_silence_ends() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        began = time.monotonic()
        with pytest.raises(NodeAway):
            call(listening.getsockname(), "one", KEY, within_s=0.05)
        assert time.monotonic() - began < 5


def test_nobody_there_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = listening.getsockname()
    with pytest.raises(NodeAway):
        call(address, "one", KEY, within_s=1)


def _frames(sent: Callable[[NodeConnection], None]) -> bytes:
    """The bytes on the line for what is sent under a key of its own."""
    here, there = socket.socketpair()
    with closing(here), closing(there):
        sent(NodeConnection(here, "two", KEY, KEY))
        return there.recv(1 << 16)


def _received(line: bytes) -> NodeConnection:
    here, there = socket.socketpair()
    there.sendall(line)
    there.close()
    return NodeConnection(here, "one", KEY, KEY)


def _three(connection: NodeConnection) -> None:
    for text in (b"a", b"b", b"c"):
        connection.send(1, text)


FRAME = 8 + 1 + 16


@pytest.mark.parametrize("place", [0, 4, 8, 9, FRAME - 1])
def test_a_changed_byte_is_noticed(place: int) -> None:
    line = bytearray(_frames(_three))
    line[place] ^= 1
    with closing(_received(bytes(line))) as receiving, pytest.raises((NotOurCluster, NodeAway)):
        receiving.receive()


@pytest.mark.parametrize("order", [(1, 0), (0, 0), (0, 2)], ids=["swapped", "repeated", "left out"])
def test_frames_in_another_order_are_noticed(order: tuple[int, int]) -> None:
    line = _frames(_three)
    mixed = b"".join(line[which * FRAME : (which + 1) * FRAME] for which in order)
    with closing(_received(mixed)) as receiving, pytest.raises(NotOurCluster):
        receiving.receive()
        receiving.receive()


def test_a_frame_that_is_cut_off_is_an_error_and_an_end_between_frames_is_none() -> None:
    line = _frames(_three)
    with closing(_received(line[: FRAME + 3])) as receiving:
        assert receiving.receive() is not None
        with pytest.raises(NodeAway):
            receiving.receive()
    with closing(_received(line)) as receiving:
        assert [receiving.receive() is None for _ in range(4)] == [False, False, False, True]


def test_a_length_of_gigabytes_is_not_believed() -> None:
    with closing(_received(b"\xff\xff\xff\x7f\x01\0\0\0")) as receiving, pytest.raises(NotOurCluster):
        receiving.receive()
    here, there = socket.socketpair()
    with closing(here), closing(there), pytest.raises(Invalid):
        NodeConnection(here, "two", KEY, KEY).send(1, bytes(5 << 20))


def test_the_greeting_begins_with_a_word_that_is_never_another_protocol() -> None:
    assert MAGIC == b"ISONODE1"
