"""Choosing studies and acting on them: send, download, delete and have back. Every test leaves the list as it was."""

from __future__ import annotations

import io
import re
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from bench.node import Node, free_port
from playwright.sync_api import BrowserContext, Locator, Page, expect
from pynetdicom import AE, AllStoragePresentationContexts, evt
from tests.browser.conftest import PHONE, watch
from tests.browser.studies import SLICES, a_ct_slice


@dataclass
class Workstation:
    """A Storage SCP of this test run, and what it was sent."""

    port: int
    received: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def store(self, event: evt.Event) -> int:
        with self._lock:
            self.received.append(str(event.dataset.SOPInstanceUID))
        return 0x0000


@pytest.fixture(scope="module")
def workstation(node: Node, studies: None) -> Iterator[Workstation]:
    """It listens, and is a destination called "Workstation"."""
    entity = AE("WORKSTATION")
    entity.supported_contexts = AllStoragePresentationContexts
    entity.add_supported_context("1.2.840.10008.1.1")
    here = Workstation(0)
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, here.store)])
    assert server is not None and server.socket is not None
    here.port = server.socket.getsockname()[1]
    address = {"name": "Workstation", "ae_title": "WORKSTATION", "host": "127.0.0.1", "port": here.port}
    made = node.post("/api/destinations", address)
    assert made.status == 201, made.body
    yield here
    server.shutdown()


def bar(page: Page) -> Locator:
    return page.get_by_test_id("action-bar")


def only(page: Page, name: str) -> Locator:
    """Narrow the list to one study; returns the link that opens it."""
    page.get_by_role("textbox", name="Search studies").fill(name)
    link = page.locator("[data-study-link]")
    expect(link).to_have_count(1)
    return link


def act(page: Page, words: str) -> None:
    """One entry of the menu of the only study shown."""
    page.get_by_role("button", name="Actions for this study").click()
    page.get_by_role("menuitem", name=words).click()


def test_studies_are_chosen_by_mouse_and_by_key(page: Page) -> None:
    page.get_by_role("textbox", name="Search studies").fill("ROW00")
    expect(page.locator("[data-study-link]")).to_have_count(10)
    boxes = page.get_by_role("checkbox", name=re.compile("^Choose Row"))
    boxes.nth(1).click()
    expect(bar(page)).to_contain_text("1 chosen")
    boxes.nth(4).click(modifiers=["Shift"])
    expect(bar(page)).to_contain_text("4 chosen")
    page.locator("[data-study-link]").first.focus()
    page.keyboard.press("Space")
    expect(bar(page)).to_contain_text("5 chosen")
    page.get_by_role("checkbox", name="Choose all shown").click()
    expect(bar(page)).to_contain_text("10 chosen")
    bar(page).get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog")).to_contain_text("Delete 10 studies?")
    page.keyboard.press("Escape")
    expect(bar(page)).to_contain_text("10 chosen")
    page.locator("[data-study-link]").first.focus()
    page.keyboard.press("Escape")
    expect(bar(page)).to_have_count(0)


def test_the_viewer_offers_the_same_and_keeps_its_keys_to_itself(page: Page) -> None:
    only(page, "CINE").click()
    page.wait_for_url("**/studies/*")
    act(page, "Delete")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("0 i r h")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert "/studies/" in page.url
    page.keyboard.press("Escape")
    page.wait_for_url(re.compile(r"/$"))


def test_chosen_series_are_sent_and_counted(page: Page, workstation: Workstation) -> None:
    only(page, "PHANTOM-1")
    act(page, "Send to")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("radio", name="Chosen series").check()
    expect(dialog.get_by_role("button", name="Send", exact=True)).to_be_disabled()
    dialog.get_by_role("checkbox", name=re.compile("short")).check()
    dialog.get_by_role("button", name="Send", exact=True).click()
    expect(dialog.locator("[data-transfer=done]")).to_contain_text("3 of 3 objects", timeout=20_000)
    assert len(workstation.received) == 3
    dialog.get_by_role("button", name="Close").last.click()
    page.get_by_role("button", name="Transfers").click()
    panel = page.get_by_role("dialog", name="Transfers")
    expect(panel.locator("[data-transfer]").first).to_contain_text("Workstation")
    expect(panel.locator("[data-transfer]").first).to_contain_text("Sent")


