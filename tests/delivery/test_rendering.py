"""Parameters of pictures, and pictures cut and scaled."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isocenter.delivery.errors import BadRendering
from isocenter.delivery.rendering import Viewport, Window, rendering_of, thumbnail_of
from isocenter.delivery.scaling import fitted, scaled


def test_window_viewport_and_quality_are_read() -> None:
    query = [("window", "40,400,linear-exact"), ("viewport", "200,100,,,50,-60"), ("quality", "75")]
    found = rendering_of(query, "image/jpeg")
    assert found.window == Window(40, 400, "LINEAR_EXACT")
    assert found.viewport == Viewport(200, 100, (0, 0, 50, -60))
    assert found.quality == 75


@pytest.mark.parametrize(
    "query",
    [
        ("window", "40,400"),
        ("window", "40,0.5,linear"),
        ("window", "40,0,sigmoid"),
        ("window", "nan,400,linear"),
        ("window", "a,400,linear"),
        ("window", "40,400,cubic"),
        ("viewport", "0,100"),
        ("viewport", "100000,100"),
        ("viewport", "100"),
        ("viewport", "1e999,1"),
        ("quality", "0"),
        ("quality", "101"),
        ("quality", "-5"),
        ("quality", "1" * 5000),
    ],
)
def test_what_the_standard_does_not_allow_is_refused(query: tuple[str, str]) -> None:
    with pytest.raises(BadRendering):
        rendering_of([query], "image/jpeg")


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["window", "viewport", "quality"]), st.text(max_size=40))
def test_any_text_is_read_or_refused(name: str, value: str) -> None:
    try:
        rendering_of([(name, value)], "image/png")
    except BadRendering:
        return


def test_a_thumbnail_is_small_and_never_enlarged() -> None:
    rendering = thumbnail_of([], "image/jpeg")
    assert rendering.viewport == Viewport(256, 256)
    picture = np.zeros((64, 32), np.uint8)
    assert fitted(picture, Viewport(256, 256), upscale=rendering.upscale).shape == (64, 32)


def test_a_picture_is_fitted_with_its_aspect_kept() -> None:
    assert fitted(np.zeros((512, 256), np.uint8), Viewport(100, 100), upscale=True).shape == (100, 50)
    assert fitted(np.zeros((10, 20, 3), np.uint8), Viewport(100, 100), upscale=True).shape == (50, 100, 3)


def test_grey_stays_grey_and_averages_stay_averages_when_scaled() -> None:
    assert (scaled(np.full((1000, 777), 93, np.uint8), 50, 31) == 93).all()
    stripes = np.tile(np.array([0, 200], np.uint8), (400, 200))
    assert np.abs(scaled(stripes, 40, 40).astype(int) - 100).max() <= 4


def test_a_smaller_picture_is_the_mean_of_blocks_at_whole_steps_and_a_triangle_of_weights_else() -> None:
    random = np.random.default_rng(0)
    picture = random.integers(0, 256, (60, 40, 3), np.uint8)
    means = picture.reshape(20, 3, 10, 4, 3).mean(axis=(1, 3))
    assert np.abs(scaled(picture, 20, 10) - means).max() <= 0.5
    grey = picture[..., 0]
    for rows, columns in ((47, 31), (90, 100), (60, 55)):
        down, across = triangle(60, rows), triangle(40, columns)
        assert np.abs(scaled(grey, rows, columns) - down @ grey @ across.T).max() <= 0.51


def triangle(size: int, wanted: int) -> npt.NDArray[np.float64]:
    """Weights of each old pixel in each new one."""
    step = size / wanted
    centres = (np.arange(wanted) + 0.5) * step - 0.5
    weights = np.clip(1 - np.abs(np.arange(size) - centres[:, None]) / max(step, 1), 0, None)
    normal: npt.NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True)
    return normal


def test_a_negative_width_mirrors_and_a_region_cuts() -> None:
    picture = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert fitted(picture, Viewport(4, 3, (0, 0, -4, 3)), upscale=True).tolist() == picture[:, ::-1].tolist()
    assert fitted(picture, Viewport(2, 1, (1, 2, 2, 1)), upscale=True).tolist() == [[9, 10]]
    with pytest.raises(BadRendering):
        fitted(picture, Viewport(2, 2, (10, 10, 2, 2)), upscale=True)
