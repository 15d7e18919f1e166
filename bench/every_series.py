"""Every series of some folders opened in the viewer, on a desk and on a phone, in both languages, each a picture.

What a program can see is counted: shown, said why not, nothing within the time, script errors, a page wider than its
screen. The rest is for eyes: the contact sheets lay the pictures side by side. Nothing here is timed.
"""

from __future__ import annotations

import html
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, TimeoutError, sync_playwright

from bench.chromium import FLAGS
from bench.first_image import an_administrator
from bench.node import Node, new_folder

WAIT_MS = 15_000
A_SHEET = 24
BROKEN = {
    "1.3.6.1.4.1.5962.1.3.8.1.20040826185059.5457": (
        "JPEG2000-embedded-sequence-delimiter.dcm has the UID of JPEG2000.dcm, is imported before it and so is kept; "
        "its code stream says 3.7 billion columns"
    ),
    "1.2.3.4.5.99999.2": (
        "the malformed set: one of its images has no rows, and the pixel data of three are empty, a byte, or half of "
        "what is due"
    ),
}
"""Series of the real data with images that nobody can decode, and why: the viewer has to say so of those images.

Their failed requests are no complaints. tests/pixels/test_decode.py has the files.
"""
REFUSED = "Failed to load resource: the server responded with a status of 406"
PATTERN = "{state}-{number:03d}-{view}.jpg"


@dataclass(frozen=True, slots=True)
class View:
    """A screen and a language."""

    name: str
    width: int
    height: int
    language: str

    @property
    def phone(self) -> bool:
        """Whether it has touch and is narrow."""
        return self.width < 600


VIEWS = (
    View("desk-en", 1440, 900, "en"),
    View("phone-zh", 390, 844, "zh-CN"),
    View("desk-zh", 1440, 900, "zh-CN"),
    View("phone-en", 390, 844, "en"),
)


@dataclass(slots=True)
class Seen:
    """What became of one series on one screen."""

    number: int
    view: str
    study_instance_uid: str
    series_instance_uid: str
    about: str
    state: str = "nothing"
    said: str = ""
    picture: str = ""
    complaints: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Listed:
    """One series of the archive."""

    study_instance_uid: str
    series_instance_uid: str
    about: str


def run(folders: Sequence[Path], to: Path, names: Sequence[str], only: str = "") -> int:
    """Import, open, look. Pictures and contact sheets go to `to`.

    0 when there are series, each showed a picture or a document or said why not, and no script failed; what is broken
    on purpose (`BROKEN`) may say that it is.
    """
    missing = [str(each) for each in folders if not each.is_dir()]
    if missing:
        print(f"there is no folder {', '.join(missing)}: name one, or set ISOCENTER_SHARED_DATA")
        return 1
    place = new_folder("isocenter-every-series-")
    node = Node(place / "home")
    to.mkdir(parents=True, exist_ok=True)
    try:
        node.start()
        credentials = an_administrator(node)
        _import(node, place, folders)
        listed = [each for each in _series(node) if only in each.about]
        print(f"{len(listed)} series")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
            views = [view for view in VIEWS if not names or view.name in names]
            seen = [each for view in views for each in _look(browser, node, credentials, view, listed, to)]
            _sheets(browser, seen, to)
    finally:
        node.stop()
        shutil.rmtree(place, ignore_errors=True)
    return _tell(seen, to)


def _import(node: Node, place: Path, folders: Sequence[Path]) -> None:
    made = place / "phantoms"
    phantoms = [sys.executable, "-m", "tests.phantoms", str(made)]
    subprocess.run(phantoms, cwd=Path(__file__).parents[1], env=os.environ, check=True)
    done = node.command("import", *(str(each) for each in (*folders, made)), timeout_s=900)
    print(done.stdout[-1500:], done.stderr[-500:])


def _series(node: Node) -> Iterator[Listed]:
    offset = 0
    while True:
        query = f"/dicom-web/studies?limit=100&offset={offset}&includefield=00081030"
        reply = node.get(query, "application/dicom+json")
        studies = json.loads(reply.body) if reply.status == 200 else []
        for study in studies:
            uid = study["0020000D"]["Value"][0]
            name = study.get("00081030", {}).get("Value", [""])[0]
            told = json.loads(node.get(f"/api/studies/{uid}").body)
            for one in told["series"]:
                words = (name, one["modality"], one["series_number"], one["series_description"], one["why_not"])
                yield Listed(uid, one["series_instance_uid"], " · ".join(str(each) for each in words if each))
        if len(studies) < 100:
            return
        offset += len(studies)


