"""Senders over the API: kept by administrators of one hospital, refused with a reason, spelled as the standard does."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from tests.adapters.web.test_studies import bearer

from tests.adapters.web_parts import web_parts
from isocenter.access.roles import Role
from isocenter.adapters.web.application import build_application
from isocenter.index.institutions import Institution
from isocenter.kit.database import Database
from isocenter.kit.settings import Settings

CT1 = {"ae_title": "CT1", "default_character_set": "GB18030", "issuer_of_patient_id": "HOSPITAL-A"}


@pytest.fixture
def client(database: Database, institution: Institution, tmp_path: Path) -> TestClient:
    parts = web_parts(database, Settings(home=tmp_path))
    made = TestClient(build_application(parts, (), None))
    made.headers.update(bearer(database, institution, Role.ADMINISTRATOR))
    return made


def test_a_sender_is_kept_listed_and_forgotten(client: TestClient) -> None:
    answer = client.put("/api/senders", json=CT1 | {"ae_title": " CT1 ", "default_character_set": "gb18030"})
    assert (answer.status_code, answer.json()) == (200, CT1)
    assert client.get("/api/senders").json() == {"senders": [CT1]}
    assert client.put("/api/senders", json={"ae_title": "CT1"}).status_code == 200
    assert client.get("/api/senders").json() == {"senders": []}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"ae_title": "", "default_character_set": "GB18030"}, "invalid-ae-title"),
        ({"ae_title": "A\\B", "default_character_set": "GB18030"}, "invalid-ae-title"),
        ({"ae_title": "CT1", "default_character_set": "KLINGON"}, "invalid-sender"),
        ({"ae_title": "CT1", "issuer_of_patient_id": "a\u0000b"}, "invalid-sender"),
        ({"ae_title": "CT1", "default_character_set": "x" * 500}, "invalid-request"),
        ({"ae_title": "CT1", "institution_id": 2}, "invalid-request"),
    ],
)
def test_what_is_not_of_the_form_is_refused(client: TestClient, body: dict[str, object], reason: str) -> None:
    answer = client.put("/api/senders", json=body)
    assert (answer.status_code, answer.json()["error"]["reason"]) == (400, reason)
    assert client.get("/api/senders").json() == {"senders": []}


@pytest.mark.parametrize("role", [Role.RADIOLOGIST, Role.MODALITY])
def test_only_an_administrator_sees_and_sets_them(
    client: TestClient, database: Database, institution: Institution, role: Role
) -> None:
    client.headers.update(bearer(database, institution, role))
    assert client.get("/api/senders").status_code == 403
    assert client.put("/api/senders", json=CT1).status_code == 403


def test_another_hospital_knows_nothing_of_it(
    client: TestClient, database: Database, other_institution: Institution
) -> None:
    client.put("/api/senders", json=CT1)
    client.headers.update(bearer(database, other_institution, Role.ADMINISTRATOR))
    assert client.get("/api/senders").json() == {"senders": []}
