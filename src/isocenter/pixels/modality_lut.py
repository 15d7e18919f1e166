"""Stored values to modality values, such as Hounsfield units (Modality LUT, PS3.3 C.11.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from isocenter.pixels.description import first_value
from isocenter.pixels.errors import InvalidImageDescription
from isocenter.pixels.lut_data import LutDescriptor, Samples, lut_words


@dataclass(frozen=True, slots=True)
class LookupTable:
    """A table of a Modality or VOI LUT Sequence: input first_mapped gives words[0]; bits: depth of the words."""

    first_mapped: int
    words: Samples
    bits: int

    def apply(self, values: Samples) -> Samples:
        """Entries for values (any shape, rounded to integers) as uint16; outside the table its first and last."""
        index = (
            np.rint(values).astype(np.int64) - self.first_mapped
            if values.dtype.kind == "f"
            else (values.astype(np.int64) - self.first_mapped)
        )
        found: Samples = self.words[np.clip(index, 0, len(self.words) - 1)]
        return found


@dataclass(frozen=True, slots=True)
class ModalityLut:
    """Either a table or a line: modality value = slope * stored value + intercept."""

    slope: float = 1.0
    intercept: float = 0.0
    table: LookupTable | None = None

    @property
    def is_identity(self) -> bool:
        """Whether stored values are modality values."""
        return self.table is None and self.slope == 1.0 and self.intercept == 0.0


def lookup_table(item: Mapping[str, Any]) -> LookupTable:
    """The table of one item of a Modality or VOI LUT Sequence in the JSON model. Raises InvalidImageDescription."""
    values = (item.get("00283002") or {}).get("Value") or []
    if len(values) < 3:
        raise InvalidImageDescription("A look-up table has no descriptor.")
    descriptor = LutDescriptor.of(values)
    words = lut_words(item.get("00283006"), descriptor)
    if words is None:
        raise InvalidImageDescription("A look-up table has no data.")
    return LookupTable(descriptor.first_mapped, words, descriptor.bits)


def modality_lut(data_set: Mapping[str, Any]) -> ModalityLut:
    """The Modality LUT of an object or of one frame's functional groups (JSON model). A sequence goes first."""
    if _maps_back_to_x_ray_intensity(data_set):
        return ModalityLut()
    items = (data_set.get("00283000") or {}).get("Value") or []
    if items:
        return ModalityLut(table=lookup_table(items[0]))
    slope, intercept = _number(data_set, "00281053", 1.0), _number(data_set, "00281052", 0.0)
    # A slope of 0 makes every pixel equal: it is written by devices that mean "none".
    return ModalityLut(slope or 1.0, intercept)


# X-Ray Angiographic, Radiofluoroscopic and the retired bi-plane image storage.
_XA_AND_XRF = frozenset(f"1.2.840.10008.5.1.4.1.1.12.{number}" for number in (1, 2, 3))


def _maps_back_to_x_ray_intensity(data_set: Mapping[str, Any]) -> bool:
    """Whether the Modality LUT undoes a display curve instead of leading to it (PS3.3 C.8.7.1.1.2).

    In XA and XRF with Pixel Intensity Relationship LOG or DISP it serves measuring; windows are for stored values.
    """
    relationship = str(first_value(data_set, "00281040") or "").strip().upper()
    return first_value(data_set, "00080016") in _XA_AND_XRF and relationship in ("LOG", "DISP")


def apply_modality_lut(values: Samples, lut: ModalityLut) -> Samples:
    """values: stored values of any shape. Returns modality values: uint16 by a table, float64 by a line."""
    if lut.table is not None:
        return lut.table.apply(values)
    return values.astype(np.float64) * lut.slope + lut.intercept


def _number(data_set: Mapping[str, Any], tag: str, default: float) -> float:
    try:
        number = float(first_value(data_set, tag))
    except (TypeError, ValueError):
        return default
    return number if np.isfinite(number) else default
