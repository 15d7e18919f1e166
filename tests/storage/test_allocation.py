"""Writing past the page cache: the same bytes, whole pages only, and the ordinary way where there is no other."""

from __future__ import annotations

import errno
import mmap
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.storage.builders import some_bytes

from isocenter.storage import allocation
from isocenter.storage.allocation import write_passing

PAGE = mmap.PAGESIZE


@pytest.fixture
def file(tmp_path: Path) -> Iterator[int]:
    opened = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    yield opened
    os.close(opened)


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int, int]]:
    """(offset, length, flags) of every write. The file system of the tests may know the flag or not."""
    seen: list[tuple[int, int, int]] = []
    real = os.pwritev

    def spied(file: int, pieces: list[bytes | memoryview], offset: int, flags: int) -> int:
        seen.append((offset, sum(map(len, pieces)), flags))
        return real(file, pieces, offset)

    monkeypatch.setattr(allocation, "_through_cache", set())
    monkeypatch.setattr(allocation.os, "pwritev", spied)
    return seen


@pytest.mark.parametrize("offset", [0, 1, PAGE - 1, PAGE, 5 * PAGE + 512])
@pytest.mark.parametrize("size", [1, 511, PAGE, 3 * PAGE, 300_001])
def test_the_bytes_are_the_same_and_the_last_page_stays(
    file: int, writes: list[tuple[int, int, int]], offset: int, size: int
) -> None:
    content = some_bytes(size, seed=size)
    pieces: list[bytes | memoryview] = [content[:100], memoryview(content)[100:150], b"", content[150:]]
    assert write_passing(file, pieces, offset) == size
    assert os.pread(file, size, offset) == content
    passing = [(at, length) for at, length, flags in writes if flags]
    last_page = (offset + size - 1) // PAGE * PAGE
    assert passing == ([(offset, last_page - offset)] if last_page > offset else [])
    assert [(at, length) for at, length, flags in writes if not flags] == [
        (max(offset, last_page), offset + size - max(offset, last_page))
    ]


def test_what_the_file_system_cannot_is_asked_for_once(file: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    real = os.pwritev

    def plain_only(file: int, pieces: Any, offset: int, flags: int) -> int:
        asked.append(flags)
        if flags:
            raise OSError(errno.EOPNOTSUPP, "not here")
        return real(file, pieces, offset)

    monkeypatch.setattr(allocation, "_through_cache", set())
    monkeypatch.setattr(allocation.os, "pwritev", plain_only)
    content = some_bytes(5 * PAGE)
    for number in range(2):
        assert write_passing(file, [content], number * len(content)) == len(content)
    assert os.pread(file, 2 * len(content), 0) == content * 2
    assert [flags != 0 for flags in asked] == [True, False, False]


def test_a_disk_that_fails_is_no_reason_to_write_the_ordinary_way(file: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> int:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(allocation, "_through_cache", set())
    monkeypatch.setattr(allocation.os, "pwritev", failing)
    with pytest.raises(OSError, match="broken"):
        write_passing(file, [some_bytes(5 * PAGE)], 0)
    assert not allocation._through_cache


def test_pages_that_were_written_past_the_cache_are_not_in_it(file: int) -> None:
    """Asked of the kernel (RWF_NOWAIT reads only what is in memory), where it can write so at all."""
    content = some_bytes(64 * PAGE)
    write_passing(file, [content], 0)
    os.fdatasync(file)
    if os.fstat(file).st_dev in allocation._through_cache:
        assert os.pread(file, len(content), 0) == content
        return
    buffer = bytearray(PAGE)
    with pytest.raises(BlockingIOError):
        os.preadv(file, [buffer], 0, os.RWF_NOWAIT)
    assert os.preadv(file, [buffer], 63 * PAGE, os.RWF_NOWAIT) == PAGE
