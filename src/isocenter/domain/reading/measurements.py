"""What a reader measured or marked on one frame: the JSON that the viewer writes (web/src/measuring/measurement.ts).

Points are image points [column, row] as SCOORD has them (PS3.3 C.18.6.1.2): (0, 0) is the outer corner of the first
pixel, its centre is (0.5, 0.5).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from isocenter.domain.reading.errors import InvalidMeasurement

POINT_COUNT: Final[dict[str, int | None]] = {
    "length": 2,
    "angle": 3,
    "cobb": 4,
    "bidirectional": 4,
    "ellipse": 4,
    "rectangle": 4,
    "freehand": None,
    "arrow": 2,
    "text": 1,
    "probe": 1,
    "ultrasound-region-length": 2,
    "ultrasound-region-probe": 1,
    "cardiothoracic-ratio": 4,
    "calibration": 2,
}
"""Points of each kind; None: at least three, the corners of a closed polygon, the first not repeated."""
_LEAST_CORNERS: Final = 3

Point = tuple[float, float]


class Concept(msgspec.Struct, frozen=True):
    """A coded concept (PS3.3 8.8)."""

    value: str
    scheme: str
    meaning: str


class Result(msgspec.Struct, frozen=True):
    """One number. unit: UCUM."""

    quantity: str
    value: float
    unit: str


class Calibration(msgspec.Struct, frozen=True, omit_defaults=True):
    """mm per pixel down a column and along a row, from a length that the reader knew."""

    mm_per_pixel: tuple[float, float]
    by: str
    of_measurement: str | None = None


class Measurement(msgspec.Struct, frozen=True, omit_defaults=True):
    """One measurement. frame_number: from 1. created_at, modified_at: UTC, ISO 8601."""

    id: str
    kind: str
    series_instance_uid: str
    sop_instance_uid: str
    frame_number: int
    points: tuple[Point, ...]
    results: tuple[Result, ...]
    spacing_source: str
    created_at: str
    modified_at: str
    text: str | None = None
    label: str | None = None
    finding: Concept | None = None
    site: Concept | None = None
    calibration: Calibration | None = None


def measurements_of(documents: Sequence[Any]) -> list[Measurement]:
    """Measurements from their JSON, each with as many points as its kind has. Raises InvalidMeasurement."""
    try:
        found = msgspec.convert(list(documents), list[Measurement], strict=False)
    except msgspec.ValidationError:
        raise InvalidMeasurement("A measurement in the draft is not understood. Measure again.") from None
    for each in found:
        wanted = POINT_COUNT.get(each.kind, 0)
        if len(each.points) != wanted and not (wanted is None and len(each.points) >= _LEAST_CORNERS):
            raise InvalidMeasurement("A measurement has another number of points than its kind has.", id=each.id)
    return found


def to_json(measurement: Measurement) -> dict[str, Any]:
    """The measurement as the viewer has it; what is absent is left out."""
    document: dict[str, Any] = msgspec.to_builtins(measurement)
    return document
