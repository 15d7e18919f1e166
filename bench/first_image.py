"""From the click in the study list to the first image on the screen: a real browser, a warm server, loopback.

The moment is taken in the page: from the click event to the first animation frame after which a canvas shows a picture
(its pixels differ), so that no attribute of the client has to be believed.
"""

from __future__ import annotations

import re
import secrets
import shutil
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from bench import sealing
from bench.blast import blast
from bench.data import Instance, load
from bench.node import Node, eventually, new_folder

VIEWPORT = {"width": 1440, "height": 900}
_WATCH = """
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
  window.firstImageAfterMs = new Promise((tell) => addEventListener('click', () => {
    const began = performance.now();
    const look = () => {
      if ([...document.querySelectorAll('canvas')].some(shows)) tell(performance.now() - began);
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
    setTimeout(() => tell(-1), 30000);
  }, { capture: true, once: true }));
}
"""


@dataclass(frozen=True, slots=True)
class FirstImage:
    """Milliseconds from click to picture, repeat by repeat, for one state of the study."""

    state: str
    instances: int
    milliseconds: tuple[float, ...]


def measure(folder: Path, *, repeats: int, say: Callable[[str], None] = print) -> list[FirstImage]:
    """Store a folder's study and open it, while it is open and after it was sealed; a new browser profile each time."""
    instances = load([folder])
    results = []
    for state, quiet_for in (("open", "1h"), ("sealed", f"{sealing.QUIET_FOR_S}s")):
        place = new_folder("isocenter-bench-")
        node = Node(place / "home", ISOCENTER_QUIET_FOR=quiet_for)
        try:
            node.start()
            blast(node.dicom_port, node.ae_title, instances, 1)
            if state == "sealed" and not eventually(partial(_sealed, node), 120):
                raise RuntimeError("the study was not sealed")
            results.append(FirstImage(state, len(instances), _watched(node, instances, repeats)))
        finally:
            node.stop()
            shutil.rmtree(place, ignore_errors=True)
        say(line(results[-1]))
    return results


def _sealed(node: Node) -> bool:
    return sealing.sealed_instances(node) > 0


def _watched(node: Node, instances: Sequence[Instance], repeats: int) -> tuple[float, ...]:
    credentials = an_administrator(node)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        _open(browser, node, credentials, instances)
        opened = tuple(_open(browser, node, credentials, instances) for _ in range(repeats))
        browser.close()
    return opened


def an_administrator(node: Node) -> dict[str, str]:
    """Use the one-time link that `isocenter up` printed."""
    eventually(lambda: "/enrol/" in node.said(), 20)
    link = re.search(r"/enrol/([\w-]{43})", node.said().replace("\n", ""))
    if link is None:
        raise RuntimeError(f"no enrolment link in\n{node.said()}")
    node.command("sign-in-policy", "--second-factor", "offered")
    credentials = {"username": "bench", "password": secrets.token_urlsafe(18)}
    reply = node.post(f"/api/enrolments/{link[1]}", credentials | {"display_name": "Bench", "language": "en"})
    if reply.status != 200:
        raise RuntimeError(f"enrolment failed: {reply.status} {reply.body[:300]!r}")
    return credentials


def _open(browser: Browser, node: Node, credentials: dict[str, str], instances: Sequence[Instance]) -> float:
    address = f"http://127.0.0.1:{node.http_port}"
    context = browser.new_context(viewport=VIEWPORT)  # type: ignore[arg-type]
    try:
        context.request.post(f"{address}/api/sign-in", data=credentials)
        page = context.new_page()
        page.goto(address)
        study = page.locator(f"a[href*='{instances[0].study_instance_uid}']").first
        study.wait_for(timeout=30_000)
        page.wait_for_timeout(1500)  # a reader looks before clicking: what the client prepares meanwhile is its merit
        page.evaluate(_WATCH)
        study.click()
        after_ms = float(page.evaluate("() => window.firstImageAfterMs"))
        if after_ms < 0:
            raise RuntimeError("no image within 30 s")
        return after_ms
    finally:
        context.close()


def line(done: FirstImage) -> str:
    """One state for the terminal."""
    times = done.milliseconds
    return (
        f"{done.state:7} {done.instances} slices: first image after {statistics.median(times):.0f} ms "
        f"({min(times):.0f}–{max(times):.0f}, {len(times)} times)"
    )


def markdown(done: Sequence[FirstImage]) -> str:
    """The table for docs/performance.md."""
    text = "| study | slices | click → first image, ms: median (range) |\n|---|---|---|\n"
    for each in done:
        least, middle, most = min(each.milliseconds), statistics.median(each.milliseconds), max(each.milliseconds)
        text += f"| {each.state} | {each.instances} | {middle:.0f} ({least:.0f}–{most:.0f}) |\n"
    return text


def as_json(done: Sequence[FirstImage]) -> dict[str, object]:
    """For the results file."""
    return {"first_image": [asdict(each) for each in done]}
