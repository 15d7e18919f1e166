"""Several storages as one object store: objects are born in the first, copies are read wherever they lie.

What is not at the first place is found at the others. A place that does not answer, or answers short, is passed over
and reported; whoever mends it works on the places themselves (domain/placement). Objects other than packs (facts,
corrections, keys) live at the first place: elsewhere lie copies of them, for a day when the first one cannot be read.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

from isocenter.kit.clock import utc_now
from isocenter.kit.logging import get_logger
from isocenter.storage.errors import Damaged, NoSuchObject, StoreAway
from isocenter.storage.object_store import ObjectHead, ObjectStore

log = get_logger(__name__)
_T = TypeVar("_T")

PRIMARY_ID: Final = 1
"""The number of the storage where objects are born: the store that the settings name."""
PACKS: Final = "packs/"
AWAY_FOR_S: Final = 10.0
"""A place that did not answer is asked last for so long, so that not every read waits for it."""
_REMEMBERED: Final = 50_000


@dataclass(frozen=True, slots=True)
class Place:
    """An open storage. retain_days: nothing is deleted from it before it has lain there for so long; 0: no such rule.

    takes_records: copies of facts, corrections, audit files and keys belong there too, not only packs.
    """

    storage_id: int
    name: str
    role: str
    store: ObjectStore
    retain_days: int = 0
    takes_records: bool = False

    def kept_until(self, head: ObjectHead) -> datetime | None:
        """Until when an object may not be deleted from here; None: it may."""
        until = head.last_modified + timedelta(days=self.retain_days)
        return until if self.retain_days and until > utc_now() else None


def delete_at(place: Place, key: str) -> datetime | None:
    """Delete an object from one place; None when it is gone, else until when the place keeps it. Raises StoreAway."""
    if place.retain_days:
        try:
            kept_until = place.kept_until(place.store.head(key))
        except NoSuchObject:
            return None
        if kept_until is not None:
            return kept_until
    place.store.delete(key)
    return None


class Places:
    """An ObjectStore over several. Safe for threads."""

    def __init__(
        self,
        places: Callable[[], Sequence[Place]],
        *,
        deleting: Callable[[str], None] | None = None,
        is_deleted: Callable[[str], bool] | None = None,
        doubting: Callable[[Place, str, str], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """places: those that are in use now, the primary first.

        deleting: writes down that an object is to go from everywhere; whoever keeps that list tries again where a place
        is away. is_deleted: whether it is on that list. doubting: told of a copy that is not as it was written.
        """
        self._places = places
        self._deleting = deleting
        self._is_deleted = is_deleted
        self._doubting = doubting
        self._clock = clock
        self._found_at: dict[str, int] = {}
        self._away_until: dict[int, float] = {}

    @property
    def all(self) -> tuple[Place, ...]:
        """The places in use now, the primary first."""
        return tuple(self._places())

    @property
    def primary(self) -> Place:
        """Where objects are born."""
        return self._places()[0]

    def put(self, key: str, data: bytes) -> None:
        self.primary.store.put(key, data)

    def put_file(self, key: str, path: Path) -> None:
        self.primary.store.put_file(key, path)

    def staging_path(self) -> Path:
        return self.primary.store.staging_path()

    def get(self, key: str) -> bytes:
        return self._read(key, lambda store: store.get(key))

    def get_range(self, key: str, offset: int, length: int) -> bytes:
        return self._read(key, lambda store: store.get_range(key, offset, length))

    def get_ranges(self, key: str, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        return self._read(key, lambda store: store.get_ranges(key, ranges))

    def head(self, key: str) -> ObjectHead:
        return self._read(key, lambda store: store.head(key))

    def local_path(self, key: str) -> Path | None:
        places = self._in_order(key)
        if len(places) == 1:
            return places[0].store.local_path(key)
        for place in places:
            path = place.store.local_path(key)
            if path is None:
                return None  # a remote place comes first: reading ranges finds out who has it
            if path.exists() and not self._gone(place, key):
                return path
        return None

    def list(self, prefix: str = "") -> Iterator[ObjectHead]:
        """Packs of all places that answer, each once; other objects of the primary. Raises StoreAway without it."""
        primary, *others = self._places()
        pages = [primary.store.list(prefix)]
        if not prefix or f"{prefix.rstrip('/')}/".startswith(PACKS):
            pages += [self._listed(place, prefix or PACKS) for place in others]
        last = ""
        for head in heapq.merge(*pages, key=lambda head: head.key):
            if head.key != last:
                yield head
            last = head.key

    def delete(self, key: str) -> None:
        """From every place. One that is away, or keeps the object for now, loses it later (`deleting`)."""
        if self._deleting is not None:
            self._deleting(key)
        self._found_at.pop(key, None)
        primary, *others = self._places()
        primary.store.delete(key)
        for place in others:
            try:
                delete_at(place, key)
            except StoreAway:
                log.warning("storage.deletion-waits", storage=place.name, key=key)

    def _read(self, key: str, read: Callable[[ObjectStore], _T]) -> _T:
        trouble: StoreAway | Damaged | None = None
        for place in self._in_order(key):
            try:
                found = read(place.store)
            except NoSuchObject:
                continue
            except (StoreAway, Damaged) as error:
                trouble = trouble or error
                self._passed_over(place, key, error)
                continue
            if not self._gone(place, key):
                self._remember(key, place)
                return found
        self._found_at.pop(key, None)
        raise trouble or NoSuchObject("The store has no such object.", key=key)

    def _gone(self, place: Place, key: str) -> bool:
        """Whether a record that only a copy still has was deleted while that place was away."""
        if place.storage_id == PRIMARY_ID or key.startswith(PACKS) or self._is_deleted is None:
            return False
        return self._is_deleted(key)

    def _in_order(self, key: str) -> Sequence[Place]:
        """Where the object was found last, then the primary and the others, those that are away at the end."""
        places = self._places()
        if len(places) == 1:
            return places
        at, now = self._found_at.get(key, PRIMARY_ID), self._clock()
        away = {storage_id for storage_id, until in self._away_until.copy().items() if until > now}
        return sorted(places, key=lambda place: (place.storage_id in away, place.storage_id != at))

    def _remember(self, key: str, place: Place) -> None:
        if place.storage_id == PRIMARY_ID:
            self._found_at.pop(key, None)
            return
        if len(self._found_at) >= _REMEMBERED:
            self._found_at.clear()
        self._found_at[key] = place.storage_id

    def _passed_over(self, place: Place, key: str, error: StoreAway | Damaged) -> None:
        log.warning("storage.passed-over", storage=place.name, key=key, reason=error.reason)
        if isinstance(error, StoreAway):
            self._away_until[place.storage_id] = self._clock() + AWAY_FOR_S
        elif self._doubting is not None:
            self._doubting(place, key, error.reason)

    def _listed(self, place: Place, prefix: str) -> Iterator[ObjectHead]:
        try:
            yield from place.store.list(prefix)
        except StoreAway as error:
            self._passed_over(place, prefix, error)
