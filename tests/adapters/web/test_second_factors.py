"""Signing in with a second factor over HTTP: setting up, showing, recovering, and what is refused meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from tests.access.soft_passkey import SoftPasskey

from tests.adapters.web_parts import web_parts
from isocenter.access import enrolment
from isocenter.access.attempts import FREE_ATTEMPTS
from isocenter.access.caller import system_caller
from isocenter.access.roles import Role
from isocenter.access.sealed_secrets import new_sealing_key
from isocenter.access.sessions import session_of, sign_out
from isocenter.access.sign_in import authenticator_app
from isocenter.access.sign_in.policy import SecondFactor, SignInPolicy, set_policy
from isocenter.adapters.web.application import build_application
from isocenter.adapters.web.authentication import COOKIE, Authenticator
from isocenter.adapters.web.sign_in import DEVICE_COOKIE
from isocenter.index.institutions import Institution
from isocenter.kit.database import Database
from isocenter.kit.settings import Settings
from isocenter.kit.shared_change import SharedChange

PASSWORD = "horse staple battery 9"
GUARD = {"X-Isocenter": "1"}
HOST = "localhost:8080"
ORIGIN = f"http://{HOST}"
CREDENTIALS = {"username": "ada", "password": PASSWORD}


@pytest.fixture
def app(database: Database, institution: Institution, tmp_path: Path) -> FastAPI:
    set_policy(
        database, system_caller(institution.institution_id, "test"), SignInPolicy(second_factor=SecondFactor.REQUIRED)
    )
    parts = web_parts(database, Settings(home=tmp_path), sealing_key=new_sealing_key())
    return build_application(parts, (), None)


@pytest.fixture
def browser(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url=ORIGIN, headers=GUARD) as made:
        yield made


@pytest.fixture
def elsewhere(app: FastAPI) -> Iterator[TestClient]:
    """Another browser, which nobody has signed in with."""
    with TestClient(app, base_url=ORIGIN, headers=GUARD) as made:
        yield made


def enrolled(browser: TestClient, database: Database, institution: Institution, username: str = "ada") -> Any:
    system = system_caller(institution.institution_id, "test")
    secret = enrolment.issue_enrolment(database, system, (Role.SECURITY_OFFICER,))
    account = {"username": username, "display_name": "Ada L", "password": PASSWORD, "language": "en"}
    return browser.post(f"/api/enrolments/{secret}", json=account)


def with_an_app(browser: TestClient, database: Database, institution: Institution) -> tuple[pyotp.TOTP, list[str]]:
    """Somebody who set up an app; her recovery codes."""
    enrolled(browser, database, institution)
    seed = browser.post("/api/me/authenticator-app").json()
    totp = pyotp.TOTP(seed["secret"])
    answer = browser.post("/api/me/authenticator-app/confirmation", json={"code": totp.now()})
    assert answer.status_code == 200, answer.text
    return totp, answer.json()["recovery_codes"]


def with_a_passkey(
    browser: TestClient, database: Database, institution: Institution, *, verifies: bool = True
) -> SoftPasskey:
    enrolled(browser, database, institution)
    return a_passkey_added(browser, verifies=verifies)


def a_passkey_added(browser: TestClient, *, verifies: bool = True) -> SoftPasskey:
    passkey = SoftPasskey(ORIGIN, "localhost", verifies=verifies)
    options = browser.post("/api/me/passkeys/options").json()
    answer = browser.post("/api/me/passkeys", json={"credential": passkey.create(options), "label": "key ring"})
    assert answer.status_code == 200, answer.text
    return passkey


def passkey_answer(browser: TestClient, passkey: SoftPasskey) -> Any:
    options = browser.post("/api/sign-in/passkey-options").json()
    return browser.post("/api/sign-in/passkey", json={"credential": passkey.get(options)})


def a_later_code(totp: pyotp.TOTP) -> str:
    """A code that was not shown yet: the present one opened nothing but the set-up, and opens once."""
    return totp.at(int(totp.timecode(_now()) + 1) * authenticator_app.STEP_S)


def _now() -> Any:
    return authenticator_app.utc_now()


def reason(answer: Any) -> tuple[int, str]:
    return answer.status_code, str(answer.json()["error"]["reason"])


def test_where_it_is_required_nothing_opens_before_a_second_factor_is_set_up(
    browser: TestClient, database: Database, institution: Institution
) -> None:
    assert enrolled(browser, database, institution).json()["next"] == "set-up"
    for path in ("/api/me", "/api/sign-in-policy", "/api/me/sessions", "/api/sessions", "/api/me/second-factors"):
        assert reason(browser.get(path)) == (401, "second-factor-missing"), path
    assert reason(browser.patch("/api/me", json={"language": "en"})) == (401, "second-factor-missing")
    assert browser.get("/api/sign-in").json()["next"] == "set-up"
    a_passkey_added(browser)
    assert browser.get("/api/me").json()["username"] == "ada"
    assert browser.get("/api/sign-in").json()["next"] == "none"


def test_an_app_is_asked_for_after_the_password(
    browser: TestClient, elsewhere: TestClient, database: Database, institution: Institution
) -> None:
    totp, recovery_codes = with_an_app(browser, database, institution)
    assert len(set(recovery_codes)) == 10
    half = elsewhere.post("/api/sign-in", json=CREDENTIALS).json()
    assert (half["next"], half["factors"]) == ("second-factor", ["authenticator-app", "recovery-code"])
    assert reason(elsewhere.get("/api/me")) == (401, "second-factor-needed")
    assert reason(elsewhere.post("/api/me/authenticator-app")) == (401, "second-factor-needed")
    before = elsewhere.cookies[COOKIE]
    code = {"factor": "authenticator-app", "code": a_later_code(totp)}
    assert elsewhere.post("/api/sign-in/second-factor", json=code).json()["username"] == "ada"
    assert elsewhere.cookies[COOKIE] != before  # a session that was fixed before opens nothing
    assert elsewhere.get("/api/me").status_code == 200


def test_a_code_opens_once(
    browser: TestClient, elsewhere: TestClient, database: Database, institution: Institution
) -> None:
    totp, _ = with_an_app(browser, database, institution)
    code = {"factor": "authenticator-app", "code": a_later_code(totp)}
    elsewhere.post("/api/sign-in", json=CREDENTIALS)
    assert elsewhere.post("/api/sign-in/second-factor", json=code).status_code == 200
    elsewhere.post("/api/sign-out")
    elsewhere.post("/api/sign-in", json=CREDENTIALS)
    assert reason(elsewhere.post("/api/sign-in/second-factor", json=code)) == (401, "wrong-code")


def test_who_guesses_codes_with_a_stolen_password_is_stopped_and_the_person_is_not(
    app: FastAPI, browser: TestClient, database: Database, institution: Institution
) -> None:
    totp, recovery_codes = with_an_app(browser, database, institution)
    guess = {"factor": "authenticator-app", "code": "000000"}
    for address in range(authenticator_app.STRANGERS_MAY_FAIL):
        with TestClient(app, base_url=ORIGIN, headers=GUARD, client=(f"10.0.0.{address}", 1)) as stranger:
            stranger.post("/api/sign-in", json=CREDENTIALS)
            assert reason(stranger.post("/api/sign-in/second-factor", json=guess)) == (401, "wrong-code")
    right = {"factor": "authenticator-app", "code": a_later_code(totp)}
    with TestClient(app, base_url=ORIGIN, headers=GUARD, client=("10.9.9.9", 1)) as stranger:
        stranger.post("/api/sign-in", json=CREDENTIALS)
        assert reason(stranger.post("/api/sign-in/second-factor", json=right)) == (429, "too-many-attempts")
        other = {"factor": "recovery-code", "code": recovery_codes[0]}
        assert stranger.post("/api/sign-in/second-factor", json=other).status_code == 200
    browser.post("/api/sign-out")  # her own browser keeps its device cookie
    browser.post("/api/sign-in", json=CREDENTIALS)
    assert browser.post("/api/sign-in/second-factor", json=right).status_code == 200


def test_wrong_passwords_from_the_same_address_do_not_slow_a_known_browser(
    browser: TestClient, elsewhere: TestClient, database: Database, institution: Institution
) -> None:
    with_an_app(browser, database, institution)
    wrong = {"username": "ada", "password": "not the password"}
    for _ in range(FREE_ATTEMPTS):
        assert reason(elsewhere.post("/api/sign-in", json=wrong)) == (401, "bad-credentials")
    assert reason(elsewhere.post("/api/sign-in", json=CREDENTIALS)) == (429, "too-many-attempts")
    assert DEVICE_COOKIE in browser.cookies
    assert browser.post("/api/sign-in", json=CREDENTIALS).json()["next"] == "second-factor"


def test_a_recovery_code_opens_once_however_it_is_typed(
    browser: TestClient, elsewhere: TestClient, database: Database, institution: Institution
) -> None:
    _, codes = with_an_app(browser, database, institution)
    typed = codes[3].upper().replace("-", " ").replace("0", "O").replace("1", "l")
    elsewhere.post("/api/sign-in", json=CREDENTIALS)
    answer = elsewhere.post("/api/sign-in/second-factor", json={"factor": "recovery-code", "code": typed})
    assert answer.status_code == 200, answer.text
    assert elsewhere.get("/api/me/second-factors").json()["recovery_codes_left"] == 9
    elsewhere.post("/api/sign-out")
    elsewhere.post("/api/sign-in", json=CREDENTIALS)
    again = elsewhere.post("/api/sign-in/second-factor", json={"factor": "recovery-code", "code": codes[3]})
    assert reason(again) == (401, "wrong-code")


def test_a_passkey_that_verified_the_person_signs_in_alone(
    browser: TestClient, elsewhere: TestClient, database: Database, institution: Institution
) -> None:
    passkey = with_a_passkey(browser, database, institution)
    assert passkey_answer(elsewhere, passkey).json()["username"] == "ada"
    assert elsewhere.get("/api/me/second-factors").json()["passkeys"][0]["last_used_at"] is not None


def test_a_passkey_that_only_proves_presence_is_a_second_factor_and_no_more(
    browser: TestClient, elsewhere: TestClient, database: Database, institution: Institution
) -> None:
    passkey = with_a_passkey(browser, database, institution, verifies=False)
    assert reason(passkey_answer(elsewhere, passkey)) == (401, "passkey-refused")
    elsewhere.post("/api/sign-in", json=CREDENTIALS)
    assert passkey_answer(elsewhere, passkey).json()["username"] == "ada"


@pytest.mark.parametrize("fault", ["origin", "rp_id", "other key", "replayed", "counted back", "of another person"])
def test_a_passkey_opens_only_here_only_for_its_owner_and_only_once(
    browser: TestClient, elsewhere: TestClient, database: Database, institution: Institution, fault: str
) -> None:
    passkey = with_a_passkey(browser, database, institution)
    options = elsewhere.post("/api/sign-in/passkey-options").json()
    if fault == "origin":
        passkey.origin = "https://evil.example"
    elif fault == "rp_id":
        passkey.rp_id = "evil.example"
    elif fault == "other key":
        stolen, passkey = passkey, SoftPasskey(ORIGIN, "localhost")
        passkey.credential_id = stolen.credential_id
    elif fault == "replayed":
        first = passkey.get(options)
        assert elsewhere.post("/api/sign-in/passkey", json={"credential": first}).status_code == 200
        elsewhere.post("/api/sign-out")
        passkey.count -= 2
        assert reason(elsewhere.post("/api/sign-in/passkey", json={"credential": first})) == (401, "passkey-refused")
        return
    elif fault == "counted back":
        passkey.count = 7
        assert passkey_answer(elsewhere, passkey).status_code == 200
        elsewhere.post("/api/sign-out")
        passkey.count = 3
        options = elsewhere.post("/api/sign-in/passkey-options").json()
    elif fault == "of another person":
        enrolled(elsewhere, database, institution, "bob")
        a_passkey_added(elsewhere)
        elsewhere.post("/api/sign-out")
        elsewhere.post("/api/sign-in", json={"username": "bob", "password": PASSWORD})
        options = elsewhere.post("/api/sign-in/passkey-options").json()
    answer = elsewhere.post("/api/sign-in/passkey", json={"credential": passkey.get(options)})
    assert reason(answer) == (401, "passkey-refused")
    assert elsewhere.get("/api/me").status_code == 401
    if fault != "of another person":  # the passkey is asked for somebody whom it does not belong to
        with database.transaction(institution.institution_id) as connection:
            failed = "select count(*) from audit_event where action = 'second-factor-failed'"
            assert connection.execute(failed).fetchone() == (1,)


@pytest.mark.parametrize(
    "credential",
    [
        {},
        {"rawId": "AA", "response": {}},
        {"rawId": 7, "response": {"clientDataJSON": "AA"}},
        {"rawId": "A", "response": {"clientDataJSON": "e30"}},
        {"rawId": "AAAA", "response": {"clientDataJSON": "%%%"}},
        {"rawId": "AAAA", "response": "x"},
    ],
)
def test_junk_is_no_passkey(browser: TestClient, credential: dict[str, Any]) -> None:
    assert reason(browser.post("/api/sign-in/passkey", json={"credential": credential})) == (401, "passkey-refused")


def test_changing_factors_asks_again_who_it_is(
    browser: TestClient, database: Database, institution: Institution
) -> None:
    with_an_app(browser, database, institution)
    with database.transaction(institution.institution_id) as connection:
        connection.execute("update session set created_at = created_at - interval '11 minutes'")
    for method, path in (
        ("POST", "/api/me/recovery-codes"),
        ("POST", "/api/me/passkeys/options"),
        ("POST", "/api/me/authenticator-app"),
        ("DELETE", "/api/me/authenticator-app"),
        ("DELETE", "/api/me/passkeys/1"),
    ):
        assert reason(browser.request(method, path)) == (403, "confirmation-needed"), path
    wrong = browser.post("/api/me/confirmation", json={"password": "not the password"})
    assert reason(wrong) == (401, "bad-credentials")
    assert browser.post("/api/me/confirmation", json={"password": PASSWORD}).status_code == 204
    assert len(browser.post("/api/me/recovery-codes").json()["recovery_codes"]) == 10


def test_the_last_required_factor_is_replaced_not_removed(
    browser: TestClient, database: Database, institution: Institution
) -> None:
    with_an_app(browser, database, institution)
    assert reason(browser.delete("/api/me/authenticator-app")) == (409, "last-second-factor")
    a_passkey_added(browser)
    assert browser.delete("/api/me/authenticator-app").status_code == 204
    factors = browser.get("/api/me/second-factors").json()
    assert factors["authenticator_app_since"] is None
    passkey_id = factors["passkeys"][0]["passkey_id"]
    assert reason(browser.delete(f"/api/me/passkeys/{passkey_id}")) == (409, "last-second-factor")
    assert reason(browser.delete("/api/me/passkeys/999999")) == (404, "unknown-passkey")


def test_where_it_is_offered_who_has_none_comes_in_with_a_password_and_who_has_one_is_asked(
    browser: TestClient, elsewhere: TestClient, database: Database, institution: Institution
) -> None:
    officer = with_a_passkey(browser, database, institution)
    policy = browser.get("/api/sign-in-policy").json() | {"second_factor": "offered"}
    assert browser.put("/api/sign-in-policy", json=policy).json() == policy
    assert enrolled(elsewhere, database, institution, "bob").json()["username"] == "bob"
    elsewhere.post("/api/sign-out")
    assert elsewhere.post("/api/sign-in", json=CREDENTIALS).json()["next"] == "second-factor"
    assert passkey_answer(elsewhere, officer).status_code == 200


def test_a_stricter_policy_is_felt_by_who_is_signed_in(
    browser: TestClient, elsewhere: TestClient, database: Database, institution: Institution
) -> None:
    with_a_passkey(browser, database, institution)
    policy = browser.get("/api/sign-in-policy").json()
    browser.put("/api/sign-in-policy", json=policy | {"second_factor": "offered"})
    enrolled(elsewhere, database, institution, "bob")
    assert elsewhere.get("/api/me").status_code == 200
    browser.put("/api/sign-in-policy", json=policy)
    assert reason(elsewhere.get("/api/me")) == (401, "second-factor-missing")


@pytest.mark.parametrize("change", [{"idle_minutes": 0}, {"session_hours": 9999}, {"min_password_length": 4}, {"x": 1}])
def test_a_policy_out_of_bounds_is_refused(
    browser: TestClient, database: Database, institution: Institution, change: dict[str, int]
) -> None:
    with_a_passkey(browser, database, institution)
    policy = browser.get("/api/sign-in-policy").json()
    assert browser.put("/api/sign-in-policy", json=policy | change).status_code == 400
    assert browser.get("/api/sign-in-policy").json() == policy


def test_a_session_nobody_works_in_ends_and_a_page_left_alone_does_not_keep_it(
    browser: TestClient, database: Database, institution: Institution
) -> None:
    with_a_passkey(browser, database, institution)
    aged = "update session set last_seen_at = now() - interval '29 minutes'"
    with database.transaction(institution.institution_id) as connection:
        connection.execute(aged)
    browser.app.state.parts.authenticator.forget_all()  # type: ignore[attr-defined]
    assert browser.get("/api/me", headers={"X-Isocenter-Unattended": "1"}).status_code == 200
    with database.transaction(institution.institution_id) as connection:
        row = connection.execute("select now() - last_seen_at > interval '28 minutes' from session").fetchone()
        assert row == (True,)
    assert browser.get("/api/me").status_code == 200
    with database.transaction(institution.institution_id) as connection:
        row = connection.execute("select now() - last_seen_at < interval '1 minute' from session").fetchone()
        assert row == (True,)
        connection.execute("update session set last_seen_at = now() - interval '31 minutes'")
    browser.app.state.parts.authenticator.forget_all()  # type: ignore[attr-defined]
    assert reason(browser.get("/api/me")) == (401, "not-signed-in")


def test_a_person_sees_and_ends_where_she_is_signed_in(
    browser: TestClient, elsewhere: TestClient, database: Database, institution: Institution
) -> None:
    passkey = with_a_passkey(browser, database, institution)
    passkey_answer(elsewhere, passkey)
    devices = browser.get("/api/me/sessions").json()["devices"]
    assert sorted((each["method"], each["this"]) for each in devices) == [("link", True), ("passkey", False)]
    other = next(each["sitting"] for each in devices if not each["this"])
    assert elsewhere.get("/api/me").status_code == 200
    assert browser.delete(f"/api/me/sessions/{other}").status_code == 204
    assert reason(elsewhere.get("/api/me")) == (401, "not-signed-in")
    assert reason(browser.delete(f"/api/me/sessions/{other}")) == (404, "unknown-session")
    passkey_answer(elsewhere, passkey)
    assert browser.delete("/api/me/sessions").status_code == 204
    assert elsewhere.get("/api/me").status_code == 401
    assert browser.get("/api/me").status_code == 200


def test_a_session_ended_in_one_process_is_felt_elsewhere_within_five_seconds(
    browser: TestClient, database: Database, institution: Institution, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_a_passkey(browser, database, institution)
    clock = {"now": 1000.0}
    monkeypatch.setattr("isocenter.adapters.web.authentication.time.monotonic", lambda: clock["now"])
    another_process = Authenticator(database)
    secret = browser.cookies[COOKIE]
    assert another_process.identity(secret, bearer=False) is not None
    assert browser.post("/api/sign-out").status_code == 204
    clock["now"] += 5.0
    assert another_process.identity(secret, bearer=False) is None


def test_processes_of_one_home_feel_the_end_of_a_session_at_once(
    app: FastAPI, browser: TestClient, database: Database, institution: Institution, tmp_path: Path
) -> None:
    with_a_passkey(browser, database, institution)
    here, beside = (Authenticator(database, SharedChange(tmp_path / "changed")) for _ in range(2))
    secret = browser.cookies[COOKIE]
    for each in (here, beside):
        assert each.identity(secret, bearer=False) is not None
    session = session_of(database, secret)
    assert session is not None
    sign_out(database, session, secret)
    assert beside.identity(secret, bearer=False) is not None  # nobody has told it
    here.forget_all()
    for each in (here, beside):
        assert each.identity(secret, bearer=False) is None


def test_the_security_officer_ends_the_session_of_anybody_of_her_institution_only(
    app: FastAPI,
    browser: TestClient,
    elsewhere: TestClient,
    database: Database,
    institution: Institution,
    other_institution: Institution,
) -> None:
    with_a_passkey(browser, database, institution)
    enrolled(elsewhere, database, other_institution, "bob")
    strange = elsewhere.get("/api/me/sessions").json()["devices"][0]["sitting"]
    assert [each["username"] for each in browser.get("/api/sessions").json()["devices"]] == ["ada"]
    assert reason(browser.delete(f"/api/sessions/{strange}")) == (404, "unknown-session")
    with TestClient(app, base_url=ORIGIN, headers=GUARD) as third:
        enrolled(third, database, institution, "carol")
        a_passkey_added(third)
        carol = next(e for e in browser.get("/api/sessions").json()["devices"] if e["username"] == "carol")
        assert browser.delete(f"/api/sessions/{carol['sitting']}").status_code == 204
        assert reason(third.get("/api/me")) == (401, "not-signed-in")


def test_a_reset_link_sets_a_password_once_and_ends_what_was_open(
    app: FastAPI, browser: TestClient, elsewhere: TestClient, database: Database, institution: Institution
) -> None:
    with_an_app(browser, database, institution)
    link = _administrator(app, database, institution)
    assert elsewhere.get(f"/api/resets/{link}").json()["username"] == "ada"
    assert reason(elsewhere.post(f"/api/resets/{link}", json={"password": "short"})) == (400, "weak-password")
    answer = elsewhere.post(f"/api/resets/{link}", json={"password": "violet comet anchor 4"})
    assert answer.json()["next"] == "set-up"
    assert reason(browser.get("/api/me")) == (401, "not-signed-in")
    assert reason(elsewhere.post(f"/api/resets/{link}", json={"password": "violet comet anchor 5"})) == (
        404,
        "unknown-reset",
    )
    assert reason(browser.post("/api/sign-in", json=CREDENTIALS)) == (401, "bad-credentials")


def _administrator(app: FastAPI, database: Database, institution: Institution) -> str:
    """A reset link of ada, given out by an administrator; a security officer may not give one."""
    with TestClient(app, base_url=ORIGIN, headers=GUARD) as client:
        system = system_caller(institution.institution_id, "test")
        secret = enrolment.issue_enrolment(database, system, (Role.ADMINISTRATOR,))
        account = {"username": "grace", "display_name": "Grace", "password": PASSWORD, "language": "en"}
        client.post(f"/api/enrolments/{secret}", json=account)
        a_passkey_added(client)
        with database.transaction(institution.institution_id) as connection:
            row: Any = connection.execute("select user_id from user_account where username = 'ada'").fetchone()
        answer = client.post(f"/api/people/{row[0]}/sign-in-reset", json={"forget_factors": True})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["token"])


def test_no_secret_is_stored_as_it_is(browser: TestClient, database: Database, institution: Institution) -> None:
    totp, codes = with_an_app(browser, database, institution)
    with database.transaction(institution.institution_id) as connection:
        stored = "".join(
            str(row)
            for table in ("authenticator_app", "recovery_code", "session", "known_device", "audit_event")
            for row in connection.execute(f"select * from {table}".encode())
        )
    for secret in (totp.secret, codes[0], browser.cookies[COOKIE], browser.cookies[DEVICE_COOKIE], PASSWORD):
        assert secret not in stored
