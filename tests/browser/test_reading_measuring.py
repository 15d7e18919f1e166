"""Measuring: the numbers on the screen are those of objects of known geometry, and they are the same ever after."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.browser.reading import (
    Taken,
    asked,
    choose_series,
    drag,
    on_screen,
    open_series,
    open_study_uid,
    shown,
    taker,
)
from tests.browser.screen import open_study
from tests.phantoms import cine, ct, pet
from tests.phantoms.basics import ImagePoint, angle_deg, length_mm
from tests.phantoms.radiographs import CARDIOTHORACIC_RATIO, CHEST_SIDE, HEART_COLUMNS, THORAX_COLUMNS, a_chest

NEAR = 0.35
"""Image pixels by which a hand on a screen of this size may miss: a click is at a whole pixel of the screen."""
CT_SHAPE = (ct.SIDE, ct.SIDE)
Draw = Callable[..., None]


@pytest.fixture(scope="session")
def measured(store: Callable[..., None], studies: None) -> None:
    """The objects of this file; their names are its own, because other files draw on theirs."""
    made = ct.a_known_ct("MEASURED-CT", ct.ANISOTROPIC)
    made += ct.a_ct_without_spacing("MEASURED-PIXELS")
    made += pet.a_known_pet("MEASURED-PET") + pet.a_pet_without_weight("MEASURED-NO-WEIGHT")
    made += cine.an_ultrasound_with_regions("MEASURED-US") + cine.an_angiogram("MEASURED-XA")
    made += a_chest("MEASURED-CHEST")
    store(*made)


@pytest.fixture
def picture() -> Taken:
    return taker()


KEYS = {
    "length": "l",
    "angle": "a",
    "ellipse": "e",
    "rectangle": "Shift+E",
    "probe": "q",
    "cardiothoracic-ratio": "Shift+C",
}


def choose_tool(page: Page, tool: str) -> None:
    """By its key."""
    page.keyboard.press(KEYS[tool])


def draft(page: Page, count: int) -> list[dict[str, Any]]:
    """The measurements that the server keeps, when they are as many."""
    path = f"/api/studies/{open_study_uid(page)}/measurements/draft"
    for _ in range(100):
        kept: list[dict[str, Any]] = asked(page, path)["measurements"]
        if len(kept) == count:
            return kept
        page.wait_for_timeout(50)
    raise AssertionError(f"wanted {count} measurements, the server keeps {kept}")


def value(measurement: dict[str, Any], quantity: str, unit: str) -> float:
    """One result in its unit."""
    (found,) = [each for each in measurement["results"] if each["quantity"] == quantity]
    assert found["unit"] == unit, measurement
    return float(found["value"])


def points(measurement: dict[str, Any]) -> list[ImagePoint]:
    return [(float(column), float(row)) for column, row in measurement["points"]]


def on_image(
    page: Page, shape: tuple[int, int], spacing: tuple[float, float] = (1, 1)
) -> Callable[[ImagePoint], tuple[float, float]]:
    return lambda at: on_screen(page, at, shape, spacing)


def on_the_picture(page: Page) -> str:
    """The words of all that is drawn over the picture."""
    return page.get_by_test_id("layers").first.text_content() or ""


def near(found: Sequence[ImagePoint], wanted: Sequence[ImagePoint]) -> None:
    """Each point is where it was pointed at."""
    for one, other in zip(found, wanted, strict=True):
        assert one == pytest.approx(other, abs=NEAR)


def the_one(measurements: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    (found,) = [each for each in measurements if each["kind"] == kind]
    return found


def test_lengths_angles_regions_and_values_on_pixels_that_are_not_square(
    page: Page, measured: None, picture: Taken
) -> None:
    open_series(page, "MEASURED-CT", "known")
    shape, spacing = CT_SHAPE, ct.ANISOTROPIC
    at = on_image(page, shape, spacing)
    a, b, c = ct.MARKS["A"], ct.MARKS["B"], ct.MARKS["C"]
    choose_tool(page, "angle")
    drag(page, at(c), at(b))
    page.mouse.click(*at(a))
    choose_tool(page, "length")
    drag(page, at(below(a)), at(below(b)))
    left, top, right, bottom = ct.BLOCKS["bone"][0]
    choose_tool(page, "rectangle")
    drag(page, at((left + 2, top + 2)), at((right - 2, bottom - 2)))
    left, top, right, bottom = ct.CHECKERED
    choose_tool(page, "ellipse")
    drag(page, at((left + 1, top + 1)), at((right - 1, bottom - 1)))
    left, top, right, bottom = ct.BLOCKS["fat"][0]
    choose_tool(page, "probe")
    page.mouse.click(*at(((left + right) / 2, (top + bottom) / 2)))
    kept = draft(page, 5)
    expect_ct_numbers(kept)
    said = on_the_picture(page)
    for words in ("40.0 mm", "56.3°", "1000 HU", "-100 HU"):
        assert re.search(rf"(?<![\d.]){re.escape(words)}", said), (words, said)
    picture(page, "measuring")
    page.reload()
    shown(page)
    expect(page.get_by_test_id("layers").first).to_contain_text("56.3°")
    assert on_the_picture(page) == said
    assert draft(page, 5) == kept


def below(mark: ImagePoint) -> ImagePoint:
    """Six rows further down: a line there begins on nothing that could be taken hold of."""
    return mark[0], mark[1] + 6


def expect_ct_numbers(kept: list[dict[str, Any]]) -> None:
    """Each result is that of its own points by the formula, and the points are those of the phantom."""
    spacing, marks = ct.ANISOTROPIC, ct.MARKS
    line, angle = the_one(kept, "length"), the_one(kept, "angle")
    near(points(line), [below(marks["A"]), below(marks["B"])])
    assert value(line, "length", "mm") == pytest.approx(length_mm(*points(line), spacing), rel=1e-6)
    assert value(line, "length", "mm") == pytest.approx(ct.mark_distances_mm(spacing)["AB"], abs=2 * NEAR * spacing[1])
    assert line["spacing_source"] == "pixel-spacing"
    near(points(angle), [marks["C"], marks["B"], marks["A"]])
    assert value(angle, "angle", "deg") == pytest.approx(angle_deg(*points(angle), spacing), abs=1e-4)
    assert value(angle, "angle", "deg") == pytest.approx(ct.mark_angle_at_b_deg(spacing), abs=1)
    box, oval, probe = the_one(kept, "rectangle"), the_one(kept, "ellipse"), the_one(kept, "probe")
    told = {quantity: value(box, quantity, "[hnsf'U]") for quantity in ("mean", "sd", "min", "max")}
    assert told == {"mean": 1000, "sd": 0, "min": 1000, "max": 1000}
    (left, top), _, (right, bottom), _ = points(box)
    area = abs(right - left) * spacing[1] * abs(bottom - top) * spacing[0]
    assert value(box, "area", "mm2") == pytest.approx(area, rel=1e-6)
    assert value(oval, "mean", "[hnsf'U]") == pytest.approx(ct.CHECKERED_MEAN_HU, abs=0.5)
    assert value(oval, "sd", "[hnsf'U]") == pytest.approx(ct.CHECKERED_SPREAD_HU, abs=0.1)
    assert (value(oval, "min", "[hnsf'U]"), value(oval, "max", "[hnsf'U]")) == (40, 60)
    assert value(probe, "value", "[hnsf'U]") == ct.BLOCKS["fat"][1]


def test_uptake_is_shown_in_suv_and_refused_where_the_weight_is_missing(page: Page, measured: None) -> None:
    shape = (pet.SIDE, pet.SIDE)
    left, top, right, bottom = pet.SUVS["lesion"][0]
    open_series(page, "MEASURED-PET", "uptake")
    at = on_image(page, shape, pet.SPACING)
    choose_tool(page, "rectangle")
    drag(page, at((left + 2, top + 2)), at((right - 2, bottom - 2)))
    (box,) = draft(page, 1)
    assert value(box, "mean", "g/ml{SUVbw}") == pytest.approx(8.0, abs=pet.suv_tolerance(0))
    expect(page.get_by_test_id("layers").first).to_contain_text("8.00 g/ml SUVbw")
    page.goto("/")
    open_series(page, "MEASURED-NO-WEIGHT", "uptake")
    choose_tool(page, "rectangle")
    drag(page, at((left + 2, top + 2)), at((right - 2, bottom - 2)))
    (box,) = draft(page, 1)
    assert value(box, "mean", "Bq/ml") == pytest.approx(pet.becquerels_per_ml(8.0), rel=0.001)
    assert "SUVbw" not in on_the_picture(page)


def test_ultrasound_is_measured_by_its_regions_and_not_across_them(page: Page, measured: None) -> None:
    shape = (cine.US_ROWS, cine.US_COLUMNS)
    open_series(page, "MEASURED-US", "regions")
    at = on_image(page, shape)
    choose_tool(page, "length")
    drag(page, at((30, 40)), at((130, 40)))  # tissue: 100 pixels of 0.25 mm
    drag(page, at((100, 60)), at((200, 60)))  # from tissue into the M-mode
    drag(page, at((60, cine.US_BASELINE_ROW)), at((160, cine.US_BASELINE_ROW - 30)))  # Doppler: 0.5 s, 60 cm/s
    kept = draft(page, 3)
    tissue, across, doppler = kept
    assert value(tissue, "length", "mm") == pytest.approx(25.0, abs=2 * NEAR * 0.25)
    assert tissue["spacing_source"] == "ultrasound-region"
    assert [each for each in across["results"] if each["quantity"] in ("length", "area")] == []
    assert abs(value(doppler, "time", "s")) == pytest.approx(0.5, abs=0.01)
    assert abs(value(doppler, "velocity", "cm/s")) == pytest.approx(60, abs=2)
    assert "25." in on_the_picture(page) or "24.9" in on_the_picture(page)


def test_where_the_size_of_a_pixel_is_unknown_there_are_no_millimetres(page: Page, measured: None) -> None:
    open_series(page, "MEASURED-PIXELS", "known")
    at = on_image(page, CT_SHAPE)
    choose_tool(page, "length")
    drag(page, at(ct.MARKS["A"]), at(ct.MARKS["B"]))
    (line,) = draft(page, 1)
    assert value(line, "length", "{pixels}") == pytest.approx(80, abs=2 * NEAR)
    assert line["spacing_source"] == "none"
    assert " mm" not in on_the_picture(page)


def test_shadows_are_measured_at_the_detector_or_corrected_and_say_which(page: Page, measured: None) -> None:
    open_series(page, "MEASURED-XA", "left coronary")
    at = on_image(page, (cine.XA_SIDE, cine.XA_SIDE))
    choose_tool(page, "length")
    drag(page, at((20, 64)), at((120, 64)))
    (line,) = draft(page, 1)
    assert value(line, "length", "mm") == pytest.approx(100 * cine.XA_IN_PATIENT_MM, abs=2 * NEAR * 0.225)
    assert line["spacing_source"] == "imager-magnification-corrected"
    page.goto("/")
    open_study(page, "MEASURED-CHEST")
    choose_series(page, "PA")
    at = on_image(page, (CHEST_SIDE, CHEST_SIDE))
    choose_tool(page, "cardiothoracic-ratio")
    drag(page, at((HEART_COLUMNS[0], 170)), at((HEART_COLUMNS[1], 170)))
    drag(page, at((THORAX_COLUMNS[0], 190)), at((THORAX_COLUMNS[1], 190)))
    (ratio,) = draft(page, 1)
    assert value(ratio, "ratio", "1") == pytest.approx(CARDIOTHORACIC_RATIO, abs=0.006)
    assert ratio["spacing_source"] == "imager"
    expect(page.get_by_test_id("layers").first).to_contain_text("0.45")
