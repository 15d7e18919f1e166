"""Rejections over the API: what was hidden is told, and shown again when an administrator takes it back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from tests.adapters.web.test_studies import bearer
from tests.domain.conftest import Hospital, hospital, open_archive
from tests.domain.exchange.test_rejection import reject as reject_now
from tests.domain.exchange.test_rejection import rejecting, slices
from tests.domain.exchange.test_rejection import run_jobs as run

from isocenter.access.roles import Role
from isocenter.apps.web import application
from isocenter.apps.wiring import open_library
from isocenter.domain.exchange.rejection import RejectionWork
from isocenter.index.institutions import Institution
from isocenter.kit.settings import Settings

__all__ = ["hospital", "open_archive", "rejecting"]
PATH = "/api/studies/1.2.3"


@pytest.fixture
def client(request: pytest.FixtureRequest) -> Iterator[TestClient]:
    there: Hospital = request.getfixturevalue("hospital")
    work: RejectionWork = request.getfixturevalue("rejecting")
    settings = Settings(home=there.home)
    stored = slices(there, 1, 2)
    reject_now(there, stored[:1])
    run(work)
    with open_library(there.database, work.data, memory_bytes=1 << 30) as library:
        yield TestClient(application(settings, there.database, there.archive, library))


def test_what_is_rejected_is_gone_from_every_door_until_it_is_taken_back(
    client: TestClient, institution: Institution, request: pytest.FixtureRequest
) -> None:
    database = request.getfixturevalue("database")
    reader = bearer(database, institution, Role.RADIOLOGIST)
    administrator = bearer(database, institution, Role.ADMINISTRATOR)
    metadata = "/dicom-web/studies/1.2.3/series/1.2.3.1/instances/{}/metadata"
    search = "/dicom-web/studies/1.2.3/instances?SOPInstanceUID={}"
    assert client.get(metadata.format("1.2.3.1.1"), headers=reader).status_code == 404
    assert client.get(metadata.format("1.2.3.1.2"), headers=reader).status_code == 200
    assert client.get(search.format("1.2.3.1.1"), headers=reader).status_code == 204
    assert len(client.get(search.format("1.2.3.1.2"), headers=reader).json()) == 1
    study = client.get(PATH, headers=reader).json()
    assert (study["instance_count"], [each["instance_count"] for each in study["series"]]) == (2, [1, 1])
    (row,) = client.get("/dicom-web/studies", headers=reader).json()
    assert row["00201208"]["Value"] == [2]
    (rejection,) = client.get(f"{PATH}/rejections", headers=reader).json()["rejections"]
    assert (rejection["code"], rejection["meaning"], rejection["state"]) == (
        "113001",
        "Rejected for Quality Reasons",
        "active",
    )
    restore = f"/api/rejections/{rejection['rejection_id']}/restore"
    assert client.post(restore, headers=reader).status_code == 403
    assert client.post(restore, headers=administrator).json()["state"] == "restored"
    assert client.post(restore, headers=administrator).status_code == 409
    assert client.get(metadata.format("1.2.3.1.1"), headers=reader).status_code == 200
    assert client.get(PATH, headers=reader).json()["instance_count"] == 2
    assert client.get("/api/studies/1.2.9/rejections", headers=reader).status_code == 404


def test_another_hospital_cannot_take_it_back(
    client: TestClient, other_institution: Institution, request: pytest.FixtureRequest
) -> None:
    stranger = bearer(request.getfixturevalue("database"), other_institution, Role.ADMINISTRATOR)
    assert client.post("/api/rejections/1/restore", headers=stranger).status_code == 404
