"""Looking at a viewport: greys of the canvas, words of the overlay."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect
from tests.browser.conftest import PATIENCE_MS
from tests.browser.studies import QUARTERS_HU, shown_grey

TOLERANCE = 3
PLACES = {
    "top left": (-0.25, -0.25),
    "top right": (0.25, -0.25),
    "bottom left": (-0.25, 0.25),
    "bottom right": (0.25, 0.25),
    "centre": (0.0, 0.0),
}
"""Where to look, in parts of the image's side from its middle; images are square and fill the canvas one way."""

_READ = """
([cell, places]) => {
  const canvas = document.querySelector(`[data-viewport="cell-${cell}"] canvas`);
  if (!canvas) return null;
  const side = Math.min(canvas.width, canvas.height);
  const pencil = canvas.getContext('2d');
  return Object.fromEntries(Object.entries(places).map(([name, [right, down]]) => {
    const x = Math.round(canvas.width / 2 + right * side), y = Math.round(canvas.height / 2 + down * side);
    return [name, pencil.getImageData(x, y, 1, 1).data[0]];
  }));
}
"""
_MATCH = f"""
([cell, places, wanted]) => {{
  const found = ({_READ})([cell, places]);
  return found !== null && Object.entries(wanted).every(([name, grey]) => Math.abs(found[name] - grey) <= {TOLERANCE});
}}
"""


def greys(page: Page, cell: int | str = 0) -> dict[str, int] | None:
    """The greys at `PLACES` right now."""
    found: dict[str, int] | None = page.evaluate(_READ, [cell, PLACES])
    return found


def expect_greys(page: Page, wanted: dict[str, int], cell: int | str = 0, timeout_ms: float = PATIENCE_MS) -> None:
    """Wait until the canvas shows these greys, each within the tolerance."""
    places = {name: PLACES[name] for name in wanted}
    try:
        page.wait_for_function(_MATCH, arg=[cell, places, wanted], timeout=timeout_ms)
    except Exception as error:
        raise AssertionError(f"wanted {wanted}, the canvas shows {greys(page, cell)}") from error


def quarters(centre: float = 40, width: float = 400, **moved: str) -> dict[str, int]:
    """The greys of the four quarters under a window. moved: place=quarter where the picture is turned or flipped."""
    return {
        place: shown_grey(QUARTERS_HU[moved.get(place.replace(" ", "_"), place)], centre, width)
        for place in QUARTERS_HU
    }


def letters(page: Page, cell: int | str = 0) -> str:
    """The letters at the edges: top, bottom, left, right."""
    return "".join(page.locator(f'[data-viewport="cell-{cell}"] [data-testid="overlay-letters"] b').all_inner_texts())


def expect_image(page: Page, index: int, count: int, cell: int | str = 0) -> None:
    """Wait for "Image index / count" in the overlay."""
    words = page.locator(f'[data-viewport="cell-{cell}"] [data-testid="overlay-instance"]')
    expect(words).to_have_text(re.compile(rf"\b{index} / {count}$"))


def open_study(page: Page, name: str) -> None:
    """Search a study in the list and open it."""
    page.get_by_role("textbox", name="Search studies").fill(name)
    link = page.locator("[data-study-link]")
    expect(link).to_have_count(1)
    link.click()
    page.wait_for_url("**/studies/*")
