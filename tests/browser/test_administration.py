"""Destinations and senders; and axe on every page of daily work and administration."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, Route, ViewportSize, expect
from pynetdicom import AE
from tests.browser.conftest import DESK, PHONE
from tests.browser.test_everywhere import AXE, violations

ROOMS = (
    "/patients",
    "/quality",
    "/administration",
    "/administration/destinations",
    "/administration/senders",
    "/administration/deleted",
    "/administration/operations",
)


def test_a_destination_is_added_tested_changed_and_removed(page: Page) -> None:
    entity = AE("PEER")
    entity.add_supported_context("1.2.840.10008.1.1")
    server = entity.start_server(("127.0.0.1", 0), block=False)
    assert server is not None and server.socket is not None
    page.goto("/administration/destinations")
    page.get_by_role("button", name="Add a destination").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Peer")
    dialog.get_by_label("AE title", exact=True).fill("PEER")
    dialog.get_by_label("Host").fill("127.0.0.1")
    dialog.get_by_label("Port").fill(str(server.socket.getsockname()[1]))
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    line = page.locator("[data-destination]").filter(has_text="Peer")
    line.get_by_role("button", name="Test").click()
    expect(line).to_contain_text("Answers in", timeout=15_000)
    server.shutdown()
    line.get_by_role("button", name="Test").click()
    expect(line).to_contain_text("Nobody answers at its address", timeout=15_000)
    line.get_by_role("button", name="Edit Peer").click()
    dialog.get_by_label("Name").fill("Peer of the county")
    dialog.get_by_role("button", name="Save").click()
    renamed = page.locator("[data-destination]").filter(has_text="Peer of the county")
    renamed.get_by_role("button", name="Remove").click()
    dialog.get_by_role("button", name="Remove").click()
    expect(renamed).to_have_count(0)


def test_a_port_that_cannot_be_is_refused_in_words(page: Page) -> None:
    page.goto("/administration/destinations")
    page.get_by_role("button", name="Add a destination").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Wrong")
    dialog.get_by_label("AE title", exact=True).fill("WRONG")
    dialog.get_by_label("Host").fill("localhost")
    dialog.get_by_label("Port").fill("99999")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("a port is 1 to 65535")
    expect(dialog.get_by_label("Name")).to_have_value("Wrong")


def test_what_a_sender_leaves_unsaid_is_kept_and_forgotten(page: Page) -> None:
    page.goto("/administration/senders")
    page.get_by_role("button", name="Add a sender").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("AE title").fill("OLDCT")
    dialog.get_by_label("Character set").select_option("GB18030")
    dialog.get_by_label("Issuer of patient ID").fill("North")
    dialog.get_by_role("button", name="Save").click()
    line = page.locator("[data-sender]").filter(has_text="OLDCT")
    expect(line).to_contain_text("GB18030")
    expect(line).to_contain_text("North")
    line.get_by_role("button", name="Remove").click()
    expect(line).to_have_count(0)


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: npm ci in web/")
@pytest.mark.parametrize(("size", "language"), [(DESK, "en"), (PHONE, "zh-CN")])
def test_axe_finds_nothing_where_one_acts(
    context_at: Callable[..., BrowserContext], studies: None, size: ViewportSize, language: str
) -> None:
    context = context_at(viewport=size, has_touch=size is PHONE, is_mobile=size is PHONE, reduced_motion="reduce")
    page = context.new_page()

    def in_language(route: Route) -> None:
        route.fulfill(json=route.fetch().json() | {"language": language})

    page.route("**/api/me", in_language)
    for room in ROOMS:
        page.goto(room)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.locator("html")).to_have_attribute("lang", language)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        assert violations(page) == []
    page.goto("/")
    page.locator("[data-study-menu]").first.click()
    page.get_by_role("menuitem").nth(3).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.wait_for_timeout(300)  # it fades in, and half-faded words have no contrast
    assert violations(page) == []
