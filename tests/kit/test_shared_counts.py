"""Counts that several processes see at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from isocenter.kit.shared_counts import SharedCounts


def test_who_has_more_than_another_knows(tmp_path: Path) -> None:
    one, other = (SharedCounts(tmp_path / "counts", mine, 2) for mine in range(2))
    assert not one.others_have_fewer() and not other.others_have_fewer()
    one.add(1)
    assert one.others_have_fewer() and not other.others_have_fewer()
    other.add(1)
    assert not one.others_have_fewer() and not other.others_have_fewer()
    one.add(-1)
    assert not one.others_have_fewer() and other.others_have_fewer()


def test_a_process_that_is_started_again_begins_at_nothing(tmp_path: Path) -> None:
    mine = SharedCounts(tmp_path / "counts", 0, 2)
    killed = "import os, pathlib, sys; from isocenter.kit.shared_counts import SharedCounts; "
    killed += "SharedCounts(pathlib.Path(sys.argv[1]), 1, 2).add(5); os._exit(9)"
    subprocess.run([sys.executable, "-c", killed, tmp_path / "counts"], check=False)
    mine.add(1)
    assert not mine.others_have_fewer()
    SharedCounts(tmp_path / "counts", 1, 2)
    assert mine.others_have_fewer()


def test_one_alone_has_nobody_to_leave_anything_to(tmp_path: Path) -> None:
    alone = SharedCounts(tmp_path / "counts", 0, 1)
    alone.add(3)
    assert not alone.others_have_fewer()
