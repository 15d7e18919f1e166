"""The audit trail in the browser: an auditor finds who opened a study, reads one event, takes the search as CSV."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from bench.node import Node
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect
from tests.browser.conftest import DESK, PATIENCE_MS, PHONE, watch
from tests.browser.test_everywhere import AXE, violations

PASSWORD = "orchid lamp river nine"


@pytest.fixture(scope="module")
def auditor(browser: Browser, node: Node, address: str, desk: BrowserContext) -> Iterator[BrowserContext]:
    """Signed in as somebody who reads the trail and nothing else, after the administrator has opened a study."""
    looking = desk.new_page()
    looking.goto("/")
    looking.locator("[data-study-link]").first.click()
    looking.wait_for_url("**/studies/*")
    looking.close()
    told = node.command("user", "add", "eva", "--role", "auditor").stdout
    link = re.search(r"/enrol/([\w-]{43})", told.replace("\n", ""))
    assert link, told
    context = browser.new_context(viewport=DESK, locale="en", base_url=address)
    context.set_default_timeout(PATIENCE_MS)
    answer = context.request.post(
        f"/api/enrolments/{link[1]}",
        headers={"X-Isocenter": "1"},
        data={"username": "eva", "display_name": "Eva", "password": PASSWORD, "language": "en"},
    )
    assert answer.ok, answer.text()
    yield context
    context.close()


@pytest.fixture
def trail(auditor: BrowserContext) -> Iterator[Page]:
    """The auditor's page."""
    opened = auditor.new_page()
    complaints = watch(opened)
    opened.goto("/administration/audit")
    expect(opened.get_by_role("heading", name="Audit trail")).to_be_visible()
    yield opened
    opened.close()
    assert complaints == []


def test_an_auditor_finds_who_opened_a_study_and_reads_the_event(trail: Page) -> None:
    trail.get_by_label("What was done").select_option("study-opened")
    trail.get_by_role("button", name="Search").click()
    line = trail.locator("[data-record]").filter(has_text="Opened a study").first
    expect(line).to_contain_text("chen")
    line.get_by_role("button").first.click()
    dialog = trail.get_by_role("dialog")
    expect(dialog).to_contain_text("DICOM Instances Accessed")
    expect(dialog).to_contain_text(re.compile("[0-9a-f]{64}"))
    trail.keyboard.press("Escape")
    trail.get_by_label("User name, program or AE title").fill("nobody-of-this-name")
    trail.get_by_role("button", name="Search").click()
    expect(trail.get_by_text("Nothing found")).to_be_visible()


def test_a_search_is_taken_away_as_csv(trail: Page) -> None:
    with trail.expect_download() as taken:
        trail.get_by_role("button", name="Export CSV").click()
    text = taken.value.path().read_text("utf-8-sig")
    assert text.startswith("sequence,at,who,")
    assert "study-opened" in text


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: npm ci in web/")
@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_finds_nothing(trail: Page, viewport: ViewportSize) -> None:
    trail.set_viewport_size(viewport)
    expect(trail.locator("[data-record]").first).to_be_visible()
    assert violations(trail) == []


def test_nobody_else_is_offered_it(context_at: Callable[..., BrowserContext]) -> None:
    page = context_at().new_page()
    page.goto("/administration")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("link", name="Audit")).to_have_count(0)
