"""The study list: finding, sorting, paging, arriving."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect
from tests.browser.studies import a_ct_slice


def names(page: Page) -> list[str]:
    return page.locator("[data-study-link]").all_inner_texts()


def test_words_of_name_id_accession_and_description_find_a_study(page: Page) -> None:
    search = page.get_by_role("textbox", name="Search studies")
    for words in ("phantom-1", "PHANTOM-1 synth", "A-PHANTOM-1", "Study PHANTOM-1", "合成 PHANTOM-1"):
        search.fill(words)
        expect(page.locator("[data-study-link]")).to_have_count(1)
        expect(page.locator("[data-study-link]")).to_contain_text("Phantom-1, Synthetic")
    search.fill("nobody has this name")
    expect(page.get_by_text("No study matches")).to_be_visible()


def test_modalities_and_single_fields_narrow_the_list(page: Page) -> None:
    search = page.get_by_role("textbox", name="Search studies")
    search.fill("A-ROW000")
    expect(page.locator("[data-study-link]")).to_have_count(1)
    page.locator("label").filter(has_text=re.compile(r"^US$")).click()
    expect(page.get_by_text("No study matches")).to_be_visible()
    search.fill("A-CINE")
    expect(page.locator("[data-study-link]")).to_have_count(1)
    expect(page.get_by_test_id("study-count")).to_have_text("1 study")
    page.get_by_role("button", name="Clear all").click()
    page.get_by_role("button", name="More filters").click()
    page.get_by_label("Accession number").fill("A-LOSSY")
    expect(page.locator("[data-study-link]")).to_have_count(1)


def test_a_range_of_dates_narrows_the_list(page: Page) -> None:
    page.get_by_text("Range", exact=True).click()
    page.get_by_role("textbox", name="From").fill("2020-01-01")
    page.get_by_role("textbox", name="To", exact=True).fill("2020-01-03")
    expect(page.locator("[data-study-link]")).to_have_count(3)
    page.get_by_text("Today", exact=True).click()
    expect(page.get_by_text("No study matches")).to_be_visible()


def test_columns_sort_both_ways_and_more_is_loaded_on_demand(page: Page) -> None:
    page.get_by_role("textbox", name="Search studies").fill("A-ROW0")
    expect(page.get_by_test_id("study-count")).to_have_text("60 studies")  # before, the list is that of all studies
    expect(page.locator("[data-study-link]")).to_have_count(50)
    page.get_by_role("button", name="Load more").click()
    expect(page.locator("[data-study-link]")).to_have_count(60)
    expect(page.get_by_role("button", name="Load more")).to_have_count(0)
    page.get_by_role("button", name="Patient").click()
    expect(page.locator("[data-study-link]").first).to_contain_text("Row000")
    page.get_by_role("button", name="Patient").click()
    expect(page.locator("[data-study-link]").first).to_contain_text("Row059")
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("Patient")


def test_a_study_appears_by_itself_while_it_arrives(page: Page, store: Callable[..., None]) -> None:
    page.get_by_role("textbox", name="Search studies").fill("LATE-1")
    expect(page.get_by_text("No study matches")).to_be_visible()
    store(a_ct_slice("LATE-1", 0))
    expect(page.locator("[data-study-link]")).to_have_count(1)
    expect(page.locator("tbody [data-state=arriving]")).to_be_visible()


def test_keys_find_move_and_open(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("ROW00")
    expect(page.locator("[data-study-link]")).to_have_count(10)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    focused = page.evaluate("document.activeElement.textContent")
    assert focused == names(page)[1]
    page.keyboard.press("Enter")
    page.wait_for_url("**/studies/*")


def test_addresses_never_hold_a_name(page: Page) -> None:
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    page.get_by_role("textbox", name="Search studies").fill("Phantom-1")
    expect(page.locator("[data-study-link]")).to_have_count(1)
    page.locator("[data-study-link]").click()
    page.locator("[data-phase=shown]").wait_for()
    assert not [each for each in [*addresses, page.url] if "hantom" in each]
