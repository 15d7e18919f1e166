"""Destinations over the API: kept by administrators, seen by who may send, asked live whether they answer."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pynetdicom import AE
from tests.adapters.web.test_studies import bearer

from tests.adapters.web_parts import web_parts
from isocenter.access.roles import Role
from isocenter.adapters.dimse.peers_scu import PeersScu
from isocenter.adapters.web.application import build_application
from isocenter.index.institutions import Institution
from isocenter.kit.database import Database
from isocenter.kit.settings import Settings

VERIFICATION = "1.2.840.10008.1.1"


@pytest.fixture
def client(database: Database, tmp_path: Any) -> TestClient:
    parts = web_parts(database, Settings(home=tmp_path), echo=PeersScu("ISOCENTER").echo)
    return TestClient(build_application(parts, (), None))


@pytest.fixture
def administrator(database: Database, institution: Institution) -> dict[str, str]:
    return bearer(database, institution, Role.ADMINISTRATOR)


@pytest.fixture
def radiologist(database: Database, institution: Institution) -> dict[str, str]:
    return bearer(database, institution, Role.RADIOLOGIST)


@pytest.fixture
def echo_peer() -> Iterator[int]:
    """Port of a pynetdicom Verification SCP."""
    entity = AE(ae_title="PACS")
    entity.add_supported_context(VERIFICATION)
    entity.require_called_aet = True
    server = entity.start_server(("127.0.0.1", 0), block=False)
    yield server.server_address[1]
    server.shutdown()


def a_destination(port: int = 4242, **changes: object) -> dict[str, object]:
    return {"name": "Second reading", "ae_title": "PACS", "host": "127.0.0.1", "port": port} | changes


def test_an_administrator_adds_changes_and_removes_a_destination(
    client: TestClient, administrator: dict[str, str], radiologist: dict[str, str]
) -> None:
    made = client.post("/api/destinations", json=a_destination(), headers=administrator)
    assert made.status_code == 201, made.text
    destination = made.json()
    assert destination["transfer_syntaxes"] == "stored"
    path = f"/api/destinations/{destination['destination_id']}"
    changed = client.patch(path, json={"port": 104, "notify_availability": True}, headers=administrator).json()
    assert (changed["port"], changed["notify_availability"], changed["name"]) == (104, True, "Second reading")
    assert client.get("/api/destinations", headers=radiologist).json()["destinations"] == [changed]
    assert client.delete(path, headers=administrator).status_code == 204
    assert client.get("/api/destinations", headers=administrator).json() == {"destinations": []}
    assert client.patch(path, json={"port": 1}, headers=administrator).status_code == 404


def test_who_may_only_send_may_not_change_where_to(client: TestClient, radiologist: dict[str, str]) -> None:
    refused = client.post("/api/destinations", json=a_destination(), headers=radiologist)
    assert refused.status_code == 403
    assert client.get("/api/destinations", headers=radiologist).json() == {"destinations": []}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ae_title": "back\\slash"}, "invalid-ae-title"),
        ({"certificate": "ab" * 31}, "invalid-destination"),
        ({"ae_title": " "}, "invalid-ae-title"),
        ({"port": 0}, "invalid-destination"),
        ({"port": 70000}, "invalid-destination"),
        ({"host": "a host"}, "invalid-destination"),
        ({"name": "  "}, "invalid-destination"),
        ({"associations": 9}, "invalid-destination"),
    ],
)
def test_what_cannot_be_called_is_refused(
    client: TestClient, administrator: dict[str, str], change: dict[str, object], reason: str
) -> None:
    refused = client.post("/api/destinations", json=a_destination(**change), headers=administrator)
    assert refused.status_code == 400
    assert refused.json()["error"]["reason"] == reason


def test_two_destinations_with_one_name_are_refused(client: TestClient, administrator: dict[str, str]) -> None:
    client.post("/api/destinations", json=a_destination(), headers=administrator)
    again = client.post("/api/destinations", json=a_destination(ae_title="OTHER"), headers=administrator)
    assert (again.status_code, again.json()["error"]["reason"]) == (409, "destination-exists")


def test_a_destination_is_asked_live_whether_it_answers(
    client: TestClient, administrator: dict[str, str], radiologist: dict[str, str], echo_peer: int
) -> None:
    there = client.post("/api/destinations", json=a_destination(echo_peer), headers=administrator).json()
    path = f"/api/destinations/{there['destination_id']}/echo"
    answer = client.post(path, headers=radiologist).json()
    assert (answer["ok"], answer["reason"]) == (True, None)
    client.patch(path.removesuffix("/echo"), json={"ae_title": "WRONG"}, headers=administrator)
    refused = client.post(path, headers=radiologist).json()
    assert (refused["ok"], refused["reason"]) == (False, "association-refused")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    client.patch(path.removesuffix("/echo"), json={"port": port}, headers=administrator)
    away = client.post(path, headers=radiologist).json()
    assert (away["ok"], away["reason"]) == (False, "peer-away")


def test_another_hospital_knows_nothing_of_it(
    client: TestClient, administrator: dict[str, str], database: Database, other_institution: Institution
) -> None:
    made = client.post("/api/destinations", json=a_destination(), headers=administrator).json()
    stranger = bearer(database, other_institution, Role.ADMINISTRATOR)
    assert client.get("/api/destinations", headers=stranger).json() == {"destinations": []}
    assert client.delete(f"/api/destinations/{made['destination_id']}", headers=stranger).status_code == 404


def test_a_destination_is_called_over_tls_and_bound_to_one_certificate(
    client: TestClient, administrator: dict[str, str], echo_peer: int
) -> None:
    printed = ":".join(["AB"] * 32)
    secure = a_destination(echo_peer, tls=True, certificate=printed)
    made = client.post("/api/destinations", json=secure, headers=administrator).json()
    assert (made["tls"], made["certificate"]) == (True, "ab" * 32)
    path = f"/api/destinations/{made['destination_id']}"
    answer = client.post(f"{path}/echo", headers=administrator).json()
    assert (answer["ok"], answer["reason"]) == (False, "tls-not-usable")  # this home has no certificate
    loosened = client.patch(path, json={"certificate": ""}, headers=administrator).json()
    assert (loosened["tls"], loosened["certificate"]) == (True, None)
    assert client.patch(path, json={"tls": False}, headers=administrator).json()["tls"] is False
    assert client.post(f"{path}/echo", headers=administrator).json()["ok"] is True
