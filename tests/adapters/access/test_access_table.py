"""Every door of the web process, asked by everybody: the access table is complete, and it is true."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute
from starlette.routing import Mount
from tests.adapters.access.conftest import INSTANCE, PASSWORD, SERIES, STUDY, Region

from isocenter.access.roles import RIGHTS, Role
from isocenter.adapters.access_table import API, DICOMWEB, Asks, Door
from isocenter.adapters.dicomweb.router import DicomwebService

ROLES = [role for role in Role if role is not Role.SYSTEM]
REASON = {"reason": "a reason that is long enough"}
PATIENT_IDENTIFIER = {"patient_id": "P9", "issuer_of_patient_id": "X", **REASON}
AN_IMAGE = {"series_instance_uid": "9.9.9.9", "sop_instance_uid": "9.9.9.9.9"}
BODIES: dict[str, Any] = {
    "PATCH /api/me": {"language": "en"},
    "POST /api/me/password": {"current": PASSWORD, "new": PASSWORD},
    "POST /api/studies/search": {},
    "POST /api/patients/search": {"text": "nobody"},
    "POST /api/patients/{patient_key}/merge": {"into_patient_key": 999_998, **REASON},
    "POST /api/patients/{patient_key}/identifiers": PATIENT_IDENTIFIER,
    "POST /api/patients/{patient_key}/identifiers/remove": PATIENT_IDENTIFIER,
    "POST /api/studies/{study_instance_uid}/corrections": {"attributes": {"StudyDescription": "x"}, **REASON},
    "POST /api/quality-tasks/{task_id}/resolve": {"choice": "dismiss"},
    "DELETE /api/studies/{study_instance_uid}": REASON,
    "DELETE /api/studies/{study_instance_uid}/instances/{sop_instance_uid}": REASON,
    "POST /api/destinations": {"name": "n", "ae_title": "N", "host": "127.0.0.1", "port": 104},
    "PATCH /api/destinations/{destination_id}": {"name": "m"},
    "POST /api/studies/{study_instance_uid}/send": {"destination_id": 999_999},
    "PUT /api/senders": {"ae_title": "CT1", "default_character_set": None, "issuer_of_patient_id": None},
    "POST /api/sign-in/second-factor": {"factor": "authenticator-app", "code": "000000"},
    "POST /api/sign-in/passkey": {"credential": {}},
    "POST /api/me/confirmation": {"password": PASSWORD},
    "POST /api/me/authenticator-app/confirmation": {"code": "000000"},
    "POST /api/me/passkeys": {"credential": {}, "label": "x"},
    "PUT /api/sign-in-policy": {
        "second_factor": "offered",
        "idle_minutes": 30,
        "session_hours": 12,
        "min_password_length": 12,
    },
    "POST /api/people/{user_id}/sign-in-reset": {},
    "POST /api/resets/{token}": {"password": PASSWORD},
    "POST /api/identity-providers": {"name": "n", "client_id": "c", "issuer": "https://nowhere.invalid"},
    "POST /api/identity-providers/check": {"issuer": "https://nowhere.invalid"},
    "PUT /api/identity-providers/{provider_id}": {"name": "n", "client_id": "c"},
    "PUT /api/identity-providers/{provider_id}/account-rules": {},
    "POST /api/clients": {"name": "n", "roles": ["service"], "scopes": ["read"]},
    "PATCH /api/clients/{client_id}": {"name": "m"},
    "POST /api/tokens": {"roles": ["service"]},
    "POST /api/institutions": {"code": "third", "name": "Third"},
    "POST /api/institutions/import": [],
    "PATCH /api/institutions/{institution_id}": {"name": "x"},
    "POST /api/departments": {"code": "ct", "name": "CT"},
    "POST /api/departments/import": [],
    "PATCH /api/departments/{department_id}": {"name": "x"},
    "POST /api/people/search": {},
    "POST /api/people": {"username": "newcomer", "display_name": "New", "roles": ["teacher"]},
    "POST /api/people/import": [],
    "PATCH /api/people/{user_id}": {"display_name": "x"},
    "PUT /api/people/{user_id}/roles": {"roles": ["teacher"]},
    "POST /api/invitations": {"roles": ["teacher"]},
    "POST /api/alliances": {"name": "Alliance"},
    "POST /api/alliances/{alliance_id}/members": {"institution_id": 999_999},
    "POST /api/sharing-rules": {"ally_institution_id": 999_999, "roles": ["radiologist"], "purpose": "treatment"},
    "POST /api/sharing-rules/import": [],
    "POST /api/patients/{patient_key}/restrictions": {"kind": "vip", **REASON},
    "POST /api/patients/{patient_key}/restrictions/{restriction_id}/lift": REASON,
    "POST /api/patients/{patient_key}/visits": {"day": "2026-11-22"},
    "POST /api/patients/{patient_key}/admissions": {"day": "2026-11-22"},
    "POST /api/patients/{patient_key}/discharges": {"day": "2026-11-22"},
    "POST /api/visits/{visit_id}/withdraw": REASON,
    "POST /api/visits/import": [],
    "PUT /api/retention/policy": {"outpatient_years": 15, "inpatient_years": 30, **REASON},
    "POST /api/retention/destructions": {"study_instance_uids": ["9.9.9"], **REASON},
    "POST /api/retention/destructions/{destruction_id}/withdraw": REASON,
    "POST /api/care-relationships": {"user_id": 999_999, "patient_key": 999_999},
    "POST /api/break-glass": {"study_instance_uid": "9.9.9", **REASON},
    "POST /api/access-reviews/{glass_id}": {"judgement": "justified"},
    "POST /api/devices": {"name": "CT", "ae_title": "CT9", "networks": ["192.0.2.1"]},
    "POST /api/devices/import": [],
    "PATCH /api/devices/{device_id}": {"name": "x"},
    "PUT /api/called-ae-title": {"ae_title": "FIRST"},
    "POST /api/certificates": {"request": "no request", "name": "CT9"},
    "POST /api/certificates/trusted": {"certificate": "no certificate"},
    "POST /api/storages": {"name": "s", "url": "file:///no/such/folder", "role": "cold"},
    "PATCH /api/storages/{storage_id}": {"name": "s"},
    "POST /api/placement-policies": {"name": "p", "storage_ids": [999_999]},
    "PATCH /api/placement-policies/{policy_id}": {"name": "p"},
    "POST /api/audit/search": {},
    "POST /api/audit/export": {},
    "PUT /api/studies/{study_instance_uid}/measurements/draft": {"measurements": []},
    "POST /api/studies/{study_instance_uid}/measurements/report": {},
    "POST /api/studies/{study_instance_uid}/presentation-states": {"views": [{"images": [AN_IMAGE]}]},
    "POST /api/studies/{study_instance_uid}/key-images": {"images": [AN_IMAGE]},
    "PUT /api/reading/preferences": {"preferences": {}},
    "POST /api/reading/hand-over": {"study_instance_uid": "9.9.9", "view": {}},
    "POST /api/hanging-protocols": {"scope": "user", "name": "n", "document": {"version": 1}},
    "PUT /api/hanging-protocols/{hanging_protocol_id}": {"name": "n", "document": {"version": 1}},
    "POST /api/display-checks": {
        "workstation": "desk-0001",
        "answers": {"x": True},
        "screen": {"width": 1, "height": 1, "pixel_ratio": 1},
    },
    "PUT /api/display-checks/rule": {"due_after_days": 30},
}
"""What is sent: well formed, so that the answer is about rights."""
NOT_SIGNED_IN = ("not-signed-in", "second-factor-missing")
UNKNOWN = {"study_instance_uid": "9.9.9", "sop_instance_uid": "9.9.9.9.9", "token": "x" * 43}
"""What names nothing at any hospital; other names are numbers."""
OURS = {"study_instance_uid": STUDY, "sop_instance_uid": INSTANCE}
DICOMWEB_IDENTIFIERS = ((STUDY, SERIES, INSTANCE, "1"), ("9.9.9", "9.9.9.9", "9.9.9.9.9", "1"))
MULTIPART = 'multipart/related; type="application/dicom"; boundary=B'


def url_of(door: Door, values: dict[str, str]) -> str:
    """The address with each {name} filled in."""
    return re.sub(r"\{(\w+)\}", lambda name: values.get(name[1], "999999"), door.path)


def dicomweb_url(door: Door, identifiers: tuple[str, ...]) -> str:
    """The address with each * filled in, in order."""
    if door.path == "wado":
        study, series, instance, _ = identifiers
        return f"/dicom-web/wado?requestType=WADO&studyUID={study}&seriesUID={series}&objectUID={instance}"
    left = iter(identifiers)
    return "/dicom-web/" + "/".join(next(left) if part == "*" else part for part in door.path.split("/"))


def ask(region: Region, door: Door, secret: str | None, *, ours: bool = False) -> Any:
    """Ask the door for what is the first hospital's, or for what is nowhere."""
    if door in DICOMWEB:
        url = dicomweb_url(door, DICOMWEB_IDENTIFIERS[0 if ours else 1])
        if door.method == "POST":
            return region.ask("POST", url, secret, b"--B--\r\n", **{"Content-Type": MULTIPART})
        return region.ask(door.method, url, secret)
    return region.ask(
        door.method, url_of(door, OURS if ours else UNKNOWN), secret, BODIES.get(f"{door.method} {door.path}")
    )


