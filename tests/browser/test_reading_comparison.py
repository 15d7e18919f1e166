"""Studies side by side, hanging by itself and by example, the view on the other device, the test of the display."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
import segno
from bench.data import uid
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect
from pydicom.dataset import Dataset
from tests.browser.conftest import PHONE, watch
from tests.browser.reading import shown, taker
from tests.browser.screen import open_study
from tests.phantoms.comparison import CURRENT, PRIOR, STRANGER, a_prior_and_a_current, a_stranger
from tests.phantoms.radiographs import CHEST_WALL_GREY, a_chest, a_mammogram

MAMMOGRAM, CHEST = "HUNG-MAMMOGRAM", "HUNG-CHEST"
WALL = round((CHEST_WALL_GREY - 2047.5) / 4095 * 255 + 127.5)
"""The grey of the chest wall on the screen under the window of the file, LINEAR 2048/4096."""
_EDGES = """
cell => {
  const canvas = document.querySelector(`[data-viewport="cell-${cell}"] canvas`);
  const pencil = canvas.getContext('2d'), middle = Math.round(canvas.height / 2);
  return [3, canvas.width - 4].map(x => pencil.getImageData(x, middle, 1, 1).data[0]);
}
"""
_LEVEL = """
([right, down]) => {
  const canvas = document.querySelector('canvas[data-shown]'), side = Math.min(canvas.width, canvas.height);
  const x = (canvas.width - side) / 2 + right * side, y = (canvas.height - side) / 2 + down * side;
  return canvas.getContext('2d').getImageData(x, y, 1, 1).data[0];
}
"""
"""The grey of the test pattern at parts of the side of its square."""
_DROP = """
([cell, series]) => {
  const transfer = new DataTransfer();
  transfer.setData('application/x-isocenter-series', series);
  const target = document.querySelector(`[data-cell="${cell}"]`);
  for (const kind of ['dragover', 'drop'])
    target.dispatchEvent(new DragEvent(kind, {dataTransfer: transfer, bubbles: true, cancelable: true}));
}
"""


def _mirrored(view: Dataset) -> Dataset:
    """The same image as a device sends it that mirrors: the chest wall is on the other side, and the header says so."""
    pixels = np.frombuffer(view.PixelData, "<u2").reshape(view.Rows, view.Columns)
    view.PixelData = pixels[:, ::-1].tobytes()
    view.PatientOrientation = ["P", "R"]
    return view


@pytest.fixture(scope="module")
def compared(store: Callable[..., None], studies: None) -> None:
    """Two studies of one person, a stranger, a mammogram with one mirrored view, a chest film in two views."""
    right_cc, left_cc, *oblique = a_mammogram(MAMMOGRAM)
    store(*a_prior_and_a_current(), *a_stranger(), right_cc, _mirrored(left_cc), *oblique, *a_chest(CHEST))


def cell(page: Page, number: int) -> Locator:
    """One cell of the layout."""
    return page.locator(f"[data-cell='{number}']")


def expect_cells(page: Page, *words: str) -> None:
    """As many cells as words, each with its words in the corners."""
    expect(page.locator("[data-cell]")).to_have_count(len(words))
    for number, each in enumerate(words):
        expect(cell(page, number).get_by_test_id("overlay")).to_contain_text(each)


def test_projections_hang_by_themselves_with_the_chest_walls_meeting(page: Page, compared: None) -> None:
    open_study(page, MAMMOGRAM)
    expect_cells(page, "R CC", "L CC", "R MLO", "L MLO")
    for number, (left, right) in enumerate([(0, WALL), (WALL, 0)] * 2):
        close = f"Math.abs(a - {left}) < 4 && Math.abs(b - {right}) < 4"
        page.wait_for_function(f"cell => {{ const [a, b] = ({_EDGES})(cell); return {close} }}", arg=number)
    expect(cell(page, 1).get_by_test_id("overlay")).to_contain_text("Flipped")
    taker()(page, "hanging")
    page.goto("/")  # a fresh list, which does not show the study of before
    open_study(page, CHEST)
    expect_cells(page, "PA", "lateral")


def open_beside(page: Page) -> None:
    """Open the prior beside the current study through the panel."""
    page.get_by_role("button", name="Earlier studies", exact=True).click()
    card = page.locator(f"[data-prior='{uid('phantom', PRIOR)}']")
    expect(card).to_contain_text("2023-01-10")
    expect(card).to_contain_text("14 months earlier")
    expect(page.locator("[data-panel=priors] h3")).to_have_text("Same kind")
    card.get_by_role("button", name=re.compile("^Open beside")).click()


def expect_pair(page: Page) -> None:
    """The current study on the left, the prior on the right, and both say so."""
    expect_cells(page, "2024-03-05", "2023-01-10")
    expect(cell(page, 0).get_by_test_id("study-mark")).to_have_text(re.compile("CURRENT.*2024-03-05$"))
    expect(cell(page, 1).get_by_test_id("study-mark")).to_have_text(re.compile("PRIOR.*2023-01-10.*14 months earlier$"))


def test_a_prior_is_opened_beside_kept_as_a_hanging_and_handed_to_the_phone(
    page: Page, compared: None, context_at: Callable[..., BrowserContext], address: str
) -> None:
    open_study(page, f"A-{CURRENT}")
    shown(page)
    expect(page.get_by_test_id("study-mark")).to_have_count(0)
    open_beside(page)
    expect_pair(page)
    taker()(page, "compare")
    cell(page, 1).click(position={"x": 30, "y": 300})
    page.keyboard.press("3")
    window = cell(page, 1).get_by_test_id("overlay-window")
    expect(window).not_to_have_text(cell(page, 0).get_by_test_id("overlay-window").inner_text())
    chosen = window.inner_text()
    keep_and_meet_again(page, chosen)
    on_the_phone(page, chosen, context_at, address)
    page.get_by_role("button", name="Hanging protocols", exact=True).click()
    page.get_by_role("button", name="Remove: Both years").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.locator("[data-panel=hanging]")).not_to_contain_text("Both years")


def keep_and_meet_again(page: Page, window: str) -> None:
    """Keep what hangs under a name; the study hangs so by itself when it is opened again."""
    page.get_by_role("button", name="Hanging protocols", exact=True).click()
    page.get_by_role("button", name="Keep this hanging").click()
    page.get_by_role("textbox", name="Name").fill("Both years")
    expect(page.get_by_label("Body parts")).to_have_value("ABDOMEN")
    page.get_by_role("button", name="Save").click()
    panel = page.locator("[data-panel=hanging]")
    expect(panel.get_by_role("button", pressed=True)).to_contain_text("Both years")
    panel.get_by_role("button", name=re.compile("First series")).click()
    expect(page.locator("[data-cell]")).to_have_count(1)
    panel.get_by_role("button", name="Close").click()
    page.keyboard.press("Escape")
    open_study(page, f"A-{CURRENT}")
    expect_pair(page)
    expect(cell(page, 1).get_by_test_id("overlay-window")).to_have_text(window)


def on_the_phone(page: Page, window: str, context_at: Callable[..., BrowserContext], address: str) -> None:
    """The same person's phone opens the same; the picture says the address, which holds no more than a random word."""
    cell(page, 1).click(position={"x": 30, "y": 300})
    page.keyboard.press("End")
    expect(cell(page, 1).get_by_test_id("overlay-instance")).to_contain_text("8 / 8")
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("menuitem", name="Hand over to the phone").click()
    sheet = page.get_by_role("dialog")
    path = sheet.get_by_role("link").get_attribute("href") or ""
    assert re.fullmatch(r"/hand-over/[\w-]{20,}", path)
    picture = segno.make(f"{address}{path}", error="m", micro=False).svg_data_uri(scale=4, border=3)
    assert sheet.get_by_alt_text("Code that opens this view").get_attribute("src") == picture
    expect(sheet).to_contain_text("only this machine reaches")
    page.keyboard.press("Escape")
    phone = context_at(viewport=PHONE, has_touch=True, is_mobile=True).new_page()
    complaints = watch(phone)
    phone.goto(path)
    phone.wait_for_url(f"**/studies/{uid('phantom', CURRENT)}")
    expect_pair(phone)
    expect(cell(phone, 1).get_by_test_id("overlay-instance")).to_contain_text("8 / 8")
    expect(cell(phone, 1).get_by_test_id("overlay-window")).to_have_text(window)
    taker()(phone, "compare-phone")
    phone.goto("/hand-over/nothing-of-yours-0000000")
    expect(phone.get_by_role("heading", name="This view is not there any more")).to_be_visible()
    assert complaints == []


