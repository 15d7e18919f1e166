"""Appending, making durable, and what happens when the disk does not."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3
from tests.storage.builders import a_header, a_writer, some_bytes

from isocenter.kit.errors import Invalid
from isocenter.storage import allocation, journal
from isocenter.storage.errors import JournalPoisoned, StorageFull
from isocenter.storage.journal import (
    Damage,
    JournalMember,
    JournalWriter,
    MemberLocation,
    is_epoch_live,
    read_segment,
    segments,
)


@pytest.fixture
def writer(tmp_path: Path) -> JournalWriter:
    """A writer of node "node-a"."""
    return a_writer(tmp_path)


def append(writer: JournalWriter, data_set: bytes = b"data set", number: int = 1) -> MemberLocation:
    return writer.append(a_header(data_set, number), [data_set])


def data_sets(directory: Path) -> list[bytes]:
    """Every data set in every segment, in order; nothing damaged or torn."""
    items = [item for name in segments(directory) for item in read_segment(name.path(directory))]
    assert all(isinstance(item, JournalMember) for item in items)
    return [bytes(item.data_set) for item in items if isinstance(item, JournalMember)]


def at(directory: Path, location: MemberLocation) -> bytes:
    data = location.segment.path(directory).read_bytes()
    return data[location.data_set_offset : location.data_set_offset + location.data_set_length]


def test_an_appended_object_lies_where_the_location_says(tmp_path: Path, writer: JournalWriter) -> None:
    location = writer.append(a_header(b"onetwothree"), [b"one", memoryview(b"two"), b"", b"three"])
    assert at(tmp_path, location) == b"onetwothree"
    assert location.end_offset % 512 == 0


def test_nothing_is_durable_before_the_sync(writer: JournalWriter) -> None:
    first = append(writer)
    assert not writer.is_durable(first)
    writer.sync()
    second = append(writer)
    assert writer.is_durable(first)
    assert not writer.is_durable(second)


def test_one_sync_is_one_fdatasync_for_any_number_of_objects(
    writer: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    real = os.fdatasync
    monkeypatch.setattr(journal.os, "fdatasync", lambda file: (calls.append(file), real(file)))
    for number in range(20):
        append(writer, number=number)
    writer.sync()
    writer.sync()
    assert len(calls) == 1


def test_what_the_disk_has_only_begun_with_is_not_durable(
    writer: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[tuple[int, int]] = []
    real = journal.begin_writeback
    monkeypatch.setattr(
        journal, "begin_writeback", lambda file, at, length: (begun.append((at, length)), real(file, at, length))
    )
    first = append(writer)
    writer.begin_sync()
    writer.begin_sync()
    assert begun == [(0, first.end_offset)]  # with the head of the segment, and once
    assert not writer.is_durable(first)
    large = append(writer, bytes(journal.BEGUN_AT_ONCE_BYTES), number=2)
    assert begun[1:] == [(first.end_offset, large.end_offset - first.end_offset)]  # by itself
    assert not writer.is_durable(large)
    writer.sync()
    assert writer.is_durable(first)
    assert writer.is_durable(large)


def test_members_of_many_threads_are_all_whole(tmp_path: Path) -> None:
    writer = a_writer(tmp_path, close_bytes=1 << 16)
    contents = [some_bytes(number * 37, seed=number) for number in range(200)]

    def store(number: int) -> None:
        location = append(writer, contents[number], number)
        writer.sync()
        assert writer.is_durable(location)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(store, range(200)))
    writer.close()
    assert sorted(data_sets(tmp_path)) == sorted(contents)
    assert len(segments(tmp_path)) > 1


def test_a_member_of_very_many_pieces_is_whole(tmp_path: Path, writer: JournalWriter) -> None:
    pieces = [bytes([number % 256]) * (number % 3) for number in range(5000)]
    whole = b"".join(pieces)
    location = writer.append(a_header(whole), pieces)
    assert at(tmp_path, location) == whole


def test_a_header_without_digest_is_refused(writer: JournalWriter) -> None:
    with pytest.raises(Invalid):
        writer.append(a_header(None), [b"x"])


# Rolling


def test_a_segment_closes_at_its_size(tmp_path: Path) -> None:
    writer = a_writer(tmp_path, close_bytes=10_000)
    locations = [append(writer, some_bytes(4000, seed=number), number) for number in range(6)]
    assert [location.segment.sequence for location in locations] == [1, 1, 2, 2, 3, 3]
    assert writer.closed_segments() == []
    writer.sync()
    assert [name.sequence for name in writer.closed_segments()] == [1, 2]


def test_a_segment_closes_at_its_age_and_an_idle_journal_makes_no_segments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(journal.time, "monotonic", lambda: now[0])
    writer = a_writer(tmp_path, close_after_s=10)
    assert not writer.roll_if_due()
    append(writer)
    now[0] += 9
    assert not writer.roll_if_due()
    now[0] += 1
    assert writer.roll_if_due()
    writer.sync()
    for _ in range(5):
        now[0] += 60
        assert not writer.roll_if_due()
    assert len(segments(tmp_path)) == 1
    assert append(writer).segment.sequence == 2


def test_a_closed_segment_holds_no_more_blocks_than_it_needs(tmp_path: Path, writer: JournalWriter) -> None:
    path = append(writer).segment.path(tmp_path)
    writer.close()
    assert path.stat().st_blocks * 512 <= path.stat().st_size + 8192
    assert path.read_bytes().endswith(bytes(1024))


def test_the_position_is_a_bound_for_everything_that_comes_later(writer: JournalWriter) -> None:
    assert writer.position() == (1, 0)
    first = append(writer)
    assert writer.position() == (1, first.end_offset)
    large = writer.begin_large(a_header(None))
    large.write(b"large")
    before = writer.position()
    location = large.finish(blake3(b"large").digest())
    assert (location.segment.sequence, location.member_offset) > before
    writer.roll()
    assert writer.position() == (3, 0)


def test_a_new_writer_takes_a_new_epoch(tmp_path: Path, writer: JournalWriter) -> None:
    append(writer)
    writer.close()
    again = a_writer(tmp_path)
    assert append(again, b"later").segment.epoch == 2
    again.close()
    assert data_sets(tmp_path) == [b"data set", b"later"]


def test_a_closed_journal_takes_nothing(writer: JournalWriter) -> None:
    writer.close()
    with pytest.raises(JournalPoisoned):
        append(writer)


# A full disk


def failing(call: Callable[..., Any], number: int, *, after: int = 0, times: int = 1) -> Callable[..., Any]:
    """`call`, failing `times` times with an error number; a write writes its first `after` bytes before it fails."""
    left = [times]

    def instead(file: int, *arguments: Any) -> Any:
        if not left[0]:
            return call(file, *arguments)
        left[0] -= 1
        if after:
            pieces, offset, _flags = arguments
            os.pwrite(file, b"".join(pieces)[:after], offset)
        raise OSError(number, os.strerror(number))

    return instead


def test_a_full_disk_costs_only_the_object_that_did_not_fit(
    tmp_path: Path, writer: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = append(writer)
    monkeypatch.setattr(allocation.os, "pwritev", failing(os.pwritev, errno.ENOSPC, after=1500, times=3))
    for _ in range(3):
        with pytest.raises(StorageFull):
            append(writer, some_bytes(4000))
        assert kept.segment.path(tmp_path).stat().st_size == kept.end_offset
    after = append(writer, b"there is room again")
    writer.sync()
    assert writer.is_durable(kept)
    assert writer.is_durable(after)
    assert after.segment == kept.segment
    assert data_sets(tmp_path) == [b"data set", b"there is room again"]


def test_a_disk_too_full_for_a_new_segment_leaves_no_file(
    tmp_path: Path, writer: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allocation.os, "pwritev", failing(os.pwritev, errno.ENOSPC))
    with pytest.raises(StorageFull):
        append(writer)
    assert segments(tmp_path) == []
    append(writer)
    assert data_sets(tmp_path) == [b"data set"]


def test_a_short_write_is_finished(tmp_path: Path, writer: JournalWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.pwritev
    monkeypatch.setattr(
        allocation.os,
        "pwritev",
        lambda file, pieces, offset, flags: real(file, [b"".join(pieces)[:700]], offset, flags),
    )
    content = some_bytes(5000)
    assert at(tmp_path, append(writer, content)) == content


def test_the_reserve_of_the_disk_is_left_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = [100]
    monkeypatch.setattr(JournalWriter, "_free_bytes", lambda self: free[0] - self._reserve_bytes)
    writer = a_writer(tmp_path, reserve_bytes=60)
    with pytest.raises(StorageFull):
        append(writer, bytes(41))
    free[0] = 102
    append(writer, bytes(41))


def test_a_small_file_system_fills_up_and_recovers(tmp_path: Path) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0 or os.system(f"mount -t tmpfs -o size=3m none {folder} 2>/dev/null"):
        pytest.skip("a small file system cannot be mounted here")
    try:
        writer = a_writer(folder, close_bytes=1 << 20)
        stored = 0
        with pytest.raises(StorageFull):
            for number in range(100):
                append(writer, some_bytes(200_000, seed=number), number)
                stored += 1
        writer.sync()
        assert [blake3(found).digest() for found in data_sets(folder)] == [
            blake3(some_bytes(200_000, seed=number)).digest() for number in range(stored)
        ]
        writer.closed_segments()[0].path(folder).unlink()
        append(writer, b"room again")
        writer.close()
    finally:
        os.system(f"umount {folder}")


# A failing disk


def test_a_failed_sync_poisons_what_was_not_durable(
    tmp_path: Path, writer: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    durable = append(writer, b"durable")
    writer.sync()
    lost = append(writer, b"lost")
    monkeypatch.setattr(journal.os, "fdatasync", failing(os.fdatasync, errno.EIO))
    with pytest.raises(JournalPoisoned) as raised:
        writer.sync()
    assert raised.value.fields["segments"] == (lost.segment.source,)
    after = append(writer, b"after")
    writer.sync()
    assert [writer.is_durable(each) for each in (durable, lost, after)] == [True, False, True]
    assert after.segment != lost.segment
    assert data_sets(tmp_path) == [b"durable", b"after"]


def test_a_failed_sync_of_one_segment_spares_the_others(
    tmp_path: Path, writer: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = append(writer, b"lost")
    writer.roll()
    spared = append(writer, b"spared")
    monkeypatch.setattr(journal.os, "fdatasync", failing(os.fdatasync, errno.EIO))
    with pytest.raises(JournalPoisoned):
        writer.sync()
    assert [writer.is_durable(each) for each in (lost, spared)] == [False, True]


def test_objects_appended_during_a_failing_sync_are_reported_by_the_next_one(
    writer: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = append(writer, b"first")
    late: list[MemberLocation] = []

    def fail_while_another_appends(_: int) -> None:
        thread = threading.Thread(target=lambda: late.append(append(writer, b"late")))
        thread.start()
        thread.join()
        raise OSError(errno.EIO, "failed")

    monkeypatch.setattr(journal.os, "fdatasync", fail_while_another_appends)
    with pytest.raises(JournalPoisoned):
        writer.sync()
    monkeypatch.undo()
    with pytest.raises(JournalPoisoned):
        writer.sync()
    writer.sync()
    assert not writer.is_durable(first)
    assert not writer.is_durable(late[0])


def test_a_write_error_poisons_the_unsynced_members_of_the_segment(
    tmp_path: Path, writer: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    durable = append(writer, b"durable")
    writer.sync()
    unsynced = append(writer, b"unsynced")
    monkeypatch.setattr(allocation.os, "pwritev", failing(os.pwritev, errno.EIO, after=700))
    with pytest.raises(JournalPoisoned):
        append(writer, some_bytes(3000))
    with pytest.raises(JournalPoisoned):
        writer.sync()
    writer.sync()
    assert [writer.is_durable(each) for each in (durable, unsynced)] == [True, False]
    append(writer, b"goes on")
    writer.close()
    assert data_sets(tmp_path) == [b"durable", b"goes on"]


def test_a_folder_that_cannot_be_synced_poisons_too(writer: JournalWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    location = append(writer)
    monkeypatch.setattr(journal.os, "fsync", failing(os.fsync, errno.EIO))
    with pytest.raises(JournalPoisoned):
        writer.sync()
    assert not writer.is_durable(location)


def test_many_failures_leave_no_file_open(writer: JournalWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    monkeypatch.setattr(journal.os, "fdatasync", failing(os.fdatasync, errno.EIO, times=50))
    for _ in range(50):
        append(writer)
        with pytest.raises(JournalPoisoned):
            writer.sync()
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 1


def test_an_empty_segment_given_up_during_a_sync_is_nobodys_loss(
    tmp_path: Path, writer: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allocation.os, "pwritev", failing_second(os.pwritev))
    with pytest.raises(StorageFull):
        append(writer)
    real = os.fdatasync

    def roll_meanwhile(file: int) -> None:
        thread = threading.Thread(target=writer.roll)
        thread.start()
        thread.join()
        real(file)

    monkeypatch.setattr(journal.os, "fdatasync", roll_meanwhile)
    writer.sync()
    assert segments(tmp_path) == []


def failing_second(call: Callable[..., Any]) -> Callable[..., Any]:
    """`call`, whose second use finds a full disk."""
    used: list[int] = []

    def instead(*arguments: Any) -> Any:
        used.append(1)
        if len(used) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return call(*arguments)

    return instead


CRASHING = """
import sys
from pathlib import Path
from tests.storage.builders import a_header, a_writer, some_bytes
writer = a_writer(Path(sys.argv[1]), close_bytes=300_000)
for number in range(1_000_000):
    data_set = some_bytes(number * 7919 % 60_000, seed=number)
    writer.append(a_header(data_set, number), [data_set])
    if number % 3 == 2:
        writer.sync()
        print(number, flush=True)
"""


@pytest.mark.parametrize("acknowledged", [1, 7, 30])
def test_a_killed_process_loses_nothing_that_was_synced(tmp_path: Path, acknowledged: int) -> None:
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", CRASHING, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=root
    ) as process:
        assert process.stdout is not None
        last = [int(process.stdout.readline()) for _ in range(acknowledged)][-1]
        process.kill()
    items = [item for name in segments(tmp_path) for item in read_segment(name.path(tmp_path))]
    found = {item.header.sop_instance_uid for item in items if isinstance(item, JournalMember)}
    assert {a_header(b"", number).sop_instance_uid for number in range(last + 1)} <= found
    assert not any(isinstance(item, Damage) for item in items)
    assert not is_epoch_live(tmp_path, "node-a", 1)
    assert a_writer(tmp_path).epoch == 2
