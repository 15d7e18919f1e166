"""Reading with fingers: drawing, setting right, zooming while a tool is held; and axe on a phone, in both languages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, CDPSession, Locator, Page, expect
from tests.browser.conftest import PHONE, watch
from tests.browser.reading import on_screen, shown, switch_language
from tests.browser.screen import expect_image, open_study
from tests.browser.test_everywhere import AXE
from tests.browser.test_reading_measuring import NEAR, draft, near, points, value
from tests.phantoms import objects
from tests.phantoms.basics import ImagePoint, length_mm

NAME = "FINGERS"
SHAPE = (objects.SIDE, objects.SIDE)
Place = tuple[float, float]


@pytest.fixture(scope="module")
def held(store: Callable[..., None], studies: None) -> None:
    """One of everything, under a name of its own: others draw on theirs."""
    store(*objects.all_objects(NAME))


@pytest.fixture
def phone(context_at: Callable[..., BrowserContext], held: None) -> Iterator[Page]:
    """The images of the study on a phone."""
    page = context_at(viewport=PHONE, has_touch=True, is_mobile=True, device_scale_factor=2).new_page()
    complaints = watch(page)
    page.goto("/")
    open_study(page, NAME)
    shown(page)
    expect_image(page, 1, objects.SLICES)
    yield page
    # The language stays with the account, which is everybody's here.
    assert page.request.patch("/api/me", data={"language": "en"}, headers={"X-Isocenter": "1"}).ok
    assert complaints == []


class Hand:
    """Fingers on the glass."""

    def __init__(self, page: Page) -> None:
        self._session: CDPSession = page.context.new_cdp_session(page)

    def _touch(self, kind: str, *places: Place) -> None:
        touches = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    def drag(self, start: Place, end: Place) -> None:
        """One finger, from the start to the end."""
        self._touch("touchStart", start)
        for step in range(1, 6):
            self._touch("touchMove", _between(start, end, step / 5))
        self._touch("touchEnd")

    def spread(self, middle: Place, by: float) -> None:
        """A second finger comes to the first, and both go apart by so many pixels each."""
        x, y = middle
        self._touch("touchStart", (x - 20, y))
        self._touch("touchStart", (x - 20, y), (x + 20, y))
        for step in range(1, 9):
            away = 20 + by * step / 8
            self._touch("touchMove", (x - away, y), (x + away, y))
        self._touch("touchEnd")


def _between(start: Place, end: Place, share: float) -> Place:
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share


def choose(page: Page, series: str) -> None:
    """Show another series in the first viewport."""
    page.locator("[data-series]").filter(has=page.get_by_text(series, exact=True)).tap()


def test_a_finger_draws_and_sets_right_and_two_fingers_zoom_without_drawing(phone: Page) -> None:
    def at(point: ImagePoint) -> Place:
        return on_screen(phone, point, SHAPE, objects.SPACING)

    hand = Hand(phone)
    measured = phone.get_by_test_id("measured")
    phone.get_by_role("button", name="Length", exact=True).tap()
    hand.drag(at((12, 20)), at((42, 20)))
    expect(measured).to_have_text("30.0 mm")
    # A finger takes hold of an end that it misses by some pixels of the glass, and the end keeps its way from it.
    grip, goal = at((42, 20)), at((42, 40))
    hand.drag((grip[0] + 8, grip[1] - 8), (goal[0] + 8, goal[1] - 8))
    expect(measured).to_have_text("42.4 mm")
    percent = zoom_percent(phone)
    line_drawn = phone.locator("[data-shape=length] polyline").first
    before, between = middle_of(line_drawn), at((36, 22))
    hand.spread(between, 30)
    # From 40 to 100 pixels of the glass: everything is two and a half times as far from the middle of the fingers.
    expect(phone.get_by_test_id("overlay-zoom")).to_have_text(re.compile(rf"\b(?!{percent} ).* %$"))
    assert zoom_percent(phone) == pytest.approx(2.5 * percent, rel=0.01)
    wanted = [middle + 2.5 * (place - middle) for place, middle in zip(before, between, strict=True)]
    assert middle_of(line_drawn) == pytest.approx(wanted, abs=2)
    expect(phone.get_by_test_id("drawing")).to_have_count(0)
    expect(phone.locator("[data-shape=length]")).to_have_count(1)
    zoomed = zoom_percent(phone)
    phone.get_by_role("button", name="Zoom", exact=True).tap()
    hand.drag((200, 300), (200, 260))
    expect(phone.get_by_test_id("overlay-zoom")).not_to_have_text(f"Zoom {zoomed} %")
    (line,) = draft(phone, 1)
    near(points(line), [(12, 20), (42, 40)])
    assert value(line, "length", "mm") == pytest.approx(length_mm((12, 20), (42, 40), objects.SPACING), abs=2 * NEAR)


def middle_of(what: Locator) -> Place:
    box = what.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def zoom_percent(page: Page) -> int:
    return int(page.get_by_test_id("overlay-zoom").inner_text().split()[1])


PANES = {
    "report": "[data-testid=report]",
    "letter": "[data-testid=file][data-shown=true]",
    "surface": "[data-testid=cell-message]",
    "ecg": "[data-testid=paper]",
    "film": "[data-testid=video-frame]",
}


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: npm ci in web/")
def test_axe_finds_nothing_in_overlays_and_documents_on_a_phone_in_both_languages(phone: Page) -> None:
    phone.evaluate(AXE.read_text())
    panel = phone.locator("[data-panel=overlays]")
    phone.get_by_role("button", name="Segmentations and overlays").tap()
    masks = panel.locator("section").filter(has=phone.get_by_role("heading", name="segmentation"))
    masks.get_by_role("checkbox").first.check()
    expect(masks.locator("[data-part]")).to_have_count(len(objects.SEGMENTS))
    found = looked_at(phone, "English", "overlays")
    switch_language(phone, "Account menu", "简体中文")
    found += looked_at(phone, "Chinese", "overlays")
    panel.get_by_role("button", name="关闭").tap()
    for series, pane in PANES.items():
        choose(phone, series)
        expect(phone.locator(pane)).to_be_visible()
        found += looked_at(phone, "Chinese", series)
    switch_language(phone, "账户菜单", "English")
    for series, pane in reversed(PANES.items()):
        choose(phone, series)
        expect(phone.locator(pane)).to_be_visible()
        found += looked_at(phone, "English", series)
    assert found == []


_LOOK = """
async () => {
  const rules = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'], resultTypes: ['violations'] };
  const found = (await axe.run(document.querySelector('main'), rules)).violations;
  const { scrollWidth, clientWidth } = document.documentElement;
  return [
    ...found.flatMap(({ id, nodes }) => nodes.map(({ target, html }) => `${id}: ${target} ${html.slice(0, 160)}`)),
    ...(scrollWidth > clientWidth ? [`${scrollWidth - clientWidth} px wider than the screen`] : []),
  ];
}
"""


def looked_at(page: Page, language: str, where: str) -> list[str]:
    """What axe finds in the room, and by how much the page is wider than its screen."""
    return [f"{language}, {where}: {each}" for each in page.evaluate(_LOOK)]
