"""The study list and one study over a real archive: what is found, in which state, and by whom."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pydicom
import pytest
from fastapi.testclient import TestClient

from isocenter.access import api_tokens
from isocenter.access.caller import system_caller
from isocenter.access.roles import Role
from isocenter.apps.phantom import phantom_uid
from isocenter.apps.web import application
from isocenter.apps.wiring import open_archive, open_bytes
from isocenter.delivery.library import Library
from isocenter.domain.migration.importing import import_files
from isocenter.domain.migration.media import Media
from isocenter.index.institutions import Institution
from isocenter.kit.confined import Confined
from isocenter.kit.database import Database
from isocenter.kit.settings import Settings

SAMPLES = Path(pydicom.__file__).parent / "data" / "test_files"
STORED = (
    "CT_small.dcm",
    "MR_small.dcm",
    "reportsi.dcm",
    "rtplan.dcm",
    "examples_ybr_color.dcm",
    "../charset_files/chrJapMulti.dcm",
)


@pytest.fixture
def client(
    database: Database, institution: Institution, tmp_path: Path, phantom_files: list[bytes]
) -> Iterator[TestClient]:
    """The application over an archive with six of pydicom's studies and three slices of the phantom."""
    settings = Settings(home=tmp_path / "home")
    (settings.home / "journal").mkdir(parents=True)
    for number, content in enumerate(phantom_files):
        (tmp_path / f"phantom-{number}").write_bytes(content)
    files = [*(SAMPLES / name for name in STORED), *sorted(tmp_path.glob("phantom-*"))]
    data = open_bytes(settings)
    with closing(open_archive(settings, database, data)) as archive:
        caller = system_caller(institution.institution_id, "test")
        media = Media()
        report = import_files(archive, caller, media, media.files(files), ae_title="X", advanced=lambda _: None)
        assert report.stored == len(files), report.refused
        confined = Confined(processes=1, memory_bytes=1 << 30, timeout_s=20)
        library = Library(database=database, data=data, confined=confined)
        with closing(confined), closing(library):
            yield TestClient(application(settings, database, archive, library))


@pytest.fixture
def reader(database: Database, institution: Institution) -> dict[str, str]:
    return bearer(database, institution, Role.RADIOLOGIST)


def bearer(database: Database, institution: Institution, role: Role) -> dict[str, str]:
    token = api_tokens.issue_token(database, system_caller(institution.institution_id, "t"), (role,))
    return {"Authorization": f"Bearer {token}"}


