"""Coming in: the one-time link, the password, the lost session."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import BrowserContext, expect
from tests.browser.conftest import PASSWORD, Enrolled


def test_a_fresh_archive_tells_the_first_administrator_where_to_send_studies(enrolled: Enrolled) -> None:
    assert "ISOCENTER" in enrolled.first_page
    assert "storescu -aec ISOCENTER" in enrolled.first_page


def test_the_enrolment_link_works_once(enrolled: Enrolled) -> None:
    assert "Ask an administrator for a new one" in enrolled.second_use


def test_a_wrong_password_is_refused_and_the_right_one_leads_back_to_where_one_was(
    context_at: Callable[..., BrowserContext],
) -> None:
    page = context_at(storage_state=None).new_page()
    page.goto("/account")
    page.wait_for_url("**/sign-in?back=*")
    page.get_by_label("User name").fill("chen")
    page.get_by_label("Password", exact=True).fill("not this one at all")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("not right")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/account")
    expect(page.get_by_label("Your name")).to_have_value("Dr Chen")


def test_a_session_that_ends_leads_to_sign_in(context_at: Callable[..., BrowserContext], studies: None) -> None:
    page = context_at().new_page()
    page.goto("/")
    expect(page.locator("[data-study-link]").first).to_be_visible()
    page.context.clear_cookies()
    page.wait_for_url("**/sign-in*")


def test_a_link_that_nobody_issued_says_so(context_at: Callable[..., BrowserContext]) -> None:
    page = context_at(storage_state=None).new_page()
    page.goto("/enrol/nobody-made-this")
    expect(page.get_by_role("heading", name="This link does not work")).to_be_visible()
