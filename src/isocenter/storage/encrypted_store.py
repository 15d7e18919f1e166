"""The object store with some of its objects encrypted: those whose name says so (`cipher.encrypted_name`).

Everything else passes through as it is, with its local file and its zero-copy reading. Deleting an encrypted object
destroys its key first, wherever it is deleted from.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Final

from isocenter.storage.cipher import (
    HEADER_LENGTH,
    EncryptingFile,
    ObjectCipher,
    data_key_name,
    encrypted_name,
    is_encrypted_name,
    open_range,
    plain_length,
    sealed_object,
    stored_range,
)
from isocenter.storage.errors import Damaged, StorageFull
from isocenter.storage.key_ring import KeyRing
from isocenter.storage.master_keys import new_secret
from isocenter.storage.object_store import ObjectHead, ObjectStore
from isocenter.storage.places import pass_over

OPENED_KEPT: Final = 2048
STAGED_KEPT: Final = 256
"""Files on their way into the store at one time, at the most."""
_PIECE: Final = 4 << 20


class EncryptedStore:
    """Wraps a store. Sizes and offsets of encrypted objects are those of what they hold. Safe for threads."""

    def __init__(self, inner: ObjectStore, ring: KeyRing, *, encrypts: bool) -> None:
        """encrypts: new objects get encrypted names (`key_for`); others are only read."""
        self.inner = inner
        self.ring = ring
        self.encrypts = encrypts
        self._lock = threading.Lock()
        self._opened: OrderedDict[str, tuple[ObjectCipher, int]] = OrderedDict()
        self._staged: OrderedDict[str, bytes] = OrderedDict()

    def put(self, key: str, data: bytes) -> None:
        if not is_encrypted_name(key):
            self.inner.put(key, data)
            return
        secret = new_secret()
        sealed = sealed_object(ObjectCipher.new(key, secret), data)
        self._with_key(key, secret, lambda: self.inner.put(key, sealed))

    def put_file(self, key: str, path: Path) -> None:
        if not is_encrypted_name(key):
            self.inner.put_file(key, path)
            return
        with self._lock:
            secret = self._staged.get(key)
        if secret is None:  # a plain file from elsewhere
            staged = self.inner.staging_path()
            try:
                secret = self._encrypt(key, path, staged)
                self._put_staged(key, staged, secret)
            finally:
                staged.unlink(missing_ok=True)
            path.unlink()
            return
        self._put_staged(key, path, secret)
        with self._lock:
            self._staged.pop(key, None)

    def _put_staged(self, key: str, path: Path, secret: bytes) -> None:
        self._with_key(key, secret, lambda: self.inner.put_file(key, path))

    def _with_key(self, key: str, secret: bytes, put: Callable[[], None]) -> None:
        """The key first, so that no object is ever without; it goes again when the object does not come."""
        name = data_key_name(key)
        version = self.ring.store_data_key(name, secret, key)
        try:
            put()
        except BaseException:
            self.ring.take_back(name, version)
            raise

    def _encrypt(self, key: str, source: Path, target: Path) -> bytes:
        secret = new_secret()
        try:
            with source.open("rb") as plain, target.open("xb") as file:
                sealing = EncryptingFile(file, ObjectCipher.new(key, secret))
                while piece := plain.read(_PIECE):
                    sealing.write(piece)
                sealing.close()
        except OSError as error:
            raise StorageFull("The disk of the object store is full or failing.", errno=error.errno) from error
        return secret

    def create_staged(self, key: str, path: Path) -> EncryptingFile:
        """A new file at a staging path whose bytes are encrypted as they are written; `put_file` stores it."""
        secret = new_secret()
        with self._lock:
            self._staged[key] = secret
            while len(self._staged) > STAGED_KEPT:  # of files that were abandoned
                self._staged.popitem(last=False)
        return EncryptingFile(path.open("xb", buffering=1 << 20), ObjectCipher.new(key, secret))

    def get(self, key: str) -> bytes:
        if not is_encrypted_name(key):
            return self.inner.get(key)
        return self.get_range(key, 0, self._open(key)[1])

    def get_range(self, key: str, offset: int, length: int) -> bytes:
        return self.get_ranges(key, [(offset, length)])[0]

    def get_ranges(self, key: str, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        if not is_encrypted_name(key):
            return self.inner.get_ranges(key, ranges)
        try:
            return self._opened_ranges(key, ranges)
        except Damaged:
            with self._lock:
                self._opened.pop(key, None)  # its header may be what is damaged
            if not pass_over(self.inner, key):
                raise
        return self.get_ranges(key, ranges)

    def _opened_ranges(self, key: str, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        cipher, whole = self._open(key)
        places = [stored_range(offset, length, whole, key) if length else None for offset, length in ranges]
        wanted = [(place.offset, place.length) for place in places if place is not None]
        stored = iter(self.inner.get_ranges(key, wanted) if wanted else ())
        return [
            b"" if place is None else open_range(cipher, place, next(stored), length, whole)
            for place, (_, length) in zip(places, ranges, strict=True)
        ]

    def head(self, key: str) -> ObjectHead:
        return _plain_head(self.inner.head(key))

    def delete(self, key: str) -> None:
        if is_encrypted_name(key):
            self.ring.destroy_data_key(data_key_name(key))
            with self._lock:
                self._opened.pop(key, None)
                self._staged.pop(key, None)
        self.inner.delete(key)

    def list(self, prefix: str = "") -> Iterator[ObjectHead]:
        return map(_plain_head, self.inner.list(prefix))

    def local_path(self, key: str) -> Path | None:
        return None if is_encrypted_name(key) else self.inner.local_path(key)

    def staging_path(self) -> Path:
        return self.inner.staging_path()

    def _open(self, key: str) -> tuple[ObjectCipher, int]:
        """The cipher of an object and its length, kept for the next range."""
        with self._lock:
            known = self._opened.get(key)
            if known is not None:
                self._opened.move_to_end(key)
                return known
        size = plain_length(self.inner.head(key).size, key)
        header = self.inner.get_range(key, 0, HEADER_LENGTH)
        known = ObjectCipher(key, header, self.ring.data_key(data_key_name(key))), size
        with self._lock:
            self._opened[key] = known
            while len(self._opened) > OPENED_KEPT:
                self._opened.popitem(last=False)
        return known


def key_for(store: ObjectStore, key: str, institution_id: int) -> str:
    """The name of a new object of an institution: its encrypted form when the store encrypts what is new."""
    if isinstance(store, EncryptedStore) and store.encrypts:
        return encrypted_name(key, institution_id)
    return key


def create_staged(store: ObjectStore, key: str, path: Path) -> BinaryIO | EncryptingFile:
    """A new file at a staging path for `put_file(key, path)`, encrypted when the name says so. Raises OSError."""
    if isinstance(store, EncryptedStore) and is_encrypted_name(key):
        return store.create_staged(key, path)
    return path.open("xb", buffering=1 << 20)


def _plain_head(head: ObjectHead) -> ObjectHead:
    return replace(head, size=plain_length(head.size, head.key)) if is_encrypted_name(head.key) else head


def key_is_left(store: ObjectStore, key: str) -> bool:
    """Whether the key of an encrypted object is still kept; False for an object that needs none."""
    return is_encrypted_name(key) and isinstance(store, EncryptedStore) and store.ring.has_data_key(data_key_name(key))
