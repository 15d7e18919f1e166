"""The viewer beside OHIF on Orthanc: the same browser, machine, studies and line, in turns; a new browser each time.

From the click in the list (OHIF: on its viewer's button, its code being there already) to the first picture and to the
whole series; bytes; memory of the page's process; and how smoothly three hundred images go by.
"""

from __future__ import annotations

import os
import shutil
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, sync_playwright

from bench import ohif, sealing
from bench.blast import blast
from bench.chest import stretched
from bench.chromium import FLAGS
from bench.data import load
from bench.first_image import an_administrator
from bench.node import Node, eventually, new_folder
from bench.watching import FIRST_PICTURE, Line, Scroll, renderer_megabytes, scrolled, waited

VIEWPORT: Final = {"width": 1600, "height": 1000}
OURS, THEIRS = "Isocenter", "OHIF on Orthanc"
SCENES: Final = ("83", "1000", "3000", "83-slow", "1000-slow")
_SCROLLED = 300
_LOOKS_S = 1.5
"""A reader looks at the list before clicking: what a client prepares meanwhile is its merit."""
_MIDDLE = "() => { const b = window.toClick.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2] }"
_PATIENCE_S = {False: 180, True: 90}


@dataclass(frozen=True, slots=True)
class Seen:
    """One cold run. all_ms: None when the series was not whole within the time; frames: how many were then."""

    system: str
    scene: str
    first_ms: float
    all_ms: float | None
    frames: int
    data_mb: float
    requests: int
    renderer_mb: float
    scroll: Scroll | None


@dataclass(frozen=True, slots=True)
class System:
    """A viewer that runs. open: signs in, shows the list, and sets window.toClick."""

    name: str
    store: Callable[[Path], None]
    open: Callable[[Page, Path], None]


def measure(
    source: Path, *, scenes: Sequence[str], repeats: int, only: str = "", say: Callable[[str], None] = print
) -> list[Seen]:
    """Every scene with every system that can show it, in turns. Raises MissingPeerError without OHIF or Orthanc."""
    folders = {name: source if name == "83" else stretched(source, int(name)) for name in _studies(scenes)}
    done = []
    with _systems(only) as systems:
        for system in systems:
            for name, folder in folders.items():
                if system.name == OURS or name != "3000":
                    system.store(folder)
        for repeat in range(repeats):
            for scene in scenes:
                name = scene.removesuffix("-slow")
                for system in systems if repeat % 2 == 0 else systems[::-1]:
                    if system.name == OURS or name != "3000":
                        done.append(_run(system, scene, folders[name]))
                        say(line(done[-1]))
    return done


def _studies(scenes: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(scene.removesuffix("-slow") for scene in scenes))


@contextmanager
def _systems(only: str) -> Iterator[list[System]]:
    if only == "ours":
        with _isocenter() as ours:
            yield [ours]
    elif only == "theirs":
        with ohif.running() as running:
            yield [System(THEIRS, running.store, partial(_open_theirs, running.address))]
    else:
        with _isocenter() as ours, ohif.running() as running:
            yield [System(THEIRS, running.store, partial(_open_theirs, running.address)), ours]


@contextmanager
def _isocenter() -> Iterator[System]:
    place = new_folder("isocenter-bench-")
    node = Node(place / "home", ISOCENTER_QUIET_FOR=f"{sealing.QUIET_FOR_S}s")
    stored = [0]

    def store(folder: Path) -> None:
        instances = load([folder])
        blast(node.dicom_port, node.ae_title, instances, 2)
        stored[0] += len(instances)
        if not eventually(lambda: sealing.sealed_instances(node) >= stored[0], 300):
            raise RuntimeError("the studies were not sealed")

    try:
        node.start()
        yield System(OURS, store, partial(_open_ours, node, an_administrator(node)))
    finally:
        node.stop()
        shutil.rmtree(place, ignore_errors=True)


def _open_ours(node: Node, credentials: dict[str, str], page: Page, folder: Path) -> None:
    address = f"http://127.0.0.1:{node.http_port}"
    page.context.request.post(f"{address}/api/sign-in", data=credentials)
    page.goto(address)
    uid = load([next(iter(sorted(folder.glob("*.dcm"))))])[0].study_instance_uid
    page.locator(f"a[href*='{uid}']").first.wait_for(timeout=30_000)
    page.wait_for_timeout(_LOOKS_S * 1000)
    page.evaluate("(uid) => { window.toClick = document.querySelector(`a[href*='${uid}']`) }", uid)


def _open_theirs(address: str, page: Page, folder: Path) -> None:
    page.goto(address)
    name = folder.name if folder.name == "ct-chest-cmbcrc" else f"Stretched{folder.name.split('-')[-2]}"
    text = page.get_by_text("CMB-CRC" if name == folder.name else name).first
    text.wait_for(timeout=120_000)
    page.wait_for_timeout(_LOOKS_S * 1000)
    text.click()
    page.locator(
        "[data-cy^='mode-basic'], a:has-text('Basic Viewer'), button:has-text('Basic Viewer')"
    ).first.wait_for()
    page.wait_for_timeout(500)
    page.evaluate(
        "() => { window.toClick = document.querySelector(\"[data-cy^='mode-basic']\")"
        " ?? [...document.querySelectorAll('a, button')].find((one) => one.textContent.includes('Basic Viewer')) }"
    )


