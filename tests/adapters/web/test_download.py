"""A study downloaded as a ZIP and as portable media, opened by other people's programs."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import gdcm
import pytest
from fastapi.testclient import TestClient
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.fileset import FileSet
from tests.adapters.web.test_studies import bearer, client, reader  # noqa: F401 - fixtures

from isocenter.access.roles import Role
from isocenter.apps.phantom import phantom_uid
from isocenter.index.institutions import Institution
from isocenter.kit.database import Database

PHANTOM = phantom_uid("study")
FILE_ID = re.compile(r"(?:[A-Z0-9_]{1,8}/){0,7}[A-Z0-9_]{1,8}")


def downloaded(client: TestClient, headers: dict[str, str], study: str, form: str) -> zipfile.ZipFile:  # noqa: F811
    answer = client.get(f"/api/studies/{study}/download?form={form}", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == f'attachment; filename="{study}-{form}.zip"'
    assert int(answer.headers.get("content-length", len(answer.content))) == len(answer.content)
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    return archive


def every_study(client: TestClient, headers: dict[str, str]) -> list[str]:  # noqa: F811
    found = client.post("/api/studies/search", json={}, headers=headers).json()["studies"]
    return [each["study_instance_uid"] for each in found]


def test_a_study_comes_as_files_by_series(client: TestClient, reader: dict[str, str]) -> None:  # noqa: F811
    with downloaded(client, reader, PHANTOM, "zip") as archive:
        assert archive.namelist() == [f"series-001/0000{number}.dcm" for number in (1, 2, 3)]
        objects = [dcmread(io.BytesIO(archive.read(name))) for name in archive.namelist()]
    assert [ds.InstanceNumber for ds in objects] == [238, 239, 240]
    assert {ds.StudyInstanceUID for ds in objects} == {PHANTOM}


def test_portable_media_are_read_by_pydicom_dcmtk_and_gdcm(
    client: TestClient,  # noqa: F811
    reader: dict[str, str],  # noqa: F811
    tmp_path: Path,
) -> None:
    for number, study in enumerate(every_study(client, reader)):
        folder = tmp_path / str(number)
        with downloaded(client, reader, study, "pdi") as archive:
            archive.extractall(folder)
            names = archive.namelist()
        assert {"DICOMDIR", "README.TXT", "INDEX.HTM"} <= set(names)
        objects = [name for name in names if name.startswith("DICOM/")]
        assert all(FILE_ID.fullmatch(name) for name in objects)
        directory = FileSet(dcmread(folder / "DICOMDIR"))
        assert sorted(Path(each.path).relative_to(folder).as_posix() for each in directory) == sorted(objects)
        assert {each.StudyInstanceUID for each in directory} == {study}
        reading = gdcm.Reader()
        reading.SetFileName(str(folder / "DICOMDIR"))
        assert reading.Read()
        if shutil.which("dcmdump"):
            subprocess.run(["dcmdump", "-q", "DICOMDIR"], cwd=folder, check=True, capture_output=True)


@pytest.mark.skipif(shutil.which("dcmmkdir") is None, reason="DCMTK is not installed")
def test_our_directory_says_what_dcmtk_would_write(
    client: TestClient,  # noqa: F811
    reader: dict[str, str],  # noqa: F811
    tmp_path: Path,
) -> None:
    with downloaded(client, reader, PHANTOM, "pdi") as archive:
        archive.extractall(tmp_path)
    ours = dcmread(tmp_path / "DICOMDIR")
    (tmp_path / "DICOMDIR").unlink()
    done = subprocess.run(["dcmmkdir", "+r", "+id", ".", "DICOM"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    theirs = dcmread(tmp_path / "DICOMDIR")
    assert records(ours) == records(theirs)


def records(directory: Dataset) -> list[tuple[object, ...]]:
    """What every record says that must be equal, sorted: DCMTK takes files in the order of the folder."""
    tags = (0x00041430, 0x00041500, 0x00041510, 0x00041511, 0x00041512, 0x0020000D, 0x0020000E, 0x00080060, 0x00100020)
    return sorted(
        tuple(str(record[tag].value) if tag in record else "" for tag in tags)
        for record in directory.DirectoryRecordSequence
    )


def test_only_series_that_are_named_come(client: TestClient, reader: dict[str, str]) -> None:  # noqa: F811
    series = client.get(f"/api/studies/{PHANTOM}", headers=reader).json()["series"][0]["series_instance_uid"]
    url = f"/api/studies/{PHANTOM}/download"
    assert client.get(f"{url}?series_instance_uid={series}", headers=reader).status_code == 200
    assert client.get(f"{url}?series_instance_uid=1.2.3", headers=reader).status_code == 404
    assert client.get(f"{url}?form=iso", headers=reader).status_code == 400


def test_who_may_not_read_downloads_nothing(
    client: TestClient,  # noqa: F811
    database: Database,
    institution: Institution,
    other_institution: Institution,
) -> None:
    url = f"/api/studies/{PHANTOM}/download"
    assert client.get(url).status_code == 401
    assert client.get(url, headers=bearer(database, institution, Role.MODALITY)).status_code == 403
    assert client.get(url, headers=bearer(database, other_institution, Role.ADMINISTRATOR)).status_code == 404


def test_a_download_is_in_the_audit_trail(
    client: TestClient,  # noqa: F811
    reader: dict[str, str],  # noqa: F811
    database: Database,
    institution: Institution,
) -> None:
    downloaded(client, reader, PHANTOM, "zip").close()
    with database.transaction(institution.institution_id) as connection:
        found = connection.execute(
            "SELECT study_instance_uid, detail FROM audit_event WHERE action = 'study-downloaded'"
        ).fetchall()
    assert found == [(PHANTOM, {"form": "zip", "objects": 3})]
