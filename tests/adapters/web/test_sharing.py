"""Two hospitals over HTTP: what one shares is found and read by the other, and nothing else; glass that is broken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.access.builders import restrict_id
from tests.adapters.web.test_studies import bearer, client, found  # noqa: F401 - client is a fixture

from isocenter.access.caller import system_caller
from isocenter.access.restriction.restrictions import restrict_patient
from isocenter.access.roles import Role
from isocenter.access.sharing import doors
from isocenter.access.sharing.alliances import add_alliance
from isocenter.delivery import library
from isocenter.index.institutions import Institution
from isocenter.kit.database import Database

CT = "1.3.6.1.4.1.5962.1.2.1.20040119072730.12322"


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "REMEMBERED_FOR_S", -1.0)
    monkeypatch.setattr(library, "SIGHT_TRUSTED_FOR_S", -1.0)


@pytest.fixture
def visitor(database: Database, other_institution: Institution) -> dict[str, str]:
    """A radiologist's program of the other hospital."""
    return bearer(database, other_institution, Role.RADIOLOGIST)


@pytest.fixture
def rule(
    database: Database,
    client: TestClient,  # noqa: F811
    institution: Institution,
    other_institution: Institution,
) -> Iterator[dict[str, Any]]:
    """The hospital shares its CT with radiologists of the other."""
    members = [institution.institution_id, other_institution.institution_id]
    add_alliance(database, system_caller(institution.institution_id, "test"), "North", members)
    body = {
        "ally_institution_id": other_institution.institution_id,
        "roles": ["radiologist"],
        "purpose": "second-opinion",
        "modalities": ["CT"],
    }
    administrator = bearer(database, institution, Role.ADMINISTRATOR)
    answer = client.post("/api/sharing-rules", json=body, headers=administrator)
    assert answer.status_code == 201, answer.text
    yield answer.json() | {"headers": administrator}


def qido(client: TestClient, headers: dict[str, str], query: str = "") -> list[dict[str, Any]]:  # noqa: F811
    answer = client.get(f"/dicom-web/studies?{query}", headers=headers)
    assert answer.status_code in (200, 204), answer.text
    return list(answer.json()) if answer.status_code == 200 else []


