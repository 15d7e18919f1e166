"""A large film on a slow line: seen before it is whole, with words that say so, without tools and numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import CDPSession, Locator, Page, expect
from tests.browser.reading import drag, shown, taker
from tests.browser.screen import open_study
from tests.phantoms.large_film import a_large_film

SLOW_BYTES_PER_S = 150_000
"""A film then takes more than ten seconds; the line is let go as soon as everything was looked at."""

_SAMPLED = """
(canvas, box) => {
  const at = canvas.getBoundingClientRect();
  const [across, down] = [canvas.width / at.width, canvas.height / at.height];
  const small = document.createElement('canvas'); small.width = 36; small.height = 48;
  const pencil = small.getContext('2d'); pencil.imageSmoothingQuality = 'high';
  const [left, top] = [(box.x - at.x) * across, (box.y - at.y) * down];
  pencil.drawImage(canvas, left, top, box.width * across, box.height * down, 0, 0, 36, 48);
  return [...pencil.getImageData(0, 0, 36, 48).data].filter((_, index) => index % 4 === 0);
}
"""


def sampled(canvas: Locator, box: object) -> NDArray[np.int64]:
    """The greys of a rectangle of the page, 48 by 36 of them."""
    return np.asarray(canvas.evaluate(_SAMPLED, box)).reshape(48, 36)


def line_of(page: Page) -> CDPSession:
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    return line


def at_most(line: CDPSession, bytes_per_s: int) -> None:
    """-1: as fast as it goes."""
    settings = {"offline": False, "latency": 0, "downloadThroughput": bytes_per_s, "uploadThroughput": -1}
    line.send("Network.emulateNetworkConditions", settings)


def test_a_large_film_is_seen_before_it_is_whole_and_says_so(page: Page, store: Callable[..., None]) -> None:
    store(*a_large_film())
    line = line_of(page)
    preview, canvas = page.get_by_test_id("preview"), page.locator("canvas[data-preview]")
    pane = page.locator('[data-viewport="cell-0"]')

    at_most(line, SLOW_BYTES_PER_S)
    open_study(page, "LARGE-FILM")
    expect(preview).to_contain_text("Loading detail")
    expect(preview).to_contain_text("no tools, no numbers")
    expect(preview).to_contain_text("Large-Film, Synthetic")
    expect(pane).to_have_attribute("data-phase", "loading")
    page.keyboard.press("l")
    box = canvas.bounding_box()
    assert box is not None
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    drag(page, middle, (middle[0] + 80, middle[1] + 60))
    for of_a_picture in ("overlay", "overlay-window", "overlay-zoom", "drawing-surface", "drawing", "layers"):
        expect(page.get_by_test_id(of_a_picture)).to_have_count(0)
    taker()(page, "preview")
    early = sampled(canvas, box)

    at_most(line, -1)
    shown(page)
    expect(preview).to_have_count(0)
    expect(canvas).to_have_count(0)
    expect(page.locator("[data-shape]")).to_have_count(0)
    expect(page.get_by_test_id("drawing-surface")).to_have_count(1)
    whole = sampled(pane.locator("canvas").first, box)
    assert whole.max() - whole.min() > 150
    assert np.abs(early - whole).mean() < 2.5, (early, whole)

    # A frame asked alone, where another picture was before: never that one under the words of this.
    at_most(line, SLOW_BYTES_PER_S)
    page.locator("[data-series]").filter(has=page.get_by_text("upside down", exact=True)).click()
    expect(preview).to_contain_text("upside down")
    expect(page.get_by_test_id("overlay")).to_have_count(0)
    turned = sampled(canvas, box)
    assert np.abs(turned - whole[::-1]).mean() < 3, (turned, whole)
    assert np.abs(turned - whole).mean() > 5
    at_most(line, -1)
    shown(page)
    expect(preview).to_have_count(0)
