"""Objects between the journal and the index: what holds a checkpoint back."""

from __future__ import annotations

import threading
from collections.abc import Callable

Position = tuple[int, int]
"""(segment sequence, offset) inside one epoch of a journal."""


class UnderWay:
    """Remembers, for every object that is being appended or indexed, a position that lies before it."""

    def __init__(self, position: Callable[[], Position]) -> None:
        """position: of the journal now; nothing appended later lies before it."""
        self._position = position
        self._lock = threading.Lock()
        self._next = 0
        self._before: dict[int, Position] = {}

    def begin(self) -> int:
        """Call before an object is appended; returns the number to `settle` it by."""
        with self._lock:
            number = self._next
            self._next += 1
            self._before[number] = self._position()
            return number

    def settle(self, number: int) -> None:
        """The object is in the index, or its sender was told that it is not. May be called twice."""
        with self._lock:
            self._before.pop(number, None)

    def settled_up_to(self) -> Position:
        """Everything in the journal before this position is settled."""
        with self._lock:
            return min(self._before.values(), default=self._position())
