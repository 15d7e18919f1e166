"""Overlays lie where their objects say and nowhere else; reports, documents, ECGs and videos are pages of the room."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ColorSoftcopyPresentationStateStorage, ExplicitVRLittleEndian
from tests.browser.conftest import watch
from tests.browser.reading import asked, choose_series, on_screen, open_series, open_study_uid, taker
from tests.browser.screen import expect_image, open_study
from tests.browser.test_everywhere import violations
from tests.browser.test_restricted import People, people
from tests.golden import spatial, states
from tests.phantoms import cine, objects

__all__ = ["people"]
SHAPE = (objects.SIDE, objects.SIDE)
_COVERED = """
async (address) => {
  const image = document.querySelector(`[data-overlay="${address}"] image`);
  if (!image) return null;
  const picture = new Image();
  picture.src = image.getAttribute('href');
  await picture.decode();
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  const pencil = canvas.getContext('2d');
  pencil.drawImage(picture, 0, 0);
  const { data } = pencil.getImageData(0, 0, picture.width, picture.height);
  const [a, b, c, d, e, f] = image.getAttribute('transform').match(/[-\\d.e]+/g).map(Number);
  const covered = [];
  for (let row = 0; row < picture.height; row += 1)
    for (let column = 0; column < picture.width; column += 1)
      if (data[(row * picture.width + column) * 4 + 3] > 0)
        covered.push([a * (column + 0.5) + c * (row + 0.5) + e, b * (column + 0.5) + d * (row + 0.5) + f]);
  return covered;
}
"""


@pytest.fixture(scope="module")
def the_objects(store: Callable[..., None], studies: None) -> None:
    """A study with one of everything."""
    report, painted = json.loads(spatial.KEPT_AT.read_text())["report"], json.loads(states.KEPT_AT.read_text())
    made = [by_highdicom(report), by_highdicom(painted["pseudoColour"])]
    store(*objects.all_objects(), objects.foreign_mask(), objects.a_plan(), objects.a_planned_dose(), *made)


def show(page: Page, series: str) -> None:
    """Choose a series that is no stack of images."""
    page.locator("[data-series]").filter(has=page.get_by_text(series, exact=True)).click()


def open_alone(page: Page, series: str) -> None:
    """Open the study with one viewport, however it hangs, and one series in it."""
    open_series(page, objects.NAME, series)
    page.get_by_role("button", name="Layout").click()
    page.get_by_role("menuitem", name="One", exact=True).click()
    expect(page.locator("[data-cell]")).to_have_count(1)
    choose_series(page, series)
    expect_image(page, 1, objects.SLICES)


def open_panel(page: Page) -> None:
    """Open the panel of overlays; the picture fits what is left."""
    page.get_by_role("button", name="Segmentations and overlays").click()
    expect(page.get_by_test_id("overlays")).to_be_visible()
    page.keyboard.press("0")


def turn_on(page: Page, series: str) -> str:
    """Turn the overlay of a series on in the panel; its address."""
    section = page.locator("section").filter(has=page.get_by_role("heading", name=re.compile(f"^{series} ")))
    box = section.get_by_role("checkbox").first
    box.check()
    return section.locator("[data-object]").get_attribute("data-object") or ""


def turn_off(page: Page, address: str) -> None:
    """Turn an overlay off again."""
    page.locator(f'[data-object="{address}"]').get_by_role("checkbox").first.uncheck()
    expect(page.locator(f'[data-overlay="{address}"]')).to_have_count(0)


def covered(page: Page, address: str) -> set[tuple[int, int]]:
    """Pixels of the slice that the overlay covers, [column, row]; every one is met in its middle."""
    expect(page.locator(f'[data-overlay="{address}"] image')).to_have_count(1)
    points: list[list[float]] = page.evaluate(_COVERED, address)
    assert all(abs(at % 1 - 0.5) < 0.01 for point in points for at in point)
    return {(int(column), int(row)) for column, row in points}


_OUTLINE = """
path => {
  const box = path.getBBox(), matrix = path.getScreenCTM();
  const at = (x, y) => new DOMPoint(x, y).matrixTransform(matrix);
  const [first, last] = [at(box.x, box.y), at(box.x + box.width, box.y + box.height)];
  return [first.x, first.y, last.x, last.y];
}
"""


def outline(page: Page, address: str) -> tuple[float, ...]:
    """Left, top, right and bottom of the first outline on the page, without the width of its line."""
    return tuple(page.locator(f'[data-overlay="{address}"] path').first.evaluate(_OUTLINE))


def corner(page: Page, at: tuple[float, float]) -> tuple[float, float]:
    """Where an image point must lie on the page."""
    return on_screen(page, at, SHAPE, objects.SPACING)


def box_pixels(box: objects.Box) -> set[tuple[int, int]]:
    left, top, right, bottom = box
    return {(column, row) for column in range(left, right) for row in range(top, bottom)}


def press(page: Page, *keys: str) -> None:
    """Keys of the room: a field that was just used would keep them."""
    page.evaluate("() => document.activeElement?.blur()")
    for key in keys:
        page.keyboard.press(key)


def test_overlays_lie_on_their_slices_pixel_by_pixel(page: Page, the_objects: None) -> None:
    open_alone(page, "images")
    open_panel(page)
    masks = turn_on(page, "segmentation")
    page.get_by_role("button", name="Go to Liver").click()
    expect_image(page, 3, objects.SLICES)
    liver, cyst = (box_pixels(objects.SEGMENTS[number][2]) for number in (1, 2))
    expect(page.locator(f'[data-overlay="{masks}"]')).to_have_attribute("aria-label", "Liver, Cyst")
    assert covered(page, masks) == liver | cyst
    left, top, right, bottom = objects.SEGMENTS[1][2]
    assert outline(page, masks) == pytest.approx((*corner(page, (left, top)), *corner(page, (right, bottom))), abs=1)
    page.locator("[data-part='1']").get_by_role("checkbox").uncheck()
    expect(page.locator(f'[data-overlay="{masks}"]')).to_have_attribute("aria-label", "Cyst")
    assert covered(page, masks) == cyst
    press(page, "ArrowDown")
    expect_image(page, 4, objects.SLICES)
    # Its neighbour has none of it, and says so by being drawn empty.
    expect(page.locator(f'[data-overlay="{masks}"][data-drawn-on$="/1"]')).to_have_count(1)
    expect(page.locator(f'[data-overlay="{masks}"] image')).to_have_count(0)
    turn_off(page, masks)
    foreign = turn_on(page, "foreign")
    expect(page.locator("[data-fit]")).to_have_attribute("data-fit", "other-frame-of-reference")
    expect(page.locator(f'[data-overlay="{foreign}"]')).to_have_count(0)


def test_contours_maps_and_doses_lie_on_their_slices(page: Page, the_objects: None) -> None:
    open_alone(page, "images")
    open_panel(page)
    contours = turn_on(page, "structures")
    expect(page.get_by_text("1 contour or frame lies on no slice of this series")).to_be_visible()
    page.get_by_role("button", name="Go to Target").click()
    expect_image(page, objects.CONTOUR_SLICE + 1, objects.SLICES)
    left, top, right, bottom = objects.CONTOUR
    assert outline(page, contours) == pytest.approx((*corner(page, (left, top)), *corner(page, (right, bottom))), abs=1)
    turn_off(page, contours)
    press(page, "Home", "ArrowDown")
    expect_image(page, objects.MAP_SLICE + 1, objects.SLICES)
    values = turn_on(page, "map")
    scale = page.get_by_test_id("overlay-scale")
    expect(scale).to_contain_text(objects.MAP_UNIT)
    expect(scale).to_contain_text("0.031")
    left, top, right, bottom = objects.MAP_BOX
    assert covered(page, values) == box_pixels((left, top, right, bottom - 1))
    turn_off(page, values)
    turn_on(page, "dose")
    expect(scale).to_contain_text("Gy")
    expect(scale).to_contain_text("60")


_LINE = """
line => {
  const matrix = line.getScreenCTM(), length = line.getTotalLength();
  const at = share => { const p = line.getPointAtLength(share * length).matrixTransform(matrix); return [p.x, p.y]; };
  return [0.1, 0.5, 0.9].map(at);
}
"""


def test_isodose_lines_lie_where_the_dose_is_and_say_what_their_percentages_are_of(
    page: Page, the_objects: None
) -> None:
    """The dose rises by 1 Gy a mm along the rows from the middle of the first pixel: its lines are straight."""
    open_alone(page, "images")
    open_panel(page)
    press(page, "Home")
    dose = turn_on(page, "planned")
    shown = page.locator(f'[data-overlay="{dose}"]')
    expect(shown.locator("[data-isodose]")).to_have_count(8)
    expect(page.get_by_test_id("isodose-whole")).to_have_text("100 %: prescription, 50 Gy")
    expect(page.get_by_test_id("isodoses")).to_contain_text("The highest of 2 prescriptions in the plan.")
    expect(shown).to_have_attribute("aria-label", re.compile("107 % · 53.5 Gy, 100 % · 50 Gy, 95 % · 47.5 Gy"))
    page.get_by_test_id("isodoses").scroll_into_view_if_needed()
    taker()(page, "isodoses")
    assert violations(page) == []
    for gray in (50, 25):
        if gray == 25:
            page.get_by_label("Levels", exact=True).fill("50")
            page.get_by_label("Levels", exact=True).press("Enter")
            expect(shown.locator("[data-isodose]")).to_have_count(1)
        expect(shown.get_by_text(f"{gray * 2} % · {gray} Gy", exact=True)).to_be_visible()
        places = shown.locator(f'[data-isodose="{gray}"]').evaluate(_LINE)
        rows = [share * (0.5 + 80 / 1.5) for share in (0.1, 0.5, 0.9)]
        wanted = [corner(page, (gray / objects.SPACING[1] + 0.5, row)) for row in rows]
        assert [at[0] for at in places] == pytest.approx([at[0] for at in wanted], abs=0.5)
    page.get_by_label("Levels in").select_option("dose")
    expect(shown.get_by_text("25 Gy", exact=True)).to_be_visible()
    expect(page.get_by_test_id("isodose-whole")).to_have_count(0)
    page.get_by_label("Isodose lines").uncheck()
    expect(shown.locator("[data-isodose]")).to_have_count(0)
    expect(shown.locator("image")).to_have_count(1)
    turn_off(page, dose)
    turn_on(page, "dose")
    expect(page.get_by_test_id("isodose-whole")).to_have_text("100 %: highest dose of the grid, 60 Gy")
    expect(page.get_by_test_id("isodoses")).to_contain_text("The dose names no plan")


def by_highdicom(model: Any) -> Dataset:
    """An object that highdicom wrote, from its DICOM JSON."""
    made = Dataset.from_json(model)
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    return made


def test_shapes_in_the_patient_are_drawn_on_the_slices_that_they_lie_on(page: Page, the_objects: None) -> None:
    """Each of them alone on its slices: a polygon, a ball cut by five slices, an ellipse, a point; others on none."""
    open_alone(page, "images")
    page.get_by_role("button", name="Measurements", exact=True).click()
    reported = page.get_by_test_id("reported")
    expect(reported).to_contain_text("between")
    page.keyboard.press("0")
    for name, index in (
        ("point", spatial.POINT_SLICE),
        ("polygon", spatial.POLYGON_SLICE),
        ("ball", spatial.BALL_SLICE),
    ):
        reported.get_by_role("button", name=re.compile(f"^Go to {name}, ")).click()
        expect_image(page, index + 1, objects.SLICES)
        expect(page.locator(f"[data-testid=spatial-shape][data-label={name}]")).to_have_count(1)
        names = {"point", "polygon", "ball"} & {name, *(["ball"] if spatial.ball_radius(index) else [])}
        expect(page.get_by_test_id("spatial-shape")).to_have_count(len(names))
    for line, words in (("between", "on no slice"), ("through", "on no slice")):
        expect(reported.get_by_role("listitem").filter(has_text=line)).to_contain_text(words)
    x, y = spatial.BALL_AT
    radius = [spatial.BALL_MM / objects.SPACING[1], spatial.BALL_MM / objects.SPACING[0]]
    wanted = (*corner(page, (x - radius[0], y - radius[1])), *corner(page, (x + radius[0], y + radius[1])))
    shape = page.locator("[data-label=ball] polyline").last.evaluate(_OUTLINE)
    assert tuple(shape) == pytest.approx(wanted, abs=1)
    press(page, "ArrowUp")
    expect_image(page, spatial.BALL_SLICE, objects.SLICES)
    smaller = page.locator("[data-label=ball] polyline").last.evaluate(_OUTLINE)
    ratio = spatial.ball_radius(spatial.BALL_SLICE - 1) / spatial.BALL_MM
    assert (smaller[2] - smaller[0]) / (shape[2] - shape[0]) == pytest.approx(ratio, abs=0.02)
    page.get_by_role("button", name="Key images and views").click()
    expect(page.get_by_test_id("states-not-shown")).to_contain_text("paints greys in colours (pseudo-colour)")


@pytest.fixture(scope="module")
def colour_film(store: Callable[..., None], studies: None) -> None:
    """A film in colour with a view that highdicom filed."""
    store(*cine.a_colour_ultrasound(), by_highdicom(json.loads(states.KEPT_AT.read_text())["colour"]))


def test_views_of_colour_images_are_shown_and_filed_but_not_inverted(people: People, colour_film: None) -> None:
    page = people("ines", "radiologist").new_page()
    complaints = watch(page)
    page.goto("/")
    open_series(page, "US-COLOUR", "colour")
    page.get_by_role("button", name="Key images and views").click()
    page.get_by_role("button", name="Show by highdicom").click()
    marks = page.get_by_test_id("state-shapes")
    expect(marks).to_contain_text(states.WORDS)
    ends = (states.LINE[0][0], states.LINE[0][1]), (states.LINE[1][0], states.LINE[1][1])
    wanted = [on_screen(page, at, (cine.US_ROWS, cine.US_COLUMNS)) for at in ends]
    assert marks.locator("polyline").last.evaluate(_OUTLINE) == pytest.approx([*wanted[0], *wanted[1]], abs=1)
    page.get_by_role("button", name="Show by highdicom").click()
    expect(marks).not_to_contain_text(states.WORDS)
    page.locator("[data-viewport='cell-0']").hover()
    overlay, file = page.get_by_test_id("overlay"), page.get_by_role("button", name="File this view")
    press(page, "r", "i")
    expect(overlay).to_contain_text("Inverted")
    expect(file).to_be_disabled()
    expect(page.get_by_text("cannot hold its inversion")).to_be_visible()
    press(page, "i")
    expect(overlay).not_to_contain_text("Inverted")
    page.get_by_label("Name of the view").fill("Turned Doppler")
    file.click()
    expect(page.get_by_test_id("saved-views")).to_contain_text("Turned Doppler")
    page.locator("[data-viewport='cell-0']").hover()
    press(page, "0")
    expect(overlay).not_to_contain_text("90")
    page.get_by_role("button", name="Show Turned Doppler").click()
    expect(overlay).to_contain_text("90")
    found = asked(page, f"/api/studies/{open_study_uid(page)}/presentation-states")["states"]
    assert {each["document"]["sop_class_uid"] for each in found} == {str(ColorSoftcopyPresentationStateStorage)}
    assert complaints == []


def test_a_report_is_read_and_leads_to_its_image(page: Page, the_objects: None) -> None:
    open_alone(page, "images")
    show(page, "report")
    report = page.get_by_test_id("report")
    for words in ("Diagnostic Imaging Report", "NOT VERIFIED", "A round lesion 圆形病灶", f"{objects.SIZE_MM} mm"):
        expect(report).to_contain_text(words)
    expect(page.get_by_test_id("document-identity")).to_contain_text("Objects, Synthetic")
    page.get_by_label("Show codes").check()
    expect(report).to_contain_text("(81827009, SCT)")
    page.get_by_role("button", name="Show the image").click()
    expect_image(page, 5, objects.SLICES, cell=1)
    expect(report).to_be_visible()


def test_documents_ecgs_and_videos_are_shown_or_say_why_not(page: Page, the_objects: None) -> None:
    open_study(page, objects.NAME)
    show(page, "letter")
    expect(page.get_by_test_id("file")).to_have_attribute("data-shown", "true")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the file").click()
    assert download.value.path().read_bytes() == objects.pdf_bytes()
    show(page, "surface")
    expect(page.get_by_test_id("cell-message")).to_contain_text("Download it to open it with its own program")
    show(page, "ecg")
    paper = page.get_by_test_id("paper")
    expect(page.get_by_test_id("waveform-facts")).to_contain_text("0.05–150 Hz")
    size = float(paper.get_attribute("data-pixels-per-mm") or 0)
    trace = page.locator("[data-trace=II]").bounding_box()
    assert trace is not None
    assert trace["height"] == pytest.approx(objects.ECG_PEAK_MV * 10 * size, abs=2)
    assert trace["width"] == pytest.approx(objects.ECG_SECONDS * 25 * size, abs=2)
    box = paper.bounding_box()
    assert box is not None
    beat = objects.ECG_BEAT_S * 25 * size
    page.mouse.move(box["x"] + 100, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 100 + beat, box["y"] + 60 - 10 * size, steps=3)
    page.mouse.up()
    expect(page.get_by_test_id("calipers")).to_have_text("800 ms · 75/min · 1.00 mV")
    show(page, "film")
    frame = page.get_by_test_id("video-frame")
    expect(frame).to_contain_text(f"Frame 1 / {objects.VIDEO_FRAMES} · {objects.VIDEO_RATE} frames/s")
    page.wait_for_function("() => document.querySelector('video')?.readyState >= 2")
    for _ in range(2):
        page.get_by_role("button", name="+1: one frame on").click()
    expect(frame).to_contain_text("Frame 3 /")
    assert page.evaluate("document.querySelector('video').currentTime") == pytest.approx(0.25, abs=0.02)
