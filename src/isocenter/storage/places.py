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
from typing import Final, Protocol, TypeVar

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
DISTRUSTED_FOR_S: Final = 600.0
"""A copy that gave wrong bytes is read last for so long; by then it has been looked at and mended."""
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


class Unopened:
    """Stands for a storage that cannot be opened, so that what lies there is away and not missing."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def put(self, key: str, data: bytes) -> None:  # noqa: ARG002
        raise self._away(key)

    def put_file(self, key: str, path: Path) -> None:  # noqa: ARG002
        raise self._away(key)

    def get(self, key: str) -> bytes:
        raise self._away(key)

    def get_range(self, key: str, offset: int, length: int) -> bytes:  # noqa: ARG002
        raise self._away(key)

    def get_ranges(self, key: str, ranges: Sequence[tuple[int, int]]) -> list[bytes]:  # noqa: ARG002
        raise self._away(key)

    def head(self, key: str) -> ObjectHead:
        raise self._away(key)

    def delete(self, key: str) -> None:
        raise self._away(key)

    def list(self, prefix: str = "") -> Iterator[ObjectHead]:
        raise self._away(prefix)

    def local_path(self, key: str) -> Path | None:  # noqa: ARG002
        return None

    def staging_path(self) -> Path:
        raise self._away("")

    def _away(self, key: str) -> StoreAway:
        return StoreAway(self.reason, key=key)


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


def _known(key: str, error: StoreAway | Damaged | OSError) -> StoreAway | Damaged:
    """A local disk that fails to read says so by an OSError."""
    if isinstance(error, OSError):
        return Damaged("The disk does not give an object back.", key=key, errno=error.errno)
    return error


class Deletions(Protocol):
    """Where deletions are written down until they have reached every storage."""

    def ask(self, key: str, storage_ids: Sequence[int]) -> None:
        """An object is to go; these storages, besides the primary, may have copies of it. Durable on return."""

    def done(self, key: str, storage_id: int) -> None:
        """It is gone from this storage."""

    def is_asked(self, key: str, storage_id: int) -> bool:
        """Whether it still has to go from this storage."""


class Places:
    """An ObjectStore over several. Safe for threads."""

    def __init__(
        self,
        places: Callable[[], Sequence[Place]],
        *,
        deletions: Deletions | None = None,
        doubting: Callable[[Place, str, str], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """places: those that are in use now, the primary first.

        deletions: where those are written down that have not reached every place; None: they are not followed up.
        doubting: told of a copy that is not as it was written.
        """
        self._places = places
        self._deletions = deletions
        self._doubting = doubting
        self._clock = clock
        self._found_at: dict[str, int] = {}
        self._away_until: dict[int, float] = {}
        self._distrusted: dict[tuple[int, str], float] = {}

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
        """From every place, the primary first. One that is away, or keeps the object for now, loses it later.

        Raises StoreAway when the primary is away; where it is written down, the others lose the object all the same.
        """
        primary, *others = self._places()
        if self._deletions is not None:
            self._deletions.ask(key, [place.storage_id for place in others])
        self._found_at.pop(key, None)
        primary.store.delete(key)
        for place in others:
            self._delete_at(place, key)

    def _delete_at(self, place: Place, key: str) -> None:
        try:
            kept_until = delete_at(place, key)
        except StoreAway:
            if self._deletions is None:
                raise
            log.warning("storage.deletion-waits", storage=place.name, key=key)
            return
        if self._deletions is not None and kept_until is None:
            self._deletions.done(key, place.storage_id)

    def pass_over(self, key: str) -> bool:
        """What was read under this key is not what was written: report that copy, and read another for a while.

        False: there is no other.
        """
        holders = [place for place in self._in_order(key) if self._has(place, key)]
        trusted = [place for place in holders if not self._is_distrusted(place, key)]
        if not trusted:
            return False
        log.warning("storage.passed-over", storage=trusted[0].name, key=key, reason="unsound")
        if len(self._distrusted) >= _REMEMBERED:
            self._distrusted.clear()
        self._distrusted[trusted[0].storage_id, key] = self._clock() + DISTRUSTED_FOR_S
        self._found_at.pop(key, None)
        if self._doubting is not None:
            self._doubting(trusted[0], key, "unsound")
        return len(trusted) > 1

    def _has(self, place: Place, key: str) -> bool:
        try:
            place.store.head(key)
        except (NoSuchObject, StoreAway, Damaged, OSError):
            return False
        return True

    def _is_distrusted(self, place: Place, key: str) -> bool:
        return self._distrusted.get((place.storage_id, key), 0.0) > self._clock()

    def _read(self, key: str, read: Callable[[ObjectStore], _T]) -> _T:
        trouble: StoreAway | Damaged | None = None
        for place in self._in_order(key):
            try:
                found = read(place.store)
            except NoSuchObject:
                continue
            except (StoreAway, Damaged, OSError) as error:
                known = _known(key, error)
                trouble = trouble or known
                self._passed_over(place, key, known)
                continue
            if not self._gone(place, key):
                self._remember(key, place)
                return found
        self._found_at.pop(key, None)
        raise trouble or NoSuchObject("The store has no such object.", key=key)

    def _gone(self, place: Place, key: str) -> bool:
        """Whether a record that only a copy still has was deleted while that place was away."""
        if place.storage_id == PRIMARY_ID or key.startswith(PACKS) or self._deletions is None:
            return False
        return self._deletions.is_asked(key, place.storage_id)

    def _in_order(self, key: str) -> Sequence[Place]:
        """Where the object was found last, then the primary and the others; then what is away, then what is unsound."""
        places = self._places()
        if len(places) == 1:
            return places
        at, now = self._found_at.get(key, PRIMARY_ID), self._clock()
        away = {storage_id for storage_id, until in self._away_until.copy().items() if until > now}
        return sorted(
            places,
            key=lambda place: (self._is_distrusted(place, key), place.storage_id in away, place.storage_id != at),
        )

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


def pass_over(store: ObjectStore, key: str) -> bool:
    """Tell the storages behind a store that what it gave is not what was written.

    True: they have another copy, which is read from now on: try again. False: there is none, or only one storage.
    """
    behind: object = store
    while not isinstance(behind, Places):
        behind = getattr(behind, "inner", None) or getattr(behind, "behind", None)
        if behind is None:
            return False
    return behind.pass_over(key)
