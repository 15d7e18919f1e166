"""Institutions, departments, people and invitations over the API: what works, what is refused, what leaks nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.adapters.web.test_studies import bearer

from tests.adapters.web_parts import web_parts
from isocenter.access.roles import Role
from isocenter.adapters.web.application import build_application
from isocenter.adapters.web.security import MAX_API_BODY_BYTES
from isocenter.index.institutions import Institution
from isocenter.kit.database import Database
from isocenter.kit.settings import Settings

ADA = {"username": "ada", "display_name": "Ada L", "roles": ["radiologist"]}


@pytest.fixture
def client(database: Database, institution: Institution, tmp_path: Path) -> TestClient:
    parts = web_parts(database, Settings(home=tmp_path))
    made = TestClient(build_application(parts, (), None))
    made.headers.update(bearer(database, institution, Role.ADMINISTRATOR))
    return made


def reason(answer: Any) -> str:
    return str(answer.json()["error"]["reason"])


def added(client: TestClient, body: Mapping[str, object]) -> dict[str, Any]:
    answer = client.post("/api/people", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_a_person_is_added_found_changed_disabled_and_enabled(client: TestClient) -> None:
    ada = f"/api/people/{added(client, ADA)['user_id']}"
    department = client.post("/api/departments", json={"code": "RAD", "name": "Radiology"}).json()["department_id"]
    changed = client.patch(ada, json={"display_name": "Ada K", "department_id": department}).json()["person"]
    assert (changed["display_name"], changed["department_id"], changed["username"]) == ("Ada K", department, "ada")
    assert client.patch(ada, json={"department_id": None}).json()["person"]["department_id"] is None
    assert client.post(f"{ada}/disable").json()["person"]["active"] is False
    found = client.post("/api/people/search", json={"text": "k", "state": "disabled"}).json()
    assert [each["username"] for each in found["people"]] == ["ada"]
    assert client.post(f"{ada}/enable").json()["person"]["active"] is True


def test_roles_are_put_and_the_page_tells_since_when_and_by_whom(client: TestClient) -> None:
    user_id = added(client, ADA)["user_id"]
    page = client.put(f"/api/people/{user_id}/roles", json={"roles": ["teacher"]}).json()
    assert page["person"]["roles"] == ["teacher"]
    assert [(each["role"], each["until"] is None) for each in page["history"]] == [
        ("teacher", True),
        ("radiologist", False),
    ]
    assert page["history"][0]["given_by"].startswith("token-")
    assert page == client.get(f"/api/people/{user_id}").json()


def test_roles_that_cannot_be_given_are_refused(client: TestClient) -> None:
    ada = f"/api/people/{added(client, ADA)['user_id']}"
    for roles, status, word in (
        (["king"], 400, "invalid-role"),
        (["system"], 400, "invalid-role"),
        (["administrator", "auditor"], 400, "roles-kept-apart"),
        (["region-administrator"], 403, "refused"),
        (["x" * 41], 400, "invalid-request"),
    ):
        answer = client.put(f"{ada}/roles", json={"roles": roles})
        assert (answer.status_code, reason(answer)) == (status, word)
    assert client.get(ada).json()["person"]["roles"] == ["radiologist"]


def test_nobody_assigns_what_is_not_offered(client: TestClient) -> None:
    offered_nowhere: tuple[dict[str, object], ...] = (
        {"institution_id": 2}, {"password": "x"}, {"user_id": 1}, {"rights": []}, {"language": "xx"},
        {"department_id": 2**40}, {"display_name": "\u202e"}, {"roles": "administrator"},
    )  # fmt: skip
    for body in offered_nowhere:
        assert client.post("/api/people", json=ADA | body).status_code == 400, body
    assert client.post("/api/people/search", json={}).json() == {"people": [], "after": None}


def test_pages_of_people_follow_each_other(client: TestClient) -> None:
    for number in range(5):
        added(client, {"username": f"user{number}", "display_name": "U", "roles": []})
    seen: list[str] = []
    after: str | None = ""
    while after is not None and len(seen) < 9:
        page = client.post("/api/people/search", json={"limit": 2, "after": after}).json()
        seen += [each["username"] for each in page["people"]]
        after = page["after"]
    assert seen == [f"user{number}" for number in range(5)]


def test_an_invitation_is_shown_once_and_never_listed(client: TestClient) -> None:
    invited = client.post("/api/invitations", json={"roles": ["radiologist"], "display_name": "Ada L"}).json()
    secret = invited["path"].removeprefix("/enrol/")
    listed = client.get("/api/invitations")
    assert secret not in listed.text
    (known,) = listed.json()["invitations"]
    assert (known["state"], known["display_name"]) == ("open", "Ada L")
    assert client.get(f"/api/enrolments/{secret}").json()["display_name"] == "Ada L"
    assert client.delete(f"/api/invitations/{known['invitation_id']}").status_code == 204
    assert client.get(f"/api/enrolments/{secret}").status_code == 404
    assert reason(client.delete(f"/api/invitations/{known['invitation_id']}")) == "unknown-enrolment"


def test_people_go_out_as_csv_and_json_and_come_back(client: TestClient) -> None:
    added(client, ADA | {"display_name": "王小明"})
    exported = client.get("/api/people/export")
    assert exported.headers["content-type"] == "text/csv; charset=utf-8"
    assert exported.headers["content-disposition"] == 'attachment; filename="people.csv"'
    report = client.post("/api/people/import", content=exported.content, headers={"Content-Type": "text/csv"}).json()
    assert (report["applied"], report["same"], report["lines"][0]["line"]) == (True, 1, 2)
    rows = client.get("/api/people/export", params={"as": "json"}).json()
    rows.append({"username": "bob", "display_name": "Bob"})
    dry = client.post("/api/people/import", params={"dry_run": True}, json=rows).json()
    assert (dry["applied"], dry["dry_run"], dry["added"]) == (False, True, 1)
    rows.append({"username": "eve", "display_name": "Eve", "roles": ["king"]})
    refused = client.post("/api/people/import", json=rows).json()
    assert (refused["applied"], refused["refused"], refused["lines"][2]["reason"]) == (False, 1, "invalid-role")
    assert len(client.post("/api/people/search", json={}).json()["people"]) == 1


def test_a_list_may_be_larger_than_other_bodies_and_is_bounded(client: TestClient) -> None:
    rows = [{"username": f"u{number}", "display_name": "x" * 90, "roles": ["king"]} for number in range(700)]
    assert len(json.dumps(rows)) > MAX_API_BODY_BYTES
    assert client.post("/api/people/import", json=rows).json()["refused"] == 700
    huge = client.post("/api/people/import", content=b"x" * (3 * 2**20), headers={"Content-Type": "text/csv"})
    assert huge.status_code == 413


def test_what_is_no_list_is_refused_whole(client: TestClient) -> None:
    for content, media in (
        (b"nonsense", "text/csv"),
        (b"{", "application/json"),
        (b"x", "text/plain"),
        (b"", "text/csv"),
    ):
        answer = client.post("/api/people/import", content=content, headers={"Content-Type": media})
        assert (answer.status_code, reason(answer)) == (400, "invalid-list")


def test_the_region_adds_a_hospital_and_opens_its_door_once(
    client: TestClient, database: Database, institution: Institution
) -> None:
    assert client.post("/api/institutions", json={"code": "stm", "name": "St Mary"}).status_code == 403
    client.headers.update(bearer(database, institution, Role.REGION_ADMINISTRATOR))
    made = client.post("/api/institutions", json={"code": "stm", "name": "St Mary", "other_name": "圣玛丽"}).json()
    here, inside = f"/api/institutions/{made['institution_id']}", {"institution_id": made["institution_id"]}
    assert client.post("/api/departments", params=inside, json={"code": "CT", "name": "CT"}).status_code == 201
    link = client.post(f"{here}/first-administrator").json()["path"]
    account = {"username": "ada", "display_name": "Ada", "password": "horse staple battery 9", "language": "en"}
    assert client.post(link.replace("/enrol/", "/api/enrolments/"), json=account).status_code == 200
    progress = client.get(here).json()
    assert (progress["departments"], progress["people"], progress["has_administrator"]) == (1, 1, True)
    assert reason(client.post(f"{here}/first-administrator")) == "institution-in-use"
    assert client.patch(here, json={"name": "Saint Mary"}).json()["name"] == "Saint Mary"
    assert client.post(f"{here}/deactivate").json()["active"] is False
    assert client.post(f"{here}/activate").json()["active"] is True
    assert reason(client.post(f"/api/institutions/{institution.institution_id}/deactivate")) == "institution-in-use"
    assert [each["code"] for each in client.get("/api/institutions").json()["institutions"]] == ["demo", "stm"]


def test_departments_go_out_and_come_back(client: TestClient) -> None:
    rows = [{"code": "CT", "name": "CT"}, {"code": "MR", "name": "MR", "other_name": "磁共振"}]
    assert client.post("/api/departments/import", json=rows).json()["added"] == 2
    exported = client.get("/api/departments/export").content
    again = client.post("/api/departments/import", content=exported, headers={"Content-Type": "text/csv"}).json()
    assert (again["applied"], again["same"]) == (True, 2)
    ct, mr = client.get("/api/departments").json()["departments"]
    assert client.patch(f"/api/departments/{ct['department_id']}", json={"name": "CT2"}).json()["name"] == "CT2"
    assert client.delete(f"/api/departments/{mr['department_id']}").status_code == 204
    assert reason(client.delete(f"/api/departments/{mr['department_id']}")) == "unknown-department"


def test_another_hospital_learns_not_even_existence(
    client: TestClient, database: Database, institution: Institution, other_institution: Institution
) -> None:
    user_id = added(client, ADA)["user_id"]
    client.post("/api/invitations", json={"roles": ["radiologist"]})
    invitation_id = client.get("/api/invitations").json()["invitations"][0]["invitation_id"]
    department_id = client.post("/api/departments", json={"code": "CT", "name": "CT"}).json()["department_id"]
    client.headers.update(bearer(database, other_institution, Role.ADMINISTRATOR))
    for method, path, known, body in (
        ("GET", "/api/people/{}", user_id, None),
        ("PATCH", "/api/people/{}", user_id, {"display_name": "Eve"}),
        ("PUT", "/api/people/{}/roles", user_id, {"roles": ["teacher"]}),
        ("POST", "/api/people/{}/disable", user_id, None),
        ("POST", "/api/people/{}/enable", user_id, None),
        ("DELETE", "/api/invitations/{}", invitation_id, None),
        ("PATCH", "/api/departments/{}", department_id, {"name": "X"}),
        ("DELETE", "/api/departments/{}", department_id, None),
        ("GET", "/api/institutions/{}", institution.institution_id, None),
        ("PATCH", "/api/institutions/{}", institution.institution_id, {"name": "X"}),
        ("GET", "/api/departments?institution_id={}", institution.institution_id, None),
    ):
        answers = [client.request(method, path.format(number), json=body) for number in (known, 777_777, 0, 2**70)]
        assert {each.status_code for each in answers} == {404}, (method, path)
        assert len({reason(each) for each in answers}) == 1, (method, path)
    assert client.post("/api/people/search", json={}).json()["people"] == []


NAMED = {"code": "xx", "name": "x"}
FOR_ADMINISTRATORS: tuple[tuple[str, str, object], ...] = (
    ("POST", "/api/people/search", {}),
    ("POST", "/api/people", ADA),
    ("GET", "/api/people/1", None),
    ("GET", "/api/people/export", None),
    ("POST", "/api/people/import", []),
    ("PATCH", "/api/people/1", {}),
    ("PUT", "/api/people/1/roles", {"roles": []}),
    ("POST", "/api/people/1/disable", None),
    ("POST", "/api/people/1/enable", None),
    ("GET", "/api/invitations", None),
    ("POST", "/api/invitations", {"roles": ["teacher"]}),
    ("DELETE", "/api/invitations/1", None),
    ("POST", "/api/departments", NAMED),
    ("POST", "/api/departments/import", []),
    ("PATCH", "/api/departments/1", {}),
    ("DELETE", "/api/departments/1", None),
    ("POST", "/api/institutions", NAMED),
    ("POST", "/api/institutions/import", []),
    ("GET", "/api/institutions/1", None),
    ("PATCH", "/api/institutions/1", {}),
    ("POST", "/api/institutions/1/deactivate", None),
    ("POST", "/api/institutions/1/activate", None),
    ("POST", "/api/institutions/1/first-administrator", None),
)


def test_who_does_not_administer_is_refused(client: TestClient, database: Database, institution: Institution) -> None:
    for role in (Role.RADIOLOGIST, Role.MODALITY, Role.SECURITY_OFFICER, Role.AUDITOR):
        client.headers.update(bearer(database, institution, role))
        for method, path, body in FOR_ADMINISTRATORS:
            answer = client.request(method, path, json=body)
            assert (answer.status_code, reason(answer)) == (403, "refused"), (method, path, answer.text)
