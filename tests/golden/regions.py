"""Statistics of pixels in regions, pixel by pixel: what web/src/measuring/region.ts must give.

`python -m tests.golden.regions` writes web/src/measuring/golden/regions.json. A pixel belongs to a region when its
centre lies in it: here each centre is asked alone, by its winding number round a polygon or by the equation of an
ellipse.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

KEPT_AT = Path(__file__).parents[2] / "web/src/measuring/golden/regions.json"
ROWS, COLUMNS = 40, 60

Points = list[list[float]]


def values() -> np.ndarray[Any, np.dtype[np.float64]]:
    """(rows, columns); the test makes the same: 1000·sin(row/5) + 7·column − 300."""
    row, column = np.mgrid[0:ROWS, 0:COLUMNS]
    return np.asarray(1000 * np.sin(row / 5) + 7 * column - 300)


def winding_number(points: Points, x: float, y: float) -> float:
    """Turns of the outline round a point, by its angles."""
    corners = np.array(points) - [x, y]
    angles = np.arctan2(corners[:, 1], corners[:, 0])
    turns = np.diff(np.append(angles, angles[0]))
    return float(np.round(np.sum((turns + np.pi) % (2 * np.pi) - np.pi) / (2 * np.pi)))


def in_ellipse(points: Points, x: float, y: float) -> bool:
    """points: both ends of one axis, both ends of the other."""
    a, b, c, d = np.array(points)
    centre = (a + b) / 2
    along = np.linalg.solve(np.stack([(b - a) / 2, (d - c) / 2], axis=1), np.array([x, y]) - centre)
    return bool(np.sum(along**2) <= 1)


def summary(kind: str, points: Points) -> dict[str, Any]:
    """Statistics of the pixels inside."""
    centres = [(row, column) for row in range(ROWS) for column in range(COLUMNS)]
    test = in_ellipse if kind == "ellipse" else lambda p, x, y: winding_number(p, x, y) != 0
    inside = np.array([values()[row, column] for row, column in centres if test(points, column + 0.5, row + 0.5)])
    return {
        "kind": kind,
        "points": points,
        "count": len(inside),
        "mean": float(inside.mean()),
        "sd": float(inside.std()),
        "min": float(inside.min()),
        "max": float(inside.max()),
    }


def computed() -> list[dict[str, Any]]:
    """Regions of every kind: straight, turned, concave, hanging over the edge."""
    return [
        summary("rectangle", [[10.2, 5.3], [30.7, 5.3], [30.7, 25.9], [10.2, 25.9]]),
        summary("ellipse", [[10.1, 20.2], [50.3, 20.2], [30.2, 8.1], [30.2, 32.3]]),
        summary("ellipse", [[20.0, 10.0], [40.0, 30.0], [34.0, 16.0], [26.0, 24.0]]),
        summary("freehand", [[5.3, 5.1], [55.2, 8.4], [30.1, 20.3], [52.7, 36.6], [8.4, 33.2], [21.3, 19.7]]),
        summary("freehand", [[-10.3, -4.2], [22.1, 11.6], [4.4, 60.2]]),
    ]


if __name__ == "__main__":
    KEPT_AT.write_text(json.dumps(computed(), separators=(",", ":")) + "\n")
