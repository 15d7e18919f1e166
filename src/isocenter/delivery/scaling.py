"""Pictures cut and scaled to a viewport (PS3.18 8.3.5.1.3). For looking at, never for measuring."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from isocenter.delivery.errors import BadRendering
from isocenter.delivery.rendering import Viewport

Picture = npt.NDArray[np.uint8]
"""(rows, columns) grey or (rows, columns, 3) RGB."""


def fitted(picture: Picture, viewport: Viewport, *, upscale: bool) -> Picture:
    """The viewport's region of a picture, scaled to fit into it with its aspect kept. Raises BadRendering."""
    shown = _region(picture, viewport)
    rows, columns = size_within(shown.shape[0], shown.shape[1], viewport, upscale=upscale)
    return np.ascontiguousarray(shown) if (rows, columns) == shown.shape[:2] else scaled(shown, rows, columns)


def _region(picture: Picture, viewport: Viewport) -> Picture:
    if viewport.region is None:
        return picture
    left, top, across, down = viewport.region
    rows, columns = picture.shape[:2]
    first_row, first_column = int(max(0, top)), int(max(0, left))
    last_row = min(rows, round(top + (abs(down) or rows)))
    last_column = min(columns, round(left + (abs(across) or columns)))
    if first_row >= last_row or first_column >= last_column:
        raise BadRendering("The region of the viewport lies outside the image.", parameter="viewport")
    shown = picture[first_row:last_row, first_column:last_column]
    if across < 0:
        shown = shown[:, ::-1]
    return shown[::-1] if down < 0 else shown


def scaled(picture: Picture, rows: int, columns: int) -> Picture:
    """Resampled to rows x columns: averaged over what a pixel covers when smaller, linear when larger."""
    lines = _resampled(_thinned(picture, rows, columns).astype(np.float32), rows)
    result = _resampled(np.ascontiguousarray(lines.swapaxes(0, 1)), columns).swapaxes(0, 1)
    return np.ascontiguousarray(np.clip(np.rint(result), 0, 255).astype(np.uint8))


def size_within(rows: int, columns: int, viewport: Viewport, *, upscale: bool) -> tuple[int, int]:
    """Rows and columns of an image of this size once it is fitted into a viewport whole."""
    scale = min(viewport.width / columns, viewport.height / rows)
    if scale == 1 or (scale > 1 and not upscale):
        return rows, columns
    return max(1, round(rows * scale)), max(1, round(columns * scale))


def _thinned(picture: Picture, rows: int, columns: int) -> npt.NDArray[np.float32] | Picture:
    """Averaged over whole blocks first, which is cheaper than weighing every pixel; at whole steps that is all."""
    by_row, by_column = _block(picture.shape[0], rows), _block(picture.shape[1], columns)
    if by_row == by_column == 1:
        return picture
    height, width = picture.shape[0] // by_row * by_row, picture.shape[1] // by_column * by_column
    fits = 255 * by_row * by_column < 1 << 16
    lines: npt.NDArray[Any] = picture[0:height:by_row].astype(np.uint16 if fits else np.uint32)
    for row in range(1, by_row):
        lines += picture[row:height:by_row]
    sums = lines[:, 0:width:by_column].copy()
    for column in range(1, by_column):
        sums += lines[:, column:width:by_column]
    return sums.astype(np.float32) / np.float32(by_row * by_column)


def _block(size: int, wanted: int) -> int:
    """How many pixels become one: all that a new pixel covers, or, when that is no whole number, up to half of them."""
    return size // wanted if size % wanted == 0 else max(1, size // (2 * wanted))


def _resampled(values: npt.NDArray[np.float32], wanted: int) -> npt.NDArray[np.float32]:
    """The first axis made `wanted` long by a triangle filter as wide as the step.

    A sum over the few lines that each new one covers: a product with a matrix of weights is mostly zeros, and its
    library keeps every core spinning for it.
    """
    size = len(values)
    if size == wanted:
        return values
    step = size / wanted
    reach = max(1.0, step)
    centres = (np.arange(wanted) + 0.5) * step - 0.5
    places = np.floor(centres - reach).astype(np.intp)[:, None] + np.arange(1, int(2 * reach) + 2)
    weights = np.clip(1.0 - np.abs(places - centres[:, None]) / reach, 0.0, None)
    weights[(places < 0) | (places >= size)] = 0.0
    weights /= weights.sum(axis=1, keepdims=True)
    places = places.clip(0, size - 1)
    across = (slice(None), *(None for _ in values.shape[1:]))
    result = np.zeros((wanted, *values.shape[1:]), np.float32)
    for tap in range(places.shape[1]):
        result += values[places[:, tap]] * weights[:, tap].astype(np.float32)[across]
    return result
