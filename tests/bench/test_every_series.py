"""The bench that opens every series: nothing to look at is no success."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench.every_series import BROKEN, Seen

from bench import every_series


def test_a_folder_that_is_not_there_fails_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert every_series.run([tmp_path / "nowhere"], tmp_path / "to", ["desk-en"]) == 1
    assert "ISOCENTER_SHARED_DATA" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("state", "complaints", "status"),
    [
        ("shown", [], 0),
        ("document", [], 0),
        ("explained", [], 0),
        ("failed", [], 1),
        ("nothing", [], 1),
        ("shown", ["x"], 1),
    ],
)
def test_what_failed_is_told_and_counts(tmp_path: Path, state: str, complaints: list[str], status: int) -> None:
    seen = Seen(0, "desk-en", "1.2", "1.2.3", "CT", state, complaints=complaints)
    assert every_series._tell([seen], tmp_path) == status


def test_nothing_seen_is_no_success(tmp_path: Path) -> None:
    assert every_series._tell([], tmp_path) == 1


def test_only_what_is_named_with_its_reason_may_be_broken() -> None:
    failure = [every_series.REFUSED + " (Not Acceptable)", "TypeError: x"]
    assert every_series.complaints_of("1.2.3", failure) == failure
    assert every_series.complaints_of(next(iter(BROKEN)), failure) == ["TypeError: x"]
    assert all(BROKEN.values())
