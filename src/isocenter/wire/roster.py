"""Who is associated now, and who makes way when there are too many: so that a flood of callers starves nobody known."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from isocenter.kit.logging import get_logger
from isocenter.wire.association import Association

log = get_logger(__name__)

KNOWN_CALLERS: Final = 1024
"""So many callers that have stored something are remembered."""
STRANGER_MAKES_WAY_AFTER_S: Final = 0.2
"""A caller that has achieved nothing yet makes way for another after this silence, when there are too many."""
CALLER_MAKES_WAY_AFTER_S: Final = 10.0
"""Any other caller makes way after this silence."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one listener allows.

    total, per_address: associations at one time. reserve: of the total, kept for callers that have stored before.
    waiting: connections at one time that have not finished their association request.
    """

    total: int = 200
    per_address: int = 50
    reserve: int = 20
    waiting: int = 256


class Roster:
    """The associations of one listener. Thread-safe."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._present: set[Association] = set()
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._present)

    def admit(self, association: Association) -> bool:
        """Take it in, if need be by asking the longest silent one to leave. False: nobody can make way."""
        with self._lock:
            address = association.peer.address
            same = [each for each in self._present if each.peer.address == address]
            known = _identity(association) in self._known
            total = self._limits.total if known else self._limits.total - self._limits.reserve
            if len(same) >= self._limits.per_address and not self._make_way(same):
                return False
            if len(self._present) >= total and not self._make_way(list(self._present)):
                return False
            self._present.add(association)
            return True

    def remove(self, association: Association) -> None:
        """It has ended. One that stored something is known from now on."""
        with self._lock:
            self._present.discard(association)
            if association.succeeded:
                self._known[_identity(association)] = None
                self._known.move_to_end(_identity(association))
                if len(self._known) > KNOWN_CALLERS:
                    self._known.popitem(last=False)
            self._changed.notify_all()

    def drain(self, within_s: float) -> int:
        """Ask all to leave, wait until they have, cut what is left at the end; returns how many had to be cut."""
        deadline = time.monotonic() + within_s
        with self._lock:
            for association in self._present:
                association.leave("the listener is stopping")
            while self._present and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)
            remaining = list(self._present)
        for association in remaining:
            association.cut()
        return len(remaining)

    def _make_way(self, candidates: list[Association]) -> bool:
        now = time.monotonic()
        expendable = [each for each in candidates if each.silent_for_s(now) >= self._patience_with(each)]
        if not expendable:
            return False
        leaving = max(expendable, key=lambda each: (not self._is_known(each), each.silent_for_s(now)))
        self._present.discard(leaving)
        leaving.dismiss("others are waiting")
        log.warning(
            "association.made-way", calling_ae_title=leaving.peer.calling_ae_title, address=leaving.peer.address
        )
        return True

    def _patience_with(self, association: Association) -> float:
        if association.in_message or self._is_known(association):
            return CALLER_MAKES_WAY_AFTER_S
        return STRANGER_MAKES_WAY_AFTER_S

    def _is_known(self, association: Association) -> bool:
        return association.succeeded > 0 or _identity(association) in self._known


def _identity(association: Association) -> tuple[str, str]:
    return association.peer.address, association.peer.calling_ae_title
