"""A walk through the viewer with real studies, in pictures for the guide: desk and phone, both languages.

    python -m bench walk --to docs/user/images/reading

Each stop opens one study of the real data, does what a reader would do first, and takes a picture of what stands there.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pydicom
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from bench.chromium import FLAGS
from bench.every_series import VIEWS, View, signed_in
from bench.first_image import an_administrator
from bench.node import Node, new_folder

PATIENCE_MS = 20_000
QUALITY = 72
REMINDED = "isocenter.display-reminder"
"""Where the client keeps that it has reminded somebody today."""


@dataclass(frozen=True, slots=True)
class Stop:
    """One picture. path: a file or folder of the real data; keys: pressed one after the other; wait_ms: before it."""

    name: str
    path: str
    keys: tuple[str, ...] = ()
    wait_ms: int = 400


STOPS = (
    Stop("ct-chest", "ct-chest-cmbcrc", (*["PageDown"] * 4, "1")),
    Stop("mr-brain", "mr-brain-remind", ("PageDown",) * 3),
    Stop("chest-film", "cr-dx/1.3.6.1.4.1.11129.5.5.110503645592756492463169821050252582267888.dcm"),
    Stop("mammogram", "mammo/ge_senographe_GH133.dcm"),
    Stop("ultrasound", "us-xa-multiframe/US-PAL-8-10x-echo.dcm", ("ArrowDown",) * 4),
    Stop("coronary-xa", "us-xa-multiframe/I_000000.dcm", ("PageDown",) * 3),
)


def run(data: Path, to: Path, only: Sequence[str] = ()) -> int:
    """Take the pictures; 0 when every stop showed an image. Pictures of stops that showed none are not taken."""
    stops = [stop for stop in STOPS if not only or stop.name in only]
    place = new_folder("isocenter-walk-")
    node = Node(place / "home", ISOCENTER_INSTITUTION_NAME="City Hospital")
    to.mkdir(parents=True, exist_ok=True)
    try:
        node.start()
        credentials = an_administrator(node)
        done = node.command("import", *(str(data / stop.path) for stop in stops), timeout_s=600)
        print(done.stdout[-300:])
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
            failed = [each for view in VIEWS for each in _walk(browser, node, credentials, view, stops, data, to)]
    finally:
        node.stop()
        shutil.rmtree(place, ignore_errors=True)
    for each in failed:
        print(each)
    return int(bool(failed))


def _walk(
    browser: Browser,
    node: Node,
    credentials: dict[str, str],
    view: View,
    stops: Sequence[Stop],
    data: Path,
    to: Path,
) -> list[str]:
    context = signed_in(browser, f"http://127.0.0.1:{node.http_port}", credentials, view)
    context.set_default_timeout(PATIENCE_MS)
    # The reminder of the display test has a page of its own.
    context.add_init_script(f"localStorage.setItem('{REMINDED}', '{datetime.now(UTC).date().isoformat()}')")
    page, failed = context.new_page(), []
    for stop in stops:
        try:
            page.goto(f"/studies/{_study_of(data / stop.path)}")
            _shown(page).wait_for()
            for key in stop.keys:
                page.keyboard.press(key)
                page.wait_for_timeout(60)
            page.wait_for_timeout(stop.wait_ms)
            _shown(page).wait_for()
        except Exception as error:
            failed.append(f"{stop.name} {view.name}: {str(error)[:200]}")
            continue
        take(page, to / f"walk-{stop.name}-{view.name}.jpg")
    context.close()
    return failed


def _shown(page: Page) -> Locator:
    return page.locator("[data-phase=shown]").first


def take(page: Page, path: Path) -> None:
    """A picture for the guide."""
    page.screenshot(path=path, type="jpeg", quality=QUALITY, animations="disabled")


def _study_of(path: Path) -> str:
    file = path if path.is_file() else next(each for each in sorted(path.rglob("*.dcm")) if "SEG" not in each.parts)
    return str(pydicom.dcmread(file, stop_before_pixels=True).StudyInstanceUID)
