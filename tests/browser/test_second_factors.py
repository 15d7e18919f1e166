"""Coming in where a hospital requires a second factor: passkeys (a virtual authenticator), apps, recovery, time-out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

import pyotp
import pytest
from bench.node import Node
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.browser.conftest import DESK, PASSWORD, PATIENCE_MS, watch
from tests.browser.test_everywhere import AXE, violations

from isocenter.access.caller import Caller, system_caller
from isocenter.access.enrolment import issue_enrolment
from isocenter.access.roles import Role
from isocenter.access.sign_in.resets import issue_reset
from isocenter.access.users import create_user
from isocenter.apps.home import read_state
from isocenter.index.institutions import ensure_institution
from isocenter.kit.database import Database

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@dataclass(frozen=True, slots=True)
class Hospital:
    """A second institution of the running node, as strict as every new one is."""

    database: Database
    caller: Caller

    def enrolment(self, role: Role) -> str:
        """The path of a one-time link."""
        return f"/enrol/{issue_enrolment(self.database, self.caller, (role,))}"

    def reset_of_somebody(self, username: str) -> str:
        """The path of the link for a person who lost everything."""
        with self.database.transaction(self.caller.institution_id) as connection:
            person = create_user(
                connection,
                self.caller.institution_id,
                username=username,
                display_name="Dr Silva",
                roles=(Role.RADIOLOGIST,),
                password=PASSWORD,
                language="en",
                given_by="test",
            )
        return f"/reset/{issue_reset(self.database, self.caller, person.user_id, forget_factors=True)}"


@pytest.fixture(scope="module")
def hospital(node: Node) -> Iterator[Hospital]:
    state = read_state(node.home)
    assert state is not None
    with closing(Database(state.settings["ISOCENTER_DATABASE_URL"], max_connections=2)) as database:
        with database.transaction() as connection:
            made = ensure_institution(connection, "Strict Hospital")
        yield Hospital(database, system_caller(made.institution_id, "test"))


@pytest.fixture
def browser_at(browser: Browser, node: Node) -> Iterator[Callable[[], BrowserContext]]:
    """Browsers of their own, at the name that passkeys want."""
    made: list[BrowserContext] = []

    def make() -> BrowserContext:
        context = browser.new_context(viewport=DESK, locale="en", base_url=f"http://localhost:{node.http_port}")
        context.set_default_timeout(PATIENCE_MS)
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()


def with_authenticator(page: Page) -> None:
    """What a laptop with a fingerprint reader has."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})


def enrol(page: Page, link: str, username: str) -> None:
    page.goto(link)
    page.get_by_label("User name").fill(username)
    page.get_by_label("Your name").fill(f"Dr {username}")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password again").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", name="One more lock")).to_be_visible()


def keep_codes(page: Page) -> list[str]:
    listed = page.get_by_role("list", name="Recovery codes").get_by_role("listitem")
    expect(listed).to_have_count(10)
    codes = listed.all_inner_texts()
    page.get_by_label("I keep them in a safe place").check()
    page.get_by_role("button", name="Continue").click()
    return codes


def check_accessible(page: Page) -> None:
    """axe finds nothing, once what fades in is there."""
    if AXE.is_file():
        page.wait_for_function("() => document.getAnimations().every((each) => each.playState !== 'running')")
        assert violations(page) == []


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Account menu").click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def give_password(page: Page, username: str) -> None:
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_a_passkey_is_set_up_at_the_first_sign_in_and_opens_alone_from_then_on(
    hospital: Hospital, browser_at: Callable[[], BrowserContext]
) -> None:
    page = browser_at().new_page()
    complaints = watch(page)
    with_authenticator(page)
    enrol(page, hospital.enrolment(Role.RADIOLOGIST), "lee")
    page.goto("/")  # nothing opens before
    expect(page.get_by_role("heading", name="One more lock")).to_be_visible()
    page.get_by_role("button", name="Passkey").click()
    assert len(set(keep_codes(page))) == 10
    expect(page.get_by_text("No studies yet")).to_be_visible()
    sign_out(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("No studies yet")).to_be_visible()
    page.goto("/account")
    expect(page.locator("[data-passkey]")).to_contain_text("last used")
    page.get_by_role("button", name="Remove My passkey").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_role("alert")).to_contain_text("requires a second factor")
    assert complaints == []


