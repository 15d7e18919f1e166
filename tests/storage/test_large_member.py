"""Large objects: a segment of their own, nothing left over when they break off."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from blake3 import blake3
from tests.storage.builders import a_header, a_writer, some_bytes

from isocenter.storage import allocation, tar
from isocenter.storage.errors import StorageFull
from isocenter.storage.journal import JournalMember, read_segment, segments
from isocenter.storage.segments import clear_parts

CONTENT = some_bytes(100_001)


def test_a_large_object_is_a_segment_of_its_own(tmp_path: Path) -> None:
    writer = a_writer(tmp_path)
    small = writer.append(a_header(b"small"), [b"small"])
    large = writer.begin_large(a_header(None, 2))
    for start in range(0, len(CONTENT), 3000):
        large.write(memoryview(CONTENT)[start : start + 3000])
    assert large.length == len(CONTENT)
    with large.data_set() as view:
        assert view == CONTENT
    location = large.finish(blake3(CONTENT).digest())
    assert not writer.is_durable(location)
    writer.sync()
    assert writer.is_durable(location)
    assert writer.closed_segments() == [location.segment]
    assert writer.append(a_header(b"more"), [b"more"]).segment == small.segment
    (member,) = read_segment(location.segment.path(tmp_path))
    assert isinstance(member, JournalMember)
    assert (member.location, member.data_set) == (location, CONTENT)
    assert member.header == a_header(CONTENT, 2)
    writer.close()


def test_a_large_object_may_be_empty(tmp_path: Path) -> None:
    writer = a_writer(tmp_path)
    large = writer.begin_large(a_header(None))
    assert len(large.data_set()) == 0
    location = large.finish(blake3(b"").digest())
    (member,) = read_segment(location.segment.path(tmp_path))
    assert isinstance(member, JournalMember)


def test_an_abandoned_object_leaves_nothing(tmp_path: Path) -> None:
    writer = a_writer(tmp_path)
    large = writer.begin_large(a_header(None))
    large.write(CONTENT)
    large.abandon()
    large.abandon()
    writer.close()
    assert segments(tmp_path) == []
    assert [path.suffix for path in (tmp_path / "node-a").iterdir()] == [".lease"]


def test_a_finished_object_cannot_be_abandoned(tmp_path: Path) -> None:
    writer = a_writer(tmp_path)
    large = writer.begin_large(a_header(None))
    location = large.finish(blake3(b"").digest())
    large.abandon()
    assert location.segment.path(tmp_path).exists()


def test_a_part_is_no_segment_and_is_removed_when_its_process_is_dead(tmp_path: Path) -> None:
    first = a_writer(tmp_path)
    first.begin_large(a_header(None)).write(CONTENT)
    assert segments(tmp_path) == []
    assert clear_parts(tmp_path, "node-a") == 0
    first.close()
    a_writer(tmp_path)
    assert list((tmp_path / "node-a").glob("*.part")) == []


def test_a_full_disk_is_said_and_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = a_writer(tmp_path)
    large = writer.begin_large(a_header(None))
    large.write(CONTENT)

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(allocation.os, "pwritev", full)
    with pytest.raises(StorageFull):
        large.write(CONTENT)
    large.abandon()
    monkeypatch.undo()
    again = writer.begin_large(a_header(None))
    again.write(CONTENT)
    location = again.finish(blake3(CONTENT).digest())
    writer.sync()
    assert [name.sequence for name in segments(tmp_path)] == [location.segment.sequence]


def test_an_object_beyond_what_tar_can_say_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tar, "LARGEST_MEMBER", 150_000)
    large = a_writer(tmp_path).begin_large(a_header(None))
    large.write(CONTENT)
    with pytest.raises(Exception, match="larger than a journal member"):
        large.write(CONTENT)
    large.abandon()
