"""The picture is right: greys of every function with graphics and without, stacks that follow, marks of what lacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from tests.browser.conftest import watch
from tests.browser.reading import choose_series, on_screen, open_series
from tests.browser.screen import PLACES, expect_greys, expect_image, open_study
from tests.browser.seeing_studies import PALETTE_RED, a_palette_image, a_timed_film, greys, places, with_a_drawing
from tests.browser.studies import SIDE
from tests.pixels.grey_reference import expected

QUARTERS = tuple(place for place in PLACES if place != "centre")


@pytest.fixture(scope="module")
def seen(store: Callable[..., None], studies: None) -> None:
    """The studies of this file are in the archive."""
    images = greys()
    store(with_a_drawing(images[0]), *images[1:], a_palette_image(), *places(), a_timed_film())


@pytest.fixture(params=["cpu", "gpu"])
def drawn(request: pytest.FixtureRequest, context_at: Callable[..., BrowserContext], seen: None) -> Iterator[Page]:
    """The study list in a browser that draws images without graphics, or with them."""
    context = context_at()
    context.add_init_script(f"localStorage.setItem('isocenter.rendering', '{request.param}')")
    page = context.new_page()
    complaints = watch(page)
    page.goto("/")
    yield page
    assert complaints == []


_RENDERED = """
async ([address, places]) => {
  const answer = await fetch(address, { headers: { Accept: 'image/png' } });
  const picture = await createImageBitmap(await answer.blob());
  const pencil = new OffscreenCanvas(picture.width, picture.height).getContext('2d');
  pencil.drawImage(picture, 0, 0);
  return Object.fromEntries(Object.entries(places).map(([name, [right, down]]) => {
    const x = Math.round(picture.width * (0.5 + right)), y = Math.round(picture.height * (0.5 + down));
    return [name, pencil.getImageData(x, y, 1, 1).data[0]];
  }));
}
"""


def test_greys_are_those_of_pydicom_on_screen_and_from_the_server(drawn: Page) -> None:
    open_study(drawn, "GREYS")
    for image in greys():
        choose_series(drawn, str(image.SeriesDescription))
        by_pixel = expected(image)
        wanted = {
            place: round(by_pixel[int(SIDE * (0.5 + PLACES[place][1])) * SIDE + int(SIDE * (0.5 + PLACES[place][0]))])
            for place in QUARTERS
        }
        expect_greys(drawn, wanted)
        address = f"/dicom-web/studies/{image.StudyInstanceUID}/series/{image.SeriesInstanceUID}/instances/{image.SOPInstanceUID}/rendered"  # noqa: E501
        served = drawn.evaluate(_RENDERED, [address, {place: PLACES[place] for place in QUARTERS}])
        assert all(abs(served[place] - grey) <= 1 for place, grey in wanted.items()), (image.SeriesDescription, served)
    choose_series(drawn, "palette")
    expect_greys(drawn, dict(zip(PLACES, PALETTE_RED, strict=False)))
    # A chosen window goes over a table, and reset brings the table back.
    choose_series(drawn, "table first")
    expect(drawn.get_by_test_id("overlay-window")).to_have_count(0)
    drawn.keyboard.press("2")
    expect(drawn.get_by_test_id("overlay-window")).to_contain_text("C 1600")
    drawn.keyboard.press("0")
    expect(drawn.get_by_test_id("overlay-window")).to_have_count(0)


def test_a_drawing_of_the_file_lies_where_it_says(page: Page, seen: None) -> None:
    open_series(page, "GREYS", "sigmoid")
    drawing = page.get_by_test_id("overlay-plane")
    box = drawing.bounding_box()
    corners = [on_screen(page, at, (SIDE, SIDE)) for at in ((16, 8), (32, 16))]
    assert box is not None
    assert [box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]] == pytest.approx(
        [*corners[0], *corners[1]], abs=1
    )
    page.keyboard.press("o")
    expect(drawing).to_have_count(0)
    page.keyboard.press("o")
    expect(drawing).to_be_visible()


def test_stacks_follow_by_place_and_say_when_they_cannot(page: Page, seen: None) -> None:
    open_series(page, "PLACES", "axial")
    page.keyboard.press("Shift+2")
    page.locator("[data-cell='1']").click()
    choose_second(page, "thin")
    page.locator("[data-cell='0']").click()
    page.keyboard.press("ArrowDown")
    expect_image(page, 6, 11, cell=1)
    page.keyboard.press("End")
    expect(page.locator("[data-cell='1']").get_by_test_id("not-linked")).to_contain_text("NO SLICE HERE")
    page.keyboard.press("Home")
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    expect(page.locator("[data-cell='0']").get_by_test_id("stack-mark")).to_contain_text("15 mm, 2 SLICES MISSING")
    page.locator("[data-cell='1']").click()
    choose_second(page, "coronal")
    line = page.locator("[data-cell='0']").get_by_test_id("reference-line")
    # The first coronal slice lies at y = -12: row 20.5 of the axial images, whose first pixel centre is at y = -32.
    row = on_screen(page, (0, 20.5), (SIDE, SIDE))[1]
    expect(line).to_be_visible()
    top = line.locator("line").last.bounding_box()
    assert top is not None
    assert top["y"] + top["height"] / 2 == pytest.approx(row, abs=1)


def choose_second(page: Page, series: str) -> None:
    """Show a series in the active, second viewport."""
    page.locator("[data-series]").filter(has=page.get_by_text(series, exact=True)).click()
    expect(page.locator('[data-viewport="cell-1"] [data-testid=overlay]')).to_contain_text(series)


def test_a_crosshair_shows_one_point_in_every_picture_and_a_leaning_stack_is_marked(page: Page, seen: None) -> None:
    open_series(page, "PLACES", "axial")
    page.keyboard.press("Shift+2")
    page.locator("[data-cell='1']").click()
    choose_second(page, "coronal")
    page.keyboard.press("x")
    # Column 40.5, row 36.5 of the axial slice at z = 0: x = 8, y = 4, the third coronal slice; its row is 60 + 0.5.
    page.mouse.click(*on_screen(page, (40.5, 36.5), (SIDE, SIDE)))
    expect_image(page, 3, 4, cell=1)
    cross = page.locator("[data-cell='1']").get_by_test_id("crosshair")
    expect(cross).to_have_count(1)
    column, row = (float(cross.get_attribute(name) or "nan") for name in ("data-column", "data-row"))
    assert (column, row) == pytest.approx((40.5, 60.5), abs=0.2)
    page.locator("[data-cell='1']").click()
    choose_second(page, "leaning")
    expect(page.locator("[data-cell='1']").get_by_test_id("stack-mark")).to_contain_text("TILTED GANTRY 15°")


def test_a_film_keeps_the_time_of_its_file(page: Page, seen: None) -> None:
    open_series(page, "TIMED", "film")
    # 40, 400, 40, 40 ms for frames 2 to 5: 7.69 a second on the average of the whole film of six: 10 a second.
    expect(page.get_by_test_id("film")).to_contain_text("there and back · 2–5")
    counted = """() => new Promise((resolve) => {
      const seen = {}; const began = performance.now();
      const look = () => {
        const now = document.querySelector('[data-testid=overlay-instance]')?.textContent ?? '';
        seen[now] = (seen[now] ?? 0) + 1;
        if (performance.now() - began < 1600) requestAnimationFrame(look); else resolve(seen);
      };
      look();
    })"""
    page.get_by_role("button", name="Play").click()
    seen_words: dict[str, int] = page.evaluate(counted)
    expect(page.get_by_test_id("film")).to_contain_text("fps shown")
    page.get_by_role("button", name="Pause").click()
    shares = {int(words.split()[1]): count for words, count in seen_words.items() if "/" in words}
    assert set(shares) - {1} <= {2, 3, 4, 5}
    # The third frame stands for 400 of every 960 ms there and back.
    assert max(shares, key=lambda frame: shares[frame]) == 3
