"""Importing files: what is stored, what is refused with which reason, and what is passed over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from isocenter.access.caller import system_caller
from isocenter.apps.importing import ImportReport, files_below, import_paths
from isocenter.apps.phantom import chest_ct, part10
from isocenter.apps.wiring import open_archive, open_object_store
from isocenter.domain.archive.store import Archive
from isocenter.index.institutions import Institution
from isocenter.kit.database import Database
from isocenter.kit.settings import Settings


@pytest.fixture(scope="module")
def phantom_files() -> list[bytes]:
    return [part10(each) for each in chest_ct(range(3))]


@pytest.fixture
def archive(database: Database, tmp_path: Path) -> Iterator[Archive]:
    settings = Settings(home=tmp_path / "home")
    (settings.home / "journal").mkdir(parents=True)
    with closing(open_archive(settings, database, open_object_store(settings))) as opened:
        yield opened


def imported(archive: Archive, institution: Institution, *paths: Path) -> ImportReport:
    done: list[int] = []
    caller = system_caller(institution.institution_id, "test")
    files = list(files_below(paths))
    report = import_paths(archive, caller, files, ae_title="ISOCENTER", advanced=done.append)
    assert sum(done) == len(files)
    return report


def test_a_folder_is_stored_and_a_second_time_nothing_changes(
    archive: Archive, institution: Institution, tmp_path: Path, phantom_files: list[bytes]
) -> None:
    folder = tmp_path / "cd" / "DICOM"
    folder.mkdir(parents=True)
    for number, data in enumerate(phantom_files):
        (folder / f"IM{number}").write_bytes(data)
    first = imported(archive, institution, tmp_path / "cd")
    assert (first.stored, first.already_stored, first.refused, len(first.studies)) == (3, 0, [], 1)
    again = imported(archive, institution, tmp_path / "cd")
    assert (again.stored, again.already_stored) == (0, 3)


def test_each_refused_file_is_told_with_its_reason_and_the_others_are_stored(
    archive: Archive, institution: Institution, tmp_path: Path, phantom_files: list[bytes]
) -> None:
    good = phantom_files[0]
    tmp_path = tmp_path / "cd"
    tmp_path.mkdir()
    (tmp_path / "a-good").write_bytes(good)
    (tmp_path / "b-empty").write_bytes(b"")
    (tmp_path / "c-text").write_bytes(b"hello" * 100)
    (tmp_path / "d-cut").write_bytes(good[: len(good) // 2])
    (tmp_path / "e-head-only").write_bytes(good[:140])
    (tmp_path / "f-link").symlink_to(tmp_path / "nowhere")
    (tmp_path / ".hidden").write_bytes(b"hello")
    report = imported(archive, institution, tmp_path, tmp_path / "missing")
    refused = {each.path.name: each.reason for each in report.refused}
    assert report.stored == 1
    assert refused.keys() == {"b-empty", "c-text", "d-cut", "e-head-only", "f-link", "missing"}
    assert refused["c-text"] == "not-a-dicom-file"
    assert refused["b-empty"] == refused["missing"] == "unreadable-file"
    assert all(each.message for each in report.refused)


def test_a_dicomdir_is_passed_over(archive: Archive, institution: Institution, tmp_path: Path) -> None:
    import pydicom

    source = Path(pydicom.__file__).parent / "data" / "test_files" / "dicomdirtests" / "DICOMDIR"
    (tmp_path / "DICOMDIR").write_bytes(source.read_bytes())
    report = imported(archive, institution, tmp_path / "DICOMDIR")
    assert (report.passed_over, report.stored, report.refused) == (1, 0, [])
