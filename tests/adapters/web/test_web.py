"""The product's HTTP interface around a real database: signing in, refusals, headers, files."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.adapters.web_parts import web_parts
from isocenter.access import api_tokens, enrolment
from isocenter.access.attempts import FREE_ATTEMPTS
from isocenter.access.caller import system_caller
from isocenter.access.errors import InvalidRole
from isocenter.access.roles import Role, rights_of
from isocenter.adapters.web.application import build_application
from isocenter.adapters.web.authentication import COOKIE
from isocenter.adapters.web.errors import error_response
from isocenter.adapters.web.security import MAX_API_BODY_BYTES
from isocenter.index.institutions import Institution
from isocenter.kit.database import Database
from isocenter.kit.errors import Exhausted
from isocenter.kit.settings import Settings

PASSWORD = "horse staple battery 9"
GUARD = {"X-Isocenter": "1"}
ACCOUNT = {"username": "ada", "display_name": "Ada L", "password": PASSWORD, "language": "en"}


@pytest.fixture
def web_client(tmp_path: Path) -> Path:
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text(
        '<!doctype html><meta property="csp-nonce" nonce="__CSP_NONCE__"><title>Isocenter</title>'
    )
    (dist / "assets" / "app-1234.js").write_text("void 0")
    (dist / "assets" / "app-1234.js.gz").write_bytes(gzip.compress(b"void 0"))
    return dist


@pytest.fixture
def app(database: Database, institution: Institution, tmp_path: Path, web_client: Path) -> FastAPI:
    parts = web_parts(database, Settings(home=tmp_path))
    return build_application(parts, (), web_client)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False) as made:
        yield made


def an_enrolment(database: Database, institution: Institution, role: Role = Role.ADMINISTRATOR) -> str:
    return enrolment.issue_enrolment(database, system_caller(institution.institution_id, "test"), (role,))


def enrolled(client: TestClient, database: Database, institution: Institution) -> dict[str, Any]:
    answer = client.post(f"/api/enrolments/{an_enrolment(database, institution)}", json=ACCOUNT)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def reason(answer: Any) -> str:
    return str(answer.json()["error"]["reason"])


def test_an_enrolment_link_creates_the_account_and_signs_in(
    client: TestClient, database: Database, institution: Institution
) -> None:
    secret = an_enrolment(database, institution)
    offer = client.get(f"/api/enrolments/{secret}").json()
    assert (offer["roles"], offer["institution_name"], offer["username"]) == (["administrator"], "Demo", None)
    answer = client.post(f"/api/enrolments/{secret}", json=ACCOUNT)
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    me = client.get("/api/me").json()
    assert me["username"] == "ada"
    assert me["institution"]["name"] == "Demo"
    assert client.get(f"/api/enrolments/{secret}").status_code == 404


def test_signing_in_and_out(client: TestClient, database: Database, institution: Institution) -> None:
    enrolled(client, database, institution)
    client.cookies.clear()
    assert client.get("/api/me").status_code == 401
    assert client.post("/api/sign-in", json={"username": "Ada", "password": PASSWORD}).status_code == 200
    session = client.cookies[COOKIE]
    assert client.post("/api/sign-out", headers=GUARD).status_code == 204
    client.cookies.set(COOKIE, session)
    assert client.get("/api/me").status_code == 401


def test_wrong_credentials_are_refused_and_then_slowed_down(
    client: TestClient, database: Database, institution: Institution
) -> None:
    enrolled(client, database, institution)
    wrong = {"username": "ada", "password": "not the password"}
    for _ in range(FREE_ATTEMPTS):
        answer = client.post("/api/sign-in", json=wrong)
        assert (answer.status_code, reason(answer)) == (401, "bad-credentials")
    answer = client.post("/api/sign-in", json=wrong)
    assert (answer.status_code, reason(answer)) == (429, "too-many-attempts")
    assert int(answer.headers["retry-after"]) >= 1


def test_who_is_signed_in_is_told_what_the_role_includes(
    client: TestClient, database: Database, institution: Institution
) -> None:
    enrolled(client, database, institution)
    assert set(client.get("/api/me").json()["rights"]) == {str(right) for right in rights_of([Role.ADMINISTRATOR])}


def test_a_change_with_a_cookie_needs_the_guard_header(
    client: TestClient, database: Database, institution: Institution
) -> None:
    enrolled(client, database, institution)
    answer = client.patch("/api/me", json={"language": "zh-CN"})
    assert (answer.status_code, reason(answer)) == (403, "missing-guard-header")
    assert client.patch("/api/me", json={"language": "zh-CN"}, headers=GUARD).json()["language"] == "zh-CN"


@pytest.mark.parametrize("site", ["cross-site", "same-site", "whatever"])
def test_a_page_of_another_address_changes_nothing(
    client: TestClient, database: Database, institution: Institution, site: str
) -> None:
    enrolled(client, database, institution)
    answer = client.patch("/api/me", json={"language": "zh-CN"}, headers=GUARD | {"Sec-Fetch-Site": site})
    assert (answer.status_code, reason(answer)) == (403, "missing-guard-header")
    ours = GUARD | {"Sec-Fetch-Site": "same-origin"}
    assert client.patch("/api/me", json={"language": "zh-CN"}, headers=ours).status_code == 200


@pytest.mark.parametrize(
    "body", [{"roles": ["administrator"]}, {"institution_id": 2}, {"language": "xx"}, {"display_name": ""}]
)
def test_nobody_assigns_what_is_not_offered(
    client: TestClient, database: Database, institution: Institution, body: dict[str, object]
) -> None:
    enrolled(client, database, institution)
    assert client.patch("/api/me", json=body, headers=GUARD).status_code == 400


def test_changing_the_password_asks_for_the_current_one(
    client: TestClient, database: Database, institution: Institution
) -> None:
    enrolled(client, database, institution)
    change = {"current": "wrong", "new": "another long sentence"}
    answer = client.post("/api/me/password", json=change, headers=GUARD)
    assert (answer.status_code, reason(answer)) == (401, "bad-credentials")
    weak = {"current": PASSWORD, "new": "short"}
    assert reason(client.post("/api/me/password", json=weak, headers=GUARD)) == "weak-password"
    change["current"] = PASSWORD
    assert client.post("/api/me/password", json=change, headers=GUARD).status_code == 204
    assert client.get("/api/me").status_code == 200


def test_a_bearer_token_opens_the_api_and_a_bad_one_does_not(
    client: TestClient, database: Database, institution: Institution
) -> None:
    token = api_tokens.issue_token(database, system_caller(institution.institution_id, "t"), (Role.MODALITY,))
    assert client.get("/api/me", headers={"Authorization": f"Bearer {token}"}).json()["roles"] == ["modality"]
    for bad in (f"Bearer {token}x", f"Basic {token}", "Bearer", "Bearer \xff", token):
        answer = client.get("/api/me", headers={"Authorization": bad.encode("latin-1")})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_modality_may_not_see_the_status(client: TestClient, database: Database, institution: Institution) -> None:
    token = api_tokens.issue_token(database, system_caller(institution.institution_id, "t"), (Role.MODALITY,))
    answer = client.get("/api/status", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, reason(answer)) == (403, "refused")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/me"), ("GET", "/api/status"), ("GET", "/api/about"), ("POST", "/api/studies/search"),
     ("GET", "/api/studies/1.2.3"), ("POST", "/api/sign-out")],
)  # fmt: skip
def test_strangers_get_nothing(client: TestClient, method: str, path: str) -> None:
    answer = client.request(method, path, json={} if method == "POST" else None)
    assert (answer.status_code, reason(answer)) == (401, "not-signed-in")


def test_a_refused_body_is_never_repeated_in_the_answer(client: TestClient) -> None:
    answer = client.post("/api/sign-in", json={"username": "ada", "password": ["PLANTED-SECRET"], "x": "PLANTED-NAME"})
    assert answer.status_code == 400
    assert "PLANTED" not in answer.text


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"username": "\\ud800", "password": "x"}'])
def test_bodies_that_are_no_json_are_refused(client: TestClient, content: bytes) -> None:
    answer = client.post("/api/sign-in", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 401)


def test_large_bodies_are_refused_before_they_are_read(client: TestClient) -> None:
    answer = client.post("/api/sign-in", content=b"x" * (MAX_API_BODY_BYTES + 1))
    assert (answer.status_code, reason(answer)) == (413, "too-large")
    assert client.post("/api/sign-in", content=b"{}", headers={"Content-Length": "-1"}).status_code == 413


def test_every_answer_carries_the_security_headers(client: TestClient) -> None:
    for path in ("/", "/api/me", "/assets/app-1234.js", "/nothing/here", "/api/nothing"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "'unsafe-eval'" not in policy
        assert "'unsafe-inline'" not in policy
        assert "script-src 'self' 'wasm-unsafe-eval'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "server" not in headers


def test_the_web_client_answers_every_page_and_keeps_hashed_files_for_ever(client: TestClient) -> None:
    for path in ("/", "/studies/1.2.3", "/enrol/secret", "/a%2F..%2Fb"):
        answer = client.get(path)
        assert "Isocenter" in answer.text
        assert answer.headers["cache-control"] == "no-store"
    asset = client.get("/assets/app-1234.js", headers={"Accept-Encoding": "identity"})
    assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert asset.headers["content-type"].startswith("text/javascript")
    assert client.get("/assets/app-9999.js").status_code == 404


def test_every_page_has_a_nonce_of_its_own(client: TestClient) -> None:
    nonces = set()
    for _ in range(3):
        answer = client.get("/")
        (nonce,) = re.findall(r'nonce="([^"]{20,})"', answer.text)
        assert f"style-src 'self' 'nonce-{nonce}'" in answer.headers["content-security-policy"]
        nonces.add(nonce)
    assert len(nonces) == 3


@pytest.mark.parametrize(
    "path", ["/../../etc/passwd", "/assets/../../etc/passwd", "/assets/%2e%2e/%2e%2e/secret", "/%00", "/assets/%c0%ae"]
)
def test_no_path_leaves_the_web_client_folder(client: TestClient, path: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("PLANTED")
    answer = client.get(path)
    assert "PLANTED" not in answer.text
    assert "root:" not in answer.text


def test_unknown_addresses_of_the_api_are_not_pages(client: TestClient) -> None:
    answer = client.get("/api/nothing")
    assert (answer.status_code, reason(answer)) == (404, "not-found")
    assert client.delete("/api/me").status_code == 405


def test_an_error_that_repeats_half_a_character_is_still_an_answer() -> None:
    answer = error_response(InvalidRole("No \ud800 role.", role="\ud800"))
    assert (answer.status_code, json.loads(bytes(answer.body))["error"]["fields"]) == (400, {"role": "?"})


def test_readiness_says_why_not(database: Database, tmp_path: Path) -> None:
    def full() -> None:
        raise Exhausted("The disk is full.", retry_after_s=9)

    parts = web_parts(database, Settings(home=tmp_path), ready=full)
    client = TestClient(build_application(parts, (), None))
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "9")
    assert client.get("/health/live").json()["status"] == "live"
    assert client.get("/").status_code == 503


def test_a_defect_tells_an_incident_number_and_nothing_else(app: FastAPI) -> None:
    @app.get("/api/broken")
    def broken() -> None:
        raise RuntimeError("PLANTED /etc/isocenter")

    app.router.routes.insert(0, app.router.routes.pop())
    answer = TestClient(app, raise_server_exceptions=False).get("/api/broken")
    assert answer.status_code == 500
    assert reason(answer) == "defect"
    assert "PLANTED" not in answer.text


def test_metrics_count_requests(client: TestClient) -> None:
    client.get("/health/live")
    assert "isocenter_http_requests_total" in client.get("/metrics").text
