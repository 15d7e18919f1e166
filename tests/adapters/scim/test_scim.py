"""SCIM 2.0 as a directory speaks it: the public tester of the SciMMA project, and what directories really send."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from scim2_client.client import BaseSyncSCIMClient
from scim2_tester import Status, check_server
from tests.adapters.web_parts import web_parts

from isocenter.access.api_tokens import issue_token
from isocenter.access.caller import Caller, CallerKind, system_caller
from isocenter.access.people.accounts import create_account
from isocenter.access.roles import Role
from isocenter.adapters.scim.router import scim_router
from isocenter.adapters.scim.schemas import GROUP, PATCH, USER
from isocenter.adapters.web.application import build_application
from isocenter.adapters.web.authentication import caller
from isocenter.index.institutions import Institution
from isocenter.kit.database import Database
from isocenter.kit.settings import Settings

AT = "/scim/v2"


@pytest.fixture
def anybody(database: Database, tmp_path: Path) -> Iterator[TestClient]:
    parts = web_parts(database, Settings(home=tmp_path))
    app = build_application(parts, (scim_router(database, caller),), None)
    with TestClient(app, raise_server_exceptions=False) as made:
        yield made


@pytest.fixture
def directory(anybody: TestClient, database: Database, institution: Institution) -> TestClient:
    """With a token that may manage people and nothing else; an administrator is there who stays."""
    who = system_caller(institution.institution_id, "test")
    create_account(database, who, username="root", display_name="Root", roles=["administrator"])
    token = issue_token(database, who, (Role.ADMINISTRATOR,), scopes=["manage-users"])
    anybody.headers["Authorization"] = f"Bearer {token}"
    return anybody


def a_user(directory: TestClient, username: str = "ada", **more: Any) -> dict[str, Any]:
    answer = directory.post(f"{AT}/Users", json={"schemas": [USER], "userName": username, "displayName": "Ada"} | more)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def patch(directory: TestClient, path: str, *operations: dict[str, Any]) -> httpx.Response:
    return directory.patch(f"{AT}/{path}", json={"schemas": [PATCH], "Operations": list(operations)})


def names(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [each["userName"] for each in answer.json()["Resources"]]


class _Scim(BaseSyncSCIMClient):
    """The project's client over the test client; its own engine wants a library that nothing else here needs."""

    def __init__(self, client: TestClient) -> None:
        super().__init__()
        self.client = client

    def _stays_under_base_url(self, endpoint: str) -> bool:
        return not endpoint.startswith("http")

    def _parse_json(self, response: Any) -> Any:
        return response.json()

    def request(self, method: str, url: str, **more: Any) -> Any:
        return self.client.request(method, AT + "/" + url.removeprefix("/"), **more)


def test_the_scim2_tester_finds_nothing_wrong(directory: TestClient) -> None:
    scim = _Scim(directory)
    scim.discover()
    results = check_server(scim, resource_types=["User"])
    wrong = [f"{each.title}: {each.reason}" for each in results if each.status in (Status.ERROR, Status.CRITICAL)]
    assert wrong == []
    assert sum(each.status is Status.SUCCESS for each in results) > 20


def test_a_person_is_made_found_changed_and_withdrawn(directory: TestClient) -> None:
    made = a_user(directory, "Ada.L", externalId="e-1", preferredLanguage="zh-Hans", active=True)
    assert (made["userName"], made["externalId"], made["preferredLanguage"]) == ("ada.l", "e-1", "zh-CN")
    assert made["meta"]["location"] == f"http://testserver{AT}/Users/{made['id']}"
    assert names(directory.get(f"{AT}/Users", params={"filter": 'userName eq "ADA.L"'})) == ["ada.l"]
    assert names(directory.get(f"{AT}/Users", params={"filter": 'externalId eq "e-1" and active eq true'})) == ["ada.l"]
    put = directory.put(f"{AT}/Users/{made['id']}", json={"schemas": [USER], "userName": "ada", "displayName": "Ada B"})
    assert (put.json()["displayName"], "externalId" in put.json()) == ("Ada B", False)
    assert directory.delete(f"{AT}/Users/{made['id']}").status_code == 204
    body = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "active", "value": True}], "userName": "xy"}
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        assert directory.request(method, f"{AT}/Users/{made['id']}", json=body).status_code == 404
    assert names(directory.get(f"{AT}/Users")) == ["root"]
    again = a_user(directory, "ada")
    assert again["id"] != made["id"]


