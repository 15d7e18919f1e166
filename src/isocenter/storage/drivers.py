"""Which store stands behind a URL."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from obstore.store import MemoryStore

from isocenter.kit.errors import Invalid
from isocenter.kit.exclusive import Exclusively
from isocenter.storage.credentials import StoreCredentials
from isocenter.storage.object_store import LocalObjectStore, ObjectStore, RemoteObjectStore
from isocenter.storage.s3_address import s3_address
from isocenter.storage.s3_store import S3ObjectStore


def open_store(
    url: str,
    *,
    credentials: StoreCredentials | None = None,
    staging: Path | None = None,
    exclusively: Exclusively | None = None,
) -> ObjectStore:
    """The store behind a URL: file:///path (made when not there), memory:///, or s3://bucket/prefix?… (s3_address.py).

    credentials: what an S3 store needs. staging: folder for files on their way into a store that is not local.
    exclusively: a lock by key for the writers of one key of an S3 store, see s3_store.py.
    """
    parts = urlsplit(url)
    if parts.scheme == "file":
        return LocalObjectStore(Path(unquote(parts.path)))
    if parts.scheme == "memory":
        return RemoteObjectStore(MemoryStore(), staging=staging)
    if parts.scheme != "s3":
        raise Invalid("The URL of an object store begins with file:// or s3://.", scheme=parts.scheme[:20])
    address = s3_address(url)
    if credentials is None:
        raise Invalid("An S3 store needs credentials: see docs/operations/s3.md.", bucket=address.bucket)
    return S3ObjectStore(address, credentials, staging=staging, exclusively=exclusively)
