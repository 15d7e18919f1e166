"""Two copies: nothing is durable before another node has it on its disk, whichever node that is."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from tests.adapters.nodes.homes import KEY, Home, a_home
from tests.storage.builders import a_header, some_bytes

from isocenter.adapters.nodes.client import Member, Peer
from isocenter.adapters.nodes.second_copy import SecondCopies
from isocenter.storage.errors import NoSecondCopy
from isocenter.storage.journal import JournalMember, JournalWriter, MemberLocation, read_segment
from isocenter.storage.replicas import Replica

WITHIN_S = 30.0
DATA = some_bytes(100_000)


class Node:
    """A node "me" that appends, and the nodes it may send copies to."""

    def __init__(self, folder: Path, stack: ExitStack, peers: list[Peer], within_s: float = WITHIN_S) -> None:
        self.peers = peers
        self.folder = folder
        self.copies = stack.enter_context(
            closing(SecondCopies(Member("me", KEY, lambda: self.peers), within_s=within_s))
        )
        self.journal = JournalWriter(folder, "me", reserve_bytes=0, two_copies=self.copies.two_copies())
        stack.callback(self.journal.close)

    def append(self, number: int = 1, data: bytes = DATA) -> MemberLocation:
        return self.journal.append(a_header(data, number), [data])

    def alone(self) -> None:
        """No other node is known any more."""
        self.peers = []
        self.copies.close()


Make = Callable[..., Node]


@pytest.fixture
def me(tmp_path: Path, stack: ExitStack, homes: list[Home]) -> Node:
    """With "one", "two" and "three" as others."""
    return Node(tmp_path / "journal", stack, [home.peer for home in homes])


def kept(homes: list[Home], location: MemberLocation) -> list[str]:
    """The nodes whose replica has this member, whole."""
    found = []
    for home in homes:
        for replica in home.served.replicas.listed("me"):
            path = replica.name.path(home.served.replicas.directory)
            members = [item for item in read_segment(path) if isinstance(item, JournalMember)]
            if any(each.location == location for each in members):
                found.append(home.served.node)
    return found


def test_a_member_is_on_another_disk_when_it_is_durable(me: Node, homes: list[Home]) -> None:
    first = me.append(1)
    assert not me.journal.is_durable(first)
    me.journal.sync()
    assert me.journal.is_durable(first)
    second = me.append(2)
    me.journal.sync()
    assert kept(homes, first) == kept(homes, second) == ["one"]
    path = first.segment.path(me.folder)
    replica = first.segment.path(homes[0].served.replicas.directory)
    assert replica.read_bytes() == path.read_bytes()[: second.end_offset]


def test_without_another_node_nothing_is_durable_until_there_is_one(me: Node, homes: list[Home]) -> None:
    peers = me.peers
    me.peers = []
    location = me.append()
    for _ in range(2):  # whoever syncs first does not make it durable for the others
        with pytest.raises(NoSecondCopy):
            me.journal.sync()
        assert not me.journal.is_durable(location)
    with pytest.raises(NoSecondCopy):
        me.copies.check()
    me.peers = peers
    me.copies = SecondCopies(Member("me", KEY, lambda: peers), WITHIN_S)  # as after a moment
    me.journal._two_copies = me.copies.two_copies()
    me.journal.sync()
    assert me.journal.is_durable(location)
    assert kept(homes, location) == ["one"]
    me.copies.close()


def test_a_node_that_dies_is_replaced_and_the_next_gets_all_of_the_segment(me: Node, homes: list[Home]) -> None:
    first = me.append(1)
    me.journal.sync()
    homes[0].server.stop()
    second = me.append(2)
    me.journal.sync()
    assert me.journal.is_durable(second)
    assert kept(homes, second) == [homes[2].served.node], "the next in the ring behind me"
    assert kept(homes, first) == ["one", "three"]


def test_a_node_whose_disk_is_full_is_passed_by(tmp_path: Path, stack: ExitStack, homes: list[Home]) -> None:
    full = a_home(tmp_path / "next", "next", reserve_bytes=1 << 60)
    stack.callback(full.server.stop)
    me = Node(tmp_path / "journal", stack, [full.peer, homes[1].peer])
    location = me.append()
    me.journal.sync()
    assert kept([full, *homes], location) == ["two"]


def test_a_node_that_is_silent_is_passed_by(tmp_path: Path, stack: ExitStack, homes: list[Home]) -> None:
    silent = stack.enter_context(closing(socket.create_server(("127.0.0.1", 0))))
    me = Node(tmp_path / "journal", stack, [Peer("next", *silent.getsockname()), homes[1].peer], within_s=0.4)
    location = me.append()
    me.journal.sync()
    assert kept(homes, location) == ["two"]


def a_large_member(me: Node) -> MemberLocation:
    """Five MiB in a segment of their own, finished."""
    large = me.journal.begin_large(a_header(None))
    data = some_bytes(5 << 20)
    large.write(data)
    digest = a_header(data).digest
    assert digest is not None
    return large.finish(digest)


def test_a_large_member_is_there_before_its_group(me: Node, homes: list[Home]) -> None:
    small = me.append(1)
    me.journal.sync()
    large = a_large_member(me)
    assert kept(homes, large) == ["one"]
    assert not me.journal.is_durable(large)
    assert me.journal.closed_segments() == []
    me.journal.sync()
    assert me.journal.is_durable(large) and me.journal.is_durable(small)
    assert me.journal.closed_segments() == [large.segment]
    path = large.segment.path(me.folder)
    assert large.segment.path(homes[0].served.replicas.directory).read_bytes() == path.read_bytes()


def test_a_large_member_that_could_not_go_ahead_goes_with_its_group(me: Node, homes: list[Home]) -> None:
    peers, me.peers = me.peers, []
    large = a_large_member(me)
    assert kept(homes, large) == []
    me.peers = peers
    me.journal.sync()
    assert me.journal.is_durable(large)
    assert kept(homes, large) == ["one"]


def test_a_large_member_whose_node_dies_afterwards_goes_to_the_next(me: Node, homes: list[Home]) -> None:
    large = a_large_member(me)
    homes[0].server.stop()
    me.journal.sync()
    assert me.journal.is_durable(large)
    assert kept(homes, large) == ["one", "three"]


def test_a_segment_is_closed_when_its_end_is_elsewhere_too(me: Node, homes: list[Home]) -> None:
    location = me.append()
    me.journal.sync()
    peers, me.peers = me.peers, []
    for home in homes:
        home.server.stop()
    me.journal.roll()
    with pytest.raises(NoSecondCopy):
        me.journal.sync()
    assert me.journal.is_durable(location)
    assert me.journal.closed_segments() == []
    assert me.journal.roll_if_due(), "the keeper of the archive tries again"
    assert len(peers) == 3


def test_a_closed_segment_lies_whole_at_the_other_node(me: Node, homes: list[Home]) -> None:
    location = me.append()
    me.journal.roll()
    me.journal.sync()
    (closed,) = me.journal.closed_segments()
    content = closed.path(me.folder).read_bytes()
    assert homes[0].served.replicas.listed("me") == [Replica(closed, len(content))]
    assert location.segment == closed
    assert closed.path(homes[0].served.replicas.directory).read_bytes() == content


def test_a_journal_without_others_closes_without_complaint(me: Node) -> None:
    me.append()
    me.alone()
    me.journal.close()
