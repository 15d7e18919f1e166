"""Measurements after they were drawn: changed, undone, named, kept while the server is away, filed, shown again."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect
from tests.browser.conftest import watch
from tests.browser.reading import asked, drag, on_screen, open_series, open_study_uid, shown
from tests.browser.test_reading_measuring import choose_tool, draft, value
from tests.browser.test_restricted import People, people
from tests.phantoms import ct
from tests.phantoms.basics import ImagePoint

__all__ = ["people"]
SHAPE = (ct.SIDE, ct.SIDE)


@pytest.fixture(scope="session")
def drafted(store: Callable[..., None], studies: None) -> None:
    store(*ct.a_known_ct("DRAFTS-CT", (0.5, 0.5)))


def at(page: Page, point: ImagePoint) -> tuple[float, float]:
    return on_screen(page, point, SHAPE, (0.5, 0.5))


def saved(page: Page) -> None:
    expect(page.get_by_test_id("draft-state")).to_contain_text("Saved as your draft")


def length_of(page: Page) -> float:
    """Of the only measurement that the server keeps."""
    (line,) = draft(page, 1)
    return value(line, "length", "mm")


def test_a_measurement_is_changed_undone_named_and_kept_while_the_server_is_away(page: Page, drafted: None) -> None:
    open_series(page, "DRAFTS-CT", "known")
    page.get_by_role("button", name="Measurements", exact=True).click()
    expect(page.get_by_test_id("draft-state")).to_contain_text("Saved")
    choose_tool(page, "length")
    drag(page, at(page, (20, 40)), at(page, (60, 40)))
    expect(page.get_by_test_id("measured")).to_contain_text("20.0 mm")
    drag(page, at(page, (60, 40)), at(page, (80, 40)))
    expect(page.get_by_test_id("measured")).to_contain_text("30.0 mm")
    page.keyboard.press("Control+z")
    expect(page.get_by_test_id("measured")).to_contain_text("20.0 mm")
    page.keyboard.press("Control+y")
    expect(page.get_by_test_id("measured")).to_contain_text("30.0 mm")
    saved(page)
    assert length_of(page) == pytest.approx(30, abs=0.35)
    moved_by_keys(page)
    named(page)
    kept_while_the_server_is_away(page)
    page.get_by_role("button", name=re.compile("^Delete Length")).click()
    expect(page.get_by_test_id("measured")).to_have_count(0)
    assert draft(page, 0) == []


def moved_by_keys(page: Page) -> None:
    """The arrows move it by a pixel of the image; it is as long as it was."""
    (before,) = draft(page, 1)
    page.get_by_role("button", name=re.compile("^Length, Length 30.0 mm")).first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowRight")
    saved(page)
    expect(page.get_by_test_id("measured")).to_contain_text("30.0 mm")
    (after,) = draft(page, 1)
    for (column, row), (column_after, row_after) in zip(before["points"], after["points"], strict=True):
        assert (column_after - column, row_after - row) == pytest.approx((10, 1), abs=1e-3)


def named(page: Page) -> None:
    field = page.get_by_label("Name of Length")
    field.fill("Node 3 — 淋巴结")
    field.press("Enter")
    expect(page.get_by_test_id("measured")).to_contain_text("淋巴结")


def kept_while_the_server_is_away(page: Page) -> None:
    """What cannot be sent is told, stays on the screen, and is sent later."""

    def away(route: Route) -> None:
        route.abort()

    page.route("**/measurements/draft", away)
    page.get_by_role("button", name=re.compile("^Hide Length")).click()
    expect(page.get_by_test_id("measured")).to_have_count(0)
    page.get_by_role("button", name=re.compile("^Show Length")).click()
    field = page.get_by_label("Name of Length")
    field.fill("Kept")
    field.press("Enter")
    expect(page.get_by_test_id("draft-state")).to_contain_text("Not saved")
    expect(page.get_by_test_id("measured")).to_contain_text("Kept")
    page.unroute("**/measurements/draft", away)
    saved(page)
    (line,) = draft(page, 1)
    assert line["label"] == "Kept"


def test_a_draft_is_filed_as_a_report_and_shown_again_with_its_numbers(people: People, drafted: None) -> None:
    page = people("rosa", "radiologist").new_page()
    complaints = watch(page)
    page.goto("/")
    open_series(page, "DRAFTS-CT", "known")
    page.get_by_role("button", name="Measurements", exact=True).click()
    choose_tool(page, "length")
    drag(page, at(page, (30, 90)), at(page, (90, 90)))
    choose_tool(page, "ellipse")
    left, top, right, bottom = ct.BLOCKS["bone"][0]
    drag(page, at(page, (left + 2, top + 2)), at(page, (right - 2, bottom - 2)))
    saved(page)
    kept = draft(page, 2)
    page.get_by_role("button", name="File as report").click()
    expect(page.get_by_test_id("reported")).to_contain_text("Length 30")
    expect(page.get_by_test_id("reported-shape")).to_have_count(2)
    (report,) = asked(page, f"/api/studies/{open_study_uid(page)}/measurements/reported")["reports"]
    filed = [each["measurement"] for each in report["measurements"]]
    assert [each["points"] for each in filed] == [each["points"] for each in kept]
    assert [each["results"] for each in filed] == [each["results"] for each in kept]
    page.reload()
    shown(page)
    expect(page.get_by_test_id("reported-shape")).to_have_count(2)
    key_image_and_view(page)
    assert complaints == []


def key_image_and_view(page: Page) -> None:
    """Filed, listed, and shown again."""
    page.get_by_role("button", name="Key images and views").click()
    page.keyboard.press("k")
    page.get_by_label("Note", exact=True).fill("For the round")
    page.get_by_role("button", name="File key images").click()
    expect(page.get_by_test_id("key-images")).to_contain_text("For the round")
    page.locator("[data-viewport='cell-0']").hover()
    page.keyboard.press("r")
    page.keyboard.press("i")
    page.get_by_label("Name of the view").fill("Turned")
    page.get_by_role("button", name="File this view").click()
    expect(page.get_by_test_id("saved-views")).to_contain_text("Turned")
    page.locator("[data-viewport='cell-0']").hover()
    page.keyboard.press("0")
    expect(page.get_by_test_id("overlay")).not_to_contain_text("Inverted")
    page.get_by_role("button", name="Show Turned").click()
    expect(page.get_by_test_id("overlay")).to_contain_text("Inverted")
    expect(page.get_by_test_id("overlay")).to_contain_text("90")
    expect(page.get_by_test_id("state-shapes").locator("polyline").first).to_be_attached()
