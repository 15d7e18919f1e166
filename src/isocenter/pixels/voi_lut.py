"""Modality values to display grey (VOI LUT, PS3.3 C.11.2): windows LINEAR, LINEAR_EXACT, SIGMOID, and tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np

from isocenter.pixels.lut_data import Samples
from isocenter.pixels.modality_lut import LookupTable

WHITE: Final = 255.0


class VoiLutFunction(StrEnum):
    """VOI LUT Function (0028,1056)."""

    LINEAR = "LINEAR"
    LINEAR_EXACT = "LINEAR_EXACT"
    SIGMOID = "SIGMOID"


@dataclass(frozen=True, slots=True)
class Window:
    """Centre and width in units of the modality values."""

    center: float
    width: float
    function: VoiLutFunction = VoiLutFunction.LINEAR

    @property
    def is_usable(self) -> bool:
        """Whether the standard allows the width: LINEAR needs at least 1, the others more than 0 (C.11.2.1.2)."""
        if not (np.isfinite(self.center) and np.isfinite(self.width)):
            return False
        return self.width >= 1 if self.function is VoiLutFunction.LINEAR else self.width > 0


def windows(data_set: Mapping[str, Any]) -> list[Window]:
    """The usable windows of an object or of one frame's functional groups (JSON model), in order."""
    centers, widths = (_numbers(data_set, tag) for tag in ("00281050", "00281051"))
    name = str(((data_set.get("00281056") or {}).get("Value") or ["LINEAR"])[0]).strip().upper()
    function = VoiLutFunction(name) if name in VoiLutFunction.__members__ else VoiLutFunction.LINEAR
    pairs = zip(centers, widths, strict=False)
    made = [Window(center, width, function) for center, width in pairs if center is not None and width is not None]
    return [window for window in made if window.is_usable]


def _numbers(data_set: Mapping[str, Any], tag: str) -> list[float | None]:
    found: list[float | None] = []
    for value in (data_set.get(tag) or {}).get("Value") or []:
        try:
            found.append(float(value))
        except (TypeError, ValueError):
            found.append(None)
    return found


def apply_window(values: Samples, window: Window) -> Samples:
    """Modality values of any shape to grey 0.0 black … 255.0 white, float64, not rounded (C.11.2.1.2, C.11.2.1.3)."""
    center, width = window.center, window.width
    x = values.astype(np.float64)
    if window.function is VoiLutFunction.SIGMOID:
        return WHITE / (1.0 + np.exp(np.clip(-4.0 * (x - center) / width, -700, 700)))
    if window.function is VoiLutFunction.LINEAR_EXACT:
        return np.clip(((x - center) / width + 0.5) * WHITE, 0.0, WHITE)
    if width == 1:
        return np.where(x <= center - 0.5, 0.0, WHITE)
    return np.clip(((x - (center - 0.5)) / (width - 1.0) + 0.5) * WHITE, 0.0, WHITE)


def apply_voi_table(values: Samples, table: LookupTable) -> Samples:
    """Modality values through a VOI LUT Sequence item to grey 0.0 … 255.0, float64, by the depth of its words."""
    top = float((1 << table.bits) - 1)
    # A table deeper than its descriptor says is scaled by what it holds.
    top = max(top, float(table.words.max(initial=0)))
    return table.apply(values).astype(np.float64) * (WHITE / top)


def apply_range(values: Samples, low: float, high: float) -> Samples:
    """Modality values from low (0.0) to high (255.0), float64; a range of nothing gives black."""
    if not high > low:
        return np.zeros(values.shape, dtype=np.float64)
    return np.clip((values.astype(np.float64) - low) * (WHITE / (high - low)), 0.0, WHITE)
