"""Counting what was acknowledged, cheaply: sums are kept here and handed to the metrics once a second.

One increment of a metric that several processes share costs as much as encoding a journal header.
"""

from __future__ import annotations

import threading

from isocenter.kit.metrics import STORED_BYTES, STORED_INSTANCES


class Tally:
    """Instances and bytes by door and outcome. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: dict[tuple[str, str], tuple[int, int]] = {}

    def add(self, door: str, outcome: str, byte_count: int) -> None:
        """Count one acknowledged instance."""
        with self._lock:
            instances, total = self._sums.get((door, outcome), (0, 0))
            self._sums[door, outcome] = (instances + 1, total + byte_count)

    def flush(self) -> None:
        """Hand the sums to the metrics."""
        with self._lock:
            sums, self._sums = self._sums, {}
        for (door, outcome), (instances, total) in sums.items():
            STORED_INSTANCES.labels(door, outcome).inc(instances)
            STORED_BYTES.labels(door).inc(total)
