"""A storage is added, tested, named by a policy and retired; on a phone and in Chinese the page holds together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bench.node import Node
from playwright.sync_api import BrowserContext, Page, Route, expect
from tests.browser.conftest import PHONE
from tests.browser.test_everywhere import violations


def test_a_storage_and_a_policy_from_beginning_to_end(page: Page, node: Node) -> None:
    folder: Path = node.home.parent / "cold"
    folder.mkdir()
    page.goto("/administration/storages")
    page.get_by_role("button", name="Add a storage").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Tape room")
    dialog.get_by_label("Address").fill((folder / "nowhere").as_uri())
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_contain_text("Something about this storage is not right")
    dialog.get_by_label("Address").fill(folder.as_uri())
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="Test Tape room").click()
    expect(page.get_by_text("Everything works")).to_be_visible()
    page.get_by_role("button", name="Add a policy").click()
    dialog.get_by_label("Name").fill("Old studies")
    dialog.get_by_label("Days since the study was last looked at").fill("36500")
    dialog.get_by_label("Tape room").check()
    dialog.get_by_role("button", name="Save").click()
    policy = page.locator("[data-policy]").filter(has_text="Old studies")
    expect(policy).to_contain_text("unused for 36500 days")
    assert violations(page) == []
    page.get_by_role("button", name="Retire Tape room").click()
    dialog.get_by_role("button", name="Retire").click()
    expect(dialog).to_contain_text("This storage is used")
    dialog.get_by_role("button", name="Cancel").click()
    policy.get_by_role("button", name="Remove").click()
    dialog.get_by_role("button", name="Remove").click()
    expect(policy).to_have_count(0)
    page.get_by_role("button", name="Retire Tape room").click()
    dialog.get_by_role("button", name="Retire").click()
    expect(page.get_by_text("Being emptied").or_(page.get_by_text("Retired"))).to_be_visible()


def test_the_page_on_a_phone_in_chinese(context_at: Callable[..., BrowserContext]) -> None:
    page = context_at(viewport=PHONE, has_touch=True, is_mobile=True).new_page()

    def in_chinese(route: Route) -> None:
        route.fulfill(json=route.fetch().json() | {"language": "zh-CN"})

    page.route("**/api/me", in_chinese)
    page.goto("/administration/storages")
    expect(page.get_by_role("heading", name="存储", exact=True)).to_be_visible()
    expect(page.get_by_text("没有策略")).to_be_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
