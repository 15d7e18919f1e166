"""The bench of scrubbing finds and mends what it spoils."""

from __future__ import annotations

from pathlib import Path

from bench.scrub import measured

from isocenter.kit.database import Database


def test_everything_is_copied_mended_and_moved(database: Database, tmp_path: Path) -> None:
    taken, sound = measured(database, tmp_path, packs=2, pack_bytes=1000)
    assert sound
    assert [each.problems for each in taken] == [0, 0, 0, 2, 0]