def test_an_app_and_a_recovery_code_open_and_a_device_is_signed_out_from_afar(
    hospital: Hospital, browser_at: Callable[[], BrowserContext]
) -> None:
    page = browser_at().new_page()
    enrol(page, hospital.enrolment(Role.RADIOLOGIST), "wang-strict")
    page.get_by_role("button", name="Authenticator app").click()
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    check_accessible(page)
    totp = pyotp.TOTP(page.locator("[class*=secret]").inner_text())
    page.get_by_label("Code that the app shows now").fill(totp.now())
    page.get_by_role("button", name="Finish").click()
    codes = keep_codes(page)
    expect(page.get_by_text("No studies yet")).to_be_visible()
    sign_out(page)
    give_password(page, "wang-strict")
    expect(page.get_by_label("Code of your authenticator app")).to_be_visible()
    check_accessible(page)
    page.get_by_label("Code of your authenticator app").fill("000000")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("not right")
    page.get_by_label("Code of your authenticator app").fill(totp.at(int(time.time()) + 30))
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_text("No studies yet")).to_be_visible()

    other = browser_at().new_page()
    other.goto("/")
    give_password(other, "wang-strict")
    other.get_by_role("button", name="Use a recovery code instead").click()
    other.get_by_label("Recovery code").fill(codes[0].upper())
    other.get_by_role("button", name="Sign in", exact=True).click()
    expect(other.get_by_text("No studies yet")).to_be_visible()
    page.goto("/account")
    expect(page.get_by_text("9 codes are left.")).to_be_visible()
    check_accessible(page)
    page.get_by_role("button", name="Sign out Chrome on Linux").click()
    other.wait_for_url("**/sign-in*")
    expect(page.locator("[data-device]")).to_have_count(1)


def test_the_security_officer_sees_who_is_signed_in_sets_the_policy_and_is_signed_out_when_she_leaves(
    hospital: Hospital, browser_at: Callable[[], BrowserContext]
) -> None:
    page = browser_at().new_page()
    page.clock.install()
    with_authenticator(page)
    enrol(page, hospital.enrolment(Role.SECURITY_OFFICER), "sato")
    check_accessible(page)
    page.get_by_role("button", name="Passkey").click()
    keep_codes(page)
    page.wait_for_url("**/administration")  # there are no studies for her
    page.goto("/administration/signed-in-devices")
    expect(page.get_by_text("Dr sato")).to_be_visible()
    check_accessible(page)
    page.goto("/administration/signing-in")
    page.get_by_label("Sign out after minutes without work").fill("2")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    check_accessible(page)
    page.goto("/account")
    expect(page.locator("[data-device]")).to_have_count(1)
    page.clock.fast_forward(70_000)
    expect(page.get_by_role("dialog")).to_contain_text("You will be signed out in")
    page.get_by_role("button", name="I am here").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.clock.fast_forward(130_000)
    page.wait_for_url("**/sign-in*idle*")
    expect(page.get_by_text("nobody worked here")).to_be_visible()


def test_who_lost_everything_chooses_a_new_password_and_a_new_factor(
    hospital: Hospital, browser_at: Callable[[], BrowserContext]
) -> None:
    page = browser_at().new_page()
    with_authenticator(page)
    page.goto(hospital.reset_of_somebody("silva"))
    page.get_by_label("Password", exact=True).fill("a quiet harbour 77")
    page.get_by_label("Password again").fill("a quiet harbour 77")
    page.get_by_role("button", name="Set the password").click()
    page.get_by_role("button", name="Passkey").click()
    keep_codes(page)
    expect(page.get_by_text("No studies yet")).to_be_visible()
