"""A file that many read while it is open."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

from isocenter.kit.open_file import OpenFile


def test_views_are_the_bytes_and_outlive_the_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(range(200)))
    file = OpenFile(path)
    view = file.view(10, 100)
    assert view == bytes(range(10, 110)) and view.readonly
    descriptor = file.descriptor
    path.unlink()
    del file
    gc.collect()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
    assert view == bytes(range(10, 110))


def test_what_was_appended_since_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"one")
    file = OpenFile(path)
    before = file.view(0, 3)
    with path.open("ab") as more:
        more.write(b"two")
    assert (before, file.view(3, 3), file.view(0, 6)) == (b"one", b"two", b"onetwo")


def test_beyond_the_end_there_is_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"")
    assert OpenFile(path).view(0, 0) == b""
    with pytest.raises(OSError, match="ends before"):
        OpenFile(path).view(0, 1)
    with pytest.raises(FileNotFoundError):
        OpenFile(tmp_path / "nowhere")
