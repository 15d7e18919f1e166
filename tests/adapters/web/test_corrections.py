"""The interface for correcting: what it refuses and how; nothing here needs an archive with pixels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.adapters.web_parts import web_parts
from tests.index.builders import a_row, an_instance

from isocenter.access import api_tokens
from isocenter.access.caller import system_caller
from isocenter.access.roles import Role
from isocenter.adapters.web.application import build_application
from isocenter.domain.identity.acts import Records
from isocenter.index.ingest import Ingest
from isocenter.index.institutions import Institution
from isocenter.kit.database import Database
from isocenter.kit.settings import Settings
from isocenter.storage.drivers import open_store
from isocenter.storage.facts import make_key_file

STUDY = "1.2.826.0.1.1"


class Client:
    """One program with a token."""

    def __init__(self, client: TestClient, token: str) -> None:
        self.client, self.headers = client, {"Authorization": f"Bearer {token}"}

    def post(self, path: str, **body: Any) -> tuple[int, Any]:
        answer = self.client.post(f"/api{path}", json=body, headers=self.headers)
        return answer.status_code, answer.json() if answer.content else None

    def refused(self, path: str, **body: Any) -> tuple[int, str]:
        status, answer = self.post(path, **body)
        return status, answer["error"]["reason"]

    def get(self, path: str) -> Any:
        return self.client.get(f"/api{path}", headers=self.headers).json()


@pytest.fixture
def app(database: Database, institution: Institution, tmp_path: Path) -> Iterator[TestClient]:
    make_key_file(tmp_path / "facts.key")
    parts = web_parts(
        database,
        Settings(home=tmp_path),
        records=Records(database, open_store((tmp_path / "store").as_uri()), tmp_path / "facts.key"),
    )
    ingest = Ingest(database.ingest_connection)
    ingest.record([a_row(an_instance(study=number), institution.institution_id) for number in (1, 2)])
    ingest.close()
    yield TestClient(build_application(parts, (), None))


def client_of(app: TestClient, database: Database, institution: Institution, role: Role) -> Client:
    return Client(app, api_tokens.issue_token(database, system_caller(institution.institution_id, "t"), (role,)))


@pytest.fixture
def administrator(app: TestClient, database: Database, institution: Institution) -> Client:
    return client_of(app, database, institution, Role.ADMINISTRATOR)


def test_what_cannot_be_corrected_is_said_with_its_attribute(administrator: Client) -> None:
    path = f"/studies/{STUDY}/corrections"
    assert administrator.refused(path, reason="why") == (400, "invalid-correction")
    assert administrator.refused(path, reason="why", patient_key=1, attributes={}) == (400, "invalid-correction")
    _, answer = administrator.post(path, reason="why", attributes={"PatientSex": "female"})
    assert answer["error"]["fields"]["attribute"] == "PatientSex"
    assert administrator.refused(path, reason="why", patient_key=99_999) == (404, "unknown-patient")
    assert administrator.refused(path, attributes={"PatientID": "1"})[0] == 400
    unknown = "/studies/1.2.3/corrections"
    assert administrator.refused(unknown, reason="why", attributes={"PatientID": "1"}) == (404, "unknown-study")


def test_refusals_never_repeat_a_name(administrator: Client) -> None:
    for attributes in ({"PatientName": "Secret^Name" * 20}, {"PatientID": "Secret\\Name"}):
        status, answer = administrator.post(f"/studies/{STUDY}/corrections", reason="why", attributes=attributes)
        assert status == 400
        assert "Secret" not in str(answer)


def test_merging_and_undoing_over_the_interface(administrator: Client) -> None:
    _, found = administrator.post("/patients/search", text="P")
    one, other = (patient["patient_key"] for patient in found["patients"])
    status, made = administrator.post(f"/patients/{one}/merge", into_patient_key=other, reason="one person")
    assert status == 200
    [merge] = administrator.get("/merges")["merges"]
    assert (merge["merge_id"], merge["into"]["study_count"], merge["undone_at"]) == (made["merge_id"], 2, None)
    assert administrator.refused(f"/patients/{one}/merge", into_patient_key=other, reason="again") == (
        409,
        "patient-is-merged",
    )
    assert administrator.post(f"/merges/{made['merge_id']}/undo") == (204, None)
    assert administrator.refused(f"/merges/{made['merge_id']}/undo") == (409, "already-undone")
    assert administrator.refused("/merges/99999/undo") == (404, "unknown-correction")


def test_identifiers_and_what_was_corrected(administrator: Client) -> None:
    _, found = administrator.post("/patients/search", text="P1")
    key = found["patients"][0]["patient_key"]
    body = {"patient_id": "L-9", "issuer_of_patient_id": "LAB", "reason": "second card"}
    assert administrator.post(f"/patients/{key}/identifiers", **body)[0] == 200
    assert administrator.refused(f"/patients/{key}/identifiers", **body) == (409, "identifier-in-use")
    assert administrator.post(f"/patients/{key}/identifiers/remove", **body)[0] == 200
    administrator.post(f"/studies/{STUDY}/corrections", reason="why", attributes={"PatientName": "A"})
    known = administrator.get(f"/studies/{STUDY}/corrections")
    assert known["corrections"][0]["before"] == {"PatientName": "Doe1^Jane"}
    assert "PatientName" in known["correctable"]
    assert "Laterality" in known["correctable_of_series"]


def test_who_may_only_read_may_not_correct(app: TestClient, database: Database, institution: Institution) -> None:
    reader = client_of(app, database, institution, Role.RADIOLOGIST)
    assert reader.post("/patients/search", text="P1")[0] == 200
    assert reader.refused(f"/studies/{STUDY}/corrections", reason="why", patient_key=1) == (403, "refused")
    assert reader.refused("/patients/1/merge", into_patient_key=2, reason="why") == (403, "refused")
    assert reader.refused("/quality-tasks/1/resolve", choice="dismiss") == (403, "refused")


def test_tasks_that_are_not_there_and_choices_that_are_none(administrator: Client, database: Database) -> None:
    assert administrator.refused("/quality-tasks/1/resolve", choice="dismiss") == (404, "unknown-task")
    ingest = Ingest(database.ingest_connection)
    ingest.record([a_row(an_instance(number=2, patient_name="Roe"), 1)])
    ingest.close()
    [task] = administrator.get("/quality-tasks?kind=patient-data-differ")["tasks"]
    assert task["choices"] == ["keep-first", "take-found"]
    path = f"/quality-tasks/{task['task_id']}/resolve"
    assert administrator.refused(path, choice="split") == (400, "invalid-correction")
    assert administrator.post(path, choice="keep-first", note="as it is") == (204, None)
    assert administrator.refused(path, choice="keep-first") == (409, "already-resolved")
    assert administrator.get("/quality-tasks")["count"] == 0
    assert administrator.get("/quality-tasks?state=resolved")["tasks"][0]["note"] == "as it is"