def test_a_destination_that_is_away_is_said_and_tried_again(page: Page, node: Node, workstation: Workstation) -> None:
    away = node.post(
        "/api/destinations", {"name": "Away", "ae_title": "AWAY", "host": "127.0.0.1", "port": free_port()}
    )
    number = away.json()["destination_id"]  # type: ignore[index]
    only(page, "LOSSY")
    page.get_by_role("checkbox", name=re.compile("^Choose Lossy")).click()
    bar(page).get_by_role("button", name="Send to").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Destination").select_option(label="Away (AWAY)")
    dialog.get_by_role("button", name="Send", exact=True).click()
    expect(dialog.locator("[data-transfer]")).to_contain_text("Nobody answers at its address", timeout=20_000)
    right = {"port": workstation.port, "ae_title": "WORKSTATION-2"}
    changed = page.request.patch(f"/api/destinations/{number}", data=right, headers={"X-Isocenter": "1"})
    assert changed.ok
    before = len(workstation.received)
    dialog.get_by_role("button", name="Try again").click()
    expect(dialog.locator("[data-transfer=done]")).to_contain_text("1 of 1 objects", timeout=20_000)
    assert len(workstation.received) == before + 1


@pytest.mark.parametrize(("words", "holds_dicomdir"), [("as ZIP", False), ("as a medium", True)])
def test_a_study_is_downloaded(page: Page, words: str, holds_dicomdir: bool) -> None:
    only(page, "PHANTOM-1")
    with page.expect_download() as begun:
        act(page, words)
    content = Path(begun.value.path()).read_bytes()
    names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert ("DICOMDIR" in names) is holds_dicomdir
    assert len(names) >= SLICES + 3
    assert "hantom" not in begun.value.suggested_filename


def test_a_deleted_study_is_gone_and_comes_back(page: Page) -> None:
    only(page, "NEGATIVE")
    act(page, "Delete")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Delete", exact=True)).to_be_disabled()
    dialog.get_by_label("Reason").fill("Test images")
    dialog.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_test_id("recoverable-until")).to_contain_text(re.compile(r"until 20\d\d-\d\d-\d\d"))
    dialog.get_by_role("button", name="Close").last.click()
    expect(page.get_by_text("No study matches")).to_be_visible()
    page.get_by_role("link", name="Administration").click()
    page.get_by_role("link", name="Recently deleted").first.click()
    line = page.locator("[data-deleted]").filter(has_text="Negative")
    expect(line).to_contain_text("Test images")
    line.get_by_role("button", name="Restore").click()
    expect(line).to_have_count(0)
    page.get_by_role("link", name="Studies", exact=True).click()
    only(page, "NEGATIVE")


def test_erasing_for_good_asks_for_a_word(page: Page, store: Callable[..., None]) -> None:
    store(a_ct_slice("ERASED", 0))
    expect(only(page, "ERASED")).to_contain_text("Erased")
    act(page, "Delete")
    page.get_by_label("Reason").fill("Not needed")
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    page.get_by_test_id("recoverable-until").wait_for()
    page.goto("/administration/deleted")
    page.locator("[data-deleted]").filter(has_text="Erased").get_by_role("button", name="Erase").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Erase")).to_be_disabled()
    dialog.get_by_label("to confirm").fill("erase")
    dialog.get_by_role("button", name="Erase").click()
    expect(page.locator("[data-deleted]")).to_have_count(0)


def test_on_a_phone_a_long_press_chooses(context_at: Callable[..., BrowserContext], studies: None) -> None:
    page = context_at(viewport=PHONE, has_touch=True, is_mobile=True, device_scale_factor=2).new_page()
    complaints = watch(page)
    page.goto("/")
    card = page.locator("li").filter(has_text="Study PHANTOM-1")
    card.evaluate("card => card.scrollIntoView({ block: 'center' })")
    box = card.bounding_box()
    assert box is not None
    finger = page.context.new_cdp_session(page)
    point = {"x": box["x"] + 60, "y": box["y"] + box["height"] / 2}
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
    expect(bar(page)).to_contain_text("1 chosen")
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.locator("li").filter(has_text="Study CINE").tap()
    expect(bar(page)).to_contain_text("2 chosen")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    bar(page).get_by_role("button", name="Delete").tap()
    expect(page.get_by_role("dialog")).to_contain_text("Delete 2 studies?")
    assert complaints == []
