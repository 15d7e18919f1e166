"""A mark that several processes see at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from isocenter.kit.shared_change import SharedChange


def test_what_one_announces_all_see(tmp_path: Path) -> None:
    one, other = SharedChange(tmp_path / "mark"), SharedChange(tmp_path / "mark")
    before = one.seen()
    assert other.seen() == before
    one.announce()
    assert one.seen() == other.seen() != before
    between = one.seen()
    announcing = "import pathlib, sys; from isocenter.kit.shared_change import SharedChange as Mark; "
    announcing += "Mark(pathlib.Path(sys.argv[1])).announce()"
    subprocess.run([sys.executable, "-c", announcing, tmp_path / "mark"], check=True)
    assert one.seen() == other.seen() != between


def test_one_without_a_file_is_its_processs_own() -> None:
    one, other = SharedChange(), SharedChange()
    other.announce()
    assert one.seen() == bytes(16)


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        SharedChange(tmp_path / "nowhere" / "mark")
