"""The viewer: right pixels, right words, every tool."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from tests.browser.conftest import watch
from tests.browser.screen import expect_greys, expect_image, greys, letters, open_study, quarters
from tests.browser.studies import SLICES, a_ct_slice, shown_grey, slice_hu

UPRIGHT = "APRL"


@pytest.fixture(params=["cpu", "gpu"])
def drawn(request: pytest.FixtureRequest, context_at: Callable[..., BrowserContext], studies: None) -> Iterator[Page]:
    """The study list in a browser that draws images without graphics (its own choice here), or with them."""
    context = context_at()
    context.add_init_script(f"localStorage.setItem('isocenter.rendering', '{request.param}')")
    page = context.new_page()
    complaints = watch(page)
    page.goto("/")
    yield page
    assert complaints == []


def centre_of(index: int) -> dict[str, int]:
    return {"centre": shown_grey(slice_hu(index))}


def test_the_first_slice_has_the_right_greys_and_the_right_words(drawn: Page) -> None:
    open_study(drawn, "PHANTOM-1")
    expect_greys(drawn, quarters() | centre_of(0))
    expect_image(drawn, 1, SLICES)
    overlay = drawn.get_by_test_id("overlay")
    for words in (
        "Phantom-1, Synthetic",
        "合成影像",
        "PHANTOM-1",
        "1980-01-01",
        "2024-03-05 14:30",
        "Series 1 · axial",
    ):
        expect(overlay).to_contain_text(words)
    expect(drawn.get_by_test_id("overlay-window")).to_have_text(re.compile(r"C 40\s+W 400"))
    assert letters(drawn) == UPRIGHT


def test_slices_follow_their_positions_by_wheel_and_by_key(page: Page) -> None:
    open_study(page, "PHANTOM-1")
    expect_image(page, 1, SLICES)
    page.locator("[data-phase=shown]").hover()
    for _ in range(3):
        page.mouse.wheel(0, 120)
        page.wait_for_timeout(60)  # a hand turns a wheel in clicks
    expect_image(page, 4, SLICES)
    expect_greys(page, centre_of(3))
    page.keyboard.press("End")
    expect_image(page, SLICES, SLICES)
    expect_greys(page, centre_of(SLICES - 1))
    page.keyboard.press("ArrowUp")
    expect_image(page, SLICES - 1, SLICES)


def test_presets_and_dragging_change_the_window_and_reset_brings_it_back(drawn: Page) -> None:
    open_study(drawn, "PHANTOM-1")
    expect_greys(drawn, quarters())
    drawn.get_by_role("button", name="Presets").click()
    drawn.get_by_role("menuitem", name="Bone").click()
    expect(drawn.get_by_test_id("overlay-window")).to_have_text(re.compile(r"C 400\s+W 2000"))
    expect_greys(drawn, quarters(400, 2000))
    pane = drawn.locator("[data-phase=shown]").bounding_box()
    assert pane is not None
    drawn.mouse.move(pane["x"] + 500, pane["y"] + 400)
    drawn.mouse.down()
    drawn.mouse.move(pane["x"] + 600, pane["y"] + 420, steps=6)
    drawn.mouse.up()
    expect(drawn.get_by_test_id("overlay-window")).not_to_have_text(re.compile(r"W 2000"))
    drawn.keyboard.press("0")
    expect_greys(drawn, quarters())


def test_flips_and_turns_move_the_picture_and_its_letters_together(drawn: Page) -> None:
    open_study(drawn, "PHANTOM-1")
    expect_greys(drawn, quarters())
    drawn.keyboard.press("h")
    mirrored = {
        "top_left": "top right",
        "top_right": "top left",
        "bottom_left": "bottom right",
        "bottom_right": "bottom left",
    }
    expect_greys(drawn, quarters(**mirrored))
    assert letters(drawn) == "APLR"
    expect(drawn.get_by_test_id("overlay")).to_contain_text("Flipped")
    drawn.keyboard.press("0")
    expect_greys(drawn, quarters())
    drawn.keyboard.press("r")
    turned = {
        "top_right": "top left",
        "bottom_right": "top right",
        "bottom_left": "bottom right",
        "top_left": "bottom left",
    }
    expect_greys(drawn, quarters(**turned))
    assert letters(drawn) == "RLPA"
    drawn.keyboard.press("h")
    # Flipped left and right on the screen, however it was turned before.
    sides = {"left": "right", "right": "left"}
    turned_then_flipped = {
        f"{row}_{sides[side]}": quarter for place, quarter in turned.items() for row, side in [place.split("_")]
    }
    expect_greys(drawn, quarters(**turned_then_flipped))
    assert letters(drawn) == "RLAP"
    drawn.keyboard.press("0")
    drawn.keyboard.press("v")
    upside_down = {
        "top_left": "bottom left",
        "top_right": "bottom right",
        "bottom_left": "top left",
        "bottom_right": "top right",
    }
    expect_greys(drawn, quarters(**upside_down))
    assert letters(drawn) == "PARL"


def test_invert_zoom_and_pan(drawn: Page) -> None:
    open_study(drawn, "PHANTOM-1")
    expect_greys(drawn, quarters())
    drawn.keyboard.press("i")
    expect_greys(drawn, {place: 255 - grey for place, grey in quarters().items()})
    expect(drawn.get_by_test_id("overlay")).to_contain_text("Inverted")
    drawn.keyboard.press("i")
    before = drawn.get_by_test_id("overlay-zoom").inner_text()
    drawn.keyboard.press("+")
    expect(drawn.get_by_test_id("overlay-zoom")).not_to_have_text(before)
    drawn.keyboard.press("p")
    pane = drawn.locator("[data-phase=shown]").bounding_box()
    assert pane is not None
    drawn.mouse.move(pane["x"] + 600, pane["y"] + 420)
    drawn.mouse.down()
    drawn.mouse.move(pane["x"] + 200, pane["y"] + 420, steps=6)
    drawn.mouse.up()
    # The right half of the picture has come to the middle.
    expect_greys(drawn, {"top left": quarters()["top right"], "bottom left": quarters()["bottom right"]})


def test_a_negative_is_shown_the_right_way_and_is_not_called_inverted(drawn: Page) -> None:
    open_study(drawn, "NEGATIVE")
    negative = {place: 255 - grey for place, grey in quarters().items()}
    expect_greys(drawn, negative)
    expect(drawn.get_by_test_id("overlay")).not_to_contain_text("Inverted")
    drawn.keyboard.press("i")
    expect_greys(drawn, quarters())
    expect(drawn.get_by_test_id("overlay")).to_contain_text("Inverted")
    drawn.keyboard.press("0")
    expect_greys(drawn, negative)
    expect(drawn.get_by_test_id("overlay")).not_to_contain_text("Inverted")


def test_a_film_runs_at_the_rate_it_was_recorded_with_and_stops(page: Page) -> None:
    open_study(page, "CINE")
    expect_image(page, 1, 10)
    expect(page.get_by_label("Frames per second")).to_have_value("20 fps")
    seen = """() => {
      const now = document.querySelector('[data-testid=overlay-instance]')?.textContent;
      (window.seen ??= new Set()).add(now);
      return window.seen.size >= 6;
    }"""
    page.keyboard.press("Space")
    page.wait_for_function(seen)
    page.get_by_role("button", name="Pause").click()
    stopped_at = page.get_by_test_id("overlay-instance").inner_text()
    page.wait_for_timeout(250)
    expect(page.get_by_test_id("overlay-instance")).to_have_text(stopped_at)
    page.keyboard.press("Home")
    expect_greys(page, {"centre": 20})
    page.keyboard.press("End")
    expect_greys(page, {"centre": 200})


def test_layouts_show_several_series_and_take_a_dragged_one(page: Page) -> None:
    open_study(page, "PHANTOM-1")
    expect_greys(page, quarters())
    page.get_by_role("button", name="Layout").click()
    page.get_by_role("menuitem", name="Two side by side").click()
    expect_image(page, 1, SLICES, cell=0)
    expect_image(page, 1, 3, cell=1)
    expect_greys(page, quarters(), cell=0)
    expect_greys(page, quarters(), cell=1)
    thumbnails = page.locator("[data-series]")
    thumbnails.nth(1).drag_to(page.locator("[data-cell='0']"))
    expect_image(page, 1, 3, cell=0)
    page.locator("[data-cell='1']").click()
    thumbnails.nth(0).click()
    expect_image(page, 1, SLICES, cell=1)


def test_one_bad_frame_hides_no_other(page: Page) -> None:
    open_study(page, "BROKEN")
    expect_greys(page, quarters() | centre_of(0))
    page.keyboard.press("ArrowDown")
    expect(page.get_by_test_id("frame-failure")).to_contain_text("2 / 4")
    expect(page.get_by_test_id("frame-failure").get_by_role("button", name="Try again")).to_be_visible()
    expect(page.get_by_test_id("overlay")).to_have_count(0)
    page.keyboard.press("ArrowDown")
    expect_image(page, 3, 4)
    expect_greys(page, centre_of(2))
    # One without pixels is nothing that went wrong, and nothing to try again.
    page.keyboard.press("ArrowDown")
    without = page.get_by_test_id("cell-message")
    expect(without).to_contain_text("There is no picture here")
    expect(without).to_contain_text("4 / 4")
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)


def test_what_cannot_be_drawn_says_so(page: Page) -> None:
    open_study(page, "REPORT")
    # A report without a single item: a page that says what it is of, and that it knows no more.
    expect(page.get_by_test_id("document")).to_contain_text("Structured report")
    expect(page.get_by_test_id("report")).to_contain_text("NOT VERIFIED")


def test_loss_is_marked(page: Page) -> None:
    open_study(page, "LOSSY")
    expect(page.get_by_test_id("overlay-lossy")).to_have_text("LOSSY 12:1")


def test_images_that_arrive_are_appended_and_counted_without_disturbing_what_is_read(
    page: Page, store: Callable[..., None]
) -> None:
    store(*(a_ct_slice("LATE-2", index) for index in range(3)))
    open_study(page, "LATE-2")
    expect_image(page, 1, 3)
    expect(page.get_by_test_id("overlay-arriving")).to_contain_text("3 received, still arriving")
    page.keyboard.press("i")
    page.keyboard.press("End")
    expect_image(page, 3, 3)
    store(*(a_ct_slice("LATE-2", index) for index in range(3, 5)))
    expect_image(page, 3, 5)
    inverted = {place: 255 - grey for place, grey in quarters().items()}
    expect_greys(page, inverted)
    page.keyboard.press("End")
    expect_image(page, 5, 5)
    expect_greys(page, {"centre": 255 - shown_grey(slice_hu(4))})


def test_the_help_sheet_opens_and_keys_rest_under_it(page: Page) -> None:
    open_study(page, "PHANTOM-1")
    expect_image(page, 1, SLICES)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Window tool")
    page.keyboard.press("End")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect_image(page, 1, SLICES)
    page.keyboard.press("Escape")
    page.wait_for_url(re.compile(r"/$"))


def test_a_sealed_study_looks_as_it_did_when_it_was_open(page: Page) -> None:
    page.get_by_role("textbox", name="Search studies").fill("PHANTOM-1")
    expect(page.locator("[data-study-link]")).to_have_count(1)
    expect(page.locator("tbody [data-state=sealed]")).to_be_visible(timeout=45_000)
    page.locator("[data-study-link]").click()
    expect_greys(page, quarters() | centre_of(0))
    page.keyboard.press("End")
    expect_greys(page, quarters() | centre_of(SLICES - 1))
    assert greys(page) is not None
