"""The next study of the list: fetched while this one is read, told apart by the audit trail, opened without a wait."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing

import pytest
from bench.data import uid
from bench.node import Node, eventually
from playwright.sync_api import BrowserContext, Page, Request, Route, expect
from tests.browser.conftest import watch
from tests.browser.reading import taker
from tests.browser.screen import expect_greys, expect_image, quarters
from tests.browser.studies import a_ct_study, shown_grey, slice_hu

from isocenter.apps.home import read_state
from isocenter.kit.database import Database

NAMES = {uid("browser", f"AHEAD{letter}"): f"AHEAD{letter}" for letter in "ABCD"}
SLICES = 4
REFUSED = {"error": {"reason": "unknown-study", "message": "There is no such study."}}

Trail = Callable[[str], list[str]]


@pytest.fixture(scope="module")
def stored(store: Callable[..., None], studies: None) -> None:
    """Four studies that follow each other on the list, of four patients."""
    for name in NAMES.values():
        store(*a_ct_study(name, SLICES))


@pytest.fixture
def trail(node: Node) -> Trail:
    """What the audit trail says was done with a study, each once, in order: what was broken off may come again."""
    state = read_state(node.home)
    assert state is not None

    def told(study_instance_uid: str) -> list[str]:
        with (
            closing(Database(state.settings["ISOCENTER_DATABASE_URL"], max_connections=1)) as database,
            database.transaction(state.institution_id) as connection,
        ):
            rows = connection.execute(
                "SELECT action FROM audit_event WHERE study_instance_uid = %s AND action LIKE 'study-%%'"
                " ORDER BY sequence",
                [study_instance_uid],
            ).fetchall()
        return list(dict.fromkeys(str(row[0]) for row in rows))

    return told


def listed(page: Page) -> list[str]:
    """The studies of this file as the list has them."""
    page.goto("/")
    page.get_by_role("textbox", name="Search studies").fill("AHEAD")
    links = page.locator("[data-study-link]")
    expect(links).to_have_count(len(NAMES))
    return [str(link.get_attribute("href")).rsplit("/", 1)[1] for link in links.all()]


def is_on_screen(page: Page, study: str, position: int) -> None:
    """Its first picture, its words, its place on the list."""
    expect(page.get_by_test_id("overlay").first).to_contain_text(NAMES[study])
    expect_image(page, 1, SLICES)
    expect_greys(page, quarters() | {"centre": shown_grey(slice_hu(0))})
    expect(page.get_by_test_id("list-position")).to_contain_text(f"{position} / {len(NAMES)}")


def has_come_ahead(page: Page) -> None:
    """The header says that the next study is here."""
    expect(page.get_by_role("navigation", name="Place on the list")).to_have_attribute("data-ahead", "true")


def test_the_next_study_is_here_before_it_is_opened(
    context_at: Callable[..., BrowserContext], stored: None, trail: Trail
) -> None:
    page = context_at().new_page()
    complaints = watch(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.split("/", 3)[3]))
    first, second, third, last = listed(page)

    page.locator("[data-study-link]").first.click()
    is_on_screen(page, first, 1)
    has_come_ahead(page)
    assert {each for each in asked if each.startswith("api/") and "/opening" in each} == {
        f"api/studies/{first}/opening",
        f"api/studies/{second}/opening?ahead=true",
    }
    assert (trail(first), trail(second), trail(third)) == (["study-opened"], ["study-fetched-ahead"], [])
    expect(page.locator("[data-command=previous-study]")).to_have_attribute("aria-disabled", "true")
    taker()(page, "next-study")

    page.keyboard.press("Shift+PageDown")
    is_on_screen(page, second, 2)
    assert eventually(lambda: trail(second) == ["study-fetched-ahead", "study-opened"], 10), trail(second)
    assert {each for each in asked if f"{second}/opening" in each} == {f"api/studies/{second}/opening?ahead=true"}
    shown_first = page.request.get(f"/api/studies/{second}").json()["series"][0]["first"]["sop_instance_uid"]
    assert not [each for each in asked if f"{shown_first}/frames/" in each], "it came with the study"

    has_come_ahead(page)
    page.locator("[data-command=next-study]").click()
    is_on_screen(page, third, 3)
    has_come_ahead(page)
    assert trail(last) == ["study-fetched-ahead"]

    # Who may not see it any more when she opens it is shown nothing of what was fetched.
    page.route(re.compile(rf"/studies/{last}"), lambda route: route.fulfill(status=404, json=REFUSED))
    page.keyboard.press("Shift+PageDown")
    expect(page.get_by_role("heading", name="The study could not be opened")).to_be_visible()
    expect(page.get_by_test_id("overlay")).to_have_count(0)
    assert trail(last) == ["study-fetched-ahead"]
    assert complaints == []


def test_it_is_broken_off_when_the_line_is_needed_and_not_begun_when_not_wanted(
    context_at: Callable[..., BrowserContext], stored: None
) -> None:
    page = context_at().new_page()
    complaints = watch(page)
    held: list[Route] = []
    broken_off: list[str] = []

    def fell(request: Request) -> None:
        if "ahead=true" in request.url:
            broken_off.append(request.url)

    page.on("requestfailed", fell)

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile(r"/opening\?ahead=true$"), hold)  # a line on which it never ends

    def goes_on(*, on_its_way: bool, after: int = -1) -> int:
        """Waits until one is on its way, or none, and more than `after` were broken off; how many were."""
        for _ in range(300):
            if len(held) - len(broken_off) == int(on_its_way) and len(broken_off) > after:
                return len(broken_off)
            page.wait_for_timeout(50)
        raise AssertionError(f"{len(held)} were begun, {len(broken_off)} broken off")

    first, second, *_ = listed(page)
    page.locator("[data-study-link]").first.click()
    is_on_screen(page, first, 1)
    before = goes_on(on_its_way=True)
    page.locator("[data-series]").filter(has=page.get_by_text("short", exact=True)).click()
    expect_image(page, 1, 3)
    goes_on(on_its_way=True, after=before)  # broken off for the other series, and begun again when that was here

    def wanted_or_not() -> None:
        page.keyboard.press("Control+k")
        with page.expect_response("**/api/reading/preferences"):
            page.get_by_role("dialog").locator("[data-command=fetch-ahead]").click()
        expect(page.get_by_role("dialog")).to_have_count(0)

    wanted_or_not()
    try:
        begun = goes_on(on_its_way=False)
        page.keyboard.press("Shift+PageDown")
        is_on_screen(page, second, 2)
        assert len(held) == begun
    finally:
        wanted_or_not()
    before = goes_on(on_its_way=True)
    page.keyboard.press("Escape")
    page.wait_for_url(re.compile("/$"))
    goes_on(on_its_way=False, after=before)
    assert complaints == []
