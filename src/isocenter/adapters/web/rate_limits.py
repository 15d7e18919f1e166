"""How often one address may knock at the doors that ask for nothing: signing in, enrolment, resets, OAuth2 tokens.

Guessing is slowed elsewhere, by name and address (`access.attempts`); this bounds what one address can cost: each knock
is a look-up in the database, and a password is a tenth of a second of processor time.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from isocenter.kit.errors import Exhausted

OPEN_DOORS = ("/api/sign-in", "/api/enrolments/", "/api/resets/", "/oauth/")
BURST = 120
"""A whole reading room behind one address signs in at once in the morning …"""
PER_SECOND = 4.0
"""… and then so many a second."""
ADDRESSES_REMEMBERED = 10_000


class TooManyRequests(Exhausted):
    """This address knocks too often."""

    reason = "too-many-requests"


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Knocks:
    """A token bucket for each address; the longest quiet are forgotten. Used by one event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def refusal(self, path: str, address: str) -> TooManyRequests | None:
        """Why this request is not served now; None when it is."""
        if not path.startswith(OPEN_DOORS):
            return None
        now = self._clock()
        bucket = self._buckets.pop(address, None) or _Bucket(BURST, now)
        bucket.tokens = min(BURST, bucket.tokens + (now - bucket.at) * PER_SECOND)
        bucket.at = now
        self._buckets[address] = bucket
        while len(self._buckets) > ADDRESSES_REMEMBERED:
            self._buckets.popitem(last=False)
        if bucket.tokens < 1:
            return TooManyRequests("Too many requests from this address; wait a moment.", retry_after_s=1)
        bucket.tokens -= 1
        return None
