"""Coming in through an identity provider: a real one, a real browser's cookies, and what is tried against it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from tests.access.federation.real_provider import TRUSTED, a_provider, signed_in_there

from tests.adapters.web_parts import web_parts
from isocenter.access.api_tokens import issue_token
from isocenter.access.caller import Caller, CallerKind, system_caller
from isocenter.access.federation.discovery import Discovery
from isocenter.access.roles import Role
from isocenter.access.sealed_secrets import new_sealing_key
from isocenter.access.sign_in.policy import SecondFactor, SignInPolicy, set_policy
from isocenter.adapters.web.application import build_application
from isocenter.adapters.web.authentication import COOKIE
from isocenter.adapters.web.single_sign_on import COOKIE as SIGN_ON_COOKIE
from isocenter.adapters.web.single_sign_on import word_of
from isocenter.index.institutions import Institution
from isocenter.kit.database import Database
from isocenter.kit.settings import Settings

ACCOUNTS = {"s-1": {"preferred_username": "ada", "name": "Ada Lovelace", "groups": ["rad"]}}
RULES = {"role_claim": "groups", "roles_by_value": {"rad": "radiologist"}, "creates_accounts": True}


@pytest.fixture
def client(database: Database, institution: Institution, tmp_path: Path) -> Iterator[TestClient]:
    parts = web_parts(database, Settings(home=tmp_path, trusted_hosts=TRUSTED), sealing_key=new_sealing_key(), discovery=Discovery(TRUSTED))
    with TestClient(build_application(parts, (), None), raise_server_exceptions=False) as made:
        made.follow_redirects = False
        yield made


@pytest.fixture(scope="module")
def issuer(request: pytest.FixtureRequest) -> Iterator[str]:
    # Where the provider may send browsers is said before its own address, and so our address in it, is known.
    registered = {"client_id": "isocenter", "client_secret": "secret", "redirect_uris": ["http://testserver/unknown"]}
    with a_provider(ACCOUNTS, [registered], "http://testserver/api/sign-in/callback/") as found:
        yield found


def bearer(database: Database, institution: Institution, role: Role) -> dict[str, str]:
    token = issue_token(database, system_caller(institution.institution_id, "test"), (role,))
    return {"Authorization": f"Bearer {token}"}


def an_added_provider(client: TestClient, database: Database, institution: Institution, issuer: str) -> dict[str, Any]:
    body = {"name": "Hospital", "issuer": issuer, "client_id": "isocenter", "client_secret": "secret"}
    officer = bearer(database, institution, Role.SECURITY_OFFICER)
    added = client.post("/api/identity-providers", json=body, headers=officer)
    assert added.status_code == 201, added.text
    number = added.json()["provider_id"]
    administrator = bearer(database, institution, Role.ADMINISTRATOR)
    ruled = client.put(f"/api/identity-providers/{number}/account-rules", json=RULES, headers=administrator)
    assert ruled.status_code == 200, ruled.text
    return dict(ruled.json())


def there_and_back(client: TestClient, provider: dict[str, Any], *amr: str, back: str = "/") -> Any:
    there = client.get(f"/api/sign-in/providers/{provider['provider_id']}", params={"back": back})
    assert there.status_code == 303
    brought = signed_in_there(there.headers["location"], provider["redirect_uri"], "s-1", *amr)
    return client.get(urlsplit(provider["redirect_uri"]).path, params=brought)


def problem(answer: Any) -> str:
    where = urlsplit(answer.headers["location"])
    assert (answer.status_code, where.path) == (303, "/sign-in")
    assert COOKIE not in answer.cookies
    return parse_qs(where.query)["problem"][0]


def test_a_person_goes_there_and_comes_back_signed_in(
    client: TestClient, database: Database, institution: Institution, issuer: str
) -> None:
    provider = an_added_provider(client, database, institution, issuer)
    assert client.get("/api/sign-in/providers").json() == {
        "providers": [{"provider_id": provider["provider_id"], "name": "Hospital"}]
    }
    came = there_and_back(client, provider, "mfa", back="/studies/1.2.3")
    assert (came.status_code, came.headers["location"]) == (303, "/studies/1.2.3")
    me = client.get("/api/me").json()
    assert (me["username"], me["display_name"], me["roles"]) == ("ada", "Ada Lovelace", ["radiologist"])


def test_a_second_factor_that_the_provider_does_not_vouch_for_is_asked_here(
    client: TestClient, database: Database, institution: Institution, issuer: str
) -> None:
    provider = an_added_provider(client, database, institution, issuer)
    officer = Caller(CallerKind.USER, "1", institution.institution_id, (Role.SECURITY_OFFICER,))
    set_policy(database, officer, SignInPolicy(SecondFactor.REQUIRED))
    came = there_and_back(client, provider, back="/patients")
    assert came.headers["location"] == "/sign-in?back=%2Fpatients"
    assert client.get("/api/me").status_code == 401
    assert client.get("/api/sign-in").json()["next"] == "set-up"
    set_policy(database, officer, SignInPolicy(SecondFactor.OFFERED))
    assert there_and_back(client, provider, back="/patients").headers["location"] == "/patients"


def test_the_way_back_stays_in_the_house(
    client: TestClient, database: Database, institution: Institution, issuer: str
) -> None:
    provider = an_added_provider(client, database, institution, issuer)
    for back in ("//evil.example", "/\\evil.example", "https://evil.example", "x", "/a b", "/\r\nX: y"):
        assert there_and_back(client, provider, "mfa", back=back).headers["location"] == "/"


def test_an_answer_without_its_question_opens_nothing(
    client: TestClient, database: Database, institution: Institution, issuer: str
) -> None:
    provider = an_added_provider(client, database, institution, issuer)
    path = urlsplit(provider["redirect_uri"]).path
    there = client.get(f"/api/sign-in/providers/{provider['provider_id']}")
    brought = signed_in_there(there.headers["location"], provider["redirect_uri"], "s-1", "mfa")
    question = client.cookies.get(SIGN_ON_COOKIE)
    client.cookies.clear()
    assert problem(client.get(path, params=brought)) == "sign-in-refused"  # another browser: login CSRF
    for cookie in ("x", "1.x", f"{provider['provider_id']}.guessed.Lw==", "9" * 30 + ".x.Lw==", "1..", "-1.x.Lw=="):
        client.cookies.set(SIGN_ON_COOKIE, cookie, domain="testserver.local", path="/api/sign-in/callback")
        assert problem(client.get(path, params=brought)) in ("sign-in-refused", "unknown-identity-provider")
        client.cookies.clear()
    client.cookies.set(SIGN_ON_COOKIE, str(question), domain="testserver.local", path="/api/sign-in/callback")
    elsewhere = f"/api/sign-in/callback/{word_of('https://evil.example')}"
    assert problem(client.get(elsewhere, params=brought)) == "sign-in-refused"
    with database.transaction(institution.institution_id) as connection:
        actions = [row[0] for row in connection.execute("select action from audit_event order by sequence")]
    assert "federated-sign-in-failed" in actions and "signed-in" not in actions


def test_a_provider_that_is_not_there_is_told_by_the_sign_in_page(client: TestClient) -> None:
    for number in (1, 0, -1, 2**40):
        assert problem(client.get(f"/api/sign-in/providers/{number}")) == "unknown-identity-provider"


def test_each_keeper_reaches_her_own_part(
    client: TestClient, database: Database, institution: Institution, other_institution: Institution, issuer: str
) -> None:
    provider = an_added_provider(client, database, institution, issuer)
    path = f"/api/identity-providers/{provider['provider_id']}"
    officer = bearer(database, institution, Role.SECURITY_OFFICER)
    administrator = bearer(database, institution, Role.ADMINISTRATOR)
    settings = {"name": "Clinic", "client_id": "c", "second_factor": "here"}
    assert client.put(path, json=settings, headers=administrator).status_code == 403
    assert client.put(f"{path}/account-rules", json=RULES, headers=officer).status_code == 403
    assert client.put(path, json={**settings, "issuer": "https://evil.example"}, headers=officer).status_code == 400
    changed = client.put(path, json=settings, headers=officer)
    assert changed.json()["has_secret"] and "secret" not in changed.text.replace("has_secret", "")
    assert len(client.get("/api/identity-providers", headers=officer).json()["providers"]) == 1
    assert client.get("/api/identity-providers", headers=administrator).status_code == 403
    assert len(client.get("/api/identity-providers/account-rules", headers=administrator).json()["providers"]) == 1
    stranger = bearer(database, other_institution, Role.SECURITY_OFFICER)
    there = client.delete(path, headers=stranger)
    nowhere = client.delete("/api/identity-providers/99999", headers=stranger)
    assert (there.status_code, there.json()) == (404, nowhere.json())
    assert client.delete(path, headers=officer).status_code == 204


def test_a_provider_is_asked_about_itself_and_inside_addresses_are_not_called(
    client: TestClient, database: Database, institution: Institution, issuer: str
) -> None:
    officer = bearer(database, institution, Role.SECURITY_OFFICER)

    def check(address: str) -> dict[str, Any]:
        answer = client.post("/api/identity-providers/check", json={"issuer": address}, headers=officer)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    assert check(issuer) == {
        "ok": True,
        "reason": None,
        "message": None,
        "redirect_uri": f"http://testserver/api/sign-in/callback/{word_of(issuer)}",
    }
    assert check(issuer + "/nothing")["reason"] == "identity-provider-misbehaves"
    for inside in (
        "https://10.0.0.1",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "https://[::ffff:10.0.0.1]",
    ):
        assert check(inside)["reason"] == "forbidden-address"
    body = {"name": "x", "issuer": "https://10.0.0.1", "client_id": "c"}
    assert client.post("/api/identity-providers", json=body, headers=officer).status_code == 400
