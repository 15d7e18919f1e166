"""Names and epochs of segments."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from isocenter.kit.errors import Invalid
from isocenter.storage.segment_format import decode_value, encode_value
from isocenter.storage.segments import EpochLease, SegmentName, is_epoch_live, segments


def test_a_name_is_said_alike_by_source_and_path(tmp_path: Path) -> None:
    name = SegmentName("node-a", 3, 12)
    assert name.source == "journal/node-a/3/12"
    assert SegmentName.from_source(name.source) == name
    assert name.path(tmp_path) == tmp_path / "node-a" / "00000003-00000012.tar"
    assert SegmentName.from_path(name.path(tmp_path)) == name


@pytest.mark.parametrize("source", ["journal/../1/2", "journal/a/1", "store/a/1/2", "journal/a/-1/2", "journal//1/2"])
def test_what_is_no_source_is_refused(source: str) -> None:
    with pytest.raises(Invalid):
        SegmentName.from_source(source)


def test_epochs_are_never_given_twice(tmp_path: Path) -> None:
    first = EpochLease(tmp_path, "node-a")
    second = EpochLease(tmp_path, "node-a")
    assert (first.epoch, second.epoch) == (1, 2)
    second.close()
    first.close()
    assert EpochLease(tmp_path, "node-a").epoch == 3
    assert EpochLease(tmp_path, "node-b").epoch == 1


def test_an_epoch_is_not_reused_when_only_its_segments_are_left(tmp_path: Path) -> None:
    (tmp_path / "node-a").mkdir()
    SegmentName("node-a", 41, 1).path(tmp_path).touch()
    assert EpochLease(tmp_path, "node-a").epoch == 42


def test_an_epoch_lives_as_long_as_its_lease(tmp_path: Path) -> None:
    lease = EpochLease(tmp_path, "node-a")
    assert is_epoch_live(tmp_path, "node-a", 1)
    lease.close()
    assert not is_epoch_live(tmp_path, "node-a", 1)
    assert not is_epoch_live(tmp_path, "node-a", 99)


def test_an_epoch_dies_with_its_process(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from isocenter.storage.segments import EpochLease, is_epoch_live; "
        "lease = EpochLease(Path(sys.argv[1]), 'node-a'); "
        "assert is_epoch_live(Path(sys.argv[1]), 'node-a', lease.epoch); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == -9
    assert not is_epoch_live(tmp_path, "node-a", 1)


def test_segments_are_listed_in_their_order_and_nothing_else(tmp_path: Path) -> None:
    names = [SegmentName("a", 1, 2), SegmentName("a", 1, 10), SegmentName("a", 2, 1), SegmentName("b", 1, 1)]
    for name in reversed(names):
        name.path(tmp_path).parent.mkdir(exist_ok=True)
        name.path(tmp_path).touch()
    (tmp_path / "a" / "00000001-00000003.part").touch()
    (tmp_path / "a" / "other.tar").touch()
    assert segments(tmp_path) == names
    assert segments(tmp_path, "b") == names[3:]


@pytest.mark.parametrize("value", ["", "CT 1", "Köln", "50%", "a\nb", "\x00\x1b", "放射科", "x" * 1024, "\udcff"])
def test_any_value_survives_a_record(value: str) -> None:
    encoded = encode_value(value)
    assert decode_value(encoded) == value
    assert encoded.decode("ascii").isprintable() or not encoded


def test_an_endless_value_is_refused() -> None:
    with pytest.raises(Invalid):
        encode_value("x" * 1025)