def found(client: TestClient, headers: dict[str, str], **search: Any) -> dict[str, Any]:
    answer = client.post("/api/studies/search", json=search, headers=headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def names(page: dict[str, Any]) -> set[str]:
    return {study["patient_name"] for study in page["studies"]}


def test_the_list_shows_everything_newest_first(client: TestClient, reader: dict[str, str]) -> None:
    page = found(client, reader)
    assert (page["count"], page["count_is_exact"], page["next_cursor"]) == (len(STORED) + 1, True, None)
    assert page["studies"][0]["study_date"] == "20261121"
    assert page["studies"][0]["state"] == "arriving"
    assert page["studies"][0]["instance_count"] == 3


@pytest.mark.parametrize(
    "search",
    [
        {"patient_name": "synth"},
        {"patient_name": "体模"},
        {"patient_name": "PHANTOM synthetic"},
        {"patient_id": "SYNTH"},
        {"accession_number": "DEMO-0001"},
        {"accession_number": "DEMO*1"},
        {"study_date": "20261101-"},
        {"study_date": "20261121"},
        {"text": "chest phantom"},
        {"text": "DEMO-0001"},
        {"patient_name": "phantom", "modality": ["CT", "MR"]},
    ],
)
def test_the_phantom_is_found_by(client: TestClient, reader: dict[str, str], search: dict[str, Any]) -> None:
    assert names(found(client, reader, **search)) == {"Phantom^Synthetic=体模^合成"}


@pytest.mark.parametrize(
    "search", [{"patient_name": "nobody"}, {"study_date": "-19000101"}, {"modality": ["XX"]}, {"text": "%_\\' --"}]
)
def test_what_is_not_there_is_not_found(client: TestClient, reader: dict[str, str], search: dict[str, Any]) -> None:
    assert found(client, reader, **search)["studies"] == []


@pytest.mark.parametrize(
    "search",
    [{"limit": 0}, {"limit": 10_000}, {"limit": -1}, {"sort": "password_hash"}, {"study_date": "yesterday"},
     {"modality": ["'; drop"]}, {"cursor": "nonsense"}, {"institution_id": 2}, {"patient_name": "x" * 500}],
)  # fmt: skip
def test_a_search_that_makes_no_sense_is_refused(
    client: TestClient, reader: dict[str, str], search: dict[str, Any]
) -> None:
    assert client.post("/api/studies/search", json=search, headers=reader).status_code == 400


def test_nul_and_lone_surrogates_in_a_search_do_no_harm(client: TestClient, reader: dict[str, str]) -> None:
    for text in ('{"text": "a\\u0000b"}', '{"patient_name": "\\ud800"}', '{"patient_id": "\\u0000"}'):
        answer = client.post("/api/studies/search", content=text, headers=reader | {"Content-Type": "application/json"})
        assert answer.status_code in (200, 400), answer.text


def test_pages_follow_each_other_without_gaps(client: TestClient, reader: dict[str, str]) -> None:
    seen: list[str] = []
    cursor = None
    for _ in range(10):
        page = found(client, reader, limit=2, cursor=cursor, sort="patient_name")
        seen += [study["study_instance_uid"] for study in page["studies"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == len(STORED) + 1


def test_a_client_that_is_current_is_told_so(client: TestClient, reader: dict[str, str]) -> None:
    version = found(client, reader, text="phantom")["version"]
    again = found(client, reader, text="phantom", known_version=version)
    assert (again["unchanged"], again["studies"]) == (True, [])
    assert not found(client, reader, known_version=version)["unchanged"]


def test_a_study_lists_its_series_and_what_cannot_be_drawn(client: TestClient, reader: dict[str, str]) -> None:
    study = client.get(f"/api/studies/{phantom_uid('study')}", headers=reader).json()
    (series,) = study["series"]
    assert (series["instance_count"], series["frame_count"], series["drawable"]) == (3, 3, True)
    assert series["first"]["sop_class_uid"] == "1.2.840.10008.5.1.4.1.1.2"
    assert (series["first"]["rows"], series["first"]["columns"], series["first"]["frames"]) == (512, 512, 1)
    report = found(client, reader, modality=["SR"])["studies"][0]["study_instance_uid"]
    (series,) = client.get(f"/api/studies/{report}", headers=reader).json()["series"]
    assert (series["drawable"], series["why_not"]) == (False, "no-pixels")


def test_an_image_that_lost_its_pixels_is_not_called_drawable(client: TestClient, reader: dict[str, str]) -> None:
    """Its header still has rows and columns; one who asks for a picture of it is told the same."""
    (one,) = found(client, reader, patient_id="2008-4")["studies"]
    (series,) = client.get(f"/api/studies/{one['study_instance_uid']}", headers=reader).json()["series"]
    assert (series["first"]["rows"], series["first"]["columns"]) == (32, 32)
    assert (series["drawable"], series["why_not"]) == (False, "no-pixels")
    answer = client.get(f"/dicom-web/studies/{one['study_instance_uid']}/thumbnail", headers=reader)
    assert (answer.status_code, answer.json()["error"]["reason"]) == (406, "no-pixels")


def test_opening_a_study_is_recorded_once(
    client: TestClient, reader: dict[str, str], database: Database, institution: Institution
) -> None:
    for _ in range(3):
        client.get(f"/api/studies/{phantom_uid('study')}", headers=reader)
    with database.transaction(institution.institution_id) as connection:
        rows = connection.execute("select study_instance_uid from audit_event where action = 'study-opened'").fetchall()
    assert rows == [(phantom_uid("study"),)]


@pytest.mark.parametrize(("uid", "status"), [("1.2.3.4", 404), ("..", 404), ("1..2%00", 400), ("x" * 100, 400)])
def test_unknown_and_impossible_studies(client: TestClient, reader: dict[str, str], uid: str, status: int) -> None:
    assert client.get(f"/api/studies/{uid}", headers=reader).status_code == status


def test_another_hospital_and_a_modality_see_nothing(
    client: TestClient, database: Database, institution: Institution, other_institution: Institution
) -> None:
    stranger = bearer(database, other_institution, Role.ADMINISTRATOR)
    assert found(client, stranger)["studies"] == []
    assert client.get(f"/api/studies/{phantom_uid('study')}", headers=stranger).status_code == 404
    modality = bearer(database, institution, Role.MODALITY)
    assert client.post("/api/studies/search", json={}, headers=modality).status_code == 403
    assert client.get(f"/api/studies/{phantom_uid('study')}", headers=modality).status_code == 403


def test_the_status_counts_what_is_held(client: TestClient, database: Database, institution: Institution) -> None:
    status = client.get("/api/status", headers=bearer(database, institution, Role.ADMINISTRATOR)).json()
    assert status["counts"]["studies"] == len(STORED) + 1
    assert status["counts"]["instances"] == len(STORED) + 3
    assert status["disk"]["free_bytes"] > 0


def test_stores_are_counted_for_prometheus(client: TestClient) -> None:
    assert 'isocenter_stored_instances_total{door="import",outcome="stored"}' in client.get("/metrics").text


def test_dicomweb_is_part_of_the_application(client: TestClient, reader: dict[str, str]) -> None:
    answer = client.get("/dicom-web/studies?PatientID=SYNTHETIC-1", headers=reader)
    assert answer.status_code == 200
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert len(answer.json()) == 1
    assert client.get("/dicom-web/studies").status_code == 401
