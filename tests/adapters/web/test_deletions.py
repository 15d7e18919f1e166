"""Deleting and restoring over HTTP: gone from every door at once, listed, back again, erased."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from tests.adapters.web.test_studies import bearer, client, reader  # noqa: F401 - fixtures

from isocenter.access.roles import Role
from isocenter.apps.phantom import phantom_uid
from isocenter.domain.archive.erase import facts_key_path
from isocenter.index.institutions import Institution
from isocenter.kit.database import Database
from isocenter.storage.facts import make_key_file

PHANTOM = phantom_uid("study")
Headers = dict[str, str]


@pytest.fixture
def administrator(client: TestClient, database: Database, institution: Institution) -> Headers:  # noqa: F811
    make_key_file(facts_key_path(client.app.state.parts.settings.home))  # type: ignore[attr-defined]
    return bearer(database, institution, Role.ADMINISTRATOR)


def doors(client: TestClient, headers: Headers) -> set[int]:  # noqa: F811
    """The answers of every door that shows a study."""
    study = f"/dicom-web/studies/{PHANTOM}"
    paths = [
        study,
        f"{study}/metadata",
        f"{study}/thumbnail",
        f"{study}/series",
        f"{study}/instances",
        f"{study}/bulkdata",
    ]
    paths += [f"/api/studies/{PHANTOM}", f"/api/studies/{PHANTOM}/download"]
    answers = {client.get(path, headers=headers).status_code for path in paths}
    found = client.get(f"/dicom-web/studies?StudyInstanceUID={PHANTOM}", headers=headers)
    listed = client.post("/api/studies/search", json={}, headers=headers).json()["studies"]
    answers.add(200 if found.status_code == 200 and found.json() else 404)
    answers.add(200 if PHANTOM in {each["study_instance_uid"] for each in listed} else 404)
    return answers


@pytest.mark.parametrize("door", ["/api/studies/", "/dicom-web/studies/"])
def test_a_deleted_study_leaves_every_door_and_comes_back(
    client: TestClient,  # noqa: F811
    administrator: Headers,
    door: str,
) -> None:
    assert doors(client, administrator) == {200}
    body = {"json": {"reason": "test"}} if door.startswith("/api") else {"params": {"reason": "test"}}
    answer = client.request("DELETE", door + PHANTOM, headers=administrator, **body)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    assert doors(client, administrator) == {404}
    [listed] = client.get("/api/deleted-studies", headers=administrator).json()["studies"]
    assert (listed["study_instance_uid"], listed["instance_count"], listed["reason"]) == (PHANTOM, 3, "test")
    assert listed["recoverable_until"] == answer.json()["recoverable_until"].replace("+00:00", "Z")
    restored = client.post(f"/api/deleted-studies/{PHANTOM}/restore", headers=administrator)
    assert restored.json() == {"instance_count": 3}
    assert doors(client, administrator) == {200}


def test_a_deleted_study_is_erased_at_once_when_told(client: TestClient, administrator: Headers) -> None:  # noqa: F811
    url = f"/api/deleted-studies/{PHANTOM}"
    assert client.delete(url, headers=administrator).status_code == 404
    client.request("DELETE", f"/api/studies/{PHANTOM}", json={"reason": "test"}, headers=administrator)
    assert client.delete(url, headers=administrator).status_code == 204
    assert client.post(f"{url}/restore", headers=administrator).json()["error"]["reason"] == "not-deleted"
    assert doors(client, administrator) == {404}


def test_only_administrators_delete(client: TestClient, administrator: Headers, reader: Headers) -> None:  # noqa: F811
    body = {"reason": "test"}
    assert client.request("DELETE", f"/api/studies/{PHANTOM}", json=body, headers=reader).status_code == 403
    assert client.delete(f"/dicom-web/studies/{PHANTOM}", headers=reader).status_code == 403
    assert client.get("/api/deleted-studies", headers=reader).status_code == 403
    assert doors(client, administrator) == {200}


def test_series_and_instances_have_no_delete(client: TestClient, administrator: Headers) -> None:  # noqa: F811
    answer = client.delete(f"/dicom-web/studies/{PHANTOM}/series/1.2", headers=administrator)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    missing = client.request("DELETE", "/api/studies/1.2.3", json={"reason": "test"}, headers=administrator)
    assert missing.json()["error"]["reason"] == "unknown-study"


def test_one_instance_is_erased_and_a_page_says_so(client: TestClient, administrator: Headers) -> None:  # noqa: F811
    instances = f"/dicom-web/studies/{PHANTOM}/instances"
    uids = [each["00080018"]["Value"][0] for each in client.get(instances, headers=administrator).json()]
    url, body = f"/api/studies/{PHANTOM}/instances/", {"reason": "<script>not hers</script>"}
    answer = client.request("DELETE", f"{url}9.9.9", json=body, headers=administrator)
    assert answer.json()["error"]["reason"] == "unknown-instance"
    assert client.request("DELETE", url + uids[0], json=body, headers=administrator).status_code == 204
    left = [each["00080018"]["Value"][0] for each in client.get(instances, headers=administrator).json()]
    assert left == uids[1:]
    [erased] = client.get("/api/erasures", headers=administrator).json()["erasures"]
    assert (erased["study_instance_uid"], erased["sop_instance_uid"]) == (PHANTOM, uids[0])
    told = f"/api/erasures/{erased['record_id']}/certificate"
    certificate = client.get(told, headers=administrator).json()
    assert (certificate["content"]["reason"], certificate["certified_at"]) == (body["reason"], None)
    assert certificate["remaining"]
    page = client.get(f"{told}.html", headers=administrator)
    assert "script-src" not in page.headers["content-security-policy"]
    assert "&lt;script&gt;not hers" in page.text
    assert "<script" not in page.text
    assert uids[0] in page.text
    assert client.get("/api/erasures/999999/certificate", headers=administrator).status_code == 404


def test_keys_are_seen_without_the_keys(client: TestClient, database: Database, institution: Institution) -> None:  # noqa: F811
    headers = bearer(database, institution, Role.REGION_ADMINISTRATOR)
    answer = client.post(f"/api/keys/{institution.institution_id}/rotate", headers=headers)
    assert answer.json()["error"]["reason"] == "nothing-encrypted"