def test_a_patch_is_taken_as_directories_write_it(directory: TestClient) -> None:
    made = a_user(directory)
    path = f"Users/{made['id']}"
    assert patch(directory, path, {"op": "Replace", "path": "active", "value": "False"}).json()["active"] is False
    changed = patch(directory, path, {"op": "add", "value": {"active": True, "name.givenName": "A", "nickName": "x"}})
    assert (changed.json()["active"], changed.json()["displayName"]) == (True, "A")
    urn = f"{USER}:displayName"
    assert patch(directory, path, {"op": "replace", "path": urn, "value": "Ada L"}).json()["displayName"] == "Ada L"
    assert "externalId" not in patch(directory, path, {"op": "remove", "path": "externalId"}).json()
    for operation, word in (
        ({"op": "replace", "path": "id", "value": "7"}, "mutability"),
        ({"op": "add", "path": "groups", "value": [{"value": "administrator"}]}, "mutability"),
        ({"op": "remove", "path": "userName"}, "mutability"),
        ({"op": "remove"}, "invalidPath"),
        ({"op": "eat", "path": "x"}, "invalidSyntax"),
        ({"op": "replace", "path": "active", "value": 7}, "invalidValue"),
        ({"op": "replace", "path": "displayName", "value": ["x"]}, "invalidValue"),
        ({"op": "replace", "value": "x"}, "invalidValue"),
    ):
        refused = patch(directory, path, operation)
        assert (refused.status_code, refused.json()["scimType"]) == (400, word), refused.text
    assert directory.get(f"{AT}/{path}").json()["displayName"] == "Ada L"


def test_groups_are_roles_and_keep_their_rules(directory: TestClient) -> None:
    ada, ben = a_user(directory), a_user(directory, "ben")
    listed = directory.get(f"{AT}/Groups", params={"filter": 'displayName eq "radiologist"'}).json()
    assert [each["id"] for each in listed["Resources"]] == ["radiologist"]
    members = [{"value": ada["id"]}, {"value": ben["id"]}]
    given = patch(directory, "Groups/radiologist", {"op": "add", "path": "members", "value": members})
    assert {each["value"] for each in given.json()["members"]} == {ada["id"], ben["id"]}
    assert directory.get(f"{AT}/Users/{ada['id']}").json()["groups"][0]["value"] == "radiologist"
    one = {"op": "remove", "path": f'members[value eq "{ada["id"]}"]'}
    assert [each["value"] for each in patch(directory, "Groups/radiologist", one).json()["members"]] == [ben["id"]]
    put = directory.put(f"{AT}/Groups/technologist", json={"schemas": [GROUP], "members": members})
    assert len(put.json()["members"]) == 2
    assert patch(directory, "Groups/technologist", {"op": "remove", "path": "members"}).status_code == 200
    assert directory.get(f"{AT}/Groups/technologist").json().get("members", []) == []
    add = {"op": "add", "path": "members", "value": [{"value": ada["id"]}]}
    patch(directory, "Groups/auditor", add)
    kept_apart = patch(directory, "Groups/administrator", add)
    assert (kept_apart.status_code, kept_apart.json()["scimType"]) == (400, "invalidValue")
    last = patch(directory, "Groups/administrator", {"op": "remove", "path": "members"})
    assert last.status_code == 409


def test_the_region_is_not_given_by_a_directory(directory: TestClient) -> None:
    ada = a_user(directory)
    assert directory.get(f"{AT}/Groups/region-administrator").status_code == 404
    add = {"op": "add", "path": "members", "value": [{"value": ada["id"]}]}
    assert patch(directory, "Groups/region-administrator", add).status_code == 404
    assert directory.post(f"{AT}/Groups", json={"schemas": [GROUP], "displayName": "x"}).status_code == 400
    assert directory.delete(f"{AT}/Groups/auditor").status_code == 400
    assert directory.delete(f"{AT}/Groups/x").status_code == 404


def test_one_bad_member_changes_nothing(directory: TestClient) -> None:
    ada = a_user(directory)
    for bad in ("99999", "0", "x", "１", "9" * 40, 7, None, {"a": 1}):
        value = [{"value": ada["id"]}, {"value": bad}]
        refused = patch(directory, "Groups/registrar", {"op": "add", "path": "members", "value": value})
        assert refused.status_code in (400, 404), refused.text
    assert directory.get(f"{AT}/Groups/registrar").json().get("members", []) == []


def test_pages_and_attributes(directory: TestClient) -> None:
    for name in ("ada", "ben", "cyd"):
        a_user(directory, name)
    page = directory.get(f"{AT}/Users", params={"startIndex": 2, "count": 2, "attributes": "userName"}).json()
    assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (4, 2, 2)
    assert [set(each) for each in page["Resources"]] == [{"schemas", "id", "userName"}] * 2
    assert directory.get(f"{AT}/Users", params={"count": 0}).json()["totalResults"] == 4
    assert directory.get(f"{AT}/Users", params={"startIndex": -5, "count": -1}).json()["itemsPerPage"] == 0
    assert directory.get(f"{AT}/Users", params={"startIndex": 10**12}).json().get("Resources") == []
    without = directory.get(f"{AT}/Users", params={"excludedAttributes": f"{USER}:displayName"}).json()["Resources"]
    assert "displayName" not in without[0]
    searched = directory.post(f"{AT}/Users/.search", json={"filter": 'userName sw "b"'})
    assert names(searched) == ["ben"]