def said(answer: Any) -> tuple[int, str]:
    """Status and reason of an answer, without what it says of the address that was asked."""
    if answer.status_code == 401 and answer.headers["content-type"] == "application/scim+json":
        return 401, "not-signed-in"  # an error of SCIM has no such word (RFC 7644 3.12)
    found = re.search(r'"reason": ?"([\w-]+)"', answer.text)
    return answer.status_code, found[1] if found else ""


def routes_of(routes: Iterable[Any]) -> Iterator[Any]:
    """All of them, those of included routers too."""
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is None:
            yield route
        else:
            yield from routes_of(inner.routes)


def test_every_route_and_resource_has_its_row(region: Region) -> None:
    routes = list(routes_of(region.app.routes))
    api = [each for each in routes if isinstance(each, APIRoute) and each.include_in_schema]
    shown = {(method, each.path) for each in api for method in each.methods}
    assert {(door.method, door.path) for door in API} == shown
    [service] = [each.app for each in routes if isinstance(each, Mount)]
    assert isinstance(service, DicomwebService)
    assert {(door.method, door.path) for door in DICOMWEB} == set(service.resources())
    others = [each.path for each in routes if each not in api and not isinstance(each, Mount)]
    assert sorted(others) == ["/api/openapi.json", "/{path:path}"], "only the description and the pages are in no table"