def _look(
    browser: Browser, node: Node, credentials: dict[str, str], view: View, listed: Sequence[Listed], to: Path
) -> Iterator[Seen]:
    address = f"http://127.0.0.1:{node.http_port}"
    context = signed_in(browser, address, credentials, view)
    page, complaints = _page(context)
    at = ""
    for number, each in enumerate(listed):
        seen = Seen(number, view.name, each.study_instance_uid, each.series_instance_uid, each.about)
        del complaints[:]
        try:
            if at != each.study_instance_uid:
                page.goto(f"{address}/studies/{each.study_instance_uid}")
                at = each.study_instance_uid
            _show(page, each.series_instance_uid, seen)
        except Exception as error:
            seen.said = f"{type(error).__name__}: {str(error)[:300]}"
            at = ""
        seen.complaints = complaints_of(each.series_instance_uid, complaints)
        seen.picture = PATTERN.format(state=seen.state, number=number, view=view.name)
        page.screenshot(path=to / seen.picture, type="jpeg", quality=70, animations="disabled")
        yield seen
    context.close()


def complaints_of(series_instance_uid: str, said: Sequence[str]) -> list[str]:
    """What the page complained of, less the requests that have to fail for a series that is broken on purpose."""
    expected = series_instance_uid in BROKEN
    return [each for each in said if not (expected and each.startswith(REFUSED))]


def signed_in(browser: Browser, address: str, credentials: dict[str, str], view: View) -> BrowserContext:
    """A browser profile of this screen and language, signed in."""
    context = browser.new_context(
        viewport={"width": view.width, "height": view.height},
        locale=view.language,
        base_url=address,
        has_touch=view.phone,
        is_mobile=view.phone,
        reduced_motion="reduce",
    )
    context.request.post("/api/sign-in", data=credentials)
    ours = {"X-Isocenter": "1", "Origin": address}
    context.request.patch("/api/me", headers=ours, data={"language": view.language})
    return context


def _page(context: BrowserContext) -> tuple[Page, list[str]]:
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)[:300]))
    page.on("console", lambda told: complaints.append(told.text[:300]) if told.type == "error" else None)
    return page, complaints


_STATE = """
() => {
  const cell = document.querySelector('[data-cell="0"]');
  if (!cell) return null;
  if (cell.querySelector('[data-testid=frame-failure]')) return 'failed';
  if (cell.querySelector('[data-testid=cell-message]')) return 'explained';
  const pane = cell.querySelector('[data-phase]');
  if (pane) return pane.dataset.phase === 'shown' ? 'shown' : null;
  return cell.querySelector('canvas, iframe, object, video, svg, article, [data-document]') ? 'document' : null;
}
"""


def _show(page: Page, series_instance_uid: str, seen: Seen) -> None:
    thumbnail = page.locator(f'[data-series="{series_instance_uid}"]')
    thumbnail.first.wait_for(timeout=WAIT_MS)
    thumbnail.first.click()
    try:
        page.wait_for_function(f"() => ({_STATE})() !== null", timeout=WAIT_MS)
    except TimeoutError:
        seen.said = "nothing within 15 s"
    page.wait_for_timeout(500)  # what follows the first picture: other cells, the rail's thumbnails
    seen.state = page.evaluate(_STATE) or "nothing"
    if seen.state != "shown":
        seen.said = page.locator('[data-cell="0"]').inner_text()[:400] or seen.said
    if seen.state == "failed" and series_instance_uid in BROKEN:
        seen.state = "broken"
        seen.said += f" (as expected: {BROKEN[series_instance_uid]})"
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if wide > 0:
        seen.complaints.append(f"the page is {wide} px wider than the screen")


def _sheets(browser: Browser, seen: Sequence[Seen], to: Path) -> None:
    page = browser.new_page(viewport={"width": 1800, "height": 1200})
    for view in dict.fromkeys(each.view for each in seen):
        of_view = [each for each in seen if each.view == view]
        for start in range(0, len(of_view), A_SHEET):
            sheet = to / f"sheet-{view}-{start // A_SHEET:02d}.html"
            sheet.write_text(_sheet(of_view[start : start + A_SHEET]))
            page.goto(sheet.as_uri())
            page.screenshot(path=sheet.with_suffix(".jpg"), type="jpeg", quality=75, full_page=True)
            sheet.unlink()
    page.close()


def _sheet(seen: Sequence[Seen]) -> str:
    width = 210 if "phone" in seen[0].view else 290
    figures = "".join(
        f'<figure style="width:{width}px;margin:4px"><img src="{each.picture}" style="width:100%">'
        f"<figcaption>{each.number} <b>{each.state}</b> {html.escape(each.about[:90])}</figcaption></figure>"
        for each in seen
    )
    return f'<body style="font:11px sans-serif;display:flex;flex-wrap:wrap;margin:4px">{figures}</body>'


def _tell(seen: Sequence[Seen], to: Path) -> int:
    (to / "seen.json").write_text(json.dumps([asdict(each) for each in seen], indent=1, ensure_ascii=False))
    for view in dict.fromkeys(each.view for each in seen):
        print(view, dict(Counter(each.state for each in seen if each.view == view)))
    wrong = [each for each in seen if each.state in ("nothing", "failed") or each.complaints]
    for each in wrong:
        print(f"{each.view} {each.number} {each.about}: {each.state} {each.said} {' | '.join(each.complaints)}")
    if not seen:
        print("nothing was looked at: nothing was imported, or no series has these words")
    return int(bool(wrong) or not seen)
