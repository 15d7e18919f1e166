"""Administration → Continuity: the two sites, how far behind, and drills with their evidence; desk and phone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bench.node import Node
from playwright.sync_api import BrowserContext, Page, Route, expect
from tests.browser.conftest import PHONE

from isocenter.domain.continuity.evidence import file_evidence
from isocenter.storage.facts import read_key_file
from isocenter.storage.object_store import LocalObjectStore

SAID = {
    "at": "2026-11-22T01:02:03+00:00",
    "role": "standby",
    "passed": True,
    "rto_s": 41.2,
    "rto_goal_s": 300.0,
    "rpo_s": 12.5,
    "rpo_goal_s": 60.0,
    "right": 212,
    "wrong": 0,
    "away": 3,
}


def test_drills_are_shown_with_evidence_that_can_be_taken_away(page: Page, node: Node) -> None:
    store = LocalObjectStore(node.home / "store")
    drill_id = file_evidence(store, read_key_file(node.home / "secrets" / "facts.key"), "main", SAID)
    store.put("drills/main-000000000099.json", store.get(f"drills/{drill_id}.json").replace(b"41.2", b"11.2"))
    page.goto("/administration/continuity")
    expect(page.get_by_role("region", name="This site")).to_contain_text("There is no second site")
    expect(page.get_by_role("region", name="This site")).to_contain_text("Leads, and takes what is sent")
    lines = page.get_by_role("table", name="Drills").locator("[data-record]")
    right = lines.filter(has_text="Goals met")
    expect(right).to_contain_text("41.2 s (goal 300 s)")
    expect(right).to_contain_text("212 right, 0 wrong, 3 not there")
    forged = lines.filter(has_text="The evidence was changed")
    expect(forged).to_have_count(1)
    expect(forged).not_to_contain_text("11.2")
    with page.expect_download() as downloading:
        right.get_by_role("link").click()
    assert Path(downloading.value.path()).read_bytes() == store.get(f"drills/{drill_id}.json")


def test_the_other_site_and_its_alarms_in_the_readers_language(
    context_at: Callable[..., BrowserContext], studies: None
) -> None:
    page = context_at(viewport=PHONE, has_touch=True, is_mobile=True).new_page()

    def behind(route: Route) -> None:
        body = route.fetch().json() | {"has_other": True, "alarms": ["other-site-behind"], "missing": 2}
        body["lag"] = {
            "objects": 12,
            "bytes": 1_500_000_000,
            "seconds": 200.0,
            "removals": 1,
            "stuck": 3,
            "problem": "store-away",
        }
        body["index"] = {"has_slot": True, "connected": False, "lag_bytes": None, "lag_s": None, "lost": False}
        route.fulfill(json=body)

    page.route("**/api/sites", behind)
    page.route("**/api/me", lambda route: route.fulfill(json=route.fetch().json() | {"language": "zh-CN"}))
    page.goto("/administration/continuity")
    expect(page.get_by_text("另一站点的落后程度超过允许值")).to_be_visible()
    other = page.get_by_role("region", name="另一站点")
    expect(other).to_contain_text("12 个对象")
    expect(other).to_contain_text("未连接")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
