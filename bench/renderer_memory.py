"""Memory of the page's process with a whole series in it, ours and OHIF's in turns, in a browser that nobody drives."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from bench import ohif
from bench.bare_browser import BareBrowser, bare_browser
from bench.chest import stretched
from bench.viewers import OURS, THEIRS, System, running
from bench.watching import renderer_megabytes

# Counted as they come: a list of everything that came would be memory of ours in their page.
_COUNT = """
window.framesHere = 0;
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) if (one.name.includes('/frames/')) window.framesHere += 1;
}).observe({ type: 'resource' });
"""
_SETTLES_S = 1.5
_IDLE_S = 10.0
_PATIENCE_S = 300.0


@dataclass(frozen=True, slots=True)
class Held:
    """Proportional set size of the page's process in MB: 1.5 s after the last frame came, and ten seconds later."""

    system: str
    slices: int
    loaded_mb: float
    idle_mb: float


def measure(
    source: Path, *, slices: Sequence[int], repeats: int, only: str = "", say: Callable[[str], None] = print
) -> list[Held]:
    """Every length with every system that can show it, in turns. Raises MissingPeerError without OHIF or Orthanc."""
    folders = {count: source if count == 83 else stretched(source, count) for count in slices}
    done = []
    with running(only) as systems:
        for system in systems:
            for count, folder in folders.items():
                if system.shows(count):
                    system.store(folder)
        for repeat in range(repeats):
            for count, folder in folders.items():
                for system in systems if repeat % 2 == 0 else systems[::-1]:
                    if system.shows(count):
                        done.append(_held(system, count, folder))
                        say(line(done[-1]))
    return done


def _held(system: System, slices: int, folder: Path) -> Held:
    with bare_browser(1600, 1000) as browser:
        _open(browser, system, folder)
        # The first frame may come with the study; a series longer than what is kept is whole when nothing more comes.
        _wait_for_frames(browser, slices - 1)
        time.sleep(_SETTLES_S)
        loaded = renderer_megabytes(browser.pid)
        time.sleep(_IDLE_S)
        return Held(system.name, slices, loaded, renderer_megabytes(browser.pid))


def _open(browser: BareBrowser, system: System, folder: Path) -> None:
    browser.open(system.address)
    if system.sign_in:
        body = json.dumps(json.dumps(system.sign_in))
        headers = "{'Content-Type': 'application/json', 'X-Isocenter': '1'}"
        status = browser.evaluate(
            f"fetch('/api/sign-in', {{method: 'POST', headers: {headers}, body: {body}}}).then((one) => one.status)"
        )
        if status != 200:
            raise RuntimeError(f"signing in was answered {status}")
        browser.open(system.address)
    for element in system.clicks(folder):
        browser.wait_for(element, 120)
        time.sleep(_SETTLES_S)
        browser.evaluate(_COUNT)
        browser.click(element)


def _wait_for_frames(browser: BareBrowser, wanted: int) -> None:
    end = time.monotonic() + _PATIENCE_S
    seen, since = -1, time.monotonic()
    while seen < wanted and time.monotonic() < end:
        now = int(browser.evaluate("window.framesHere ?? 0"))
        if now != seen:
            seen, since = now, time.monotonic()
        elif seen > 0 and time.monotonic() - since > _IDLE_S:
            return
        time.sleep(0.2)
    if seen <= 0:
        raise RuntimeError("no frame came")


def line(held: Held) -> str:
    """One run for the terminal."""
    return f"{held.system:16} {held.slices:5} slices: {held.loaded_mb:.0f} MB, {held.idle_mb:.0f} MB ten seconds later"


def _loaded(held: Held) -> float:
    return held.loaded_mb


def _idle(held: Held) -> float:
    return held.idle_mb


_LOOKS: Final = (("loaded", _loaded), ("ten seconds later", _idle))


def markdown(done: Sequence[Held]) -> str:
    """The table for docs/performance.md: medians with ranges, ours as a share of theirs and of our 1,000 slices."""
    rows = [
        "| memory of the page's process, MB | OHIF on Orthanc | Isocenter | share | goal |",
        "|---|---|---|---|---|",
    ]
    for slices in dict.fromkeys(each.slices for each in done):
        for title, of in _LOOKS:
            theirs, mine, thousand = (
                [of(one) for one in done if (one.system, one.slices) == which]
                for which in ((THEIRS, slices), (OURS, slices), (OURS, 1000))
            )
            base = theirs or thousand
            share = f"{statistics.median(mine) / statistics.median(base):.2f}" if mine and base else "–"
            goal = {1000: "≤ 0.5", 3000: "≤ 1.2 of our 1,000"}.get(slices, "")
            rows.append(f"| {slices:,} slices, {title} | {_words(theirs)} | {_words(mine)} | {share} | {goal} |")
    return "\n".join([*rows, ""])


def _words(values: Sequence[float]) -> str:
    return f"{statistics.median(values):,.0f} ({min(values):,.0f}–{max(values):,.0f})" if values else "–"


def as_json(done: Sequence[Held]) -> dict[str, object]:
    """For the results file."""
    return {"ohif": ohif.VERSION, "renderer_memory": [asdict(each) for each in done]}
