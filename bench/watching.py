"""What is seen of a viewer from outside: when a picture is on a canvas, what came over the line, how it scrolls.

Nothing that a viewer says of itself is believed: canvases are looked at, and the browser's own account of its requests.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import CDPSession, Page

from bench.processes import command_line, tree

SLOW_BYTES_PER_S: Final = 1_000_000
SLOW_ROUND_TRIP_MS: Final = 200
_CLICK_S: Final = 1 / 30

FIRST_PICTURE: Final = """
() => {
  const sample = document.createElement('canvas'); sample.width = sample.height = 32;
  const pencil = sample.getContext('2d', { willReadFrequently: true });
  const shows = (canvas) => {
    if (!canvas.width || !canvas.height || canvas.dataset.preview) return false;
    pencil.clearRect(0, 0, 32, 32); pencil.drawImage(canvas, 0, 0, 32, 32);
    const pixels = pencil.getImageData(0, 0, 32, 32).data;
    let least = 255, most = 0;
    for (let i = 0; i < pixels.length; i += 4) { least = Math.min(least, pixels[i]); most = Math.max(most, pixels[i]); }
    return most - least > 40;
  };
  window.firstPicture = new Promise((tell) => addEventListener('click', () => {
    const clicked = performance.timeOrigin + performance.now();
    const look = () => {
      if ([...document.querySelectorAll('canvas')].some(shows)) {
        tell([clicked, performance.timeOrigin + performance.now()]);
      } else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }, { capture: true, once: true }));
}
"""
"""Says the time of the click and of the first frame of the page after which a canvas shows a picture, ms since 1970."""

RECORD: Final = """
() => {
  const sample = document.createElement('canvas'); sample.width = sample.height = 24;
  const pencil = sample.getContext('2d', { willReadFrequently: true });
  const seen = []; window.seen = seen; window.recording = true;
  const canvas = [...document.querySelectorAll('canvas')].sort((a, b) => b.width * b.height - a.width * a.height)[0];
  const pane = canvas.closest('[data-image-index]');
  const look = (at) => {
    if (!window.recording) return;
    const { width, height } = canvas;
    pencil.drawImage(canvas, width * 0.35, height * 0.35, width * 0.3, height * 0.3, 0, 0, 24, 24);
    const pixels = pencil.getImageData(0, 0, 24, 24).data;
    let hash = 0, most = 0;
    for (let i = 0; i < pixels.length; i += 4) { hash = (hash * 31 + pixels[i]) | 0; most = Math.max(most, pixels[i]); }
    const veiled = pane && pane.dataset.phase === 'loading' && !pane.querySelector('[data-testid=overlay]');
    seen.push([at, hash, most, pane ? Number(pane.dataset.imageIndex) : -1, veiled ? 1 : 0]);
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}
"""
"""At every frame of the page: [ms, what is on the canvas, its brightest grey, the place that words claim, veiled]."""


@dataclass(slots=True)
class _Request:
    address: str
    ended_at: float | None = None
    length: int = 0


class Line:
    """What goes over the line of one page, by the browser's account. Times are seconds since 1970."""

    def __init__(self, session: CDPSession) -> None:
        self._requests: dict[str, _Request] = {}
        self._ahead_s = 0.0
        session.on("Network.requestWillBeSent", self._sent)
        session.on("Network.loadingFinished", self._ended)
        # Else the page holds what came over the line a second time. (Playwright keeps 100 MB of its own.)
        session.send("Network.enable", {"maxTotalBufferSize": 0, "maxResourceBufferSize": 0})
        self._session = session

    def slow(self) -> None:
        """From now on 8 Mbit/s and 200 ms, for every request."""
        settings = {"offline": False, "latency": SLOW_ROUND_TRIP_MS}
        settings |= {"downloadThroughput": SLOW_BYTES_PER_S, "uploadThroughput": SLOW_BYTES_PER_S}
        self._session.send("Network.emulateNetworkConditions", settings)

    def forget(self) -> None:
        """Count from here on."""
        self._requests.clear()

    def frames(self) -> list[float]:
        """When each frame was here; a study's first picture may come with the study."""
        return sorted(
            one.ended_at
            for one in self._requests.values()
            if one.ended_at is not None and ("/frames/" in one.address or one.address.endswith("/opening"))
        )

    def megabytes(self, *, of_data: bool) -> float:
        """Of DICOMweb and the interface of the archive; or of the application's own files."""
        data = ("/dicom-web/", "/api/")
        chosen = [one for one in self._requests.values() if any(word in one.address for word in data) == of_data]
        return sum(one.length for one in chosen) / 1e6

    def requests(self) -> int:
        """How many were asked."""
        return len(self._requests)

    def _sent(self, event: dict[str, Any]) -> None:
        self._ahead_s = event["wallTime"] - event["timestamp"]
        self._requests[event["requestId"]] = _Request(event["request"]["url"])

    def _ended(self, event: dict[str, Any]) -> None:
        request = self._requests.get(event["requestId"])
        if request is not None:
            request.ended_at = event["timestamp"] + self._ahead_s
            request.length = int(event["encodedDataLength"])


def renderer_megabytes(browser_pid: int) -> float:
    """Proportional set size of the largest renderer of a browser."""
    renderers = [
        process.pid
        for process in tree([browser_pid])
        if any("--type=renderer" in word for word in command_line(process.pid))
    ]
    return max((_pss_kib(pid) for pid in renderers), default=0) / 1024


def _pss_kib(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


@dataclass(frozen=True, slots=True)
class Scroll:
    """How 300 images went by. stale: looks at which the picture was not the one that the words claimed (-1 unknown)."""

    worst_ms: float
    over_50_ms: int
    images: int
    blank: int
    stale: int


def scrolled(page: Page, steps: int) -> Scroll:
    """Turn the wheel by so many clicks, thirty a second, and say what was on the screen meanwhile."""
    canvas = page.locator("canvas").first.bounding_box()
    assert canvas is not None
    page.mouse.move(canvas["x"] + canvas["width"] / 2, canvas["y"] + canvas["height"] / 2)
    page.wait_for_timeout(1000)
    page.evaluate(RECORD)
    due = time.monotonic()
    for _ in range(steps):
        page.mouse.wheel(0, 100)
        due += _CLICK_S
        time.sleep(max(0.0, due - time.monotonic()))
    page.wait_for_timeout(500)
    page.evaluate("() => { window.recording = false }")
    return _judged(page.evaluate("() => window.seen"))


def _judged(seen: list[list[float]]) -> Scroll:
    gaps = [later[0] - earlier[0] for earlier, later in pairwise(seen)]
    pictures: dict[float, set[float]] = {}
    for _, picture, _, place, veiled in seen:
        if not veiled:
            pictures.setdefault(place, set()).add(picture)
    # Under one claim there is one picture; a second one under the same claim is that of another image.
    stale = sum(len(found) - 1 for place, found in pictures.items() if place >= 0)
    return Scroll(
        max(gaps, default=0.0),
        sum(gap > 50 for gap in gaps),
        len({picture for _, picture, *_ in seen}),
        sum(most < 16 for _, _, most, _, veiled in seen if not veiled),
        stale if any(place >= 0 for place in pictures) else -1,
    )


def waited(page: Page, holds: Callable[[], bool], within_s: float) -> bool:
    """Whether it holds within a time; the browser's account goes on meanwhile."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if holds():
            return True
        page.wait_for_timeout(50)
    return holds()
