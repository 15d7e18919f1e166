"""`isocenter download`: what comes out opens elsewhere, and can be taken in again."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from zipfile import ZipFile

import pydicom
import pytest
from bench.data import part10
from bench.node import Node
from pydicom.dataset import Dataset
from pydicom.fileset import FileSet
from tests.interop.builders import a_ct
from tests.interop.orthanc import program


@pytest.fixture(scope="module")
def stored(node: Node, tmp_path_factory: pytest.TempPathFactory) -> list[Dataset]:
    """Two studies."""
    folder = tmp_path_factory.mktemp("stored")
    data_sets = [a_ct("download", number, seed=number, InstanceNumber=number) for number in range(4)]
    data_sets += [a_ct("download another", number) for number in range(2)]
    for number, data_set in enumerate(data_sets):
        (folder / str(number)).write_bytes(part10(data_set))
    assert node.command("import", str(folder)).returncode == 0
    return data_sets


def uids_in(folder: Path) -> set[str]:
    return {str(pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID) for path in folder.rglob("*.dcm")}


def test_portable_media_open_elsewhere_and_can_be_imported_again(
    node: Node, stored: list[Dataset], tmp_path: Path
) -> None:
    study = stored[0].StudyInstanceUID
    done = node.command("download", study, "--form", "pdi", "-o", str(tmp_path / "disc.zip"))
    assert done.returncode == 0, done.stderr
    with ZipFile(tmp_path / "disc.zip") as archive:
        archive.extractall(tmp_path / "disc")
    media = FileSet(tmp_path / "disc" / "DICOMDIR")
    assert {str(each.SOPInstanceUID) for each in media} == {each.SOPInstanceUID for each in stored[:4]}
    checked = subprocess.run(
        [program("dcmdump", "dcmtk"), "+P", "0004,1500", str(tmp_path / "disc" / "DICOMDIR")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert checked.stdout.count("(0004,1500)") >= 4
    imported = node.command("import", str(tmp_path / "disc.zip"), "--json")
    again = json.loads(imported.stdout)
    assert (imported.returncode, again["refused"]) == (0, [])
    assert (again["already_stored"], again["unlisted"]) == (4, 0)


def test_several_studies_go_into_a_folder_as_files_or_archives(
    node: Node, stored: list[Dataset], tmp_path: Path
) -> None:
    studies = sorted({str(each.StudyInstanceUID) for each in stored})
    done = node.command("download", *studies, "--form", "files", "-o", str(tmp_path), "--json")
    assert done.returncode == 0, done.stderr
    assert {each["study_instance_uid"] for each in json.loads(done.stdout)} == set(studies)
    assert uids_in(tmp_path) == {str(each.SOPInstanceUID) for each in stored}
    assert not list(tmp_path.glob("*.part"))
    shutil.rmtree(tmp_path / studies[0])
    zipped = node.command("download", studies[0], "-o", str(tmp_path))
    assert zipped.returncode == 0, zipped.stderr
    assert (tmp_path / f"{studies[0]}.zip").exists()


def test_what_cannot_be_written_or_found_is_one_line(node: Node, stored: list[Dataset], tmp_path: Path) -> None:
    study = str(stored[0].StudyInstanceUID)
    (tmp_path / "there.zip").write_bytes(b"mine")
    for arguments, code, said in (
        (("1.2.3.4.5", "-o", str(tmp_path / "x.zip")), 3, "study"),
        ((study, "-o", str(tmp_path / "there.zip")), 4, "there already"),
        ((study, "-o", str(tmp_path / "no-folder" / "x.zip")), 75, "cannot be written"),
    ):
        done = node.command("download", *arguments)
        assert (done.returncode, len(done.stderr.strip().splitlines())) == (code, 1), done.stderr
        assert said in done.stderr
    assert (tmp_path / "there.zip").read_bytes() == b"mine"
