"""Reading in the browser: choosing a series, pointing at a place of an image, pictures for the guide.

Where an image point lies on the screen is worked out here from the size and spacing of the image alone: an upright
image that just fits its viewport, with square millimetres. The client is not asked.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect
from tests.browser.screen import open_study
from tests.phantoms.basics import ImagePoint

Taken = Callable[[Page, str], None]


def open_series(page: Page, study: str, series: str) -> None:
    """Open a study from the list and show the series of this description in the first viewport."""
    open_study(page, study)
    choose_series(page, series)


def choose_series(page: Page, series: str) -> None:
    """Show another series of the open study."""
    thumbnail = page.locator("[data-series]").filter(has=page.get_by_text(series, exact=True))
    expect(thumbnail).to_have_count(1)
    thumbnail.click()
    shown(page)
    expect(page.get_by_test_id("overlay").first).to_contain_text(series)


def shown(page: Page, cell: int = 0) -> None:
    """Wait for an image in a viewport."""
    expect(page.locator(f'[data-viewport="cell-{cell}"][data-phase=shown]')).to_be_visible()


def on_screen(
    page: Page, at: ImagePoint, shape: tuple[int, int], spacing: tuple[float, float] = (1, 1), cell: int = 0
) -> tuple[float, float]:
    """Where an image point [column, row] lies on the page. shape: rows, columns; spacing: mm between rows, columns."""
    box = page.locator(f'[data-viewport="cell-{cell}"] canvas').first.bounding_box()
    assert box is not None
    tall, wide = shape[0] * spacing[0], shape[1] * spacing[1]
    scale = min(box["width"] / wide, box["height"] / tall)
    right = (at[0] - shape[1] / 2) * spacing[1] * scale
    down = (at[1] - shape[0] / 2) * spacing[0] * scale
    return box["x"] + box["width"] / 2 + right, box["y"] + box["height"] / 2 + down


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Press at the start, let go at the end."""
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, steps=3)
    page.mouse.move(*end, steps=3)
    page.mouse.up()


def asked(page: Page, path: str) -> Any:
    """The JSON that the server answers the signed-in reader; path: below the site."""
    answer = page.request.get(path)
    assert answer.ok, f"{path}: {answer.status} {answer.text()[:300]}"
    return json.loads(answer.body())


def open_study_uid(page: Page) -> str:
    """The UID of the study in the address."""
    return page.url.rsplit("/studies/", 1)[1].split("?")[0].split("/")[0]


def taker() -> Taken:
    """Takes a picture for the guide in both languages when ISOCENTER_PICTURES names a folder; else nothing."""
    folder = os.environ.get("ISOCENTER_PICTURES")

    def take(page: Page, name: str) -> None:
        if not folder:
            return
        keep(page, Path(folder) / f"{name}-en.jpg")
        switch_language(page, "Account menu", "简体中文")
        keep(page, Path(folder) / f"{name}-zh.jpg")
        switch_language(page, "账户菜单", "English")

    return take


def switch_language(page: Page, menu: str, language: str) -> None:
    """Through the account menu, which keeps the room as it is."""
    page.get_by_role("button", name=menu).click()
    page.get_by_role("menuitem", name=language).click()
    expect(page.get_by_role("menuitem", name=language)).to_have_count(0)


def keep(page: Page, path: Path) -> None:
    """A picture of the page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    page.mouse.move(2, 2)
    page.wait_for_timeout(400)  # a tooltip fades, a font comes
    page.screenshot(path=path, type="jpeg", quality=72, animations="disabled")