def by_ones(client: TestClient, headers: dict[str, str]) -> list[str]:  # noqa: F811
    """The whole study list, a page for each study."""
    listed: list[str] = []
    cursor = None
    for _ in range(100):
        page = found(client, headers, limit=1, cursor=cursor)
        listed += [study["study_instance_uid"] for study in page["studies"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return listed
    raise AssertionError("the list does not end")


def statuses(client: TestClient, headers: dict[str, str], study: str = CT) -> set[int]:  # noqa: F811
    """What every way to a study answers."""
    paths = [
        f"/api/studies/{study}",
        f"/api/studies/{study}/download",
        f"/dicom-web/studies/{study}/metadata",
        f"/dicom-web/studies/{study}/series",
        f"/dicom-web/studies/{study}",
    ]
    return {client.get(path, headers=headers).status_code for path in paths}


def test_nothing_is_shared_by_default(client: TestClient, visitor: dict[str, str]) -> None:  # noqa: F811
    assert found(client, visitor)["count"] == 0
    assert qido(client, visitor) == []
    assert statuses(client, visitor) == {404}
    assert statuses(client, visitor, "1.2.3.4") == {404}


def test_what_is_shared_is_found_and_read_until_the_rule_ends(
    client: TestClient,  # noqa: F811
    database: Database,
    institution: Institution,
    other_institution: Institution,
    visitor: dict[str, str],
    rule: dict[str, Any],
) -> None:
    page = found(client, visitor)
    assert len(page["studies"]) == page["count"] == 2
    assert {study["shared_by"] for study in page["studies"]} == {institution.name}
    assert [one["00080080"]["Value"] for one in qido(client, visitor)] == [[institution.name]] * 2
    # A second rule that gives more, and what the first gives again.
    more = {"roles": ["radiologist"], "purpose": "treatment", "ally_institution_id": other_institution.institution_id}
    made = client.post("/api/sharing-rules", json=more, headers=rule["headers"]).json()
    everything = [one["0020000D"]["Value"][0] for one in qido(client, visitor)]
    assert len(set(everything)) == len(everything) == len(found(client, visitor)["studies"]) > 2
    assert everything == by_ones(client, visitor)
    client.delete(f"/api/sharing-rules/{made['rule_id']}", headers=rule["headers"])
    assert qido(client, visitor, "limit=1&offset=1")[0]["0020000D"]["Value"] == [CT]
    assert statuses(client, visitor) == {200}
    [audited] = _audited(database, institution, "study-opened", CT)
    assert audited["home_institution_id"] != institution.institution_id
    assert audited["rule_id"] == rule["rule_id"]
    # What may be read is not what may be changed, and what comes as received is the owner's.
    senior = bearer(database, other_institution, Role.ADMINISTRATOR)
    gone = client.request("DELETE", f"/api/studies/{CT}", json={"reason": "mistake"}, headers=senior)
    assert gone.status_code == 404
    ended = client.delete(f"/api/sharing-rules/{rule['rule_id']}", headers=rule["headers"])
    assert ended.json()["ended_at"] is not None
    assert (found(client, visitor)["count"], statuses(client, visitor)) == (0, {404})


def test_who_opts_out_is_shared_no_more_and_a_vip_is_hidden_at_home(
    client: TestClient,  # noqa: F811
    database: Database,
    institution: Institution,
    visitor: dict[str, str],
    rule: dict[str, Any],
) -> None:
    assert rule["modalities"] == ["CT"]
    reader = bearer(database, institution, Role.RADIOLOGIST)
    restrict_id(database, institution.institution_id, "1CT1", "no-sharing")
    assert statuses(client, visitor) == {404}
    assert len(qido(client, visitor)) == 1
    assert statuses(client, reader) == {200}
    everything = found(client, reader)["count"]
    restrict_id(database, institution.institution_id, "1CT1", "vip")
    assert found(client, reader)["count"] == everything - 1
    assert statuses(client, reader) == {404}
    assert found(client, reader, patient_id="1CT1")["count"] == 0


def test_a_study_of_both_hospitals_is_shown_at_home(
    client: TestClient,  # noqa: F811
    database: Database,
    institution: Institution,
    other_institution: Institution,
    visitor: dict[str, str],
    rule: dict[str, Any],
) -> None:
    assert rule["ended_at"] is None
    body = client.get(f"/dicom-web/studies/{CT}", headers=visitor)
    stored = client.post(
        "/dicom-web/studies",
        content=body.content,
        headers=visitor | {"Content-Type": body.headers["content-type"]},
    )
    assert stored.status_code == 200, stored.text
    shown = {study["study_instance_uid"]: study["shared_by"] for study in found(client, visitor)["studies"]}
    assert (len(shown), shown[CT]) == (2, None)
    assert len(qido(client, visitor)) == 2
    assert qido(client, visitor, f"StudyInstanceUID={CT}")[0]["0020000D"]["Value"] == [CT]
    assert len(_audited(database, institution, "study-opened", CT)) == 1
    assert client.get(f"/api/studies/{CT}", headers=visitor).json()["shared_by"] is None


def test_a_held_study_is_not_deleted(
    client: TestClient,  # noqa: F811
    database: Database,
    institution: Institution,
) -> None:
    administrator = bearer(database, institution, Role.ADMINISTRATOR)
    [study] = [each for each in found(client, administrator)["studies"] if each["study_instance_uid"] == CT]
    key = client.post("/api/patients/search", json={"text": study["patient_id"]}, headers=administrator).json()
    caller = system_caller(institution.institution_id, "test")
    restrict_patient(database, caller, key["patients"][0]["patient_key"], "legal-hold", "Court order 17")
    refused = client.request("DELETE", f"/api/studies/{CT}", json={"reason": "mistake"}, headers=administrator)
    assert (refused.status_code, refused.json()["error"]["reason"]) == (409, "legal-hold")


def _audited(database: Database, institution: Institution, action: str, study: str) -> list[dict[str, Any]]:
    with database.transaction(institution.institution_id) as connection:
        rows: list[Any] = connection.execute(
            "SELECT detail FROM audit_event WHERE action = %s AND study_instance_uid = %s AND caller_kind = 'program'",
            [action, study],
        ).fetchall()
    return [row[0] for row in rows]
