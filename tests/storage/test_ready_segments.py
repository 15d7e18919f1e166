"""Segments that were filled beforehand hold what ordinary ones hold, and leave nothing behind."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

from tests.storage.builders import a_header, a_writer, some_bytes

from isocenter.storage.journal import JournalMember, UnusedRoom, give_back_room, read_segment
from isocenter.storage.ready_segments import ReadySegments
from isocenter.storage.segments import segments

SIZE = 1 << 20


def appended(writer, count: int) -> list[bytes]:  # type: ignore[no-untyped-def]
    data_sets = [some_bytes(3000 + number, number) for number in range(count)]
    for number, data_set in enumerate(data_sets, 1):
        writer.append(a_header(data_set, number), [data_set])
    writer.sync()
    return data_sets


def test_a_ready_segment_is_a_file_of_zeros_that_is_taken_once(tmp_path: Path) -> None:
    ready = ReadySegments(SIZE, 1, lambda: tmp_path / "one.part")
    assert ready.add_one()
    assert not ready.add_one(), "there are enough"
    taken = ready.take()
    assert taken is not None
    assert taken[1].read_bytes() == bytes(SIZE)
    assert ready.take() is None
    os.close(taken[0])


def test_a_full_disk_makes_no_ready_segment_and_leaves_no_file(tmp_path: Path) -> None:
    ready = ReadySegments(1 << 62, 1, lambda: tmp_path / "huge.part")
    assert not ready.add_one()
    assert list(tmp_path.iterdir()) == []


def test_closing_removes_what_was_not_taken(tmp_path: Path) -> None:
    writer = a_writer(tmp_path, close_bytes=SIZE, ready_segments=2)
    assert writer.prepare_segment()
    assert writer.prepare_segment()
    assert not writer.prepare_segment()
    assert len(list(tmp_path.glob("*/*.part"))) == 2
    appended(writer, 1)
    writer.close()
    assert not list(tmp_path.glob("*/*.part"))


def test_a_ready_segment_ends_like_any_other_when_it_is_closed(tmp_path: Path) -> None:
    writer = a_writer(tmp_path, close_bytes=SIZE, ready_segments=1)
    writer.prepare_segment()
    data_sets = appended(writer, 4)
    [name] = segments(tmp_path)
    assert name.path(tmp_path).stat().st_size == SIZE
    writer.close()
    assert name.path(tmp_path).stat().st_size < SIZE
    with tarfile.open(name.path(tmp_path)) as archive:
        assert len(archive.getmembers()) == 4
    members = list(read_segment(name.path(tmp_path)))
    assert [bytes(member.data_set) for member in members if isinstance(member, JournalMember)] == data_sets
    assert len(members) == 4


def test_what_a_killed_writer_left_in_a_ready_segment_is_read_to_its_last_member(tmp_path: Path) -> None:
    writer = a_writer(tmp_path, close_bytes=SIZE, ready_segments=1)
    writer.prepare_segment()
    data_sets = appended(writer, 3)
    [name] = segments(tmp_path)
    path = name.path(tmp_path)
    items = list(read_segment(path))
    members = [item for item in items if isinstance(item, JournalMember)]
    assert [bytes(member.data_set) for member in members] == data_sets
    room = items[-1]
    assert isinstance(room, UnusedRoom)
    assert room.offset == members[-1].location.end_offset
    assert room.offset + room.length == SIZE
    del items, members
    give_back_room(path, room)
    assert path.stat().st_size == room.offset + 1024
    assert len(list(read_segment(path))) == 3
    with tarfile.open(path) as archive:
        assert len(archive.getmembers()) == 3


def test_a_member_behind_a_hole_of_zeros_is_found_and_the_hole_is_damage(tmp_path: Path) -> None:
    """A crash may bring later pages to the disk and not the earlier ones."""
    writer = a_writer(tmp_path, close_bytes=SIZE, ready_segments=1)
    writer.prepare_segment()
    first = some_bytes(3000, 1)
    location = writer.append(a_header(first, 1), [first])
    second = some_bytes(3000, 2)
    writer.append(a_header(second, 2), [second])
    writer.sync()
    path = location.segment.path(tmp_path)
    with path.open("r+b") as file:
        file.seek(location.member_offset)
        file.write(bytes(location.end_offset - location.member_offset))
    kinds = [type(item).__name__ for item in read_segment(path)]
    assert kinds == ["Damage", "JournalMember", "UnusedRoom"]
