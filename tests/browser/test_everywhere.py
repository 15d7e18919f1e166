"""In both languages, on a phone, for everybody, and when the server is away."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from tests.browser.conftest import PHONE, watch
from tests.browser.screen import expect_greys, expect_image, open_study, quarters
from tests.browser.studies import SLICES

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture
def phone(context_at: Callable[..., BrowserContext], studies: None) -> Iterator[Page]:
    """The study list on a phone."""
    page = context_at(viewport=PHONE, has_touch=True, is_mobile=True, device_scale_factor=2).new_page()
    complaints = watch(page)
    page.goto("/")
    expect(page.locator("[data-study-link]").first).to_be_visible()
    yield page
    assert complaints == []


def test_the_language_changes_at_once_and_stays_with_the_account(page: Page) -> None:
    page.get_by_role("button", name="Account menu").click()
    page.get_by_role("menuitem", name="简体中文").click()
    expect(page.get_by_role("columnheader", name="患者")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    page.reload()
    expect(page.get_by_role("columnheader", name="患者")).to_be_visible()
    page.get_by_role("textbox", name="搜索检查").fill("PHANTOM-1")
    expect(page.locator("[data-study-link]")).to_have_count(1)
    expect(page.locator("[data-study-link]")).to_contain_text("合成影像")
    page.locator("[data-study-link]").click()
    expect(page.get_by_test_id("overlay-instance")).to_have_text(f"图像 1 / {SLICES}")
    page.get_by_role("button", name="账户菜单").click()
    page.get_by_role("menuitem", name="English").click()
    expect(page.get_by_test_id("overlay-instance")).to_have_text(f"Image 1 / {SLICES}")


def test_a_lost_server_is_said_and_what_is_open_stays(page: Page) -> None:
    open_study(page, "PHANTOM-1")
    expect_greys(page, quarters())
    page.wait_for_function("() => document.querySelector('[role=progressbar]') === null")
    page.context.set_offline(True)
    expect(page.get_by_test_id("connection-banner")).to_contain_text("Connection lost")
    page.keyboard.press("End")
    expect_image(page, SLICES, SLICES)
    expect_greys(page, quarters())
    page.context.set_offline(False)
    expect(page.get_by_test_id("connection-banner")).to_contain_text("Connected again")
    expect(page.get_by_test_id("connection-banner")).to_have_count(0)


def test_an_image_that_was_asked_for_while_the_server_was_away_comes_by_itself(page: Page) -> None:
    open_study(page, "PHANTOM-1")
    expect_greys(page, quarters())
    page.route(re.compile(r"/frames/1\b"), lambda route: route.abort())
    page.locator("[data-series]").nth(1).click()
    expect(page.get_by_test_id("frame-failure")).to_contain_text("while the connection is lost")
    page.unroute_all()
    expect_image(page, 1, 3)
    expect_greys(page, quarters())


def test_a_phone_shows_cards_and_fits(phone: Page) -> None:
    expect(phone.locator("table")).to_have_count(0)
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    open_study(phone, "PHANTOM-1")
    expect_greys(phone, quarters())
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_fingers_scroll_and_pinch(phone: Page) -> None:
    open_study(phone, "PHANTOM-1")
    expect_greys(phone, quarters())
    fingers = phone.context.new_cdp_session(phone)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        touches = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})
        phone.wait_for_timeout(30)

    touch("touchStart", (200, 250))
    for y in range(260, 420, 10):
        touch("touchMove", (200, y))
    touch("touchEnd")
    expect(phone.get_by_test_id("overlay-instance")).not_to_have_text(f"Image 1 / {SLICES}")
    before = phone.get_by_test_id("overlay-zoom").inner_text()
    touch("touchStart", (180, 300), (210, 300))
    for step in range(1, 12):
        touch("touchMove", (180 - 8 * step, 300), (210 + 8 * step, 300))
    touch("touchEnd")
    expect(phone.get_by_test_id("overlay-zoom")).not_to_have_text(before)


def violations(page: Page) -> list[str]:
    """What axe finds against WCAG 2.1 A and AA."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    found = page.evaluate(
        """async () => {
          // Half-faded words have no contrast: what fades, however slow the machine, comes to its end first.
          const ends = (one) => Number.isFinite(one.effect.getComputedTiming().endTime);
          const fading = () => document.getAnimations().filter(ends).map((one) => one.finished);
          for (let turn = 0; turn < 20 && fading().length > 0; turn += 1) await Promise.allSettled(fading());
          const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'];
          return (await axe.run(document, { runOnly: rules, resultTypes: ['violations'] })).violations;
        }"""
    )
    return [f"{each['id']}: {node['target']} {node['html'][:160]}" for each in found for node in each["nodes"]]


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: npm ci in web/")
def test_axe_finds_nothing_on_the_desk(page: Page) -> None:
    assert violations(page) == []
    page.get_by_role("button", name="More filters").click()
    assert violations(page) == []
    open_study(page, "PHANTOM-1")
    expect_greys(page, quarters())
    assert violations(page) == []
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.wait_for_timeout(300)  # the sheet fades in, and half-faded words have no contrast
    assert violations(page) == []
    for room in ("/account", "/about"):
        page.goto(room)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert violations(page) == []


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: npm ci in web/")
def test_axe_finds_nothing_at_the_door_and_on_a_phone(context_at: Callable[..., BrowserContext], phone: Page) -> None:
    assert violations(phone) == []
    door = context_at(storage_state=None).new_page()
    door.goto("/sign-in")
    expect(door.get_by_role("button", name="Sign in")).to_be_visible()
    assert violations(door) == []
