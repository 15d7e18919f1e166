"""Which study view is right just now: kept in memory, and compared with the index's study version once a second.

The key of a view holds the institution, so that the same UID at two hospitals is two studies. A view that is a second
old is compared before it is used again, sooner where what has just been stored must be seen; one that the index no
longer knows is forgotten.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from isocenter.delivery.errors import UnknownStudy
from isocenter.delivery.study_view import StudyView

TRUSTED_FOR_S = 1.0
INSTANCES_KEPT = 200_000
"""Views are kept until they hold this many instances together (about 1 KB each)."""


class StudySource(Protocol):
    """Where views come from: `index_source.IndexSource`, or a double in tests."""

    def version(self, institution_id: int, study_instance_uid: str) -> int | None:
        """The study's version in the index; None when the institution has no such study."""

    def load(self, institution_id: int, study_instance_uid: str) -> StudyView | None:
        """The whole view; None when the institution has no such study."""


@dataclass(slots=True)
class _Entry:
    lock: threading.Lock = field(default_factory=threading.Lock)
    view: StudyView | None = None
    checked_at: float = 0.0


class Locator:
    """Views of studies, shared by all threads of the process."""

    def __init__(self, source: StudySource, clock: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: OrderedDict[tuple[int, str], _Entry] = OrderedDict()
        self._instances = 0

    def at_hand(self, institution_id: int, study_instance_uid: str) -> StudyView | None:
        """The view when it is in memory and was checked less than a second ago. Never waits."""
        entry = self._entries.get((institution_id, study_instance_uid))
        if entry is None or self._clock() - entry.checked_at > TRUSTED_FOR_S:
            return None
        return entry.view

    def view(self, institution_id: int, study_instance_uid: str, trusted_for_s: float = TRUSTED_FOR_S) -> StudyView:
        """The view, from the index if need be. Raises UnknownStudy, and Exhausted when the index is away.

        trusted_for_s: how old the last comparison with the index may be; 0 compares now. Of many who ask at once for
        one study, one asks the index.
        """
        key = (institution_id, study_instance_uid)
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
        asked_at = self._clock()
        with entry.lock:
            # Whoever waited here for another's comparison, made after it asked, need not make it again.
            if entry.view is None or entry.checked_at < asked_at - trusted_for_s:
                self._refresh(key, entry)
            view = entry.view
        if view is None:
            self._forget(key, entry)
            raise UnknownStudy("There is no such study.", study_instance_uid=study_instance_uid)
        return view

    def doubt(self, view: StudyView) -> None:
        """Somebody read bytes at a place of this view and found nothing: load it anew at the next look."""
        entry = self._entries.get((view.institution_id, view.study_instance_uid))
        if entry is not None and entry.view is view:
            entry.checked_at, entry.view = 0.0, None
            with self._lock:
                self._instances -= len(view.instances)

    def _refresh(self, key: tuple[int, str], entry: _Entry) -> None:
        now = self._clock()
        known = entry.view
        if known is not None and self._source.version(*key) == known.version:
            entry.checked_at = now
            return
        fresh = self._source.load(*key)
        entry.view, entry.checked_at = fresh, now
        with self._lock:
            self._instances += (len(fresh.instances) if fresh else 0) - (len(known.instances) if known else 0)
            while self._instances > INSTANCES_KEPT and len(self._entries) > 1:
                self._drop_oldest(key)

    def _drop_oldest(self, besides: tuple[int, str]) -> None:
        key = next(iter(self._entries))
        if key == besides:
            self._entries.move_to_end(key)
            key = next(iter(self._entries))
        dropped = self._entries.pop(key).view
        self._instances -= len(dropped.instances) if dropped else 0

    def _forget(self, key: tuple[int, str], entry: _Entry) -> None:
        with self._lock:
            if entry.view is None and self._entries.get(key) is entry:
                del self._entries[key]