def _run(system: System, scene: str, folder: Path) -> Seen:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        try:
            return _seen(system, scene, folder, browser)
        finally:
            browser.close()


def _seen(system: System, scene: str, folder: Path, browser: Browser) -> Seen:
    slow, slices = scene.endswith("-slow"), len(list(folder.glob("*.dcm")))
    page = browser.new_page(viewport=VIEWPORT)  # type: ignore[arg-type]
    page.set_default_timeout(200_000)
    line = Line(page.context.new_cdp_session(page))
    system.open(page, folder)
    if slow:
        line.slow()
    line.forget()
    page.evaluate(FIRST_PICTURE)
    page.mouse.click(*page.evaluate(_MIDDLE))
    clicked, first = page.evaluate("() => window.firstPicture")
    whole = waited(page, lambda: len(line.frames()) >= slices, _PATIENCE_S[slow])
    frames = line.frames()
    page.wait_for_timeout(1500)
    megabytes, requests, memory = line.megabytes(of_data=True), line.requests(), renderer_megabytes(os.getpid())
    smooth = scrolled(page, _SCROLLED) if whole and scene == "1000" else None
    all_ms = frames[slices - 1] * 1000 - clicked if whole else None
    return Seen(system.name, scene, first - clicked, all_ms, len(frames), megabytes, requests, memory, smooth)


def line(seen: Seen) -> str:
    """One run for the terminal."""
    whole = f"all after {seen.all_ms:.0f} ms" if seen.all_ms is not None else f"{seen.frames} frames in the time"
    smooth = "" if seen.scroll is None else f"; scroll {asdict(seen.scroll)}"
    return (
        f"{seen.system:16} {seen.scene:9} first {seen.first_ms:.0f} ms, {whole}, {seen.data_mb:.1f} MB in "
        f"{seen.requests} requests, renderer {seen.renderer_mb:.0f} MB{smooth}"
    )


def markdown(done: Sequence[Seen]) -> str:
    """The table for docs/performance.md: medians with ranges, and ours as a share of theirs."""
    rows = ["| work | OHIF on Orthanc | Isocenter | share | goal |", "|---|---|---|---|---|"]
    for scene in dict.fromkeys(each.scene for each in done):
        mine, theirs = ([one for one in done if one.scene == scene and one.system == name] for name in (OURS, THEIRS))
        for title, of, goal in _ROWS:
            if cells := _cells(theirs, mine, of):
                rows.append(f"| {scene}: {title} | {cells} | {goal(scene)} |")
    return "\n".join([*rows, ""])


def _cells(theirs: Sequence[Seen], mine: Sequence[Seen], of: Callable[[Seen], float | None]) -> str:
    sides = [[value for one in side if (value := of(one)) is not None] for side in (theirs, mine)]
    if not sides[1]:
        return ""
    words = [_words(side) for side in sides]
    peer = statistics.median(sides[0]) if sides[0] else 0  # nothing to compare with, or nothing counted there
    share = f"{statistics.median(sides[1]) / peer:.2f}" if peer else "–"
    return " | ".join([*words, share])


def _words(values: Sequence[float]) -> str:
    if not values:
        return "–"
    return f"{statistics.median(values):,.1f} ({min(values):,.1f}–{max(values):,.1f})"


def _goal_first(scene: str) -> str:
    return "≤ 2 s, ≤ 0.5" if scene.endswith("-slow") else "≤ 1 s, ≤ 0.5"


def _of_scroll(of: Callable[[Scroll], float]) -> Callable[[Seen], float | None]:
    return lambda one: None if one.scroll is None else of(one.scroll)


_ROWS: Final[tuple[tuple[str, Callable[[Seen], float | None], Callable[[str], str]], ...]] = (
    ("click → first picture, ms", lambda one: one.first_ms, _goal_first),
    ("click → all slices here, ms", lambda one: one.all_ms, lambda scene: "" if scene.endswith("-slow") else "≤ 0.5"),
    ("data to the client, MB", lambda one: one.data_mb, lambda scene: "≤ 0.45" if scene == "83" else ""),
    ("memory of the page's process, MB", lambda one: one.renderer_mb, lambda scene: "≤ 0.5" if scene == "1000" else ""),
    ("longest frame of 300 images, ms", _of_scroll(lambda scroll: scroll.worst_ms), lambda _: "≤ 50"),
    ("frames over 50 ms", _of_scroll(lambda scroll: float(scroll.over_50_ms)), lambda _: "0"),
    ("images seen", _of_scroll(lambda scroll: float(scroll.images)), lambda _: ""),
    ("blank looks", _of_scroll(lambda scroll: float(scroll.blank)), lambda _: "0"),
    ("stale looks (-1: not known)", _of_scroll(lambda scroll: float(scroll.stale)), lambda _: "0"),
)


def as_json(done: Sequence[Seen]) -> dict[str, object]:
    """For the results file."""
    return {"ohif": ohif.VERSION, "reading_room": [asdict(each) for each in done]}
