"""Signing in through a real identity provider, its pages for both keepers, and programs with their secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from bench.node import Node
from playwright.sync_api import Browser, Page, expect
from tests.access.federation.real_provider import a_provider
from tests.browser.conftest import DESK, PASSWORD, PATIENCE_MS, watch
from tests.browser.test_everywhere import violations

ACCOUNTS = {"u-1": {"preferred_username": "lin", "name": "Dr Lin", "groups": ["radiology"]}}


@pytest.fixture(scope="module")
def issuer(address: str) -> Iterator[str]:
    registered = {"client_id": "isocenter", "client_secret": "a-secret", "redirect_uris": ["http://127.0.0.1/"]}
    with a_provider(ACCOUNTS, [registered], f"{address}/api/sign-in/callback/") as found:
        yield found


@pytest.fixture
def officer(node: Node, browser: Browser, address: str) -> Iterator[Page]:
    """Somebody who watches over security."""
    link = node.command("user", "link", "--role", "security-officer").stdout.strip()
    account = {"username": "wang-officer", "display_name": "Wang", "password": PASSWORD, "language": "en"}
    with httpx.Client(base_url=address) as client:
        assert client.post(f"/api/enrolments/{link.rpartition('/')[2]}", json=account).status_code == 200
        cookies = [{"name": each.name, "value": each.value or "", "url": address} for each in client.cookies.jar]
    context = browser.new_context(viewport=DESK, locale="en", base_url=address)
    context.set_default_timeout(PATIENCE_MS)
    context.add_cookies(cookies)  # type: ignore[arg-type]
    yield context.new_page()
    context.close()


def test_a_hospitals_people_sign_in_through_its_provider(
    officer: Page, page: Page, browser: Browser, address: str, issuer: str
) -> None:
    complaints = watch(officer)
    officer.goto("/administration/identity-providers")
    officer.get_by_role("button", name="Add an identity provider").click()
    dialog = officer.get_by_role("dialog")
    dialog.get_by_label("Name").fill("City Hospital")
    dialog.get_by_label("Issuer").fill(issuer)
    dialog.get_by_role("button", name="Check the issuer").click()
    expect(dialog.get_by_role("status")).to_have_text("It answers as it should.")
    expect(dialog.get_by_label("Our redirect address")).to_have_value(
        re.compile(f"{address}/api/sign-in/callback/\\w+")
    )
    dialog.get_by_label("Client ID").fill("isocenter")
    dialog.get_by_label("Client secret").fill("a-secret")
    dialog.get_by_label("The provider always asks for one").check()
    assert violations(officer) == []
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    expect(officer.get_by_text("None yet")).to_be_visible()
    page.goto("/administration/identity-providers")
    page.get_by_role("button", name="Accounts and roles of City Hospital").click()
    rules = page.get_by_role("dialog")
    rules.get_by_label("Make an account when somebody first comes").check()
    rules.get_by_label("Claim with groups or roles").fill("groups")
    rules.get_by_label("What becomes a role").fill("radiology radiologist")
    expect(rules.get_by_text("Line 1 is not")).to_be_visible()
    rules.get_by_label("What becomes a role").fill("radiology = radiologist")
    assert violations(page) == []
    rules.get_by_role("button", name="Save").click()
    expect(rules).to_have_count(0)
    somebody_comes(browser, address)
    assert complaints == []


def somebody_comes(browser: Browser, address: str) -> None:
    """A radiologist of the hospital: unknown there first, then known."""
    context = browser.new_context(viewport=DESK, locale="en", base_url=address)
    context.set_default_timeout(PATIENCE_MS)
    visitor = context.new_page()
    complaints = watch(visitor)
    for login, arrives in (("nobody", "did not succeed"), ("u-1", "Dr Lin")):
        visitor.goto("/sign-in?back=%2Fstudies%2F1.2.3")
        visitor.get_by_role("link", name="Sign in with City Hospital").click()
        visitor.get_by_label("User").fill(login)
        visitor.get_by_role("button", name="Go on").click()
        if login == "nobody":
            expect(visitor.get_by_role("alert")).to_contain_text(arrives)
            assert violations(visitor) == []
    visitor.wait_for_url("**/studies/1.2.3")
    visitor.goto("/account")
    expect(visitor.get_by_label("Your name")).to_have_value("Dr Lin")
    context.close()
    assert complaints == []


def test_a_program_is_let_in_and_its_secret_changed(page: Page, address: str) -> None:
    page.goto("/administration/programs")
    page.get_by_role("button", name="Add a client").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("RIS")
    dialog.get_by_label("see the state of the system").check()
    assert violations(page) == []
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("Keep this now")).to_be_visible()
    client_id = dialog.get_by_label("Client ID").input_value()
    first = dialog.get_by_label("Secret").input_value()
    dialog.get_by_role("button", name="Done").click()
    assert token_for(address, client_id, first) == 200
    page.get_by_role("button", name="Secrets of RIS").click()
    dialog.get_by_role("button", name="Add a secret").click()
    shown = page.get_by_role("dialog").filter(has_text="Keep this now")
    second = shown.get_by_label("Secret").input_value()
    shown.get_by_role("button", name="Done").click()
    expect(dialog.locator("[data-secret]")).to_have_count(2)
    dialog.locator("[data-secret]").first.get_by_role("button", name="End this secret").click()
    expect(dialog.locator("[data-secret]")).to_have_count(1)
    assert (token_for(address, client_id, first), token_for(address, client_id, second)) == (401, 200)
    dialog.get_by_role("button", name="Done").click()
    page.get_by_role("button", name="End RIS").click()
    dialog.get_by_role("button", name="End").click()
    expect(page.get_by_text("Ended")).to_be_visible()
    assert token_for(address, client_id, second) == 401


def test_a_token_is_issued_with_scopes_and_ended(page: Page, address: str) -> None:
    page.goto("/administration/programs")
    page.get_by_role("tab", name="Tokens").click()
    page.get_by_role("button", name="Issue a token").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What it is for").fill("monitor")
    dialog.get_by_label("see the state of the system").check()
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("Keep this now")).to_be_visible()
    token = {"Authorization": f"Bearer {dialog.get_by_label('Token').input_value()}"}
    dialog.get_by_role("button", name="Done").click()
    assert httpx.get(f"{address}/api/me", headers=token).json()["rights"] == ["see-status"]
    page.get_by_role("button", name="End token monitor").click()
    dialog.get_by_role("button", name="End").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("row").filter(has_text="monitor")).to_contain_text("Ended")


def token_for(address: str, client_id: str, secret: str) -> int:
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    return httpx.post(f"{address}/oauth/token", data=form).status_code
