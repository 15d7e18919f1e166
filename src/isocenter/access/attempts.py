"""Slowing down those who guess passwords, without locking anyone out.

Failures are counted per (user name, address): whoever guesses from one address is slowed there and nowhere else, and
the person whose name is being tried signs in from her own address as ever. The count is in memory and bounded.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from threading import Lock

from isocenter.access.errors import TooManyAttempts

FREE_ATTEMPTS = 5
_LONGEST_WAIT_S = 300.0
_FORGET_AFTER_S = 900.0
_REMEMBERED = 10_000


class SignInAttempts:
    """Failed sign-ins of the last quarter of an hour. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[bytes, tuple[int, float]] = OrderedDict()
        self._lock = Lock()

    def check(self, username: str, address: str) -> None:
        """Raise TooManyAttempts with the seconds to wait when this name was failed too often from this address."""
        key, now = _key(username, address), self._clock()
        with self._lock:
            count, last = self._failures.get(key, (0, 0.0))
            wait = _wait_s(count) - (now - last)
        if count and now - last < _FORGET_AFTER_S and wait > 0:
            raise TooManyAttempts("Too many failed attempts; wait a moment and try again.", retry_after_s=int(wait) + 1)

    def failed(self, username: str, address: str) -> None:
        """Remember one failure."""
        key, now = _key(username, address), self._clock()
        with self._lock:
            count, last = self._failures.pop(key, (0, now))
            self._failures[key] = (count + 1 if now - last < _FORGET_AFTER_S else 1, now)
            while len(self._failures) > _REMEMBERED:
                self._failures.popitem(last=False)

    def succeeded(self, username: str, address: str) -> None:
        """Forget the failures of this name at this address."""
        with self._lock:
            self._failures.pop(_key(username, address), None)


def _wait_s(failures: int) -> float:
    """Nothing for the first five, then 2, 4, 8 … seconds up to five minutes."""
    over = failures - FREE_ATTEMPTS
    return 0.0 if over < 0 else min(_LONGEST_WAIT_S, 2.0 ** min(over + 1, 16))


def _key(username: str, address: str) -> bytes:
    return sha256(f"{username.casefold()}\0{address}".encode("utf-8", "replace")).digest()
