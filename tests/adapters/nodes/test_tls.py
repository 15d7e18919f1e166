"""Nodes under TLS: the certificates of the DICOM port, on both sides; plain callers get nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from tests.access.certificates.builders import a_store, files_of
from tests.adapters.nodes.homes import KEY

from isocenter.adapters.nodes.client import Member, NodeClient, Peer
from isocenter.adapters.nodes.second_copy import SecondCopies
from isocenter.adapters.nodes.server import NodeServer, Served
from isocenter.storage.errors import BytesAway
from isocenter.storage.replicas import Replica, Replicas
from isocenter.storage.second_copy import Grown
from isocenter.storage.segments import SegmentName
from isocenter.wire.tls import TlsClient, TlsFiles, TlsServer

NAME = SegmentName("one", 1, 1)
CONTENT = bytes(range(256)) * 8192


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    """Of both nodes: one authority, one certificate for this host."""
    return files_of(a_store(tmp_path_factory.mktemp("tls") / "home"))


@pytest.fixture
def one(tmp_path: Path, files: TlsFiles) -> Iterator[NodeServer]:
    """The node "one", which answers under TLS alone."""
    path = NAME.path(tmp_path / "journal")
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    served = Served("one", KEY, tmp_path / "journal", Replicas(tmp_path / "replicas"))
    server = NodeServer("127.0.0.1", 0, served, tls=TlsServer(files))
    server.start()
    yield server
    server.stop()


def member(server: NodeServer, tls: TlsClient | None) -> Member:
    return Member("two", KEY, lambda: [Peer("one", *server.address)], tls)


def test_nodes_read_and_copy_under_tls(one: NodeServer, files: TlsFiles, tmp_path: Path) -> None:
    secured = member(one, TlsClient(files))
    with closing(NodeClient(secured)) as client:
        assert client.read(NAME.source, 0, len(CONTENT)) == CONTENT
    mine = SegmentName("two", 1, 1)
    (tmp_path / "mine").write_bytes(CONTENT)
    with closing(SecondCopies(secured, within_s=5)) as copies:
        copies.begin([Grown(mine, tmp_path / "mine", len(CONTENT), False)])()
    assert Replicas(tmp_path / "replicas").listed("two") == [Replica(mine, len(CONTENT))]


def test_who_speaks_plain_or_shows_no_certificate_of_ours_gets_nothing(
    one: NodeServer, files: TlsFiles, tmp_path: Path
) -> None:
    elsewhere = files_of(a_store(tmp_path / "elsewhere"))
    strangers = [None, TlsClient(replace(files, own=elsewhere.own))]
    for tls in strangers:
        with closing(NodeClient(member(one, tls))) as client, pytest.raises(BytesAway):
            client.read(NAME.source, 0, 1)
