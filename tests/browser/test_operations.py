"""Administration → Operations: how it runs, what is wrong, what institutions use; on a desk and on a phone."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from bench.node import Node
from playwright.sync_api import BrowserContext, Page, Route, expect
from tests.browser.conftest import PHONE

from isocenter.apps.home import read_state
from isocenter.domain.archive.metering import meter_institutions
from isocenter.kit.database import Database


def count_now(node: Node) -> None:
    """As the job of every hour does."""
    state = read_state(node.home)
    assert state is not None
    with closing(Database(state.settings["ISOCENTER_DATABASE_URL"], max_connections=2)) as database:
        meter_institutions(database)


def test_what_runs_and_what_is_used(page: Page, node: Node) -> None:
    count_now(node)
    page.goto("/administration")
    page.get_by_role("navigation", name="Administration").get_by_role("link", name="Operations").click()
    expect(page.get_by_role("heading", name="What needs attention")).to_be_visible()
    expect(page.get_by_role("table", name="Storages and copies")).to_contain_text("primary")
    use = page.get_by_role("table", name="What institutions use").locator("[data-record]")
    expect(use.filter(has_text="My institution")).to_have_count(1)  # other tests make other hospitals
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Last 31 days (CSV)").click()
    rows = list(csv.DictReader(io.StringIO(Path(downloading.value.path()).read_text("utf-8-sig"))))
    ours = [row for row in rows if row["institution"] == "My institution"]
    assert int(ours[-1]["studies"]) > 60


def test_what_is_wrong_is_said_first_in_the_readers_language(
    context_at: Callable[..., BrowserContext], studies: None
) -> None:
    page = context_at(viewport=PHONE, has_touch=True, is_mobile=True).new_page()

    def troubled(route: Route) -> None:
        body = route.fetch().json()
        body["alerts"] = [
            {"word": "node-silent", "severity": "critical", "subject": "north-2", "since": "2026-11-22T01:02:03Z"},
            {"word": "a-word-of-tomorrow", "severity": "warning", "subject": "", "since": None},
        ]
        body["site"] = {
            "waiting_objects": 12,
            "waiting_bytes": 1_500_000_000,
            "lag_s": 200.0,
            "refused": 0,
            "copied_objects": 3,
            "copied_bytes": 1,
            "last_at": None,
            "leader": "north",
            "led_since": "2026-11-22T01:02:03Z",
            "missing": 2,
        }
        route.fulfill(json=body)

    page.route("**/api/operations", troubled)
    page.route("**/api/me", lambda route: route.fulfill(json=route.fetch().json() | {"language": "zh-CN"}))
    page.goto("/administration/operations")
    alerts = page.locator("[data-alert]")
    expect(alerts.nth(0)).to_contain_text("一台主机没有响应")
    expect(alerts.nth(0)).to_contain_text("立即处理")
    expect(alerts.nth(0)).to_contain_text("north-2")
    expect(alerts.nth(1)).to_contain_text("a-word-of-tomorrow")
    expect(page.get_by_role("region", name="另一站点")).to_contain_text("12 个对象")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
