"""Byte ranges, read hot or cold; what is not here is said to be away, never unknown."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.delivery.builders import SEGMENT, files_of

from isocenter.delivery.errors import BytesAway
from isocenter.storage.extents import Extent


def test_a_range_is_read_whichever_way(tmp_path: Path) -> None:
    files = files_of(tmp_path, bytes(range(200)))
    extent = Extent(SEGMENT.source, 10, 100)
    hot = bytearray(100)
    assert files.read_hot(extent, memoryview(hot))
    assert hot == files.read(extent) == bytes(files.view(extent)) == bytes(range(10, 110))


def test_a_file_that_is_not_here_is_away(tmp_path: Path) -> None:
    files = files_of(tmp_path, b"")
    missing = Extent("journal/test/1/2", 0, 10)
    with pytest.raises(BytesAway):
        files.read(missing)
    with pytest.raises(BytesAway):
        files.check(missing.source)
    assert not files.read_hot(missing, memoryview(bytearray(10)))
    with pytest.raises(BytesAway):
        files.view(missing)


def test_a_file_that_ends_too_early_is_away(tmp_path: Path) -> None:
    files = files_of(tmp_path, bytes(50))
    beyond = Extent(SEGMENT.source, 40, 20)
    assert not files.read_hot(beyond, memoryview(bytearray(20)))
    with pytest.raises(BytesAway):
        files.read(beyond)
    with pytest.raises(BytesAway):
        files.view(beyond)


def test_a_file_that_is_removed_is_read_to_the_end_by_who_has_it_open(tmp_path: Path) -> None:
    files = files_of(tmp_path, bytes(50))
    extent = Extent(SEGMENT.source, 0, 50)
    assert files.read(extent) == bytes(50)
    SEGMENT.path(tmp_path / "journal").unlink()
    assert files.read(extent) == bytes(50)
    files.close()
    with pytest.raises(BytesAway):
        files.read(extent)
