"""Reading other nodes' journals: the owner, a replica, nobody."""

from __future__ import annotations

import socket
from contextlib import ExitStack, closing

import pytest
from tests.adapters.nodes.homes import KEY, Home

from isocenter.adapters.nodes.client import Member, NodeClient, Peer
from isocenter.adapters.nodes.messages import PIECE_BYTES, Kind
from isocenter.adapters.nodes.server import CannotServeNodes, NodeServer
from isocenter.kit.errors import Exhausted, Invalid, IsocenterError
from isocenter.storage.errors import BytesAway
from isocenter.storage.replicas import Replica
from isocenter.storage.segments import SegmentName

NAME = SegmentName("one", 1, 1)


@pytest.fixture
def client(homes: list[Home], stack: ExitStack) -> NodeClient:
    """Of node "three"."""
    return client_of(homes, stack)


def client_of(homes: list[Home], stack: ExitStack, key: bytes = KEY) -> NodeClient:
    member = Member("three", key, lambda: [home.peer for home in homes])
    return stack.enter_context(closing(NodeClient(member, homes[2].served.replicas)))


def test_the_newest_bytes_come_from_their_owner(homes: list[Home], client: NodeClient) -> None:
    content = bytes(range(256)) * (PIECE_BYTES // 128)
    homes[0].journal(NAME, content)
    assert client.read(NAME.source, 0, len(content)) == content
    assert client.read(NAME.source, 5, 9) == content[5:14]
    assert client.read(NAME.source, 5, 0) == b""


def test_a_replica_answers_for_an_owner_that_is_gone(homes: list[Home], client: NodeClient) -> None:
    homes[0].journal(NAME, b"member")
    homes[1].replica(NAME, b"member")
    homes[0].server.stop()
    assert client.read(NAME.source, 1, 5) == b"ember"


def test_a_replica_answers_for_an_owner_whose_disk_lost_it(homes: list[Home], client: NodeClient) -> None:
    homes[0].journal(NAME, b"mem")
    homes[1].replica(NAME, b"member")
    assert client.read(NAME.source, 1, 5) == b"ember"


def test_the_replica_at_hand_is_read_without_asking(homes: list[Home], client: NodeClient) -> None:
    homes[2].replica(NAME, b"member")
    for home in homes[:2]:
        home.server.stop()
    assert client.read(NAME.source, 1, 5) == b"ember"


def test_what_nobody_has_is_away_and_never_missing(homes: list[Home], client: NodeClient) -> None:
    with pytest.raises(BytesAway):
        client.read(NAME.source, 0, 1)
    homes[0].journal(NAME, b"member")
    assert client.read(NAME.source, 0, 1) == b"m", "the connection is still good"
    with pytest.raises(BytesAway):
        client.read(NAME.source, 0, 7)
    with pytest.raises(Invalid):
        client.read("store/packs/x", 0, 1)


def test_a_node_that_restarts_is_found_again(homes: list[Home], client: NodeClient) -> None:
    homes[0].journal(NAME, b"member")
    assert client.read(NAME.source, 0, 1) == b"m"
    host, port = homes[0].server.address
    homes[0].server.stop()
    again = NodeServer(host, port, homes[0].served)
    again.start()
    try:
        assert client.read(NAME.source, 0, 1) == b"m"
    finally:
        again.stop()


def test_another_cluster_gets_nothing(homes: list[Home], stack: ExitStack) -> None:
    homes[0].journal(NAME, b"member")
    stranger = client_of(homes, stack, key=bytes(32))
    with pytest.raises(BytesAway):
        stranger.read(NAME.source, 0, 1)


def test_a_registry_that_is_away_is_no_reason_to_fail_otherwise(homes: list[Home], stack: ExitStack) -> None:
    def away() -> list[Peer]:
        raise Exhausted("The database does not answer.")

    client = stack.enter_context(closing(NodeClient(Member("three", KEY, away), homes[2].served.replicas)))
    homes[2].replica(NAME, b"member")
    assert client.read(NAME.source, 0, 6) == b"member"
    with pytest.raises(BytesAway):
        client.read(SegmentName("one", 1, 2).source, 0, 6)


def test_a_node_says_whether_it_still_has_a_segment(homes: list[Home], client: NodeClient) -> None:
    homes[1].replica(NAME, b"member")
    assert not client.owner_has(NAME)
    homes[0].journal(NAME, b"member")
    assert client.owner_has(NAME)
    homes[0].server.stop()
    with pytest.raises(Exhausted):
        client.owner_has(NAME)
    with pytest.raises(Exhausted):
        client.owner_has(SegmentName("four", 1, 1))


def test_replicas_are_listed(homes: list[Home], client: NodeClient) -> None:
    homes[1].replica(NAME, b"member")
    assert client.replicas_of("one", homes[1].peer) == [Replica(NAME, 6)]
    assert client.replicas_of("two", homes[1].peer) == []


@pytest.mark.parametrize(
    "payload",
    [b"", bytes(16), bytes(16) + b"journal/../../etc/passwd/1", bytes(16) + b"journal/one/1/\xff", b"\xff" * 40],
)
def test_questions_that_are_none_are_refused_and_the_connection_goes_on(
    homes: list[Home], client: NodeClient, payload: bytes
) -> None:
    with closing(client.member.call(homes[0].peer, 5)) as connection:
        for kind in (Kind.READ, 63):
            connection.send(kind, payload)
            frame = connection.receive()
            assert frame is not None and frame.kind == Kind.FAILED
            assert bytes(frame.payload).startswith(b"invalid\n")


def test_a_caller_whose_name_is_no_node_is_not_served(homes: list[Home], client: NodeClient) -> None:
    nameless = Member("../up", KEY, lambda: [])
    with closing(nameless.call(homes[0].peer, 5)) as connection:
        connection.wait_until(None)
        with pytest.raises(IsocenterError):
            connection.send(Kind.LIST, b"one")
            while connection.receive() is None:
                raise BytesAway("ended")


def test_a_connection_whose_other_side_is_cut_off_does_not_stay(homes: list[Home], client: NodeClient) -> None:
    with closing(client.member.call(homes[0].peer, 5)):
        (accepted,) = homes[0].server._sockets
        assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        silence_s = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
        silence_s += accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) * accepted.getsockopt(
            socket.IPPROTO_TCP, socket.TCP_KEEPCNT
        )
        assert silence_s <= 60


def test_a_taken_port_is_said(homes: list[Home]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(CannotServeNodes, match="NODE_PORT"):
        NodeServer("127.0.0.1", taken.getsockname()[1], homes[0].served)
