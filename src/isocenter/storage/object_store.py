"""The object store: immutable objects under random keys. One contract: a local directory, or an S3 store.

A put that returns is durable. Keys are created once, never overwritten.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import obstore

from isocenter.kit.errors import Invalid
from isocenter.kit.files import sync_path
from isocenter.storage.errors import Damaged, NoSuchObject, ObjectExists, StorageFull, StoreAway
from isocenter.storage.remote_errors import store_errors

_KEY = re.compile(r"[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*")
_INCOMING = ".incoming"


@dataclass(frozen=True, slots=True)
class ObjectHead:
    """A stored object: its key, its size in bytes, and when it was written (aware UTC)."""

    key: str
    size: int
    last_modified: datetime


class ObjectStore(Protocol):
    """What every store offers. Safe for threads. Raises StoreAway when it cannot be reached."""

    def put(self, key: str, data: bytes) -> None:
        """Create an object, durable on return. Raises ObjectExists, StorageFull."""

    def put_file(self, key: str, path: Path) -> None:
        """Create an object of a file that `staging_path` gave, durable on return; the file is gone then.

        A local store links it in place. An S3 store takes more than 16 MiB in parts, which no store creates once:
        such a key is random or the writer's own. Raises ObjectExists (the file stays), StorageFull.
        """

    def get(self, key: str) -> bytes:
        """The whole object. Raises NoSuchObject."""

    def get_range(self, key: str, offset: int, length: int) -> bytes:
        """Exactly `length` bytes from `offset`. Raises NoSuchObject, Damaged when the object is shorter."""

    def get_ranges(self, key: str, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        """Several (offset, length) of one object."""

    def head(self, key: str) -> ObjectHead:
        """Size and age of an object. Raises NoSuchObject."""

    def delete(self, key: str) -> None:
        """Remove an object; no error when there is none."""

    def list(self, prefix: str = "") -> Iterator[ObjectHead]:
        """Objects whose key begins with the folders of `prefix`, in the order of their keys."""

    def local_path(self, key: str) -> Path | None:
        """The file of an object, for zero-copy reading; None when it is not a local file. Says nothing of existence."""

    def staging_path(self) -> Path:
        """A new path to write a file for `put_file`, where putting it is cheapest."""


def check_key(key: str) -> str:
    """The key, when it is one: folders and names of [a-z0-9._-], each beginning with a letter or digit."""
    if len(key) > 512 or _KEY.fullmatch(key) is None:
        raise Invalid("This is not a key of the object store.", key=key[:80])
    return key


def random_key(folder: str, suffix: str) -> str:
    """A new key "<folder>/<2 hex>/<32 hex><suffix>"."""
    name = secrets.token_hex(16)
    return check_key(f"{folder}/{name[:2]}/{name}{suffix}")


class LocalObjectStore:
    """A directory on a local file system. Files and their folders are synced before a put returns."""

    def __init__(self, root: Path) -> None:
        self._root = root
        (root / _INCOMING).mkdir(parents=True, exist_ok=True)
        sync_path(root)
        sync_path(root.parent)

    def put(self, key: str, data: bytes) -> None:
        check_key(key)
        staged = self.staging_path()
        try:
            with _full_means_storage_full(), staged.open("xb") as file:
                file.write(data)
            self.put_file(key, staged)
        finally:
            staged.unlink(missing_ok=True)

    def put_file(self, key: str, path: Path) -> None:
        target = self._root / check_key(key)
        # a file from elsewhere may lie on another file system, where it cannot be linked from
        staged = path if path.parent == self._root / _INCOMING else copy_into_staging(self, path)
        try:
            self._link(key, staged, target)
        finally:
            if staged != path:
                staged.unlink(missing_ok=True)
        path.unlink()

    def _link(self, key: str, staged: Path, target: Path) -> None:
        with _full_means_storage_full():
            sync_path(staged)
            self._make_folders(target.parent)
            try:
                os.link(staged, target)
            except FileExistsError as error:
                raise ObjectExists("The store already has an object under this key.", key=key) from error
            sync_path(target.parent)

    def _make_folders(self, folder: Path) -> None:
        if folder.is_dir():
            return
        self._make_folders(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_path(folder.parent)

    def get(self, key: str) -> bytes:
        with _missing_means_no_such_object(key):
            return (self._root / check_key(key)).read_bytes()

    def get_range(self, key: str, offset: int, length: int) -> bytes:
        return self.get_ranges(key, [(offset, length)])[0]

    def get_ranges(self, key: str, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        with _missing_means_no_such_object(key), (self._root / check_key(key)).open("rb", buffering=0) as file:
            return [_exactly(key, os.pread(file.fileno(), length, offset), length) for offset, length in ranges]

    def head(self, key: str) -> ObjectHead:
        with _missing_means_no_such_object(key):
            status = (self._root / check_key(key)).stat()
            if not stat.S_ISREG(status.st_mode):
                raise NoSuchObject("The store has no such object.", key=key)
            return _local_head(key, status)

    def delete(self, key: str) -> None:
        path = self._root / check_key(key)
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
            sync_path(path.parent)

    def list(self, prefix: str = "") -> Iterator[ObjectHead]:
        start = self._root / check_key(prefix.rstrip("/")) if prefix else self._root
        yield from self._walk(start, f"{prefix.rstrip('/')}/" if prefix else "")

    def _walk(self, folder: Path, prefix: str) -> Iterator[ObjectHead]:
        try:
            with os.scandir(folder) as entries:
                # folders are sorted with their slash, so that the order of all keys is that of their bytes
                names = sorted(entry.name + "/" * entry.is_dir() for entry in entries if entry.name != _INCOMING)
        except (FileNotFoundError, NotADirectoryError):
            return
        for name in names:
            if name.endswith("/"):
                yield from self._walk(folder / name, prefix + name)
                continue
            with contextlib.suppress(FileNotFoundError):
                yield _local_head(prefix + name, (folder / name).stat())

    def local_path(self, key: str) -> Path | None:
        return self._root / check_key(key)

    def staging_path(self) -> Path:
        return self._root / _INCOMING / secrets.token_hex(16)


class RemoteObjectStore:
    """A store as obstore sees it. Durable as far as that store is."""

    def __init__(self, store: Any, *, staging: Path | None = None) -> None:
        """staging: folder for files on their way into the store; None is the system's for temporary files."""
        self._store = store
        self._staging = staging or Path(tempfile.gettempdir())

    def put(self, key: str, data: bytes) -> None:
        with store_errors(check_key(key)):
            obstore.put(self._store, key, data, mode="create")

    def put_file(self, key: str, path: Path) -> None:
        self.put(key, path.read_bytes())
        path.unlink()

    def get(self, key: str) -> bytes:
        with store_errors(check_key(key)):
            return bytes(obstore.get(self._store, key).bytes())

    def get_range(self, key: str, offset: int, length: int) -> bytes:
        return self.get_ranges(key, [(offset, length)])[0]

    def get_ranges(self, key: str, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        wanted = [(offset, length) for offset, length in ranges if length]
        if not wanted:
            return [b"" for _ in ranges]
        starts, lengths = [offset for offset, _ in wanted], [length for _, length in wanted]
        try:
            with store_errors(check_key(key)):
                found = obstore.get_ranges(self._store, key, starts=starts, lengths=lengths)
        except StoreAway:  # which is also what a range behind the end is answered with
            if self.head(key).size < max(offset + length for offset, length in wanted):
                raise Damaged("An object is shorter than what was written to it.", key=key) from None
            raise
        pieces = iter(found)
        return [_exactly(key, bytes(next(pieces)), length) if length else b"" for _, length in ranges]

    def head(self, key: str) -> ObjectHead:
        with store_errors(check_key(key)):
            return _remote_head(obstore.head(self._store, key))

    def delete(self, key: str) -> None:
        with contextlib.suppress(NoSuchObject), store_errors(check_key(key)):
            obstore.delete(self._store, key)

    def list(self, prefix: str = "") -> Iterator[ObjectHead]:
        last = ""
        with store_errors(prefix):
            for page in obstore.list(self._store, prefix=check_key(prefix.rstrip("/")) if prefix else None):
                for item in page:
                    head = _remote_head(item)
                    if head.key <= last:  # comparisons of stores walk two lists side by side
                        raise StoreAway("The object store does not list its objects in order.", cause="server-error")
                    last = head.key
                    yield head

    def local_path(self, key: str) -> Path | None:
        check_key(key)
        return None

    def staging_path(self) -> Path:
        self._staging.mkdir(parents=True, exist_ok=True)
        return self._staging / f"isocenter-{secrets.token_hex(16)}"


def clear_staging(root: Path, *, older_than_s: float, now: float) -> int:
    """Remove what processes that died left behind; returns how many files.

    root: of a local store, or the staging folder of another; there need not be one.
    """
    removed = 0
    folder = root / _INCOMING if (root / _INCOMING).is_dir() else root
    for path in folder.glob("*") if folder.name in (_INCOMING, "staging") else ():
        with contextlib.suppress(FileNotFoundError):
            if now - path.stat().st_mtime > older_than_s:
                path.unlink()
                removed += 1
    return removed


def copy_into_staging(store: ObjectStore, source: Path) -> Path:
    """A copy of a file at a new staging path, for a `put_file` that must leave the source as it is."""
    staged = store.staging_path()
    with _full_means_storage_full():
        shutil.copyfile(source, staged)
    return staged


def _local_head(key: str, status: os.stat_result) -> ObjectHead:
    return ObjectHead(key, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))


def _remote_head(item: Any) -> ObjectHead:
    return ObjectHead(str(item["path"]), int(item["size"]), item["last_modified"])


def _exactly(key: str, data: bytes, length: int) -> bytes:
    if len(data) != length:
        raise Damaged("An object is shorter than what was written to it.", key=key, length=length)
    return data


@contextlib.contextmanager
def _full_means_storage_full() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageFull("The disk of the object store is full or failing.", errno=error.errno) from error


@contextlib.contextmanager
def _missing_means_no_such_object(key: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise NoSuchObject("The store has no such object.", key=key) from error
