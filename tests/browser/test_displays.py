"""Administration of display tests: which display was tested by whom and when, and when readers are reminded."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import pytest
from bench.node import Node
from playwright.sync_api import BrowserContext, expect
from psycopg.types.json import Jsonb
from tests.browser.conftest import PHONE, watch
from tests.browser.reading import switch_language
from tests.browser.test_everywhere import AXE, violations

from isocenter.apps.home import read_state
from isocenter.kit.database import Database

SCREEN = {"width": 1920, "height": 1080, "pixel_ratio": 1.5, "colour_depth": 24}
NEW, FAILED, OLD = "browser-test-new", "browser-test-failed", "browser-test-old"
_LONG_AGO = """
    INSERT INTO display_check (institution_id, reader, workstation, answers, screen, checked_at)
    VALUES (isocenter_institution(), 'user 999999', %s, '{"ramp": true}', %s, now() - interval '400 days')
"""


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: npm ci in web/")
def test_an_administrator_sees_which_displays_are_due_and_says_how_often(
    context_at: Callable[..., BrowserContext], node: Node
) -> None:
    state = read_state(node.home)
    assert state is not None
    url = state.settings["ISOCENTER_DATABASE_URL"]
    with (
        closing(Database(url, max_connections=1)) as database,
        database.transaction(state.institution_id) as connection,
    ):
        connection.execute(_LONG_AGO, [OLD, Jsonb(SCREEN)])
    page = context_at(viewport=PHONE, has_touch=True, is_mobile=True, reduced_motion="reduce").new_page()
    complaints = watch(page)
    for workstation, ramp in ((FAILED, False), (NEW, True)):
        told = {"workstation": workstation, "answers": {"edges": True, "ramp": ramp}, "screen": SCREEN}
        assert page.request.post("/api/display-checks", data=told, headers={"X-Isocenter": "1"}).status == 201
    page.goto("/administration")
    page.get_by_role("link", name="Display tests").click()
    page.get_by_role("textbox", name="Search: Workstations").fill("browser-test")
    cards = page.locator("[data-record]")
    expect(cards).to_have_count(3)
    expect(cards.nth(0)).to_contain_text(NEW)
    expect(cards.nth(0)).to_contain_text("2880 × 1620 device pixels")
    expect(cards.nth(0)).to_contain_text("Dr Chen")
    expect(cards.nth(0)).to_contain_text("Passed")
    expect(cards.nth(0)).to_contain_text("Due on")
    expect(cards.nth(1)).to_contain_text("Due now: the last test failed")
    expect(cards.nth(1)).to_contain_text("The band from black to white is smooth")
    expect(cards.nth(1)).not_to_contain_text("All four white edges")
    expect(cards.nth(2)).to_contain_text("Overdue since")
    expect(cards.nth(2)).to_contain_text("An account that is not known here")
    days = page.get_by_role("textbox", name="Days until a reader is reminded")
    save = page.get_by_role("button", name="Save")
    before = days.input_value()
    days.fill("0")
    expect(save).to_be_disabled()
    days.fill("401")
    save.click()
    expect(page.get_by_text("Saved: 401 days.")).to_be_visible()
    expect(cards.nth(2)).to_contain_text("Due on")
    assert violations(page) == []
    switch_language(page, "Account menu", "简体中文")
    expect(cards.nth(1)).to_contain_text("现在应检测：上次未通过")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert violations(page) == []
    switch_language(page, "账户菜单", "English")
    days.fill(before)
    save.click()
    expect(page.get_by_text(f"Saved: {before} days.")).to_be_visible()
    expect(cards.nth(2)).to_contain_text("Overdue since")
    assert complaints == []
