"""Pictures for browsers: JPEG, PNG, WebP, and making them smaller. Input is uint8 grey or RGB."""

from __future__ import annotations

from typing import Final

import imagecodecs
import numpy as np
import simplejpeg

from isocenter.kit.errors import Invalid
from isocenter.pixels.native import Samples

JPEG: Final = "image/jpeg"
PNG: Final = "image/png"
WEBP: Final = "image/webp"


class UnknownPictureFormat(Invalid):
    """A media type that we do not write."""

    reason = "unknown-picture-format"


def encode_image(picture: Samples, media_type: str, quality: int = 90) -> bytes:
    """picture: (rows, columns) or (rows, columns, 3) uint8. quality: 1 to 100, without meaning for PNG."""
    if media_type == JPEG:
        return to_jpeg(picture, quality)
    if media_type == PNG:
        return to_png(picture)
    if media_type == WEBP:
        return to_webp(picture, quality)
    raise UnknownPictureFormat("Pictures are given as JPEG, PNG or WebP.", media_type=media_type)


def to_jpeg(picture: Samples, quality: int = 90) -> bytes:
    """Baseline JPEG; colour without chroma subsampling from quality 90."""
    quality = min(max(quality, 1), 100)
    picture = np.ascontiguousarray(picture)
    if picture.ndim == 2:
        encoded = simplejpeg.encode_jpeg(picture[:, :, None], quality=quality, colorspace="GRAY", fastdct=False)
    else:
        subsampling = "444" if quality >= 90 else "420"
        encoded = simplejpeg.encode_jpeg(
            picture, quality=quality, colorspace="RGB", colorsubsampling=subsampling, fastdct=False
        )
    return bytes(encoded)


def to_png(picture: Samples) -> bytes:
    """Lossless, fast rather than small."""
    return bytes(imagecodecs.png_encode(np.ascontiguousarray(picture), level=1, strategy=3, filter=16))


def to_webp(picture: Samples, quality: int = 90) -> bytes:
    """Lossy WebP; grey is written as RGB, which is all that WebP knows."""
    if picture.ndim == 2:
        picture = np.repeat(picture[:, :, None], 3, axis=2)
    return bytes(imagecodecs.webp_encode(np.ascontiguousarray(picture), level=min(max(quality, 1), 100)))


def fit_within(picture: Samples, max_rows: int, max_columns: int) -> Samples:
    """The picture made smaller, its shape kept, so that it fits; never larger. Each pixel is the mean of its area."""
    rows, columns = picture.shape[:2]
    scale = min(max_rows / rows, max_columns / columns, 1.0)
    if scale >= 1.0:
        return picture
    return _means(_means(picture, max(round(rows * scale), 1), 0), max(round(columns * scale), 1), 1)


def _means(picture: Samples, size: int, axis: int) -> Samples:
    edges = np.linspace(0, picture.shape[axis], size + 1).astype(np.intp)
    sums = np.add.reduceat(picture, edges[:-1], axis=axis, dtype=np.uint32)
    counts = np.diff(edges).reshape([-1 if index == axis else 1 for index in range(picture.ndim)])
    means: Samples = (sums + counts // 2) // counts
    return means.astype(np.uint8)