def test_a_stranger_is_not_shown_beside_without_a_word(page: Page, compared: None) -> None:
    open_study(page, f"A-{CURRENT}")
    shown(page)
    page.keyboard.press("Shift+Digit2")
    expect(page.locator("[data-cell]")).to_have_count(2)
    page.evaluate(_DROP, [1, f"{uid('phantom', STRANGER)}/{uid('phantom', STRANGER, 'abdomen')}"])
    guard = cell(page, 1).get_by_test_id("another-patient")
    expect(guard).to_contain_text("This study is of another patient")
    expect(guard).to_contain_text("1951-01-01")
    expect(cell(page, 1).locator("canvas")).to_have_count(0)
    guard.get_by_role("button", name="Show it all the same").click()
    mark = cell(page, 1).get_by_test_id("study-mark")
    expect(mark).to_contain_text("ANOTHER PATIENT")
    expect(mark).to_contain_text("Differs: patient ID, date of birth")


def test_a_display_is_tested_and_the_reminder_goes(page: Page, compared: None) -> None:
    held: list[Route] = []
    page.route("**/api/display-checks*", lambda route: held.append(route))
    open_study(page, CHEST)
    shown(page)
    before = cell(page, 0).bounding_box()
    for route in held:
        route.continue_()
    page.unroute_all()
    expect(page.get_by_test_id("display-reminder")).to_contain_text("not been tested here yet")
    assert cell(page, 0).bounding_box() == before, "a picture must not move under the hand"
    page.get_by_role("link", name="Test the display").click()
    page.get_by_role("button", name="Show the pattern").click()
    page.wait_for_function(f"() => ({_LEVEL})([0.37, 0.17]) === 13")
    assert [page.evaluate(_LEVEL, place) for place in ([0.31, 0.17], [0.63, 0.17], [0.57, 0.17])] == [0, 242, 255]
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"() => ({_LEVEL})([0.37, 0.17]) === 242")
    page.keyboard.press("Escape")
    record = page.get_by_role("button", name="Record the test")
    questions = page.get_by_role("radiogroup")
    for index in range(questions.count()):
        expect(record).to_be_disabled()
        questions.nth(index).get_by_label("Yes").check()
    record.click()
    expect(page.get_by_test_id("last-check")).to_contain_text("all seen as it should be")
    taker()(page, "display-test")
    page.goto("/")
    open_study(page, CHEST)
    shown(page)
    expect(page.get_by_test_id("display-reminder")).to_have_count(0)
