"""A store that reads another and never writes to it: what is put lies on top, what is deleted is only hidden.

For rehearsals: everything can be done to it as to the real one, and the real one stays as it is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from isocenter.storage.errors import NoSuchObject, ObjectExists
from isocenter.storage.object_store import ObjectHead, ObjectStore


class OverlayStore:
    """below: is only read. above: an empty store of the rehearsal."""

    def __init__(self, below: ObjectStore, above: ObjectStore) -> None:
        self._below = below
        self._above = above
        self._hidden: set[str] = set()

    def put(self, key: str, data: bytes) -> None:
        self._check_free(key)
        self._above.put(key, data)
        self._hidden.discard(key)

    def put_file(self, key: str, path: Path) -> None:
        self._check_free(key)
        self._above.put_file(key, path)
        self._hidden.discard(key)

    def get(self, key: str) -> bytes:
        return self._holder(key).get(key)

    def get_range(self, key: str, offset: int, length: int) -> bytes:
        return self._holder(key).get_range(key, offset, length)

    def get_ranges(self, key: str, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        return self._holder(key).get_ranges(key, ranges)

    def head(self, key: str) -> ObjectHead:
        return self._holder(key).head(key)

    def delete(self, key: str) -> None:
        self._above.delete(key)
        self._hidden.add(key)

    def list(self, prefix: str = "") -> Iterator[ObjectHead]:
        found = {head.key: head for head in self._below.list(prefix) if head.key not in self._hidden}
        found |= {head.key: head for head in self._above.list(prefix)}
        yield from (found[key] for key in sorted(found))

    def local_path(self, key: str) -> Path | None:
        return self._holder(key).local_path(key)

    def staging_path(self) -> Path:
        return self._above.staging_path()

    def _holder(self, key: str) -> ObjectStore:
        with contextlib.suppress(NoSuchObject):
            self._above.head(key)
            return self._above
        if key in self._hidden:
            return self._above  # which says that there is none
        return self._below

    def _check_free(self, key: str) -> None:
        with contextlib.suppress(NoSuchObject):
            self.head(key)
            raise ObjectExists("The store already has an object under this key.", key=key)
