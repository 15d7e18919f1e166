"""A restricted patient: hidden, opened in an emergency, told to the security officer, judged; and axe on the pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from bench.node import Node
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.browser.conftest import DESK, PASSWORD, PATIENCE_MS, watch
from tests.browser.test_everywhere import violations

PATIENT = "ROW007"
People = Callable[[str, str], BrowserContext]


@pytest.fixture(scope="module")
def people(browser: Browser, node: Node, address: str, desk: BrowserContext) -> Iterator[People]:
    """Somebody with this name and role, signed in."""
    assert desk is not None
    made: list[BrowserContext] = []

    def person(name: str, role: str) -> BrowserContext:
        told = node.command("user", "add", name, "--role", role).stdout
        link = re.search(r"/enrol/([\w-]{43})", told.replace("\n", ""))
        assert link, told
        context = browser.new_context(viewport=DESK, locale="en", base_url=address)
        context.set_default_timeout(PATIENCE_MS)
        made.append(context)
        answer = context.request.post(
            f"/api/enrolments/{link[1]}",
            headers={"X-Isocenter": "1"},
            data={"username": name, "display_name": name.title(), "password": PASSWORD, "language": "en"},
        )
        assert answer.ok, answer.text()
        return context

    yield person
    for context in made:
        context.close()


def search(page: Page, text: str) -> None:
    page.goto("/")
    page.get_by_role("textbox", name="Search").first.fill(text)


def restrict(page: Page) -> None:
    """The administrator makes the patient a VIP through the page."""
    page.goto("/administration/restrictions")
    page.get_by_role("button", name="Choose a patient").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Patient", exact=True).fill(PATIENT)
    dialog.get_by_role("radio").first.click()
    dialog.get_by_label("Reason").fill("A minister")
    dialog.get_by_role("button", name="Restrict", exact=True).click()
    expect(dialog.get_by_role("button", name="Lift: VIP")).to_be_visible()


def lift(page: Page) -> None:
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("Left office")
    dialog.get_by_role("button", name="Lift: VIP").click()
    expect(dialog.get_by_text("Left office")).to_be_visible()


def break_glass(page: Page) -> None:
    page.get_by_role("button", name="Break the glass").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Number", exact=True).fill(PATIENT)
    dialog.get_by_label("Why it must be now").fill("Unconscious in the emergency room")
    dialog.get_by_role("button", name="Open for four hours").click()
    expect(page.locator("[data-study-link]")).to_have_count(1)
    expect(page.get_by_test_id("restricted")).to_have_text("Restricted")


def test_glass_is_broken_told_and_judged(page: Page, people: People) -> None:
    radiologist, officer = people("rita", "radiologist").new_page(), people("otto", "security-officer").new_page()
    complaints = [*watch(radiologist), *watch(officer)]
    search(radiologist, PATIENT)
    expect(radiologist.locator("[data-study-link]")).to_have_count(1)
    restrict(page)
    try:
        search(radiologist, PATIENT)
        expect(radiologist.get_by_text("No study matches")).to_be_visible()
        break_glass(radiologist)
        officer.goto("/administration")
        expect(officer.get_by_test_id("access-alarm")).to_contain_text("one access waits for review")
        officer.get_by_test_id("access-alarm").get_by_role("link").click()
        expect(officer.locator("[data-record]")).to_contain_text("Unconscious in the emergency room")
        assert violations(officer) == []
        officer.get_by_role("button", name="Judge the access of Rita").click()
        officer.get_by_role("dialog").get_by_label("Not justified").click()
        officer.get_by_role("dialog").get_by_role("button", name="Judge", exact=True).click()
        expect(officer.get_by_test_id("access-alarm")).to_have_count(0)
        search(radiologist, PATIENT)
        expect(radiologist.get_by_text("No study matches")).to_be_visible()
    finally:
        lift(page)
    assert complaints == []


@pytest.mark.parametrize("path", ["alliances", "sharing-rules", "restrictions"])
def test_pages_of_sharing_pass_axe(page: Page, path: str) -> None:
    page.goto(f"/administration/{path}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert violations(page) == []
