"""OAuth2 as programs speak it, and programs as administrators see them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.adapters.web_parts import web_parts
from isocenter.access.api_tokens import issue_token
from isocenter.access.attempts import FREE_ATTEMPTS
from isocenter.access.caller import system_caller
from isocenter.access.roles import Role
from isocenter.adapters.web.application import build_application
from isocenter.index.institutions import Institution
from isocenter.kit.database import Database
from isocenter.kit.settings import Settings

NEW = {"name": "RIS", "roles": ["service"], "scopes": ["read", "see-status"]}


@pytest.fixture
def client(database: Database, tmp_path: Path) -> Iterator[TestClient]:
    parts = web_parts(database, Settings(home=tmp_path))
    with TestClient(build_application(parts, (), None), raise_server_exceptions=False) as made:
        yield made


@pytest.fixture
def administrator(database: Database, institution: Institution) -> dict[str, str]:
    token = issue_token(database, system_caller(institution.institution_id, "test"), (Role.ADMINISTRATOR,))
    return {"Authorization": f"Bearer {token}"}


def a_client(client: TestClient, administrator: dict[str, str]) -> dict[str, Any]:
    added = client.post("/api/clients", json=NEW, headers=administrator)
    assert added.status_code == 201, added.text
    return dict(added.json())


def ask(client: TestClient, known: dict[str, Any], **form: str) -> Any:
    body = {"grant_type": "client_credentials", "client_id": known["client_id"], "client_secret": known["secret"]}
    return client.post("/oauth/token", data=body | form)


def test_a_program_shows_its_secret_and_uses_its_token(client: TestClient, administrator: dict[str, str]) -> None:
    known = a_client(client, administrator)
    given = ask(client, known)
    assert given.status_code == 200
    assert given.headers["cache-control"] == "no-store"
    said = given.json()
    assert (said["token_type"], said["expires_in"], said["scope"]) == ("Bearer", 3600, "read see-status")
    token = {"Authorization": f"Bearer {said['access_token']}"}
    assert client.get("/api/me", headers=token).json()["rights"] == ["read", "see-status"]
    assert client.get("/api/clients", headers=token).status_code == 403
    narrow = ask(client, known, scope="read").json()
    assert narrow["scope"] == "read"
    pair = {"client_id": known["client_id"], "client_secret": known["secret"]}
    assert client.post("/oauth/revoke", data={**pair, "token": said["access_token"]}).status_code == 200
    assert client.get("/api/me", headers=token).status_code == 401
    assert client.post("/oauth/revoke", data={**pair, "token": "nothing"}).status_code == 200


def test_basic_authentication_is_taken_too_and_not_both(client: TestClient, administrator: dict[str, str]) -> None:
    known = a_client(client, administrator)
    pair = base64.b64encode(f"{known['client_id']}:{known['secret']}".encode()).decode()
    basic, form = {"Authorization": f"Basic {pair}"}, {"grant_type": "client_credentials"}
    assert client.post("/oauth/token", data=form, headers=basic).status_code == 200
    both = client.post("/oauth/token", data={**form, "client_secret": known["secret"]}, headers=basic)
    assert (both.status_code, both.json()["error"]) == (400, "invalid_request")
    for broken in ("Basic !", "Basic", "Basic /w==", "Bearer x"):
        assert client.post("/oauth/token", data=form, headers={"Authorization": broken}).status_code in (400, 401)


def test_refusals_are_those_of_the_standard(client: TestClient, administrator: dict[str, str]) -> None:
    known = a_client(client, administrator)

    def refused(answer: Any) -> tuple[int, str]:
        return answer.status_code, answer.json()["error"]

    wrong = ask(client, {**known, "secret": "x"})
    assert refused(wrong) == (401, "invalid_client")
    assert wrong.headers["www-authenticate"].startswith("Basic")
    assert refused(ask(client, {**known, "client_id": "iso-0000000000000000"})) == refused(wrong)
    assert refused(ask(client, known, scope="erase")) == (400, "invalid_scope")
    assert refused(ask(client, known, grant_type="password")) == (400, "unsupported_grant_type")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for body in ("grant_type=client_credentials&grant_type=x", "", "x" * 20_000, "a=1&" * 100, "\xff=\xfe"):
        assert client.post("/oauth/token", content=body, headers=form).status_code == 400
    assert refused(client.post("/oauth/token", json={"grant_type": "client_credentials"})) == (400, "invalid_request")
    assert refused(client.post("/oauth/revoke", data={"client_id": "x"})) == (400, "invalid_request")


def test_guessing_secrets_is_slowed(client: TestClient, administrator: dict[str, str]) -> None:
    known = a_client(client, administrator)
    for _ in range(FREE_ATTEMPTS):
        assert ask(client, {**known, "secret": "x"}).status_code == 401
    slowed = ask(client, known)
    assert slowed.status_code == 429 and int(slowed.headers["retry-after"]) > 0


def test_the_server_says_what_it_offers(client: TestClient) -> None:
    said = client.get("/.well-known/oauth-authorization-server").json()
    assert said["issuer"] == "http://testserver"
    assert said["token_endpoint"] == "http://testserver/oauth/token"
    assert "read" in said["scopes_supported"]


def test_a_secret_is_changed_and_a_program_ended(client: TestClient, administrator: dict[str, str]) -> None:
    known = a_client(client, administrator)
    path = f"/api/clients/{known['client_id']}"
    second = client.post(f"{path}/secrets", headers=administrator).json()
    assert client.post(f"{path}/secrets", headers=administrator).status_code == 409
    listed = client.get("/api/clients", headers=administrator).json()["clients"]
    assert [len(each["secrets"]) for each in listed] == [2]
    assert known["secret"] not in str(listed) and second["secret"] not in str(listed)
    first = listed[0]["secrets"][0]["secret_id"]
    assert client.delete(f"{path}/secrets/{first}", headers=administrator).status_code == 200
    assert (ask(client, known).status_code, ask(client, second).status_code) == (401, 200)
    token = {"Authorization": f"Bearer {ask(client, second).json()['access_token']}"}
    assert client.get("/api/me", headers=token).status_code == 200
    assert client.patch(path, json={"name": "PACS"}, headers=administrator).json()["name"] == "PACS"
    assert client.delete(path, headers=administrator).status_code == 204
    assert client.get("/api/me", headers=token).status_code == 401
    assert client.delete(path, headers=administrator).status_code == 404
    assert client.get("/api/clients", headers=administrator).json()["clients"][0]["ended"]


def test_people_issue_tokens_with_scopes(client: TestClient, administrator: dict[str, str]) -> None:
    body = {"label": "monitor", "roles": ["service"], "scopes": ["see-status"], "days": 30}
    issued = client.post("/api/tokens", json=body, headers=administrator).json()["token"]
    token = {"Authorization": f"Bearer {issued}"}
    assert client.get("/api/me", headers=token).json()["rights"] == ["see-status"]
    listed = client.get("/api/tokens", headers=administrator).json()["tokens"]
    assert (listed[0]["label"], listed[0]["scopes"], listed[0]["revoked"]) == ("monitor", ["see-status"], False)
    assert issued not in str(listed)
    assert client.delete(f"/api/tokens/{listed[0]['token_id']}", headers=administrator).status_code == 204
    assert client.get("/api/me", headers=token).status_code == 401
    assert client.delete(f"/api/tokens/{2**40}", headers=administrator).status_code == 404
    for changes in ({"scopes": ["erase"]}, {"scopes": []}, {"roles": ["patient"]}, {"days": 0}, {"institution_id": 2}):
        assert client.post("/api/tokens", json=body | changes, headers=administrator).status_code == 400


def test_roles_that_programs_may_have_are_told(client: TestClient, administrator: dict[str, str]) -> None:
    offered = {
        each["role"]: each["scopes"] for each in client.get("/api/program-roles", headers=administrator).json()["roles"]
    }
    assert "store" in offered["modality"]
    assert "region-administrator" not in offered
