"""The letters at the edges, the shape of pixels and the places of slices, on objects of known geometry."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from pydicom.dataset import Dataset
from tests.browser.reading import Taken, choose_series, on_screen, open_series, shown, taker
from tests.browser.screen import expect_image, letters, open_study
from tests.browser.studies import shown_grey
from tests.phantoms import ct, pet, space
from tests.phantoms.ct import a_ct_with_missing_slices, an_anisotropic_ct
from tests.phantoms.enhanced import FRAMES, an_enhanced_ct, slice_z_mm
from tests.phantoms.pet import a_known_pet
from tests.phantoms.space import EDGE_HU, a_tilted_ct, all_orientations, edge_letters_of, orientations

TOLERANCE = 4
_GREY_AT = """
([x, y]) => {
  const canvas = document.querySelector('[data-viewport="cell-0"] canvas');
  const box = canvas.getBoundingClientRect();
  const [column, row] = [(x - box.left) * canvas.width / box.width, (y - box.top) * canvas.height / box.height];
  return canvas.getContext('2d').getImageData(Math.round(column), Math.round(row), 1, 1).data[0];
}
"""


@pytest.fixture(scope="session")
def rulers(store: Callable[..., None], studies: None) -> None:
    """The objects of this file."""
    made: list[Dataset] = []
    for maker in (
        all_orientations,
        an_anisotropic_ct,
        a_ct_with_missing_slices,
        a_tilted_ct,
        an_enhanced_ct,
        a_known_pet,
    ):
        made += maker()
    store(*made)


@pytest.fixture
def picture() -> Taken:
    return taker()


def grey_at(page: Page, at: tuple[float, float]) -> int:
    found: int = page.evaluate(_GREY_AT, list(at))
    return found


def expect_grey(page: Page, at: tuple[float, float], wanted: int, about: str) -> None:
    found = -1
    for _ in range(40):
        found = grey_at(page, at)
        if abs(found - wanted) <= TOLERANCE:
            return
        page.wait_for_timeout(25)
    raise AssertionError(f"{about}: wanted {wanted}, the canvas shows {found}")


def expect_edges(page: Page, wanted: dict[str, str], about: str) -> None:
    """Each edge has the letter and the grey of its side of the patient."""
    expect(page.locator('[data-testid="overlay-letters"] b').nth(3)).to_have_text(wanted["right"])
    assert letters(page) == wanted["top"] + wanted["bottom"] + wanted["left"] + wanted["right"], about
    middles = {"left": (4, 32), "right": (60, 32), "top": (32, 4), "bottom": (32, 60)}
    for edge, at in middles.items():
        grey = shown_grey(EDGE_HU[wanted[edge]])
        expect_grey(page, on_screen(page, at, (64, 64)), grey, f"{about} {edge}")


def test_letters_and_picture_agree_in_all_24_orientations(page: Page, rulers: None) -> None:
    open_study(page, "ORIENTATIONS")
    for orientation in orientations():
        choose_series(page, orientation)
        expect_edges(page, edge_letters_of(orientation), orientation)
    # Of the last one, turned and flipped: the letters go with the greys.
    edges = edge_letters_of(orientation)
    page.keyboard.press("r")
    turned = {"right": edges["top"], "bottom": edges["right"], "left": edges["bottom"], "top": edges["left"]}
    expect_edges(page, turned, "turned")
    page.keyboard.press("h")
    expect_edges(page, turned | {"right": turned["left"], "left": turned["right"]}, "turned and flipped")


def test_pixels_that_are_not_square_are_shown_in_millimetres(page: Page, rulers: None) -> None:
    open_series(page, "ANISOTROPIC-CT", "known")
    shape = (ct.SIDE, ct.SIDE)
    for name, ((left, top, right, bottom), hu) in ct.BLOCKS.items():
        for column, row in ((left + 2, top + 2), (right - 2, bottom - 2)):
            at = on_screen(page, (column, row), shape, ct.ANISOTROPIC)
            expect_grey(page, at, shown_grey(hu), f"{name} at {column}, {row}")


def test_missing_slices_are_marked_and_no_neighbour_is_shown_in_their_place(page: Page, rulers: None) -> None:
    open_series(page, "MISSING-SLICES", "with a gap")
    shape, water = (ct.SIDE, ct.SIDE), ct.BLOCKS["water"][0]
    middle = ((water[0] + water[2]) / 2, (water[1] + water[3]) / 2)
    for place, index in enumerate((0, 1, 2, 3, 6, 7), start=1):
        expect_image(page, place, 8)
        expect_grey(page, on_screen(page, middle, shape), shown_grey(10 * index), f"slice {index}")
        if index in (3, 6):
            side = "AFTER" if index == 3 else "BEFORE"
            marks = page.get_by_test_id("stack-mark")
            expect(marks).to_have_text([f"GAP {side} THIS IMAGE: {3 * ct.SLICE_MM:g} mm, 2 SLICES MISSING"])
        page.keyboard.press("ArrowDown")


def test_frames_of_an_enhanced_object_follow_their_places(page: Page, rulers: None) -> None:
    open_series(page, "ENHANCED-CT", "enhanced")
    for index in range(FRAMES):
        expect_image(page, index + 1, FRAMES)
        expect(page.get_by_test_id("overlay")).to_contain_text(f"{slice_z_mm(index):.1f} mm")
        page.keyboard.press("ArrowDown")


def test_a_tilted_gantry_is_said(page: Page, rulers: None, picture: Taken) -> None:
    open_series(page, "TILTED-GANTRY", "leaning")
    shown(page)
    expect(page.get_by_test_id("stack-mark")).to_have_text([f"TILTED GANTRY {space.TILT_DEG:g}°"])
    picture(page, "geometry")


@pytest.mark.parametrize("drawn_with", ["cpu", "gpu"])
def test_values_with_a_slope_are_shown_once_scaled(
    drawn_with: str, context_at: Callable[..., BrowserContext], rulers: None
) -> None:
    context = context_at()
    context.add_init_script(f"localStorage.setItem('isocenter.rendering', '{drawn_with}')")
    page = context.new_page()
    page.goto("/")
    open_series(page, "KNOWN-PET", "uptake")
    for name, ((left, top, right, bottom), suv) in list(pet.SUVS.items())[1:]:
        at = on_screen(page, ((left + right) / 2, (top + bottom) / 2), (pet.SIDE, pet.SIDE))
        grey = shown_grey(pet.becquerels_per_ml(suv), pet.becquerels_per_ml(5), pet.becquerels_per_ml(10))
        expect_grey(page, at, grey, f"{name} with {drawn_with}")
