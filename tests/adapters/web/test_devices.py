"""Devices over the API: entered, changed, imported, tried; of one hospital, and nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from tests.adapters.web.test_studies import bearer

from tests.adapters.web_parts import web_parts
from isocenter.access.devices.first_store import FirstObject
from isocenter.access.devices.register import Call, Strangers
from isocenter.access.devices.watch import DeviceWatch
from isocenter.access.roles import Role
from isocenter.adapters.web.application import build_application
from isocenter.domain.exchange.peers import Peer
from isocenter.index.institutions import Institution
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Database
from isocenter.kit.errors import Exhausted
from isocenter.kit.settings import LOOPBACK, Settings

CT1 = {"name": "CT room 1", "ae_title": "CT1", "networks": ["10.2.0.0/16", "10.3.0.7"], "modality": "CT"}
FINGERPRINT = "AB:" * 31 + "AB"


class Away(Exhausted):
    reason = "peer-away"


class Echoes:
    """Stands for the network: remembers who was asked, and whether there is an answer."""

    def __init__(self) -> None:
        self.asked: list[Peer] = []
        self.away = False

    def __call__(self, peer: Peer) -> None:
        self.asked.append(peer)
        if self.away:
            raise Away("Nobody answers there.")


@pytest.fixture
def echoes() -> Echoes:
    return Echoes()


@pytest.fixture
def client(database: Database, institution: Institution, tmp_path: Path, echoes: Echoes) -> TestClient:
    parts = web_parts(database, Settings(home=tmp_path), echo=echoes)
    made = TestClient(build_application(parts, (), None))
    made.headers.update(bearer(database, institution, Role.ADMINISTRATOR))
    return made


@pytest.fixture
def watch(database: Database, institution: Institution) -> Iterator[DeviceWatch]:
    """What a listener knows, read and written when the test says so."""
    strangers = Strangers(institution.institution_id, "ISOCENTER", LOOPBACK)
    yield DeviceWatch(database, strangers)


def add(client: TestClient, **fields: object) -> dict[str, Any]:
    answer = client.post("/api/devices", json=CT1 | fields)
    assert answer.status_code == 201, answer.json()
    made: dict[str, Any] = answer.json()
    return made


def titles(client: TestClient) -> list[str]:
    return [each["ae_title"] for each in client.get("/api/devices").json()["devices"]]


def test_a_device_is_added_changed_and_removed(client: TestClient) -> None:
    made = add(client, certificate=FINGERPRINT, default_character_set="gb18030")
    assert (made["networks"], made["certificate"]) == (["10.2.0.0/16", "10.3.0.7"], "ab" * 32)
    assert (made["default_character_set"], made["last_seen_at"]) == ("GB18030", None)
    path = f"/api/devices/{made['device_id']}"
    changed = client.patch(path, json={"room": "B 12", "may_query": False})
    assert (changed.status_code, changed.json()) == (200, made | {"room": "B 12", "may_query": False})
    assert client.get(path).json() == changed.json()
    assert client.post("/api/devices", json=CT1).json()["error"]["reason"] == "device-exists"
    assert client.delete(path).status_code == 204
    assert (client.get(path).status_code, client.delete(path).status_code, titles(client)) == (404, 404, [])


REFUSED: list[tuple[dict[str, object], str]] = [
    ({"name": " "}, "invalid-device"),
    ({"ae_title": "A\\B"}, "invalid-ae-title"),
    ({"ae_title": "*"}, "invalid-device"),
    ({"networks": ["0.0.0.0/0"]}, "invalid-device"),
    ({"networks": ["hospital.example"]}, "invalid-device"),
    ({"networks": [f"10.0.0.{number}" for number in range(40)]}, "invalid-device"),
    ({"certificate": "ab"}, "invalid-device"),
    ({"plain_allowed": False}, "invalid-device"),
    ({"networks": [], "certificate": FINGERPRINT}, "invalid-device"),
    ({"host": "10.0.0.1"}, "invalid-device"),
    ({"host": "file:///etc/passwd", "port": 104}, "invalid-device"),
    ({"port": 70000}, "invalid-device"),
    ({"department_id": 99}, "invalid-device"),
    ({"department_id": 2**40}, "invalid-device"),
    ({"default_character_set": "KLINGON"}, "invalid-device"),
    ({"room": "a\u0000b"}, "invalid-device"),
    ({"institution_id": 2}, "invalid-request"),
    ({"device_id": 7}, "invalid-request"),
]


def test_what_a_device_cannot_be_is_refused(client: TestClient) -> None:
    answers = [client.post("/api/devices", json=CT1 | fields) for fields, _ in REFUSED]
    refused = [
        (fields, each.status_code, each.json()["error"]["reason"])
        for (fields, _), each in zip(REFUSED, answers, strict=True)
    ]
    assert refused == [(fields, 400, reason) for fields, reason in REFUSED]
    assert titles(client) == []


def test_what_is_said_of_a_sender_stays_when_it_becomes_a_device(client: TestClient) -> None:
    client.put("/api/senders", json={"ae_title": "CT1", "issuer_of_patient_id": "NORTH"})
    client.put("/api/senders", json={"ae_title": "*", "default_character_set": "GBK"})
    assert titles(client) == ["CT1"]
    assert add(client, issuer_of_patient_id=None)["issuer_of_patient_id"] == "NORTH"
    client.put("/api/senders", json={"ae_title": "CT1"})
    assert client.get("/api/devices").json()["devices"][0]["issuer_of_patient_id"] is None


def test_only_administrators_see_and_change_them(
    client: TestClient, database: Database, institution: Institution
) -> None:
    path = f"/api/devices/{add(client)['device_id']}"
    for role in (Role.RADIOLOGIST, Role.SECURITY_OFFICER, Role.MODALITY):
        client.headers.update(bearer(database, institution, role))
        assert {each.status_code for each in every_verb(client, path)} == {403}


def every_verb(client: TestClient, path: str) -> list[httpx.Response]:
    """Everything that can be asked about devices."""
    return [
        client.get("/api/devices"),
        client.post("/api/devices", json=CT1 | {"ae_title": "CT2"}),
        client.get(path),
        client.patch(path, json={"room": "x"}),
        client.delete(path),
        client.post(f"{path}/echo"),
        client.get(f"{path}/first-store"),
        client.post(f"{path}/first-store"),
        client.get("/api/devices/export"),
        client.post("/api/devices/import", json=[]),
        client.get("/api/refused-calls"),
        client.delete("/api/refused-calls/1"),
        client.get("/api/called-ae-title"),
        client.put("/api/called-ae-title", json={"ae_title": "X"}),
    ]


def test_another_hospital_learns_nothing(
    client: TestClient, database: Database, institution: Institution, other_institution: Institution
) -> None:
    path, there = f"/api/devices/{add(client)['device_id']}", f"?institution_id={institution.institution_id}"
    client.headers.update(bearer(database, other_institution, Role.ADMINISTRATOR))
    assert titles(client) == []
    for answer in (
        client.get(path),
        client.patch(path, json={"room": "x"}),
        client.delete(path),
        client.post(f"{path}/echo"),
        client.get(f"{path}/first-store"),
        client.get("/api/devices" + there),
        client.post("/api/devices" + there, json=CT1),
    ):
        assert answer.status_code == 404
    assert add(client)["ae_title"] == "CT1"  # both may have one


def test_who_administers_the_region_enters_devices_of_every_hospital(
    client: TestClient, database: Database, institution: Institution, other_institution: Institution
) -> None:
    client.headers.update(bearer(database, institution, Role.REGION_ADMINISTRATOR))
    there = f"?institution_id={other_institution.institution_id}"
    assert client.post("/api/devices" + there, json=CT1).status_code == 201
    client.headers.update(bearer(database, other_institution, Role.ADMINISTRATOR))
    assert titles(client) == ["CT1"]


def test_a_list_goes_out_and_comes_back(client: TestClient) -> None:
    add(client, certificate=FINGERPRINT, port=104, host="ct1.example")
    add(client, ae_title="MR1", name="MR 磁共振", may_store=False)
    exported = client.get("/api/devices/export")
    assert exported.content.startswith(b"\xef\xbb\xbf")
    before = client.get("/api/devices").json()["devices"]
    for each in before:
        client.delete(f"/api/devices/{each['device_id']}")
    sent = {"content": exported.content, "headers": {"Content-Type": "text/csv"}}
    dry = client.post("/api/devices/import?dry_run=true", **sent).json()
    assert (dry["applied"], dry["added"], titles(client)) == (False, 2, [])
    assert client.post("/api/devices/import", **sent).json()["applied"]
    volatile = {"device_id", "created_at"}
    after = client.get("/api/devices").json()["devices"]
    assert [{k: v for k, v in each.items() if k not in volatile} for each in after] == [
        {k: v for k, v in each.items() if k not in volatile} for each in before
    ]
    assert client.post("/api/devices/import", **sent).json()["same"] == 2


def test_a_list_with_a_bad_line_changes_nothing_and_says_which(client: TestClient) -> None:
    rows = [CT1, {"name": "MR", "ae_title": "MR1", "networks": ["0.0.0.0/0"]}, {"name": "US", "ae_title": "US1"}]
    rows.append({"name": "XA", "ae_title": "XA1", "department": "nowhere"})
    report = client.post("/api/devices/import", json=rows).json()
    assert [each["outcome"] for each in report["lines"]] == ["added", "refused", "added", "refused"]
    assert titles(client) == []


def test_a_device_is_asked_whether_it_answers(client: TestClient, echoes: Echoes) -> None:
    path = f"/api/devices/{add(client)['device_id']}"
    assert client.post(f"{path}/echo").json()["error"]["reason"] == "invalid-device"  # nowhere to call
    client.patch(path, json={"host": "ct1.example", "port": 104})
    client.put("/api/called-ae-title", json={"ae_title": "NORTH"})
    assert client.post(f"{path}/echo").json()["ok"]
    assert echoes.asked == [Peer("CT1", "ct1.example", 104, "NORTH")]
    echoes.away = True
    answer = client.post(f"{path}/echo").json()
    assert (answer["ok"], answer["reason"]) == (False, "peer-away")


def test_an_institution_has_a_title_of_its_own(
    client: TestClient, database: Database, other_institution: Institution
) -> None:
    called = client.get("/api/called-ae-title").json()
    assert called == {"ae_title": None, "everyones": "ISOCENTER", "port": 11112, "tls_port": None}
    assert client.put("/api/called-ae-title", json={"ae_title": " NORTH "}).json()["ae_title"] == "NORTH"
    client.headers.update(bearer(database, other_institution, Role.ADMINISTRATOR))
    for taken in ("NORTH", "ISOCENTER"):
        answer = client.put("/api/called-ae-title", json={"ae_title": taken})
        assert (answer.status_code, answer.json()["error"]["reason"]) == (409, "ae-title-taken")
    assert client.put("/api/called-ae-title", json={"ae_title": ""}).json()["ae_title"] is None


def test_a_rejected_call_is_listed_and_becomes_a_device(client: TestClient, watch: DeviceWatch) -> None:
    call = Call("MR\x1b7", "ISOCENTER", "10.9.0.1")
    for _ in range(3):
        watch.admit(call)
    watch.admit(Call("MR1", "ISOCENTER", "10.9.0.1"))
    watch.write()
    watch.admit(Call("MR1", "ISOCENTER", "10.9.0.1"))
    watch.write()
    mr1, mr7 = client.get("/api/refused-calls").json()["refused_calls"]
    assert (mr1["calling_ae_title"], mr1["address"], mr1["reason"], mr1["calls"]) == (
        "MR1", "10.9.0.1", "unknown-caller", 2,
    )  # fmt: skip
    assert mr7["calls"] == 3
    assert "\x1b" not in mr7["calling_ae_title"]
    add(client, ae_title="MR1", networks=["10.9.0.1"])
    assert [each["calls"] for each in client.get("/api/refused-calls").json()["refused_calls"]] == [3]
    assert client.delete(f"/api/refused-calls/{mr7['refused_call_id']}").status_code == 204
    assert client.get("/api/refused-calls").json() == {"refused_calls": []}
    watch.read()
    watch.admit(Call("MR1", "ISOCENTER", "10.9.0.1", "ab" * 32))
    watch.write()
    (device,) = client.get("/api/devices").json()["devices"]
    assert (device["last_address"], device["last_called_ae_title"], device["last_encrypted"]) == (
        "10.9.0.1", "ISOCENTER", True,
    )  # fmt: skip


def test_rejected_calls_are_on_the_trail(
    client: TestClient, watch: DeviceWatch, database: Database, institution: Institution
) -> None:
    add(client)
    watch.read()
    watch.admit(Call("CT1", "ISOCENTER", "10.9.0.1"))
    watch.write()
    with database.transaction(institution.institution_id) as connection:
        rows = connection.execute(
            "SELECT caller_id, outcome, detail ->> 'because', address FROM audit_event "
            "WHERE action = 'association-rejected'"
        ).fetchall()
    assert rows == [("CT1", 4, "wrong-address", "10.9.0.1")]


def test_the_list_of_rejected_calls_is_bounded(client: TestClient, watch: DeviceWatch) -> None:
    for round_ in range(2):
        for number in range(600):
            watch.admit(Call(f"A{round_}-{number}", "ISOCENTER", "10.9.0.1"))
        watch.write()
    assert len(client.get("/api/refused-calls").json()["refused_calls"]) == 500


def test_the_first_object_of_a_device_is_waited_for(client: TestClient, watch: DeviceWatch) -> None:
    path = f"/api/devices/{add(client)['device_id']}/first-store"
    assert client.get(path).json()["state"] == "not-asked"
    assert client.post(path).json()["state"] == "waiting"
    watch.read()
    admitted = watch.admit(Call("CT1", "ISOCENTER", "10.2.0.1"))
    assert admitted.first_store  # type: ignore[union-attr]
    for outcome in ("refused", "stored", "already-stored"):
        watch.arrived(admitted, an_object(outcome))  # type: ignore[arg-type]
        watch.write()
        told = client.get(path).json()
        assert told["state"] == ("waiting" if outcome == "refused" else "arrived")
        assert told["object"]["outcome"] == ("stored" if outcome == "already-stored" else outcome)
    watch.read()
    assert not watch.admit(Call("CT1", "ISOCENTER", "10.2.0.1")).first_store  # type: ignore[union-attr]


def an_object(outcome: str) -> FirstObject:
    return FirstObject(outcome, utc_now(), "CT1", "ISOCENTER", "10.2.0.1", False, "1.2", "1.2.3", "1.2.840.10008.1.2")
