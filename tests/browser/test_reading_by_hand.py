"""What the hand does at a desk: the lens, the window of a region, a known length, drawing while the server is away."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.browser.reading import drag, on_screen, open_series
from tests.browser.screen import expect_image
from tests.browser.studies import shown_grey
from tests.browser.test_reading_geometry import expect_grey
from tests.browser.test_reading_measuring import NEAR, below, choose_tool, draft, value
from tests.phantoms import ct
from tests.phantoms.basics import ImagePoint, Place
from tests.phantoms.pet import SLICES as PET_SLICES
from tests.phantoms.pet import a_pet_image
from tests.phantoms.space import AXIAL, a_stack

SHAPE, SPACING = (ct.SIDE, ct.SIDE), ct.ANISOTROPIC
LENS_PX, LENS_TIMES = 240, 2.5
_LENS = """
() => {
  const canvas = document.querySelector('[data-testid=lens]');
  const pencil = canvas.getContext('2d'), half = canvas.width / 2;
  const line = (x, y, wide, high) => {
    const { data } = pencil.getImageData(x, y, wide, high);
    return Array.from({ length: data.length / 4 }, (_, at) => (data[4 * at + 3] ? data[4 * at] : -1));
  };
  return [line(0, half, canvas.width, 1), line(half, 0, 1, canvas.height)];
}
"""


@pytest.fixture(scope="module")
def handled(store: Callable[..., None], studies: None) -> None:
    """Pixels of 2 mm by 0.5 mm; and a CT with two PET, of which one is in a frame of reference of its own."""
    store(*ct.a_known_ct("HAND-CT", SPACING), *ct.a_known_ct("HAND-AWAY", SPACING), *pet_and_ct())


def pet_and_ct() -> list[Any]:
    related, apart = Place("HAND-PET", "PET", 2), Place("HAND-PET", "PET apart", 3, frame_of_reference="another")
    made = a_stack(Place("HAND-PET", "CT", 1), AXIAL, slices=PET_SLICES)
    return made + [a_pet_image(place, index) for place in (related, apart) for index in range(PET_SLICES)]


def at(page: Page, point: ImagePoint) -> tuple[float, float]:
    return on_screen(page, point, SHAPE, SPACING)


def middle(block: ct.Block) -> ImagePoint:
    return (block[0] + block[2]) / 2, (block[1] + block[3]) / 2


def in_the_lens(page: Page) -> tuple[list[int], list[int]]:
    """The greys through the middle of the lens, from left to right and from top to bottom; -1 where there is none."""
    across, down = page.evaluate(_LENS)
    assert len(across) == len(down) == LENS_PX
    return across, down


def expect_in_the_lens(page: Page, wanted: dict[int, int]) -> None:
    """Wait for greys at these distances to the right of the pointer, screen pixels; blended ones are not far off."""
    found: dict[int, int] = {}
    for _ in range(60):
        across, _ = in_the_lens(page)
        found = {right: across[LENS_PX // 2 + right] for right in wanted}
        if all(abs(found[right] - grey) <= 30 for right, grey in wanted.items()):
            return
        page.wait_for_timeout(25)
    raise AssertionError(f"wanted {wanted}, the lens shows {found}")


def test_the_lens_shows_pixels_of_the_file_and_a_region_fills_the_greys(page: Page, handled: None) -> None:
    open_series(page, "HAND-CT", "known")
    lens = page.get_by_test_id("lens")
    body, bone = shown_grey(ct.BODY_HU), shown_grey(1000)
    page.keyboard.press("m")
    page.mouse.move(*at(page, ct.MARKS["A"]))
    expect(lens).to_have_count(0)
    page.mouse.down()
    expect(lens).to_be_visible()
    # One bright pixel of the file, two and a half times as wide and as high as on the screen.
    expect_in_the_lens(page, {0: 255})
    across, down = in_the_lens(page)
    column, row = ct.MARKS["A"]
    wide = at(page, (column + 1, row))[0] - at(page, (column, row))[0]
    high = at(page, (column, row + 1))[1] - at(page, (column, row))[1]
    assert high == pytest.approx(4 * wide)
    for greys, size in ((across, wide), (down, high)):
        # Neighbours are blended: its edge is about where the grey is half way.
        bright = [place for place, grey in enumerate(greys) if grey > (255 + body) / 2]
        assert len(bright) == pytest.approx(size * LENS_TIMES, rel=0.2, abs=1.5)
        assert sum(bright) / len(bright) == pytest.approx(LENS_PX / 2 - 0.5, abs=1.5)
        assert greys[LENS_PX // 4] == pytest.approx(body, abs=2)
    left, top, _, bottom = ct.BLOCKS["bone"][0]
    edge = at(page, (left, (top + bottom) / 2))
    page.mouse.move(*edge)
    expect_in_the_lens(page, {-8: body, 8: bone})
    page.mouse.up()
    expect(lens).to_have_count(0)
    page.keyboard.press("h")
    page.keyboard.press("i")
    expect(page.get_by_test_id("overlay")).to_contain_text("Flipped · Inverted")
    page.mouse.move(2 * at(page, (ct.SIDE / 2, 0))[0] - edge[0], edge[1])
    page.mouse.down()
    expect_in_the_lens(page, {-8: 255 - bone, 8: 255 - body})
    page.mouse.up()
    page.keyboard.press("0")
    expect(page.get_by_test_id("overlay")).not_to_contain_text("Flipped")
    the_values_of_a_region_fill_the_greys(page)


def the_values_of_a_region_fill_the_greys(page: Page) -> None:
    window = page.get_by_test_id("overlay-window")
    left, top, right, bottom = ct.CHECKERED
    page.keyboard.press("Shift+U")
    drag(page, at(page, (left + 2, top + 2)), at(page, (right - 2, bottom - 2)))
    # Values of 40 and 60: so few are spread exactly, and everything else is black or white.
    expect(window).to_have_text(re.compile(r"C 50\s+W 20$"))
    expect_grey(page, at(page, middle(ct.BLOCKS["fat"][0])), 0, "fat")
    expect_grey(page, at(page, middle(ct.BLOCKS["bone"][0])), 255, "bone")
    page.mouse.click(*at(page, middle(ct.BLOCKS["lung"][0])))
    expect(window).to_have_text(re.compile(r"C 50\s+W 20$"))
    # From the first column of water to the last of bone: 0, 40 and 1000 HU.
    (left, top, _, _), (_, _, right, bottom) = ct.BLOCKS["water"][0], ct.BLOCKS["bone"][0]
    drag(page, at(page, (left + 0.5, top + 0.5)), at(page, (right - 0.5, bottom - 0.5)))
    for point, hu in ((middle(ct.BLOCKS["water"][0]), 0), ((68.0, 20.0), ct.BODY_HU), (ct.DISC_CENTRE, ct.DISC_HU)):
        expect_grey(page, at(page, point), shown_grey(hu, 500.5, 1001), f"{hu} HU")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    expect(window).to_have_text(re.compile(r"C 40\s+W 400$"))


def open_measurements(page: Page, study: str) -> None:
    """Open the study and the panel; the picture fits what is left."""
    open_series(page, study, "known")
    page.get_by_role("button", name="Measurements", exact=True).click()
    expect(page.get_by_test_id("draft-state")).to_contain_text("Saved")
    page.keyboard.press("0")


def lengths(kept: list[dict[str, Any]]) -> list[float]:
    return [value(each, "length", "mm") for each in kept if each["kind"] == "length"]


def test_a_known_length_sets_the_scale_of_its_image_alone_and_says_so(page: Page, handled: None) -> None:
    open_measurements(page, "HAND-CT")
    item = page.locator("[data-kind=length]")
    a, b, c = ct.MARKS["A"], ct.MARKS["B"], ct.MARKS["C"]
    choose_tool(page, "length")
    drag(page, at(page, below(a)), at(page, below(b)))
    drag(page, at(page, (c[0] + 20, c[1])), at(page, (a[0] + 20, a[1])))
    expect(item).to_have_count(2)
    expect(item.first).to_contain_text("mm from the pixel spacing of the image")
    assert lengths(draft(page, 2)) == pytest.approx([80 * SPACING[1], 30 * SPACING[0]], abs=2 * NEAR * SPACING[0])
    page.keyboard.press("Shift+L")
    drag(page, at(page, a), at(page, b))
    asked = page.get_by_role("dialog", name="Known length")
    asked.get_by_label("Length in mm").fill("100")
    asked.get_by_role("button", name="Keep").click()
    expect(asked).to_have_count(0)
    # 80 columns are 100 mm instead of 40: everything is two and a half times as long, upright as well.
    by_hand = "mm as calibrated by hand on this image"
    expect(item.filter(has_text=by_hand)).to_have_count(2)
    expect(page.get_by_test_id("draft-state")).to_contain_text("Saved")
    kept = draft(page, 3)
    wanted = [100, 75 * SPACING[0]]
    assert lengths(kept) == pytest.approx(wanted, abs=6 * NEAR * SPACING[0])
    assert {each["spacing_source"] for each in kept} == {"user-calibration"}
    calibrated = [each["calibration"]["mm_per_pixel"] for each in kept]
    assert calibrated == [pytest.approx([5, 1.25], abs=0.02)] * 3
    page.keyboard.press("ArrowDown")
    expect_image(page, 2, 3)
    choose_tool(page, "length")
    drag(page, at(page, below(a)), at(page, below(b)))
    expect(item).to_have_count(3)
    expect(item.filter(has_text=by_hand)).to_have_count(2)
    assert len(draft(page, 4)) == 4
    page.keyboard.press("ArrowUp")
    expect_image(page, 1, 3)
    page.get_by_role("button", name=re.compile("^Delete Calibration")).click()
    expect(item.filter(has_text=by_hand)).to_have_count(0)
    across, upright, other = lengths(draft(page, 3))
    assert (across, upright) == pytest.approx((40, 60), abs=2 * NEAR * SPACING[0])
    assert other == pytest.approx(40, abs=2 * NEAR * SPACING[1])


def test_what_is_drawn_while_the_server_is_away_stays_and_is_saved_when_it_is_back(page: Page, handled: None) -> None:
    open_measurements(page, "HAND-AWAY")
    state = page.get_by_test_id("draft-state")
    page.wait_for_function("() => document.querySelector('[role=progressbar]') === null")
    measured = page.get_by_test_id("measured")
    banner = page.get_by_test_id("connection-banner")
    a, b = ct.MARKS["A"], ct.MARKS["B"]
    page.context.set_offline(True)
    try:
        choose_tool(page, "length")
        drag(page, at(page, a), at(page, b))
        expect(measured).to_contain_text("40.0 mm")
        expect(state).to_contain_text("Not saved: the server cannot be reached")
        expect(banner).to_contain_text("Connection lost")
        page.keyboard.press("End")
        expect_image(page, 3, 3)
        expect(measured).to_have_count(0)
        drag(page, at(page, below(a)), at(page, below(b)))
        page.keyboard.press("Home")
        expect_image(page, 1, 3)
        expect(measured).to_have_count(1)
        expect(state).to_contain_text("Not saved")
    finally:
        page.context.set_offline(False)
    expect(state).to_contain_text("Saved as your draft")
    assert [each["sop_instance_uid"] for each in draft(page, 2)] == [
        each.SOPInstanceUID for each in ct.a_known_ct("HAND-AWAY", SPACING)[::2]
    ]
    assert lengths(draft(page, 2)) == pytest.approx([40, 40], abs=2 * NEAR * SPACING[1])


def test_pet_in_another_frame_of_reference_does_not_follow_and_says_so(page: Page, handled: None) -> None:
    open_series(page, "HAND-PET", "CT")
    page.keyboard.press("Shift+2")
    second = page.locator("[data-cell='1']")
    for series, follows in (("PET", True), ("PET apart", False)):
        second.click()
        page.locator("[data-series]").filter(has=page.get_by_text(series, exact=True)).click()
        expect(second.get_by_test_id("overlay")).to_contain_text(f"· {series}")
        expect_image(page, 1, PET_SLICES, cell=1)
        page.locator("[data-cell='0']").click()
        page.keyboard.press("Home")
        page.keyboard.press("ArrowDown")
        expect_image(page, 2, PET_SLICES, cell=0)
        if follows:
            expect_image(page, 2, PET_SLICES, cell=1)
            expect(second.get_by_test_id("not-linked")).to_have_count(0)
    expect(second.get_by_test_id("not-linked")).to_have_text("NOT LINKED: ANOTHER FRAME OF REFERENCE")
    expect_image(page, 1, PET_SLICES, cell=1)
    # A point of the CT is no point of this PET.
    page.keyboard.press("x")
    page.mouse.click(*on_screen(page, (30, 30), (64, 64)))
    expect(page.locator("[data-cell='0']").get_by_test_id("crosshair")).to_have_count(1)
    expect(second.get_by_test_id("crosshair")).to_have_count(0)
    expect_image(page, 1, PET_SLICES, cell=1)
