"""The frame of the reading room: layouts, mosaic, undo, shortcuts, the menu of commands, a second window."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect
from tests.browser.conftest import PHONE, watch
from tests.browser.reading import taker
from tests.browser.screen import expect_greys, expect_image, letters, open_study, quarters
from tests.browser.studies import SLICES, shown_grey, slice_hu

UPRIGHT = "APRL"
COLUMNS = 64


def command(page: Page, name: str) -> None:
    """Run a command by its name, from the menu of all commands."""
    page.keyboard.press("Control+k")
    page.get_by_role("textbox", name="Find a command").fill(name)
    page.get_by_role("dialog").get_by_role("button", name=name).first.click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def layout(page: Page, name: str) -> None:
    page.get_by_role("button", name="Layout").click()
    page.get_by_role("menuitem", name=name, exact=True).first.click()


def test_layouts_mosaic_and_maximised_viewports_come_and_go_and_can_be_undone(page: Page) -> None:
    open_study(page, "PHANTOM-1")
    expect_image(page, 1, SLICES)
    layout(page, "3 × 4 viewports")
    expect(page.locator("[data-cell]")).to_have_count(12)
    expect_image(page, 1, 3, cell=1)
    page.keyboard.press("Shift+2")
    expect(page.locator("[data-cell]")).to_have_count(2)
    taker()(page, "room-viewports")
    first = page.locator("[data-cell='0']")
    width = first.bounding_box()
    first.dblclick()
    expect(first).to_have_attribute("data-maximised", "true")
    wide = first.bounding_box()
    assert width is not None and wide is not None and wide["width"] > 1.9 * width["width"]
    expect_greys(page, quarters())
    page.keyboard.press("Shift+F")
    expect(first).to_have_attribute("data-maximised", "false")

    page.keyboard.press("Shift+M")
    expect(page.get_by_test_id("mosaic-page")).to_have_text(f"Images 1 – 12 / {SLICES}")
    page.keyboard.press("Control+z")
    expect_image(page, 1, SLICES)
    page.keyboard.press("Control+z")
    expect(page.locator("[data-cell]")).to_have_count(12)
    page.keyboard.press("Control+y")
    expect(page.locator("[data-cell]")).to_have_count(2)


def test_a_mosaic_shows_consecutive_images_and_changes_them_together(page: Page) -> None:
    open_study(page, "PHANTOM-1")
    expect_image(page, 1, SLICES)
    page.get_by_role("button", name="Layout").click()
    page.get_by_role("menuitem", name="Mosaic of 2 × 2").click()
    for tile in range(4):
        expect_image(page, tile + 1, SLICES, cell=f"0-tile-{tile}")
        expect_greys(page, {"centre": shown_grey(slice_hu(tile))}, cell=f"0-tile-{tile}")
    taker()(page, "room-mosaic")
    page.locator("[data-tile='1']").hover()
    page.mouse.wheel(0, 120)
    expect(page.get_by_test_id("mosaic-page")).to_have_text(f"Images 5 – 8 / {SLICES}")
    expect_greys(page, {"centre": shown_grey(slice_hu(7))}, cell="0-tile-3")
    page.locator("[data-tile='2']").click()
    page.keyboard.press("i")
    for tile in range(4):
        expect_greys(page, {"centre": 255 - shown_grey(slice_hu(4 + tile))}, cell=f"0-tile-{tile}")
    page.locator("[data-tile='1']").click()  # another tile becomes the one that commands are for, and is not hung anew
    page.keyboard.press("h")
    for tile in range(4):
        assert_letters(page, "APLR", cell=f"0-tile-{tile}")
        expect_greys(page, {"centre": 255 - shown_grey(slice_hu(4 + tile))}, cell=f"0-tile-{tile}")
    page.keyboard.press("End")
    expect(page.get_by_test_id("mosaic-page")).to_have_text(f"Images 9 – 12 / {SLICES}")


@pytest.mark.parametrize("drawn", ["cpu", "gpu"])
def test_what_was_done_to_a_picture_is_taken_back_and_done_again(page: Page, drawn: str) -> None:
    page.evaluate("how => localStorage.setItem('isocenter.rendering', how)", drawn)
    page.reload()
    open_study(page, "PHANTOM-1")
    expect_greys(page, quarters())
    page.keyboard.press("r")
    page.keyboard.press("h")
    assert_letters(page, "RLAP")
    page.locator("[data-phase=shown]").hover()
    page.mouse.down()
    page.mouse.move(900, 500, steps=6)
    page.mouse.up()
    expect(page.get_by_test_id("overlay-window")).not_to_have_text(re.compile(r"W 400$"))
    page.keyboard.press("Control+z")
    expect(page.get_by_test_id("overlay-window")).to_have_text(re.compile(r"C 40\s+W 400$"))
    assert_letters(page, "RLAP")
    page.keyboard.press("Control+z")
    assert_letters(page, "RLPA")
    page.keyboard.press("Control+z")
    expect_greys(page, quarters())
    assert letters(page) == UPRIGHT
    page.keyboard.press("Control+Shift+z")
    assert_letters(page, "RLPA")
    page.get_by_role("button", name="Undo").click()
    expect_greys(page, quarters())
    page.keyboard.press("i")
    expect_greys(page, {place: 255 - grey for place, grey in quarters().items()})
    page.keyboard.press("Control+z")
    expect_greys(page, quarters())
    page.evaluate("localStorage.removeItem('isocenter.rendering')")


def test_the_picture_of_a_series_never_stands_for_another_one(page: Page) -> None:
    open_study(page, "PHANTOM-1")
    expect_greys(page, quarters())
    held: list[Route] = []
    page.route(re.compile(r"metadata"), lambda route: held.append(route))
    page.locator("[data-series]").nth(1).click()
    expect(page.locator('[data-viewport="cell-0"]')).to_have_attribute("data-phase", "loading")
    expect(page.get_by_test_id("overlay")).to_have_count(0)
    for route in held:
        route.continue_()
    page.unroute_all()
    expect_image(page, 1, 3)


@pytest.mark.parametrize(("keys", "image"), [(["End"], SLICES), (["ArrowDown", "ArrowDown"], 3)])
def test_keys_pressed_before_the_other_slices_are_known_are_not_lost(page: Page, keys: list[str], image: int) -> None:
    held: list[Route] = []
    page.route(re.compile(r"/series/[^/]+/metadata$"), lambda route: held.append(route))
    open_study(page, "PHANTOM-1")
    expect_greys(page, quarters() | {"centre": shown_grey(slice_hu(0))})
    for key in keys:
        page.keyboard.press(key)
    expect_image(page, 1, 1)
    for route in held:
        route.continue_()
    page.unroute_all()
    expect_image(page, image, SLICES)
    expect_greys(page, {"centre": shown_grey(slice_hu(image - 1))})


def assert_letters(page: Page, wanted: str, cell: int | str = 0) -> None:
    words = page.locator(f'[data-viewport="cell-{cell}"] [data-testid="overlay-letters"] b')
    expect(words).to_have_text(list(wanted))


def test_keys_are_ones_own_are_refused_when_taken_and_stay(page: Page) -> None:
    open_study(page, "PHANTOM-1")
    expect_greys(page, quarters())
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog")
    sheet.get_by_role("tab", name="Change keys").click()
    keys = [row.inner_text() for row in sheet.locator("[data-shortcut] > span:nth-child(2) > span").all()]
    assert len(keys) > 30 and sorted(set(keys)) == sorted(keys), "two commands have one key"
    line = sheet.locator("[data-shortcut='invert']")
    line.get_by_role("button", name="Press a key: Invert").click()
    page.keyboard.press("r")
    expect(line.get_by_role("alert")).to_contain_text("“Rotate right” has this key")
    preferences = re.compile("/api/reading/preferences")
    with page.expect_response(lambda answer: answer.request.method == "PUT" and bool(preferences.search(answer.url))):
        page.keyboard.press("Alt+j")
    expect(line.locator("kbd")).to_have_text(["Alt", "J"])
    with page.expect_response(preferences):
        page.reload()
    expect_greys(page, quarters())
    page.keyboard.press("i")
    expect_greys(page, quarters())
    page.keyboard.press("Alt+j")
    expect_greys(page, {place: 255 - grey for place, grey in quarters().items()})
    page.keyboard.press("?")
    sheet.get_by_role("tab", name="Change keys").click()
    sheet.get_by_role("button", name="All keys as at first").click()
    expect(line.locator("kbd")).to_have_text(["I"])


def test_another_window_of_the_study_follows(page: Page) -> None:
    open_study(page, "PHANTOM-1")
    expect_image(page, 1, SLICES)
    with page.context.expect_page() as opened:
        command(page, "Second window")
    other = opened.value
    complaints = watch(other)
    expect_image(other, 1, SLICES)
    page.bring_to_front()
    page.keyboard.press("z")
    expect(other.get_by_role("button", name="Zoom", exact=True)).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("PageDown")
    expect_image(page, 11, SLICES)
    expect_image(other, 11, SLICES)
    assert complaints == []
    other.close()


def test_a_long_press_opens_every_command_on_a_phone(context_at: Callable[..., BrowserContext], studies: None) -> None:
    page = context_at(viewport=PHONE, has_touch=True, is_mobile=True, device_scale_factor=2).new_page()
    complaints = watch(page)
    page.goto("/")
    open_study(page, "PHANTOM-1")
    expect_greys(page, quarters())
    # Where the screen has two pixels for one, too, points of the image lie where they are drawn.
    pane = page.locator('[data-viewport="cell-0"]').bounding_box()
    assert pane is not None
    percent = round(min(pane["width"], pane["height"]) / COLUMNS * 100)
    expect(page.get_by_test_id("overlay-zoom")).to_have_text(f"Zoom {percent} %")
    fingers = page.context.new_cdp_session(page)
    touches = [{"x": 200, "y": 300, "id": 0}]
    fingers.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": touches})
    menu = page.get_by_role("dialog", name="All commands")
    expect(menu).to_be_visible()
    fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    menu.get_by_role("button", name="Invert").click()
    expect_greys(page, {place: 255 - grey for place, grey in quarters().items()})
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert complaints == []
