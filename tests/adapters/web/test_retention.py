"""Retention over HTTP: what keeps a study, visits that keep it longer, and the whole way of one to its certificate."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient
from tests.adapters.web.test_studies import STORED, bearer, client  # noqa: F401 - fixture

from isocenter.access.caller import system_caller
from isocenter.access.roles import Role
from isocenter.access.sessions import open_session
from isocenter.access.users import create_user
from isocenter.adapters.web.authentication import COOKIE
from isocenter.apps.phantom import phantom_uid
from isocenter.domain.archive import keeping
from isocenter.domain.archive.erase import facts_key_path
from isocenter.domain.retention.destroying import Destructions
from isocenter.domain.retention.policy import set_policy
from isocenter.index.institutions import Institution
from isocenter.index.retention_rule import day_of_study, years_after
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Database
from isocenter.storage.facts import make_key_file

PHANTOM = phantom_uid("study")
OF_PHANTOM = str(years_after(day_of_study(("20261121",), utc_now()), 15))
TODAY = utc_now().date()
Headers = dict[str, str]


@pytest.fixture
def administrator(client: TestClient, database: Database, institution: Institution) -> Headers:  # noqa: F811
    """At a hospital under the law."""
    make_key_file(facts_key_path(client.app.state.parts.settings.home))  # type: ignore[attr-defined]
    caller = system_caller(institution.institution_id, "test")
    set_policy(database, caller, outpatient_years=15, inpatient_years=30, reason="by law")
    return somebody(database, institution, "ada", Role.ADMINISTRATOR)


def somebody(database: Database, institution: Institution, name: str, role: Role) -> Headers:
    """A person, signed in."""
    with database.transaction(institution.institution_id) as connection:
        user = create_user(
            connection,
            institution.institution_id,
            username=name,
            display_name=name.title(),
            roles=(role,),
            password="orchid lamp river nine",
            language="en",
            given_by="test",
        )
    secret = open_session(database, user, address="127.0.0.1", user_agent="", second_factor=True)
    return {"Cookie": f"{COOKIE}={secret}", "X-Isocenter": "1"}


def reason(answer: object) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["reason"]  # type: ignore[attr-defined]


def test_visits_and_stays_move_the_day(client: TestClient, administrator: Headers) -> None:  # noqa: F811
    url = f"/api/studies/{PHANTOM}/retention"
    kept = client.get(url, headers=administrator).json()
    assert (kept["kept_until"], kept["because"], kept["is_held"]) == (OF_PHANTOM, "outpatient", False)
    found = client.post("/api/patients/search", json={"text": "SYNTH"}, headers=administrator).json()
    patient = f"/api/patients/{found['patients'][0]['patient_key']}"
    visit = client.post(f"{patient}/visits", json={"day": str(TODAY), "number": "V1"}, headers=administrator)
    assert visit.status_code == 201, visit.text
    assert client.get(url, headers=administrator).json()["kept_until"] == str(years_after(TODAY, 15))
    client.post(f"{patient}/admissions", json={"day": "2020-01-01"}, headers=administrator)
    assert client.get(url, headers=administrator).json()["because"] == "admitted"
    client.post(f"{patient}/discharges", json={"day": "2020-01-05"}, headers=administrator)
    assert client.get(url, headers=administrator).json()["kept_until"] == "2050-01-05"
    number = visit.json()["visit_id"]
    withdrawn = client.post(f"/api/visits/{number}/withdraw", json={"reason": "wrong"}, headers=administrator)
    assert withdrawn.json()["withdrawn_reason"] == "wrong"
    listed = client.get(f"{patient}/visits", headers=administrator).json()["visits"]
    assert [each["kind"] for each in listed] == ["visit", "stay"]
    assert reason(client.post(f"{patient}/visits", json={"day": "2999-01-01"}, headers=administrator)) == (
        400,
        "invalid-visit",
    )
    csv = {
        "headers": administrator | {"Content-Type": "text/csv"},
        "content": b"patient_id,kind,began_on\nX,visit,20260101",
    }
    assert client.post("/api/visits/import", **csv).json()["added"] == 1  # type: ignore[arg-type]


def test_from_due_to_the_certificate(
    client: TestClient,  # noqa: F811
    administrator: Headers,
    database: Database,
    institution: Institution,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    officer = somebody(database, institution, "otto", Role.SECURITY_OFFICER)
    program = bearer(database, institution, Role.SECURITY_OFFICER)
    monkeypatch.setattr(keeping, "utc_now", lambda: datetime(2049, 1, 1, tzinfo=UTC))
    assert client.post("/api/retention/look", headers=administrator).json()["due"] == 1 + len(STORED)
    due = client.get("/api/retention/studies?state=due", headers=officer).json()["studies"]
    assert PHANTOM in {each["study_instance_uid"] for each in due}
    wanted = {"study_instance_uids": [PHANTOM], "reason": "kept long enough"}
    assert reason(client.post("/api/retention/destructions", json=wanted, headers=program)) == (403, "people-only")
    number = client.post("/api/retention/destructions", json=wanted, headers=administrator).json()["destruction_id"]
    url = f"/api/retention/destructions/{number}"
    assert client.post(f"{url}/approve", headers=administrator).json()["counts"] == {"approved-once": 1}
    assert reason(client.post(f"{url}/approve", headers=administrator)) == (403, "same-person")
    assert client.post(f"{url}/approve", headers=officer).json()["counts"] == {"approved": 1}
    deletions = client.app.state.parts.deletions  # type: ignore[attr-defined]
    assert Destructions(deletions.database, deletions.store, deletions.key_file).destroy_approved() == 1
    whole = client.get(url, headers=officer).json()
    assert sorted(whole["names"].values()) == ["Ada", "Otto"]
    [study] = whole["studies"]
    certificate = client.get(f"/api/erasures/{study['record_id']}/certificate", headers=officer).json()
    assert certificate["content"]["study_instance_uid"] == PHANTOM
    assert len(certificate["content"]["approved_by"]) == 2
    steps = client.get(f"/api/retention/studies/{PHANTOM}/steps", headers=officer).json()["steps"]
    assert [each["to_state"] for each in steps][-1] == "destroyed"
    assert reason(client.post(f"{url}/withdraw", json={"reason": "too late"}, headers=officer)) == (
        409,
        "not-in-this-state",
    )
    assert client.get("/api/retention/destructions", headers=officer).json()["counts"] == {
        "due": len(STORED),
        "destroyed": 1,
    }


def test_what_is_deleted_stays_hidden_until_its_day_and_who_keeps_storage_sets_the_years(
    client: TestClient,  # noqa: F811
    administrator: Headers,
    database: Database,
    institution: Institution,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client.request("DELETE", f"/api/studies/{PHANTOM}", json={"reason": "test"}, headers=administrator)
    [listed] = client.get("/api/deleted-studies", headers=administrator).json()["studies"]
    assert (listed["kept_until"], listed["kept_because"]) == (OF_PHANTOM, "outpatient")
    erased = client.delete(f"/api/deleted-studies/{PHANTOM}", headers=administrator)
    assert reason(erased) == (409, "kept-by-law")
    assert erased.json()["error"]["fields"]["kept_until"] == OF_PHANTOM
    region = bearer(database, institution, Role.REGION_ADMINISTRATOR)
    shown = client.get("/api/retention/policy", headers=administrator).json()
    assert (shown["applies"], shown["below_the_law"], shown["may_set"]) == (True, False, False)
    short = {"outpatient_years": 5, "inpatient_years": 30, "reason": "short"}
    assert client.put("/api/retention/policy", json=short, headers=administrator).status_code == 403
    assert reason(client.put("/api/retention/policy", json=short, headers=region)) == (400, "invalid-reason")
    answer = client.put("/api/retention/policy", json=short | {"reason": "law 12 of 2027 allows it"}, headers=region)
    assert (answer.json()["below_the_law"], answer.json()["history"][0]["outpatient_years"]) == (True, 5)
    client.post("/api/retention/look", headers=administrator)
    monkeypatch.setattr(keeping, "utc_now", lambda: datetime(2049, 1, 1, tzinfo=UTC))
    assert reason(client.post("/api/retention/look", headers=administrator)) == (409, "clock-leapt")
    assert client.get("/api/retention/policy", headers=region).json()["clock"]["has_leapt"]
    assert not client.post("/api/retention/clock", headers=region).json()["has_leapt"]
