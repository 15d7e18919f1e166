"""A store that says beforehand what it is going to do, for whoever has to do the same elsewhere.

What was announced and then did not happen is no harm: the other site finds nothing to copy. What happens unannounced
cannot be: when the announcement fails, nothing is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from isocenter.storage.errors import NoSuchObject, StoreAway
from isocenter.storage.object_store import ObjectHead, ObjectStore, check_key

Announce = Callable[[str, int, bool], None]
"""Durably on return: this key is going to be created with so many bytes, or (True) removed."""


IsMissing = Callable[[str], bool]
"""Whether this key is one that a lost site had and had not copied here: it may come back."""


class AnnouncedStore:
    """The store behind it, with every put and delete announced.

    What a lost site did not copy is away (StoreAway, 503), not unknown: it is asked for again when that site is back.
    """

    def __init__(self, store: ObjectStore, announce: Announce, is_missing: IsMissing = lambda _: False) -> None:
        self.behind = store
        self._announce = announce
        self._is_missing = is_missing

    def put(self, key: str, data: bytes) -> None:
        self._announce(check_key(key), len(data), False)
        self.behind.put(key, data)

    def put_file(self, key: str, path: Path) -> None:
        self._announce(check_key(key), path.stat().st_size, False)
        self.behind.put_file(key, path)

    def delete(self, key: str) -> None:
        self._announce(check_key(key), 0, True)
        self.behind.delete(key)

    def get(self, key: str) -> bytes:
        with self._away_is_not_unknown(key):
            return self.behind.get(key)

    def get_range(self, key: str, offset: int, length: int) -> bytes:
        with self._away_is_not_unknown(key):
            return self.behind.get_range(key, offset, length)

    def get_ranges(self, key: str, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        with self._away_is_not_unknown(key):
            return self.behind.get_ranges(key, ranges)

    def head(self, key: str) -> ObjectHead:
        with self._away_is_not_unknown(key):
            return self.behind.head(key)

    def list(self, prefix: str = "") -> Iterator[ObjectHead]:
        return self.behind.list(prefix)

    def local_path(self, key: str) -> Path | None:
        return self.behind.local_path(key)

    def staging_path(self) -> Path:
        return self.behind.staging_path()

    @contextmanager
    def _away_is_not_unknown(self, key: str) -> Iterator[None]:
        try:
            yield
        except NoSuchObject as error:
            if not self._is_missing(key):
                raise
            raise StoreAway(
                "This object is at the other site, which is lost, and had not come here.", key=key
            ) from error
