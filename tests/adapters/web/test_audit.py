"""The audit trail over the API: auditors alone read it, see their own hospital's, and are recorded doing so."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from tests.adapters.web.test_studies import bearer

from tests.adapters.web_parts import web_parts
from isocenter.access import audit
from isocenter.access.caller import Caller, CallerKind
from isocenter.access.roles import Role
from isocenter.adapters.web.application import build_application
from isocenter.index.institutions import Institution
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Database
from isocenter.kit.settings import Settings


@pytest.fixture
def client(database: Database, institution: Institution, tmp_path: Path) -> TestClient:
    parts = web_parts(database, Settings(home=tmp_path))
    made = TestClient(build_application(parts, (), None))
    made.headers.update(bearer(database, institution, Role.AUDITOR))
    return made


def acted(database: Database, institution: Institution) -> None:
    """Three things that happened: a person looked, a scanner sent, somebody was refused."""
    with database.transaction(institution.institution_id) as connection:
        row = connection.execute(
            "INSERT INTO user_account (institution_id, username, display_name, password_hash)"
            " VALUES (%s, 'ada', 'Ada', '') RETURNING user_id",
            [institution.institution_id],
        ).fetchone()
        assert row is not None
        ada = Caller(CallerKind.USER, str(row[0]), institution.institution_id, (Role.RADIOLOGIST,), "sitting")
        scanner = Caller(CallerKind.APPLICATION_ENTITY, "CT1", institution.institution_id, (Role.MODALITY,))
        connection.execute(
            "INSERT INTO study (institution_id, study_instance_uid, patient_id, first_received_at, last_received_at)"
            " VALUES (%s, '1.2.3', 'P-7', now(), now())",
            [institution.institution_id],
        )
        audit.record(connection, ada, audit.Action.STUDY_OPENED, "1.2.3")
        audit.record(connection, scanner, audit.Action.INSTANCES_RECEIVED, "1.2.4", objects=3)
        audit.record(connection, ada, audit.Action.SIGN_IN_FAILED)


def found(client: TestClient, **query: object) -> list[tuple[str, str]]:
    answer = client.post("/api/audit/search", json=query)
    assert answer.status_code == 200, answer.text
    return [(each["who"], each["action"]) for each in answer.json()["events"] if each["action"] != "token-issued"]


def test_an_auditor_finds_who_did_what(client: TestClient, database: Database, institution: Institution) -> None:
    acted(database, institution)
    everything = found(client)
    assert everything[1:] == [("ada", "sign-in-failed"), ("CT1", "instances-received"), ("ada", "study-opened")]
    assert everything[0][1] == "audit-searched"  # the search itself, which is in the trail before it is answered
    assert found(client, who="ada") == [("ada", "sign-in-failed"), ("ada", "study-opened")]
    assert found(client, who="CT1", actions=["instances-received"]) == [("CT1", "instances-received")]
    assert found(client, study_instance_uid="1.2.3") == [("ada", "study-opened")]
    assert found(client, patient_id="P-7") == [("ada", "study-opened")]
    assert found(client, patient_id="nobody") == []
    assert found(client, failed=True) == [("ada", "sign-in-failed")]
    assert found(client, until=(utc_now() - timedelta(hours=1)).isoformat()) == []
    assert ("CT1", "instances-received") in found(client, since=(utc_now() - timedelta(hours=1)).isoformat())


def test_one_event_says_who_where_which_and_how_it_ended(
    client: TestClient, database: Database, institution: Institution
) -> None:
    acted(database, institution)
    (event,) = client.post("/api/audit/search", json={"actions": ["study-opened"]}).json()["events"]
    assert event["event"] == "DICOM Instances Accessed"
    assert (event["patient_id"], event["roles"], event["outcome"]) == ("P-7", ["radiologist"], 0)
    assert len(event["digest"]) == 64
    (search,) = client.post("/api/audit/search", json={"actions": ["audit-searched"], "limit": 1}).json()["events"]
    assert search["address"] == "testclient"
    assert search["detail"] == {"actions": ["audit-searched"]}


def test_pages_follow_each_other_and_only_the_first_is_recorded(
    client: TestClient, database: Database, institution: Institution
) -> None:
    for _ in range(3):
        found(client)
    seen, before = [], None
    while True:
        page = client.post("/api/audit/search", json={"limit": 2, "before": before}).json()
        seen += [each["sequence"] for each in page["events"]]
        before = page["next_before"]
        if before is None:
            break
    assert seen == sorted(seen, reverse=True)
    assert len(found(client, actions=["audit-searched"])) == 5


def test_the_csv_has_every_event_and_no_formula(
    client: TestClient, database: Database, institution: Institution
) -> None:
    with database.transaction(institution.institution_id) as connection:
        evil = Caller(CallerKind.APPLICATION_ENTITY, "=1+1", institution.institution_id, (Role.MODALITY,))
        for _ in range(230):
            audit.record(connection, evil, audit.Action.INSTANCES_RECEIVED, "1.2")
    answer = client.post("/api/audit/export", json={"actions": ["instances-received"]})
    assert answer.headers["content-disposition"].endswith('"audit.csv"')
    assert answer.content.startswith("\ufeff".encode())
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == 230
    assert {row["who"] for row in rows} == {"'=1+1"}
    assert found(client, actions=["audit-exported"]) != []


def test_the_state_tells_how_the_trail_is_kept(
    client: TestClient, database: Database, institution: Institution
) -> None:
    acted(database, institution)
    state = client.get("/api/audit/state").json()
    assert (state["events"], state["chains"], state["anchor"], state["waiting"]) == (4, 1, None, None)
    assert state["kept_for_days"] == 365
    assert "study-opened" in state["actions"]


@pytest.mark.parametrize(
    "role", [Role.ADMINISTRATOR, Role.SECURITY_OFFICER, Role.RADIOLOGIST, Role.REGION_ADMINISTRATOR]
)
def test_nobody_but_an_auditor_reads_it(
    client: TestClient, database: Database, institution: Institution, role: Role
) -> None:
    client.headers.update(bearer(database, institution, role))
    assert client.post("/api/audit/search", json={}).status_code == 403
    assert client.post("/api/audit/export", json={}).status_code == 403
    assert client.get("/api/audit/state").status_code == 403
    client.headers.update(bearer(database, institution, Role.AUDITOR))
    tried = client.post("/api/audit/search", json={"actions": ["access-refused"]}).json()["events"]
    assert [(each["detail"]["level"], each["outcome"], each["roles"]) for each in tried] == [("read-audit", 4, [role])]


def test_an_auditor_of_another_hospital_sees_nothing_of_it(
    client: TestClient, database: Database, institution: Institution, other_institution: Institution
) -> None:
    acted(database, institution)
    client.headers.update(bearer(database, other_institution, Role.AUDITOR))
    assert [action for _, action in found(client)] == ["audit-searched"]
    assert found(client, patient_id="P-7") == []


@pytest.mark.parametrize(
    "body",
    [
        {"institution_id": 2},
        {"limit": 0},
        {"limit": 10_000},
        {"before": -1},
        {"since": "2026-01-01T00:00:00"},
        {"actions": ["made-up"]},
        {"patient_id": "x" * 65},
    ],
)
def test_what_cannot_be_searched_for_is_refused(client: TestClient, body: dict[str, object]) -> None:
    assert client.post("/api/audit/search", json=body).status_code == 400


def test_a_patient_id_of_any_characters_is_only_not_found(client: TestClient) -> None:
    assert found(client, patient_id="\u0000'; --") == []
    assert client.post("/api/audit/search", content=b'{"who": "\\ud800"}').status_code in (200, 400)