NO_FILTERS = (
    "userName",
    "userName eq",
    "userName is x",
    'userName eq "x',
    "(" * 500 + 'userName eq "x"',
    'userName eq "x") or (active eq true',
    "not userName pr",
    'members[value eq "1"',
    "x" * 3000,
    'userName eq "x" userName',
    "'; drop table user_account",
    "\U0001f600",
)


def test_filters_that_cannot_be_understood_are_refused(directory: TestClient) -> None:
    for text in NO_FILTERS:
        refused = directory.get(f"{AT}/Users", params={"filter": text})
        assert (refused.status_code, refused.json()["scimType"]) == (400, "invalidFilter"), text


FILTERS = (
    ('userName eq "ADA" or userName eq "ben"', ["ada", "ben"]),
    ('not (userName eq "ada") and userName ne "root"', ["ben"]),
    ('userName co "d" and displayName pr', ["ada"]),
    ('groups[value eq "administrator"]', ["root"]),
    ('groups eq "administrator"', ["root"]),
    ('userName gt "b" and userName lt "c"', ["ben"]),
    ("active eq false", []),
    ("externalId eq null", ["root", "ada", "ben"]),
    ('meta.resourceType eq "User" and userName ew "n"', ["ben"]),
    ("nothing pr", []),
)


def test_filters_find(directory: TestClient) -> None:
    for name in ("ada", "ben"):
        a_user(directory, name)
    for text, found in FILTERS:
        assert names(directory.get(f"{AT}/Users", params={"filter": text})) == found, text


def test_what_is_refused_is_refused_in_scims_words(directory: TestClient) -> None:
    a_user(directory)
    taken = directory.post(f"{AT}/Users", json={"schemas": [USER], "userName": "ADA"})
    assert (taken.status_code, taken.json()["scimType"], taken.json()["status"]) == (409, "uniqueness", "409")
    assert taken.headers["content-type"] == "application/scim+json"
    for body in ({}, {"userName": ""}, {"userName": "a b"}, {"userName": 7}, {"userName": "x" * 5000}):
        assert directory.post(f"{AT}/Users", json=body).status_code == 400
    for raw in (b"", b"[]", b"{", b"[" * 100_000, b"\xff", b'{"userName": "\\ud800x"}', b"x" * (2 << 20)):
        assert directory.post(f"{AT}/Users", content=raw).status_code == 400
    for word in ("x", "0", "-1", "9" * 20, "1%00"):
        assert directory.get(f"{AT}/Users/{word}").status_code == 404


def test_strangers_see_nothing(
    directory: TestClient, database: Database, institution: Institution, other_institution: Institution
) -> None:
    ada = a_user(directory)

    def with_token(there: Institution, role: Role, *scopes: str) -> dict[str, str]:
        token = issue_token(database, system_caller(there.institution_id, "t"), (role,), scopes=scopes or None)
        return {"Authorization": f"Bearer {token}"}

    stranger = with_token(other_institution, Role.ADMINISTRATOR)
    assert directory.get(f"{AT}/Users", headers=stranger).json()["totalResults"] == 0
    there = directory.get(f"{AT}/Users/{ada['id']}", headers=stranger)
    nowhere = directory.get(f"{AT}/Users/99999", headers=stranger)
    assert there.status_code == nowhere.status_code == 404
    add = {"op": "add", "path": "members", "value": [{"value": ada["id"]}]}
    body = {"schemas": [PATCH], "Operations": [add]}
    assert directory.patch(f"{AT}/Groups/registrar", json=body, headers=stranger).status_code == 404
    for weak in (with_token(institution, Role.RADIOLOGIST), with_token(institution, Role.ADMINISTRATOR, "read")):
        for path in ("Users", "Groups", "ServiceProviderConfig", "Schemas", "ResourceTypes"):
            assert directory.get(f"{AT}/{path}", headers=weak).status_code == 403
    assert directory.get(f"{AT}/Users", headers={"Authorization": "Bearer x"}).status_code == 401


def test_a_directory_never_locks_the_last_administrator_out(
    directory: TestClient, database: Database, institution: Institution
) -> None:
    root = directory.get(f"{AT}/Users", params={"filter": 'userName eq "root"'}).json()["Resources"][0]["id"]
    assert patch(directory, f"Users/{root}", {"op": "replace", "path": "active", "value": False}).status_code == 409
    assert directory.delete(f"{AT}/Users/{root}").status_code == 409
    assert directory.get(f"{AT}/Users/{root}").json()["active"]
    administrator = Caller(CallerKind.USER, "1", institution.institution_id, (Role.ADMINISTRATOR,))
    create_account(database, administrator, username="second", display_name="S", roles=["administrator"])
    assert directory.delete(f"{AT}/Users/{root}").status_code == 204
