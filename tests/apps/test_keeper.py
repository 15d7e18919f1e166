"""The keeper process: answers whoever holds the cluster key of its home, and nobody else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from bench.node import eventually, free_port

from isocenter.adapters.nodes.client import Member, NodeClient, Peer
from isocenter.apps.settings_from_environment import InvalidSetting, settings_from_environment
from isocenter.kit.errors import Invalid
from isocenter.storage.cluster_key import cluster_key_path, make_cluster_key, read_cluster_key
from isocenter.storage.errors import BytesAway
from isocenter.storage.segments import SegmentName

NAME = SegmentName("one", 1, 1)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """With a cluster key and a segment."""
    make_cluster_key(tmp_path)
    path = NAME.path(tmp_path / "journal")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"member")
    return tmp_path


@pytest.fixture
def port(home: Path) -> Iterator[int]:
    """Of a keeper on the home."""
    port = free_port()
    settings = {"ISOCENTER_HOME": str(home), "ISOCENTER_NODE": "one", "ISOCENTER_NODE_PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, "-m", "isocenter.apps.child", "keeper"],
        env=os.environ | settings,
        stdout=(home / "said").open("wb"),
        stderr=subprocess.STDOUT,
    )
    try:
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0, (home / "said").read_text()


def test_who_holds_the_key_reads_the_journal_and_nobody_else(home: Path, port: int) -> None:
    peers = [Peer("one", "127.0.0.1", port)]
    with closing(NodeClient(Member("two", read_cluster_key(home), lambda: peers))) as client:

        def answers() -> bool:
            try:
                return client.read(NAME.source, 0, 6) == b"member"
            except BytesAway:
                return False

        assert eventually(answers, 30)
    with closing(NodeClient(Member("two", bytes(32), lambda: peers))) as stranger, pytest.raises(BytesAway):
        stranger.read(NAME.source, 0, 6)


def test_the_key_is_made_once_and_readable_by_its_owner_alone(home: Path) -> None:
    before = read_cluster_key(home)
    make_cluster_key(home)
    assert read_cluster_key(home) == before
    assert cluster_key_path(home).stat().st_mode & 0o077 == 0
    cluster_key_path(home).unlink()
    with pytest.raises(Invalid, match="another node"):
        read_cluster_key(home)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"ACKNOWLEDGE_AFTER": "two_copies"}, "NODE_PORT"),
        ({"ACKNOWLEDGE_AFTER": "three"}, "ACKNOWLEDGE_AFTER"),
        ({"NODE_TLS": "maybe"}, "NODE_TLS"),
        ({"NODE_PORT": "70000"}, "NODE_PORT"),
        ({"NODE_ADDRESS": "node1"}, "NODE_ADDRESS"),
        ({"SECOND_COPY_WITHIN": "2h"}, "SECOND_COPY_WITHIN"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(settings: dict[str, str], named: str) -> None:
    with pytest.raises(InvalidSetting, match=named):
        settings_from_environment({f"ISOCENTER_{name}": value for name, value in settings.items()})
