"""Telling the trail of what arrived (DICOM Instances Transferred, PS3.15 A.5.3.7): once per sender, study and sitting.

Counted in memory and written when a sender has paused, so that no object waits for it; a killed process takes at the
most the last minute of these counts with it, and never an object: instances keep who sent them.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Final

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.kit.database import Database
from isocenter.kit.errors import Exhausted
from isocenter.kit.logging import get_logger

log = get_logger(__name__)

PAUSED_AFTER_S: Final = 5.0
WRITTEN_AFTER_S: Final = 60.0
"""A sender that never pauses is told of this often."""
MOST_WAITING: Final = 50_000

_Key = tuple[int, str, str, str, str]


@dataclass(slots=True)
class _Arrival:
    caller: Caller
    address: str | None
    began: float
    last: float
    counts: dict[str, int] = field(default_factory=dict)


class Arrivals:
    """What arrived and is not in the trail yet. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._waiting: dict[_Key, _Arrival] = {}

    def add(self, caller: Caller, door: str, study_instance_uid: str, kind: str) -> None:
        """Count one acknowledged object."""
        now = time.monotonic()
        key = (caller.institution_id, caller.id, caller.sitting, door, study_instance_uid)
        with self._lock:
            known = self._waiting.get(key)
            if known is None:
                known = self._waiting[key] = _Arrival(caller, audit.ADDRESS.get(), now, now)
            known.last = now
            known.counts[kind] = known.counts.get(kind, 0) + 1

    def flush(self, *, everything: bool = False) -> None:
        """Write what has paused. What the database does not take now waits on."""
        now = time.monotonic()
        with self._lock:
            due = [
                key
                for key, each in self._waiting.items()
                if everything or now - each.last >= PAUSED_AFTER_S or now - each.began >= WRITTEN_AFTER_S
            ]
            taken = {key: self._waiting.pop(key) for key in due}
        for institution_id in {key[0] for key in taken}:
            of_it = {key: each for key, each in taken.items() if key[0] == institution_id}
            try:
                self._write(institution_id, of_it)
            except Exhausted as error:
                log.warning("arrivals.not-in-the-trail-yet", reason=error.reason, waiting=len(of_it))
                self._put_back(of_it)

    def _write(self, institution_id: int, arrivals: dict[_Key, _Arrival]) -> None:
        with self._database.transaction(institution_id) as connection:
            for (_, _, _, door, study_instance_uid), each in arrivals.items():
                token = audit.ADDRESS.set(each.address)
                try:
                    audit.record(
                        connection,
                        each.caller,
                        audit.Action.INSTANCES_RECEIVED,
                        study_instance_uid,
                        door=door,
                        objects=sum(each.counts.values()),
                        **{kind.replace("-", "_"): count for kind, count in each.counts.items()},  # type: ignore[arg-type]
                    )
                finally:
                    audit.ADDRESS.reset(token)

    def _put_back(self, arrivals: dict[_Key, _Arrival]) -> None:
        with self._lock:
            for key, each in arrivals.items():
                known = self._waiting.get(key)
                if known is not None:
                    for kind, count in each.counts.items():
                        known.counts[kind] = known.counts.get(kind, 0) + count
                elif len(self._waiting) < MOST_WAITING:
                    self._waiting[key] = each
