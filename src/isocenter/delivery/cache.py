"""A cache bounded in bytes, shared by threads: what was used longest ago goes first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable


class BoundedCache:
    """Bytes under keys. A value larger than a quarter of the bound is not kept."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._lock = threading.Lock()
        self._values: OrderedDict[Hashable, bytes] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable) -> bytes | None:
        """The value, and a note that it was used."""
        with self._lock:
            value = self._values.get(key)
            if value is not None:
                self._values.move_to_end(key)
            return value

    def put(self, key: Hashable, value: bytes) -> None:
        """Keep a value; others go until the bound holds."""
        if len(value) > self._limit // 4:
            return
        with self._lock:
            before = self._values.pop(key, b"")
            self._values[key] = value
            self._bytes += len(value) - len(before)
            while self._bytes > self._limit:
                _, oldest = self._values.popitem(last=False)
                self._bytes -= len(oldest)
