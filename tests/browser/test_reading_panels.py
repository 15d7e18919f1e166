"""The reading room for everybody: nothing for axe with any panel open, on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from tests.browser.conftest import PHONE, watch
from tests.browser.reading import open_series, shown, taker
from tests.browser.screen import expect_image, open_study
from tests.browser.test_everywhere import AXE, violations
from tests.phantoms.basics import Place
from tests.phantoms.comparison import CURRENT, a_prior_and_a_current
from tests.phantoms.space import AXIAL, CORONAL, OBLIQUE, SAGITTAL, a_stack

pytestmark = pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: npm ci in web/")


@pytest.fixture(scope="module")
def compared(store: Callable[..., None], studies: None) -> None:
    """A study with a prior, so that no panel is empty, and one with four series of one body."""
    planes = {"axial": AXIAL, "sagittal": SAGITTAL, "coronal": CORONAL, "oblique": OBLIQUE}
    stacks = [a_stack(Place("ROOM", name, at), plane, slices=9) for at, (name, plane) in enumerate(planes.items(), 1)]
    store(*a_prior_and_a_current(), *(each for stack in stacks for each in stack))


def look_at_every_panel(page: Page, group: str) -> list[str]:
    """What axe finds with each panel open, and how the page fits its screen; empty when all is well."""
    found = []
    buttons = page.get_by_role("group", name=group).get_by_role("button")
    assert buttons.count() > 0
    for index in range(buttons.count()):
        name = buttons.nth(index).get_attribute("aria-label") or ""
        buttons.nth(index).click()
        expect(page.locator("[data-panel]")).to_be_visible()
        page.wait_for_timeout(250)  # a sheet slides in, and half-faded words have no contrast
        found += [f"{name}: {each}" for each in violations(page)]
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            found.append(f"{name}: the page is {wide} px wider than the screen")
        page.locator("[data-panel]").get_by_role("button", name="Close", exact=True).click()
        expect(page.locator("[data-panel]")).to_have_count(0)
    return found


def test_axe_finds_nothing_with_any_panel_open_on_the_desk(page: Page, compared: None) -> None:
    open_series(page, f"A-{CURRENT}", "abdomen")
    assert look_at_every_panel(page, "Panels") == []


def test_four_series_are_read_side_by_side(page: Page, compared: None) -> None:
    open_series(page, "ROOM", "axial")
    page.keyboard.press("Shift+4")
    for cell in range(4):
        shown(page, cell)
    words = [page.locator(f'[data-viewport="cell-{cell}"] [data-testid=overlay]').inner_text() for cell in range(4)]
    assert all(any(name in each for each in words) for name in ("axial", "sagittal", "coronal", "oblique"))
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    expect_image(page, 5, 9)
    take = taker()
    take(page, "room")
    page.get_by_role("button", name="Key images and views").click()
    expect(page.locator("[data-panel]")).to_be_visible()
    take(page, "filed")


def test_axe_finds_nothing_with_any_panel_open_on_a_phone(
    context_at: Callable[..., BrowserContext], compared: None
) -> None:
    page = context_at(viewport=PHONE, has_touch=True, is_mobile=True).new_page()
    complaints = watch(page)
    page.goto("/")
    open_study(page, f"A-{CURRENT}")
    shown(page)
    assert look_at_every_panel(page, "Panels") == []
    assert complaints == []
