"""Erased objects leave the journal at once: their bytes are overwritten, and everybody else's stay where they are."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from pathlib import Path

from tests.storage.builders import RECEIVED_AT, a_header, a_segment, a_writer, some_bytes

from isocenter.storage.journal import Damage, JournalMember, TornTail, read_segment
from isocenter.storage.journal_wiping import wipe_members

DATA_SETS = [some_bytes(length, seed=length) for length in (700, 3_000_000, 2048, 5, 513)]


def uids(*numbers: int) -> Collection[str]:
    return {f"1.2.826.0.1.3680043.99.{number}" for number in numbers}


def left(path: Path) -> list[bytes]:
    items = list(read_segment(path))
    assert all(isinstance(item, JournalMember) for item in items)
    return [bytes(item.data_set) for item in items if isinstance(item, JournalMember)]


def test_what_was_erased_is_overwritten_and_passed_over(tmp_path: Path) -> None:
    path, _ = a_segment(tmp_path, DATA_SETS)
    size = path.stat().st_size
    assert wipe_members(path, 7, uids(2, 4, 99), RECEIVED_AT) == 2
    assert left(path) == [DATA_SETS[0], DATA_SETS[2], DATA_SETS[4]]
    content = path.read_bytes()
    assert len(content) == size
    for start in (0, 1_500_000, 2_999_900):
        assert DATA_SETS[1][start : start + 100] not in content
    assert wipe_members(path, 7, uids(2, 4), RECEIVED_AT) == 0


def test_the_last_members_of_a_segment_are_no_torn_tail_when_they_were_erased(tmp_path: Path) -> None:
    path, _ = a_segment(tmp_path, DATA_SETS)
    wipe_members(path, 7, uids(4, 5), RECEIVED_AT)
    assert left(path) == DATA_SETS[:3]


def test_another_institution_and_what_came_later_are_left_alone(tmp_path: Path) -> None:
    path, _ = a_segment(tmp_path, DATA_SETS)
    assert wipe_members(path, 8, uids(1, 2, 3), RECEIVED_AT) == 0
    assert wipe_members(path, 7, uids(1, 2, 3), RECEIVED_AT - timedelta(microseconds=1)) == 0
    assert left(path) == DATA_SETS


def test_a_segment_that_still_grows_goes_on_behind_what_was_erased(tmp_path: Path) -> None:
    with_writer = a_writer(tmp_path)
    first = with_writer.append(a_header(DATA_SETS[0], 1), [DATA_SETS[0]])
    with_writer.sync()
    assert wipe_members(first.segment.path(tmp_path), 7, uids(1), RECEIVED_AT) == 1
    with_writer.append(a_header(DATA_SETS[2], 3), [DATA_SETS[2]])
    with_writer.close()
    assert left(first.segment.path(tmp_path)) == [DATA_SETS[2]]


def test_zeros_that_a_disk_made_are_damage_and_no_erasure(tmp_path: Path) -> None:
    path, locations = a_segment(tmp_path, DATA_SETS)
    for place in (locations[0], locations[4]):
        with path.open("r+b") as file:
            file.seek(place.data_set_offset)
            file.write(bytes(place.data_set_length))
    kinds = [type(item) for item in read_segment(path)]
    assert kinds == [Damage, *[JournalMember] * 3, TornTail]
