"""The storages of the region as one process holds them open; changes of others are seen within seconds."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from isocenter.index import copies, placement
from isocenter.index.storages import Storage, storages
from isocenter.kit.database import Database
from isocenter.kit.errors import Exhausted, IsocenterError
from isocenter.kit.logging import get_logger
from isocenter.storage.errors import NoSuchObject, StoreAway
from isocenter.storage.object_store import ObjectStore
from isocenter.storage.places import PACKS, PRIMARY_ID, Place, Places, Unopened

log = get_logger(__name__)

MARKER: Final = "isocenter-storage.json"
"""An object in every storage besides the primary that says which one it is: an empty mount point has none."""
REFRESH_S: Final = 5.0
OpenStorage = Callable[[str, str | None], ObjectStore]
"""Opens a store by its URL and the name of its credentials. Raises Invalid."""
_NOBODY_KNOWS: Final = Place(0, "unknown", "unknown", Unopened("The database does not say where objects lie."))
_TRY_AGAIN_S: Final = 30.0


@dataclass(slots=True)
class _Opened:
    place: Place
    source: tuple[object, ...]
    look_again_at: float


class Register:
    """Reads the storages from the database and keeps them open. Safe for threads; for one process."""

    def __init__(
        self,
        database: Database,
        primary: ObjectStore,
        open_storage: OpenStorage,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._primary = Place(PRIMARY_ID, "primary", "hot", primary)
        self._open_storage = open_storage
        self._clock = clock
        self._places: tuple[Place, ...] | None = None
        self._opened: dict[int, _Opened] = {}
        self._fresh_until = float("-inf")
        self._lock = threading.Lock()

    def places(self) -> Sequence[Place]:
        """Those in use, the primary first. Whoever comes first after 5 s reads them anew; others do not wait for it."""
        if self._clock() >= self._fresh_until and self._lock.acquire(blocking=self._places is None):
            try:
                if self._clock() >= self._fresh_until:
                    self._refresh()
            finally:
                self._lock.release()
        return self._places if self._places is not None else (self._primary, _NOBODY_KNOWS)

    def _refresh(self) -> None:
        try:
            with self._database.transaction() as connection:
                rows = storages(connection)
        except Exhausted as error:
            log.warning("storage.register-waits", reason=error.reason)
        else:
            used = [row for row in rows if row.storage_id != PRIMARY_ID and row.state != "retired"]
            self._places = (self._primary, *(self._opened_place(row) for row in used))
        self._fresh_until = self._clock() + REFRESH_S

    def _opened_place(self, row: Storage) -> Place:
        source = (row.url, row.credentials, row.marker, row.name, row.role, row.retain_days, row.takes_records)
        known = self._opened.get(row.storage_id)
        if known is None or known.source != source or known.look_again_at <= self._clock():
            store = opened(row, self._open_storage)
            place = Place(row.storage_id, row.name, row.role, store, row.retain_days, row.takes_records)
            wait = _TRY_AGAIN_S if isinstance(store, Unopened) or _is_remote(row) else REFRESH_S
            known = self._opened[row.storage_id] = _Opened(place, source, self._clock() + wait)
        return known.place


def opened(row: Storage, open_storage: OpenStorage) -> ObjectStore:
    """The store of a storage, or one that is away: it cannot be opened, or its marker is not there."""
    assert row.url is not None
    reason = f"The storage {row.name} cannot be opened; `isocenter storage test {row.name}` says why."
    try:
        if not _is_remote(row) and not (_folder(row.url) / MARKER).is_file():
            raise NoSuchObject("The marker of the storage is not there: is it mounted?")
        store = open_storage(row.url, row.credentials or None)
        if json.loads(store.get(MARKER))["marker"] != row.marker:
            raise StoreAway("The marker is that of another storage.")
    except (IsocenterError, ValueError, KeyError, OSError) as error:
        log.warning("storage.not-opened", storage=row.name, reason=str(error))
        return Unopened(reason)
    return store


def _is_remote(row: Storage) -> bool:
    return urlsplit(row.url or "").scheme != "file"


def _folder(url: str) -> Path:
    return Path(unquote(urlsplit(url).path))


class DeletionList:
    """Deletions that have not reached every storage, in the database (`storage.places.Deletions`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ask(self, key: str, storage_ids: Sequence[int]) -> None:
        institution_id = institution_of_record(key)
        if institution_id is None and not storage_ids:
            return
        with self._database.transaction(institution_id) as connection:
            if institution_id is not None:
                copies.remove_copies(connection, [key])
            if storage_ids:
                placement.ask_deletion(connection, key, storage_ids)

    def done(self, key: str, storage_id: int) -> None:
        with self._database.transaction() as connection:
            placement.deletion_done(connection, key, storage_id)

    def is_asked(self, key: str, storage_id: int) -> bool:
        with self._database.transaction() as connection:
            return placement.deletion_is_asked(connection, key, storage_id)


def institution_of_record(key: str) -> int | None:
    """The institution in the key of a record ("facts/<institution>/…"); None for packs and what belongs to none."""
    parts = key.split("/")
    return int(parts[1]) if not key.startswith(PACKS) and len(parts) > 2 and parts[1].isdecimal() else None


def places_of(database: Database, register: Register) -> Places:
    """The region's storages as one object store."""

    def doubting(place: Place, key: str, reason: str) -> None:
        try:
            with database.transaction() as connection:
                placement.suspect(connection, key, place.storage_id, reason)
        except Exception:
            log.warning("storage.suspect-not-recorded", storage=place.name, key=key)

    return Places(register.places, deletions=DeletionList(database), doubting=doubting)
