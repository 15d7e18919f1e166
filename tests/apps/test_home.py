"""One Isocenter per home, and a note by which the commands find it."""

from __future__ import annotations

from pathlib import Path

import pytest

from isocenter.apps import home as homes
from isocenter.apps.home import AlreadyRunning, HomeLock, HomeNotUsable, NotOurs, NotRunning, RunState
from isocenter.apps.up import memory_folder


def a_state(home: Path) -> RunState:
    return RunState(
        pid=1,
        version="0",
        started_at="2026-11-21T10:00:00+00:00",
        home=str(home),
        http_url="http://127.0.0.1:8080",
        ae_title="ISOCENTER",
        dicom_host="127.0.0.1",
        dicom_port=11112,
        institution_id=1,
        institution_name="Demo",
        settings={"ISOCENTER_HOME": str(home)},
        processes=[homes.ProcessState("web", 7, True, 0)],
    )


def test_a_second_one_on_the_same_home_is_refused_in_plain_words(tmp_path: Path) -> None:
    homes.make_home(tmp_path)
    first = HomeLock(tmp_path)
    first.take()
    homes.write_state(tmp_path, a_state(tmp_path))
    with pytest.raises(AlreadyRunning) as refusal:
        HomeLock(tmp_path).take()
    assert "http://127.0.0.1:8080" in str(refusal.value)
    assert homes.running_state([tmp_path]) == a_state(tmp_path)
    first.give_back()
    with pytest.raises(NotRunning):
        homes.running_state([tmp_path])
    HomeLock(tmp_path).take()


def test_one_that_is_still_starting_says_so(tmp_path: Path) -> None:
    homes.make_home(tmp_path)
    lock = HomeLock(tmp_path)
    lock.take()
    with pytest.raises(NotRunning, match="still starting"):
        homes.running_state([tmp_path])


def test_folders_with_data_are_closed_to_others(tmp_path: Path) -> None:
    homes.make_home(tmp_path / "new")
    for name in ("secrets", "journal", "store", "run", "logs"):
        assert (tmp_path / "new" / name).stat().st_mode & 0o077 == 0


def test_a_home_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HomeNotUsable, match="ISOCENTER_HOME"):
        homes.make_home(tmp_path / "file" / "home")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pid": 1}'])
def test_a_note_from_elsewhere_is_refused(tmp_path: Path, text: str) -> None:
    homes.make_home(tmp_path)
    (tmp_path / "run" / "state.json").write_text(text)
    with pytest.raises(NotOurs):
        homes.read_state(tmp_path)


def test_what_a_killed_one_left_in_memory_is_removed_by_the_next(tmp_path: Path) -> None:
    homes.make_home(tmp_path)
    first = memory_folder(tmp_path)
    (first / "counter.db").write_bytes(b"1")
    second = memory_folder(tmp_path)
    try:
        assert not first.exists()
        assert second.is_dir()
        assert second.stat().st_mode & 0o777 == 0o700
        (tmp_path / "run" / "memory").unlink()
        (tmp_path / "run" / "memory").symlink_to(tmp_path)  # not one of ours
        third = memory_folder(tmp_path)
        assert tmp_path.is_dir()
        third.rmdir()
    finally:
        second.rmdir()
