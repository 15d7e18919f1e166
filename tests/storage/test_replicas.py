"""Replicas: appended, compared, durable, and never anybody else's."""

from __future__ import annotations

from pathlib import Path

import pytest

from isocenter.kit.errors import Invalid
from isocenter.storage.errors import BytesAway, Damaged, StorageFull
from isocenter.storage.replicas import Replica, Replicas, ReplicaWriter
from isocenter.storage.segments import SegmentName

NAME = SegmentName("one", 3, 7)


@pytest.fixture
def replicas(tmp_path: Path) -> Replicas:
    """None yet."""
    (tmp_path / "home").mkdir()
    return Replicas(tmp_path / "home" / "replicas")


def written(replicas: Replicas, *pieces: tuple[int, bytes], node: str = "one") -> ReplicaWriter:
    """A writer after so many pieces of NAME and a sync."""
    writer = ReplicaWriter(replicas, node)
    for offset, data in pieces:
        writer.write(NAME, offset, memoryview(data))
    writer.sync()
    return writer


def test_what_is_written_is_read_and_listed(replicas: Replicas) -> None:
    writer = written(replicas, (0, b"head"), (4, b"member"))
    assert replicas.read(NAME, 2, 6) == b"admemb"
    assert replicas.nodes() == ["one"]
    assert replicas.listed("one") == [Replica(NAME, 10)]
    writer.close()
    path = NAME.path(replicas.directory)
    assert path.read_bytes() == b"headmember"
    assert path.stat().st_blocks * 512 <= 8192, "the room set aside is given back"


def test_a_range_that_is_not_here_is_away(replicas: Replicas) -> None:
    assert replicas.nodes() == []
    with pytest.raises(BytesAway):
        replicas.read(NAME, 0, 1)
    written(replicas, (0, b"head"))
    with pytest.raises(BytesAway):
        replicas.read(NAME, 2, 3)


def test_a_segment_may_come_again_and_another_of_its_name_may_not(replicas: Replicas) -> None:
    head = bytes(range(256)) * 4
    written(replicas, (0, head), (1024, b"member")).close()
    again = written(replicas, (0, head + b"erased"), (1030, b"andmore"))
    assert replicas.read(NAME, 1024, 13) == b"erasedandmore"
    with pytest.raises(Damaged):
        again.write(NAME, 0, memoryview(bytes(1024) + b"others"))
    with pytest.raises(Damaged):
        again.write(NAME, 1020, memoryview(b"others"))
    assert replicas.read(NAME, 0, 1037) == head + b"erasedandmore"


def test_a_gap_is_refused(replicas: Replicas) -> None:
    writer = written(replicas, (0, b"head"))
    with pytest.raises(Invalid, match="missing"):
        writer.write(NAME, 5, memoryview(b"ember"))
    assert replicas.listed("one") == [Replica(NAME, 4)]


def test_a_node_writes_its_own_segments_only(replicas: Replicas) -> None:
    with pytest.raises(Invalid, match="its own"):
        written(replicas, (0, b"head"), node="two")
    assert replicas.nodes() == []


def test_the_connection_before_writes_no_more(replicas: Replicas) -> None:
    before = written(replicas, (0, b"head"))
    now = written(replicas, (0, b"headmember"))
    with pytest.raises(Invalid, match="Another connection"):
        before.write(NAME, 4, memoryview(b"member"))
    before.close()
    assert replicas.listed("one") == [Replica(NAME, 10)], "nor does it cut what the new one wrote"
    now.close()
    assert replicas.read(NAME, 0, 10) == b"headmember"


def test_a_full_disk_is_said_and_nothing_taken(tmp_path: Path) -> None:
    replicas = Replicas(tmp_path / "replicas", reserve_bytes=1 << 60)
    with pytest.raises(StorageFull):
        written(replicas, (0, b"head"))
    assert replicas.listed("one") == []


def test_what_is_dropped_is_gone(replicas: Replicas) -> None:
    written(replicas, (0, b"head")).close()
    replicas.drop(NAME)
    replicas.drop(NAME)
    assert replicas.listed("one") == []
