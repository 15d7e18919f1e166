"""The viewer beside OHIF on Orthanc: the same browser, machine, studies and line, in turns; a new browser each time.

From the click in the list (OHIF: on its viewer's button, its code being there already) to the first picture and to the
whole series; bytes; and how smoothly three hundred images go by. Memory is measured apart (bench/renderer_memory.py):
the driver used here makes the page keep the answers.
"""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, sync_playwright

from bench import ohif
from bench.chest import stretched
from bench.chromium import FLAGS
from bench.viewers import OURS, THEIRS, System, running
from bench.watching import FIRST_PICTURE, Line, Scroll, scrolled, waited

VIEWPORT: Final = {"width": 1600, "height": 1000}
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
    scroll: Scroll | None


def measure(
    source: Path, *, scenes: Sequence[str], repeats: int, only: str = "", say: Callable[[str], None] = print
) -> list[Seen]:
    """Every scene with every system that can show it, in turns. Raises MissingPeerError without OHIF or Orthanc."""
    folders = {name: source if name == "83" else stretched(source, int(name)) for name in _studies(scenes)}
    done = []
    with running(only) as systems:
        for system in systems:
            for name, folder in folders.items():
                if system.shows(int(name)):
                    system.store(folder)
        for repeat in range(repeats):
            for scene in scenes:
                name = scene.removesuffix("-slow")
                for system in systems if repeat % 2 == 0 else systems[::-1]:
                    if system.shows(int(name)):
                        done.append(_run(system, scene, folders[name]))
                        say(line(done[-1]))
    return done


def _studies(scenes: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(scene.removesuffix("-slow") for scene in scenes))


def _open(page: Page, system: System, folder: Path) -> None:
    """Sign in, show the list, and set window.toClick."""
    if system.sign_in:
        page.context.request.post(f"{system.address}/api/sign-in", data=system.sign_in)
    page.goto(system.address)
    *before, opens = system.clicks(folder)
    for element in before:
        page.wait_for_function(f"() => Boolean({element})", timeout=120_000)
        page.wait_for_timeout(_LOOKS_S * 1000)
        page.evaluate(f"() => {{ window.toClick = {element} }}")
        page.mouse.click(*page.evaluate(_MIDDLE))
    page.wait_for_function(f"() => Boolean({opens})", timeout=120_000)
    page.wait_for_timeout(_LOOKS_S * 1000)
    page.evaluate(f"() => {{ window.toClick = {opens} }}")


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
    _open(page, system, folder)
    if slow:
        line.slow()
    line.forget()
    page.evaluate(FIRST_PICTURE)
    page.mouse.click(*page.evaluate(_MIDDLE))
    clicked, first = page.evaluate("() => window.firstPicture")
    whole = waited(page, lambda: len(line.frames()) >= slices, _PATIENCE_S[slow])
    frames = line.frames()
    page.wait_for_timeout(1500)
    megabytes, requests = line.megabytes(of_data=True), line.requests()
    smooth = scrolled(page, _SCROLLED) if whole and scene == "1000" else None
    all_ms = frames[slices - 1] * 1000 - clicked if whole else None
    return Seen(system.name, scene, first - clicked, all_ms, len(frames), megabytes, requests, smooth)


def line(seen: Seen) -> str:
    """One run for the terminal."""
    whole = f"all after {seen.all_ms:.0f} ms" if seen.all_ms is not None else f"{seen.frames} frames in the time"
    smooth = "" if seen.scroll is None else f"; scroll {asdict(seen.scroll)}"
    return (
        f"{seen.system:16} {seen.scene:9} first {seen.first_ms:.0f} ms, {whole}, {seen.data_mb:.1f} MB in "
        f"{seen.requests} requests{smooth}"
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
    ("longest frame of 300 images, ms", _of_scroll(lambda scroll: scroll.worst_ms), lambda _: "≤ 50"),
    ("frames over 50 ms", _of_scroll(lambda scroll: float(scroll.over_50_ms)), lambda _: "0"),
    ("images seen", _of_scroll(lambda scroll: float(scroll.images)), lambda _: ""),
    ("blank looks", _of_scroll(lambda scroll: float(scroll.blank)), lambda _: "0"),
    ("stale looks (-1: not known)", _of_scroll(lambda scroll: float(scroll.stale)), lambda _: "0"),
)


def as_json(done: Sequence[Seen]) -> dict[str, object]:
    """For the results file."""
    return {"ohif": ohif.VERSION, "reading_room": [asdict(each) for each in done]}
