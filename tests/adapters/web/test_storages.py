"""Storages and placement policies over the API."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from tests.adapters.web.test_studies import bearer
from tests.adapters.web_parts import web_parts

from isocenter.access.roles import Role
from isocenter.adapters.web.application import build_application
from isocenter.apps.wiring import open_storage, opening_of
from isocenter.index.institutions import Institution
from isocenter.kit.database import Database
from isocenter.kit.settings import Settings


@pytest.fixture
def client(database: Database, institution: Institution, tmp_path: Path) -> TestClient:
    parts = web_parts(database, Settings(home=tmp_path), opening=opening_of(Settings(home=tmp_path)))
    return TestClient(
        build_application(parts, (), None), headers=bearer(database, institution, Role.REGION_ADMINISTRATOR)
    )


def test_a_storage_is_added_tried_changed_named_by_a_policy_and_retired(client: TestClient, tmp_path: Path) -> None:
    (tmp_path / "cold").mkdir()
    made = client.post("/api/storages", json={"name": "Cold", "url": (tmp_path / "cold").as_uri(), "role": "cold"})
    assert made.status_code == 201, made.text
    number = made.json()["storage_id"]
    tried = client.post(f"/api/storages/{number}/test").json()
    assert tried["ok"], tried
    assert client.post("/api/storages/1/test").json()["ok"]
    changed = client.patch(f"/api/storages/{number}", json={"retain_days": 3}).json()
    assert (changed["retain_days"], changed["name"]) == (3, "Cold")
    assert client.post(f"/api/storages/{number}/verify").json()["verify_asked_at"] is not None
    policy = client.post("/api/placement-policies", json={"name": "Old", "storage_ids": [number], "older_than_days": 9})
    assert policy.status_code == 201, policy.text
    path = f"/api/placement-policies/{policy.json()['policy_id']}"
    assert client.post(f"/api/storages/{number}/retire").json()["error"]["reason"] == "storage-in-use"
    assert client.patch(path, json={"older_than_days": None, "active": False}).json()["older_than_days"] is None
    assert [each["name"] for each in client.get("/api/placement-policies").json()["policies"]] == ["Old"]
    assert client.delete(path).status_code == 204
    assert client.post(f"/api/storages/{number}/retire").json()["state"] == "retiring"
    shown = client.get("/api/storages").json()
    assert [each["name"] for each in shown["storages"]] == ["primary", "Cold"]
    assert (shown["alarms"], shown["findings"]) == ([], [])


def test_what_cannot_be_is_said(client: TestClient, tmp_path: Path) -> None:
    for body in ({"url": (tmp_path / "nowhere").as_uri()}, {"url": "s3://bucket"}, {"url": "x"}):
        answer = client.post("/api/storages", json={"name": "s", "role": "warm", **body})
        assert answer.status_code == 400, answer.text
    assert client.patch("/api/storages/999999", json={"name": "x"}).json()["error"]["reason"] == "unknown-storage"
    assert client.delete("/api/placement-policies/999999").json()["error"]["reason"] == "unknown-placement-policy"


def test_the_wiring_opens_what_a_row_says(tmp_path: Path) -> None:
    store = partial(open_storage, Settings(home=tmp_path))((tmp_path / "folder").as_uri(), None)
    store.put("a/b", b"x")
    assert (tmp_path / "folder" / "a" / "b").read_bytes() == b"x"