def test_nobody_comes_in_but_where_nothing_is_asked(region: Region) -> None:
    wrong = []
    for door in (*API, *DICOMWEB):
        for secret in (None, "a-guess"):
            status, reason = said(ask(region, door, secret))
            if (status == 401 and reason in NOT_SIGNED_IN) is (door.asks is Asks.NOTHING):
                wrong.append(f"{door.method} {door.path}: {status} {reason}")
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_what_the_table_says(region: Region, role: Role) -> None:
    """What is nowhere is asked for: who may not is told so, and who may is told that it is not there."""
    wrong = []
    program = region.program(0, role)
    for door in (*API, *DICOMWEB):
        if door.asks in (Asks.NOTHING, Asks.BEGUN):
            continue
        status, reason = said(ask(region, door, region.person if door.asks is Asks.PERSON else program))
        may = not door.rights or bool(door.rights & RIGHTS[role])
        refused = status == 403 and reason != "people-only"
        if (refused or reason in NOT_SIGNED_IN) is may or status in (500, 501):
            wrong.append(f"{door.method} {door.path}: {status} {reason}")
    assert not wrong, "\n".join(map(str, wrong))


def test_another_hospital_learns_not_even_that_something_exists(region: Region) -> None:
    """The same answer for what is ours and for what is nowhere, from whoever has every right elsewhere."""
    everything = region.program(1, *(role for role in ROLES if role is not Role.GUEST))
    wrong = []
    for door in (*API, *DICOMWEB):
        if door.asks is Asks.NOTHING or not re.search(r"[{*]", door.path):
            continue
        ours, nowhere = ask(region, door, everything, ours=True), ask(region, door, everything)
        if said(ours) != said(nowhere) or ours.text.replace(STUDY, "9.9.9") != nowhere.text:
            wrong.append(
                f"{door.method} {door.path}: {said(ours)} {said(nowhere)} {ours.text[:200]} {nowhere.text[:200]}"
            )
    assert not wrong, "\n".join(map(str, wrong))


def test_lists_of_another_hospital_hold_nothing_of_ours(region: Region) -> None:
    everything = region.program(1, *(role for role in ROLES if role is not Role.GUEST))
    for door in (*API, *DICOMWEB):
        if door.asks is not Asks.NOTHING and "{" not in door.path and "*" not in door.path and door.method == "GET":
            answer = ask(region, door, everything)
            assert answer.status_code < 500, door
            assert STUDY not in answer.text, door
            assert "Sample" not in answer.text, door
    for path in ("/api/studies/search", "/api/patients/search"):
        answer = region.ask("POST", path, everything, {"text": "Sample"})
        assert answer.status_code == 200, answer.text
        assert "Sample" not in answer.text


def test_whoever_may_finds_what_is_there(region: Region) -> None:
    """The table's own check: the same questions are answered to those at home."""
    reader = region.program(0, Role.ADMINISTRATOR)
    wrong = []
    for door in DICOMWEB:
        if door.method == "GET" and "bulkdata" not in door.path:
            answer = ask(region, door, reader, ours=True)
            if answer.status_code != 200:
                wrong.append((door.path, answer.status_code, answer.text[:200]))
    assert not wrong, "\n".join(map(str, wrong))
