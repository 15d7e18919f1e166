"""What is fetched: on a slow line not what was left behind, and no more is kept than the memory has room for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Page, Request, expect
from pydicom.dataset import Dataset
from tests.browser.reading import choose_series
from tests.browser.screen import expect_image, open_study
from tests.phantoms.basics import Place
from tests.phantoms.ct import a_ct_image, axial
from tests.phantoms.space import AXIAL, a_stack

SLICES = 60
LATENCY_MS, BYTES_A_SECOND = 500, 500_000
KEPT_MIB, NOISE_SLICES = 3.5, 12
KEPT = "KEPT"
NOISES = ("first", "second", "third")


def noises() -> list[Dataset]:
    """Series of twelve slices of nothing that could be packed: 128 KiB each, 1.5 MiB a series."""
    values = np.random.default_rng(7)
    return [
        a_ct_image(
            Place(KEPT, name, number), index, axial(z_mm=2.5 * index), values.integers(-1024, 64_512, (256, 256))
        )
        for number, name in enumerate(NOISES, start=1)
        for index in range(1, NOISE_SLICES + 1)
    ]


@pytest.fixture(scope="module")
def fetched(store: Callable[..., None], studies: None) -> None:
    store(*a_stack(Place("SLOW-LINE", "long"), AXIAL, slices=SLICES), *noises())


@dataclass
class Asked:
    """The frames that a page asked for, by the UID of their instance, and how it ended."""

    begun: list[str] = field(default_factory=list)
    whole: list[str] = field(default_factory=list)
    broken_off: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("request", lambda request: self._note(self.begun, request))
        page.on("requestfinished", lambda request: self._note(self.whole, request))
        page.on("requestfailed", lambda request: self._note(self.broken_off, request, "net::ERR_ABORTED"))

    def _note(self, where: list[str], request: Request, failure: str | None = None) -> None:
        if "/frames/" in request.url and "/rendered" not in request.url:
            assert request.failure == failure, request.url
            where.append(request.url.split("/instances/")[1].split("/")[0])

    @property
    def under_way(self) -> int:
        return len(self.begun) - len(self.whole) - len(self.broken_off)


def until(page: Page, what: Callable[[], bool], about: Callable[[], object]) -> None:
    for _ in range(300):
        if what():
            return
        page.wait_for_timeout(50)
    raise AssertionError(about())


def test_what_was_scrolled_away_from_is_broken_off_on_a_slow_line(page: Page, fetched: None) -> None:
    place_of = {
        str(each.SOPInstanceUID): at
        for at, each in enumerate(a_stack(Place("SLOW-LINE", "long"), AXIAL, slices=SLICES), start=1)
    }
    asked = Asked()
    asked.watch(page)
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    slow = {"latency": LATENCY_MS, "downloadThroughput": BYTES_A_SECOND, "uploadThroughput": BYTES_A_SECOND}
    line.send("Network.emulateNetworkConditions", {"offline": False, **slow})
    open_study(page, "SLOW-LINE")
    expect_image(page, 1, SLICES)
    until(page, lambda: len(asked.whole) >= 2, lambda: asked)
    page.keyboard.press("End")
    expect_image(page, SLICES, SLICES)
    before_end = asked.begun.index(next(uid for uid in asked.begun if place_of[uid] == SLICES))
    assert asked.broken_off and all(place_of[uid] < SLICES // 2 for uid in asked.broken_off)
    assert len(asked.whole) < SLICES // 3
    assert all(place_of[uid] > SLICES // 2 for uid in asked.begun[before_end:])
    page.keyboard.press("Escape")
    expect(page.get_by_role("textbox", name="Search studies")).to_be_visible()
    begun = len(asked.begun)
    until(page, lambda: asked.under_way == 0, lambda: asked)
    assert len(asked.begun) == begun


def test_memory_is_bounded_by_what_was_used_last(context_at: Callable[..., BrowserContext], fetched: None) -> None:
    context = context_at()
    # As small as no device is: a sixteenth of it has room for two of the series.
    context.add_init_script(f"Object.defineProperty(navigator, 'deviceMemory', {{ value: {KEPT_MIB / 64} }})")
    page = context.new_page()
    asked = Asked()
    asked.watch(page)
    page.goto("/")
    open_study(page, KEPT)

    def frames_for(series: str) -> int:
        """Show a series and wait until all of it is at hand; how many of its frames were asked for."""
        begun = len(asked.begun)
        choose_series(page, series)
        expect_image(page, 1, NOISE_SLICES)
        page.keyboard.press("End")
        expect_image(page, NOISE_SLICES, NOISE_SLICES)
        page.wait_for_function("() => document.querySelector('[role=progressbar]') === null")
        until(page, lambda: asked.under_way == 0, lambda: asked)
        return len(asked.begun) - begun

    first, second, third = NOISES
    found = [(name, frames_for(name)) for name in (first, second, first, third, first, second)]
    assert [count >= NOISE_SLICES - 1 for _, count in found[:4]] == [True, True, False, True]
    # Two were kept, the third had to have room made for it: a mebibyte, eight frames.
    assert found[2] == (first, 0)
    assert 7 <= found[4][1] + found[5][1] <= 2 * NOISE_SLICES
