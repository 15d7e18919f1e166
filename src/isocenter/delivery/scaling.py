"""Pictures cut and scaled to a viewport (PS3.18 8.3.5.1.3). For looking at, never for measuring."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from isocenter.delivery.errors import BadRendering
from isocenter.delivery.rendering import Viewport

Picture = npt.NDArray[np.uint8]
"""(rows, columns) grey or (rows, columns, 3) RGB."""


def fitted(picture: Picture, viewport: Viewport, *, upscale: bool) -> Picture:
    """The viewport's region of a picture, scaled to fit into it with its aspect kept. Raises BadRendering."""
    shown = _region(picture, viewport)
    rows, columns = shown.shape[:2]
    scale = min(viewport.width / columns, viewport.height / rows)
    if scale == 1 or (scale > 1 and not upscale):
        return np.ascontiguousarray(shown)
    return scaled(shown, max(1, round(rows * scale)), max(1, round(columns * scale)))


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
    thinned = _thinned(picture, rows, columns).astype(np.float32)
    down = _weights(thinned.shape[0], rows)
    across = _weights(thinned.shape[1], columns)
    if thinned.ndim == 2:
        result = down @ thinned @ across.T
    else:
        result = np.stack([down @ thinned[..., band] @ across.T for band in range(thinned.shape[2])], axis=-1)
    return np.clip(np.rint(result), 0, 255).astype(np.uint8)


def _thinned(picture: Picture, rows: int, columns: int) -> npt.NDArray[np.float32] | Picture:
    """Averaged over whole blocks first, so that huge pictures cost no huge matrices."""
    by_row, by_column = max(1, picture.shape[0] // (2 * rows)), max(1, picture.shape[1] // (2 * columns))
    if by_row == by_column == 1:
        return picture
    height, width = picture.shape[0] // by_row * by_row, picture.shape[1] // by_column * by_column
    blocks = picture[:height, :width].reshape(height // by_row, by_row, width // by_column, by_column, -1)
    means: npt.NDArray[np.float32] = blocks.mean(axis=(1, 3), dtype=np.float32)
    return means[..., 0] if picture.ndim == 2 else means


def _weights(size: int, wanted: int) -> npt.NDArray[np.float32]:
    """(wanted, size) weights of a triangle filter as wide as the step, each row summing to 1."""
    step = size / wanted
    centres = (np.arange(wanted) + 0.5) * step - 0.5
    distance = np.abs(np.arange(size)[None, :] - centres[:, None]) / max(1.0, step)
    weights = np.clip(1.0 - distance, 0.0, None)
    total = weights.sum(axis=1, keepdims=True)
    normalised: npt.NDArray[np.float32] = (weights / total).astype(np.float32)
    return normalised
