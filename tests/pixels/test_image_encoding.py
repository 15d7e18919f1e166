"""Pictures for browsers."""

from __future__ import annotations

import imagecodecs
import numpy as np
import pytest

from isocenter.pixels.image_encoding import UnknownPictureFormat, encode_image, fit_within, to_jpeg, to_png


@pytest.mark.parametrize("shape", [(40, 30), (40, 30, 3)])
def test_png_is_lossless_and_jpeg_near(shape: tuple[int, ...]) -> None:
    picture = np.linspace(0, 255, int(np.prod(shape))).reshape(shape).astype("u1")
    assert np.array_equal(imagecodecs.png_decode(to_png(picture)), picture)
    assert np.abs(imagecodecs.jpeg8_decode(to_jpeg(picture, 95)).astype(int) - picture).max() < 20


def test_pictures_become_smaller_by_means_and_never_larger() -> None:
    picture = np.array([[0, 100, 10, 30], [100, 200, 20, 40]], dtype="u1")
    assert fit_within(picture, 1, 100).tolist() == [[100, 25]]
    assert fit_within(picture, 100, 100) is picture
    assert fit_within(np.zeros((1000, 10, 3), "u1"), 64, 64).shape == (64, 1, 3)


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(UnknownPictureFormat):
        encode_image(np.zeros((2, 2), "u1"), "image/tiff")
