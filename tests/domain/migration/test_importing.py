"""Importing files: what is stored, what is refused with which reason, and what is passed over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.fileset import FileSet

from isocenter.access.caller import system_caller
from isocenter.apps.phantom import chest_ct, part10
from isocenter.apps.wiring import open_archive, open_bytes
from isocenter.domain.archive.store import Archive
from isocenter.domain.migration.import_state import ImportState
from isocenter.domain.migration.importing import ImportReport, import_files
from isocenter.domain.migration.media import Media, MediaFile
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
    with closing(open_archive(settings, database, open_bytes(settings))) as opened:
        yield opened


def imported(archive: Archive, institution: Institution, *paths: Path) -> ImportReport:
    done: list[int] = []
    caller = system_caller(institution.institution_id, "test")
    with closing(Media()) as media:
        files = media.files(paths)
        report = import_files(archive, caller, media, files, ae_title="ISOCENTER", advanced=done.append)
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
    refused = {Path(each.name).name: each.reason for each in report.refused}
    assert report.stored == 1
    assert refused.keys() == {"b-empty", "c-text", "d-cut", "e-head-only", "f-link", "missing"}
    assert refused["c-text"] == "not-a-dicom-file"
    assert refused["b-empty"] == refused["missing"] == "unreadable-file"
    assert all(each.message for each in report.refused)


def test_a_dicomdir_is_passed_over(archive: Archive, institution: Institution, tmp_path: Path) -> None:
    source = Path(pydicom.__file__).parent / "data" / "test_files" / "dicomdirtests" / "DICOMDIR"
    (tmp_path / "renamed").write_bytes(source.read_bytes())
    report = imported(archive, institution, tmp_path / "renamed")
    assert (report.passed_over, report.stored, report.refused) == (1, 0, [])


# --- media with a DICOMDIR ---------------------------------------------------------------------------------------


def a_disc(folder: Path, files: list[bytes]) -> Path:
    """A CD with a DICOMDIR, made by pydicom."""
    media = FileSet()
    for number, data in enumerate(files):
        (folder / f"{number}.dcm").write_bytes(data)
        media.add(folder / f"{number}.dcm")
    disc = folder / "disc"
    media.write(disc)
    return disc


def rewritten(disc: Path, file_id: list[str]) -> None:
    """Let the first image record of the DICOMDIR name another file."""
    directory = pydicom.dcmread(disc / "DICOMDIR")
    record: Dataset = next(each for each in directory.DirectoryRecordSequence if "ReferencedFileID" in each)
    record.ReferencedFileID = file_id
    directory.save_as(disc / "DICOMDIR")


def test_a_disc_is_stored_and_files_that_it_does_not_list_too(
    archive: Archive, institution: Institution, tmp_path: Path, phantom_files: list[bytes]
) -> None:
    disc = a_disc(tmp_path, phantom_files[:2])
    (disc / "EXTRA").write_bytes(phantom_files[2])
    (disc / "VIEWER.EXE").write_bytes(b"MZ" + bytes(500))
    report = imported(archive, institution, disc)
    assert (report.stored, report.passed_over, report.unlisted, report.refused) == (3, 2, 1, [])


def test_a_dicomdir_named_alone_brings_what_it_lists(
    archive: Archive, institution: Institution, tmp_path: Path, phantom_files: list[bytes]
) -> None:
    disc = a_disc(tmp_path, phantom_files[:2])
    (disc / "EXTRA").write_bytes(phantom_files[2])
    report = imported(archive, institution, disc / "DICOMDIR")
    assert (report.stored, report.unlisted, report.refused) == (2, 0, [])


def test_a_file_that_the_dicomdir_lists_and_that_is_not_there_is_told(
    archive: Archive, institution: Institution, tmp_path: Path, phantom_files: list[bytes]
) -> None:
    disc = a_disc(tmp_path, phantom_files)
    victim = next(path for path in sorted(disc.rglob("*")) if path.is_file() and path.name != "DICOMDIR")
    victim.unlink()
    report = imported(archive, institution, disc)
    assert report.stored == 2
    assert [each.reason for each in report.refused] == ["listed-and-missing"]


@pytest.mark.filterwarnings("ignore:Invalid value for VR CS")
@pytest.mark.parametrize("file_id", [["..", "OUTSIDE"], ["/etc", "PASSWD"], ["A/../../B"], ["C:", "X"], ["."]])
def test_records_that_climb_out_of_the_media_are_refused_and_listed(
    archive: Archive, institution: Institution, tmp_path: Path, phantom_files: list[bytes], file_id: list[str]
) -> None:
    disc = a_disc(tmp_path, phantom_files[:2])
    (tmp_path / "OUTSIDE").write_bytes(phantom_files[2])
    rewritten(disc, file_id)
    report = imported(archive, institution, disc)
    assert report.stored == 2
    assert [(each.reason, str(disc) in each.name) for each in report.refused] == [("leads-outside", True)]


def test_a_damaged_dicomdir_is_told_and_the_files_are_stored(
    archive: Archive, institution: Institution, tmp_path: Path, phantom_files: list[bytes]
) -> None:
    disc = a_disc(tmp_path, phantom_files[:2])
    (disc / "DICOMDIR").write_bytes(b"no DICOMDIR at all")
    report = imported(archive, institution, disc)
    assert report.stored == 2
    assert [each.reason for each in report.refused] == ["malformed-dicomdir"]


def test_a_link_out_of_the_folder_is_refused_and_one_inside_is_followed(
    archive: Archive, institution: Institution, tmp_path: Path, phantom_files: list[bytes]
) -> None:
    (tmp_path / "outside.dcm").write_bytes(phantom_files[0])
    folder = tmp_path / "stick"
    folder.mkdir()
    (folder / "real.dcm").write_bytes(phantom_files[1])
    (folder / "out.dcm").symlink_to(tmp_path / "outside.dcm")
    (folder / "inside.dcm").symlink_to(folder / "real.dcm")
    report = imported(archive, institution, folder)
    assert (report.stored, report.already_stored) == (1, 1)
    assert [(Path(each.name).name, each.reason) for each in report.refused] == [("out.dcm", "leads-outside")]


# --- ZIP files ---------------------------------------------------------------------------------------------------


def a_zip(path: Path, entries: dict[str | ZipInfo, bytes]) -> Path:
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def test_a_zip_file_is_stored_wherever_it_lies(
    archive: Archive, institution: Institution, tmp_path: Path, phantom_files: list[bytes]
) -> None:
    folder = tmp_path / "mail"
    folder.mkdir()
    a_zip(folder / "study", {f"a/b/IM{number}": data for number, data in enumerate(phantom_files)})
    assert imported(archive, institution, folder).stored == 3
    again = imported(archive, institution, folder / "study")
    assert (again.stored, again.already_stored, again.refused) == (0, 3, [])


def test_a_disc_inside_a_zip_file_is_checked_against_its_dicomdir(
    archive: Archive, institution: Institution, tmp_path: Path, phantom_files: list[bytes]
) -> None:
    disc = a_disc(tmp_path, phantom_files[:2])
    entries: dict[str | ZipInfo, bytes] = {
        f"CD/{path.relative_to(disc)}": path.read_bytes() for path in disc.rglob("*") if path.is_file()
    }
    dropped = sorted(name for name in map(str, entries) if not name.endswith("DICOMDIR"))[0]
    del entries[dropped]
    report = imported(archive, institution, a_zip(tmp_path / "disc.zip", {**entries, "CD/EXTRA": phantom_files[2]}))
    assert (report.stored, report.unlisted, report.passed_over) == (2, 1, 1)
    assert [each.reason for each in report.refused] == ["listed-and-missing"]


def test_names_that_climb_links_and_nested_zip_files_are_refused_and_nothing_is_written_outside(
    archive: Archive, institution: Institution, tmp_path: Path, phantom_files: list[bytes]
) -> None:
    link = ZipInfo("link")
    link.external_attr = 0o120777 << 16
    inner = a_zip(tmp_path / "inner.zip", {"x": phantom_files[0]}).read_bytes()
    inside = tmp_path / "in"
    inside.mkdir()
    made = a_zip(
        inside / "evil.zip",
        {
            "../climbs": phantom_files[0],
            "a/../../climbs": phantom_files[0],
            "/absolute": phantom_files[0],
            "C:\\windows": phantom_files[0],
            "..\\backwards": phantom_files[0],
            link: b"/etc/passwd",
            "inner.zip": inner,
            "good": phantom_files[1],
        },
    )
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if "home" not in path.parts}
    report = imported(archive, institution, made)
    assert report.stored == 1
    refused = {each.name.partition(": ")[2]: each.reason for each in report.refused}
    assert refused.pop("inner.zip") == "nested-zip"
    assert len(refused) == 6
    assert set(refused.values()) == {"leads-outside"}
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if "home" not in path.parts} == before


def with_said_size(path: Path, size: int) -> None:
    """Forge the size that the local header and the directory say of the only entry."""
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = data.index(signature) + offset
        data[at : at + 4] = size.to_bytes(4, "little")
    path.write_bytes(data)


@pytest.mark.parametrize("said", [200, 1 << 30, 0xFFFFFF00])
def test_an_entry_of_a_forged_size_is_refused(
    archive: Archive, institution: Institution, tmp_path: Path, phantom_files: list[bytes], said: int
) -> None:
    made = a_zip(tmp_path / "forged.zip", {"IM1": phantom_files[0]})
    with_said_size(made, said)
    report = imported(archive, institution, made)
    assert report.stored == 0
    assert [each.reason for each in report.refused] == ["malformed-zip"]


def test_a_bomb_is_stopped_at_its_cap(
    archive: Archive, institution: Institution, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("isocenter.domain.migration.zip_file.EXPANDED_BYTES_FREE", 4 << 20)
    monkeypatch.setattr("isocenter.domain.migration.zip_file.EXPANSION", 20)
    bare = part10(next(iter(chest_ct(range(1)))))
    made = a_zip(tmp_path / "bomb.zip", {"bomb": bare + bytes(64 << 20)})
    assert made.stat().st_size < 1 << 20
    report = imported(archive, institution, made)
    assert [each.reason for each in report.refused] == ["expands-too-far"]
    journals = [path for path in tmp_path.rglob("journal/**/*") if path.is_file()]
    assert sum(path.stat().st_blocks * 512 for path in journals) < 72 << 20


def test_overlapping_entries_and_cut_archives_are_refused_whole(
    archive: Archive, institution: Institution, tmp_path: Path, phantom_files: list[bytes]
) -> None:
    made = a_zip(tmp_path / "two.zip", {"a": phantom_files[0], "b": phantom_files[0]})
    data = bytearray(made.read_bytes())
    second = data.rindex(b"PK\x01\x02")
    data[second + 42 : second + 46] = bytes(4)  # both entries of the directory point at the first file
    (tmp_path / "overlap.zip").write_bytes(data)
    (tmp_path / "cut.zip").write_bytes(made.read_bytes()[:2000])
    report = imported(archive, institution, tmp_path / "overlap.zip", tmp_path / "cut.zip")
    assert report.stored == 0
    assert [each.reason for each in report.refused] == ["malformed-zip", "malformed-zip"]


def test_a_zip_file_nested_42_deep_ends_at_the_first_level(
    archive: Archive, institution: Institution, tmp_path: Path, phantom_files: list[bytes]
) -> None:
    data = phantom_files[0]
    for _ in range(42):
        data = a_zip(tmp_path / "level", {"x": data}).read_bytes()
    (tmp_path / "level").unlink()
    (tmp_path / "nest.zip").write_bytes(data)
    report = imported(archive, institution, tmp_path / "nest.zip")
    assert [each.reason for each in report.refused] == ["nested-zip"]


# --- going on after an interruption ------------------------------------------------------------------------------


class Interrupted(Exception):
    """Ctrl-C, power, kill."""


def test_an_interrupted_import_goes_on_where_it_was(
    archive: Archive,
    database: Database,
    institution: Institution,
    tmp_path: Path,
    phantom_files: list[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("isocenter.domain.migration.incoming.GROUP_OBJECTS", 1)
    caller = system_caller(institution.institution_id, "test")
    made = a_zip(tmp_path / "study.zip", {f"IM{number}": data for number, data in enumerate(phantom_files)})
    read: list[str] = []

    class Counted(Media):
        def chunks(self, file: MediaFile) -> Iterator[bytes]:
            read.append(file.name)
            return super().chunks(file)

    def run(stop_after: int) -> ImportReport:
        done: list[int] = []

        def advanced(count: int) -> None:
            done.append(count)
            if len(done) == stop_after:
                raise Interrupted

        with closing(Counted()) as media, closing(ImportState(tmp_path / "home", [made])) as state:
            files = media.files([made])
            before = state.done_before(caller, database, files)
            report = import_files(
                archive, caller, media, files, ae_title="X", advanced=advanced, state=state, done_before=before
            )
            state.finished()
            return report

    with pytest.raises(Interrupted):
        run(stop_after=3)
    assert len(read) == 3
    report = run(stop_after=99)
    assert (report.continued, report.stored + report.already_stored) == (2, 1)
    assert len(read) == 4
    assert not list((tmp_path / "home" / "imports").iterdir()), "an import that is through leaves no state"
    assert run(stop_after=99).already_stored == 3, "a second import reads everything again"
