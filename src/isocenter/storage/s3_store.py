"""An S3 store: OpenStack Swift with s3api, Ceph, MinIO, Amazon. Every put is verified before it returns.

A put is right when the store, asked again, says the size and the MD5 that we sent (decision 0300); when its ETags are
no MD5 it is read back. Nothing needs If-Match, object lock or server-side encryption: Swift lacks or ignores them.

Created once: `If-None-Match: *` settles it where the store compares and writes in one step (Amazon, Ceph, MinIO).
Swift compares when a request begins and writes when it ends: of two that overlap, both are told that they won
(decision 0301). So writers of one key take a lock that `exclusively` gives; where they share none, `create=settle`
looks again after every request that overlapped must be over.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import obstore
from blake3 import blake3
from obstore.store import S3Store

from isocenter.kit.errors import Invalid
from isocenter.kit.exclusive import Exclusively
from isocenter.storage.copying import content_of_file
from isocenter.storage.credentials import StoreCredentials
from isocenter.storage.errors import Damaged, NoSuchObject, ObjectExists, StoreAway
from isocenter.storage.object_store import ObjectHead, RemoteObjectStore, check_key
from isocenter.storage.remote_errors import store_errors
from isocenter.storage.s3_address import S3Address

if TYPE_CHECKING:
    from obstore import PutMode
    from obstore.store import BackoffConfig, ClientConfig, RetryConfig

PART_BYTES: Final = 16 << 20
"""Of a multipart upload; up to this size an object is put at once. 10,000 parts make 156 GiB."""
PARTS_AT_ONCE: Final = 3
TRIES: Final = 3
SMALL_BYTES: Final = 1 << 20
"""A put of so much must be over within the time-out; a larger one, or a part, may take ten times as long."""
_READ_BYTES: Final = 8 << 20
_PAUSES_S: Final = (0.2, 1.0)


class S3ObjectStore(RemoteObjectStore):
    """A bucket, or a folder of one. A put also raises StoreAway with the cause not-stored."""

    def __init__(
        self,
        address: S3Address,
        credentials: StoreCredentials,
        *,
        staging: Path | None = None,
        exclusively: Exclusively | None = None,
    ) -> None:
        """exclusively: a lock by key that every writer takes; None where each writer has keys of its own."""
        short, long = address.timeout_s, 10 * address.timeout_s
        reading = _client(
            address, credentials, _Patience(silence_s=short, whole_s=long, retries=3, again_for_s=2 * short)
        )
        super().__init__(reading, staging=staging)
        self._small = _client(address, credentials, _Patience(whole_s=short))
        self._large = _client(address, credentials, _Patience(whole_s=long))
        self._parts = _client(address, credentials, _Patience(whole_s=long, retries=3, again_for_s=long))
        self._md5_etags = address.md5_etags
        self._mode: PutMode = "overwrite" if address.create == "check" else "create"
        self._settling_s = address.timeout_s if address.create == "settle" else 0.0
        self._exclusively = exclusively or _nobody_else

    def put(self, key: str, data: bytes) -> None:
        with self._exclusively(check_key(key)):
            self._create(key, data)

    def put_file(self, key: str, path: Path) -> None:
        size = path.stat().st_size
        if size <= PART_BYTES:
            self._create(check_key(key), path.read_bytes())
        else:
            self._upload(check_key(key), path)
        path.unlink()

    def get(self, key: str) -> bytes:
        for _ in range(2):  # what the line damaged is right the second time
            with store_errors(check_key(key)):
                found = obstore.get(self._store, key)
                etag, data = _etag(found.meta), bytes(found.bytes())
            if not self._md5_etags or "-" in etag or etag == _md5(data):
                return data
        raise Damaged("An object is not what its store says it is.", key=key)

    def head(self, key: str) -> ObjectHead:
        try:
            return super().head(key)
        except NoSuchObject:  # said without a body: a reading tells a missing object from a missing bucket
            with store_errors(key):
                obstore.get_range(self._store, key, start=0, length=1)
            return super().head(key)

    def _create(self, key: str, data: bytes) -> None:
        """Create-only, in one request. A try that was not answered may have stored it: then what is there decides."""
        client = self._small if len(data) <= SMALL_BYTES else self._large
        etag = _md5(data)

        def put() -> None:
            if self._mode == "overwrite":
                self._refuse_taken(key)
            with store_errors(key):
                obstore.put(client, key, data, mode=self._mode, use_multipart=False)

        def holds() -> bool:
            return self._holds(key, len(data), etag, lambda: blake3(data).digest())

        self._tried(key, put, holds)
        if self._settling_s:
            time.sleep(self._settling_s)
            if not holds():
                raise _not_stored(key)

    def _upload(self, key: str, path: Path) -> None:
        """In parts: no store creates these once, so we look first. Such keys are random or the writer's own."""
        size, etag = path.stat().st_size, _etag_of_parts(path)

        def put() -> None:
            self._refuse_taken(key)
            with store_errors(key):
                obstore.put(
                    self._parts, key, path, use_multipart=True, chunk_size=PART_BYTES, max_concurrency=PARTS_AT_ONCE
                )

        self._tried(key, put, lambda: self._holds(key, size, etag, lambda: content_of_file(path).digest))

    def _tried(self, key: str, put: Callable[[], None], holds: Callable[[], bool]) -> None:
        """Put until the store holds it; TRIES at most. Raises ObjectExists, StorageFull, StoreAway."""
        error: StoreAway | None = None
        for number in range(TRIES):
            if number:
                time.sleep(_PAUSES_S[number - 1])
            try:
                put()
                if holds():
                    return
                error = _not_stored(key)
            except ObjectExists:
                if error is None or not holds():  # an earlier try of ours may have stored it without being answered
                    raise
                return
            except StoreAway as away:
                error = away
        raise error or _not_stored(key)

    def _refuse_taken(self, key: str) -> None:
        with contextlib.suppress(NoSuchObject):
            self.head(key)
            raise _taken(key)

    def _holds(self, key: str, size: int, etag: str, digest: Callable[[], bytes]) -> bool:
        """Whether the store, asked again, has these bytes. Raises ObjectExists when it has others.

        They stay: they may be another writer's whose request overlapped ours. Damaged ones are found by who reads them.
        """
        try:
            with store_errors(key):
                head = obstore.head(self._store, key)
            if int(head["size"]) == size and (
                _etag(head) == etag if self._md5_etags else self._digest(key, size) == digest()
            ):
                return True
        except NoSuchObject:
            return False
        raise ObjectExists(_OTHER_BYTES, key=key, cause="other-bytes")

    def _digest(self, key: str, size: int) -> bytes:
        hasher = blake3()
        for offset in range(0, size, _READ_BYTES):
            hasher.update(self.get_range(key, offset, min(_READ_BYTES, size - offset)))
        return hasher.digest()


_OTHER_BYTES: Final = (
    "The store has other bytes under this key than we sent, another's or damaged ones. When this is so of every "
    "object, its ETags are no MD5: say etag=opaque in its URL."
)


def _not_stored(key: str) -> StoreAway:
    return StoreAway("The object store took an object and has it not.", key=key, cause="not-stored")


def _taken(key: str) -> ObjectExists:
    return ObjectExists("The store already has an object under this key.", key=key)


@contextlib.contextmanager
def _nobody_else(_: str) -> Iterator[None]:
    yield


@dataclass(frozen=True, slots=True)
class _Patience:
    """Of requests: seconds of a whole one, of silence in an answer, and for how long it is tried again how often."""

    whole_s: float
    silence_s: float | None = None
    retries: int = 0
    again_for_s: float = 0.0


def _client(address: S3Address, credentials: StoreCredentials, patience: _Patience) -> Any:
    options: dict[str, Any] = {"endpoint": address.endpoint} if address.endpoint else {}
    if credentials.session_token is not None:
        options["token"] = credentials.session_token
    return S3Store(
        address.bucket,
        prefix=address.prefix or None,
        region=address.region,
        access_key_id=credentials.access_key_id,
        secret_access_key=credentials.secret_access_key,
        virtual_hosted_style_request=not address.path_style,
        disable_bulk_delete=True,
        client_options=_connection(address, patience),
        retry_config=_retries(patience),
        **options,
    )


def _retries(patience: _Patience) -> RetryConfig:
    backoff: BackoffConfig = {
        "init_backoff": timedelta(milliseconds=100),
        "max_backoff": timedelta(seconds=2),
        "base": 2,
    }
    again_for = timedelta(seconds=patience.again_for_s)
    return {"max_retries": patience.retries, "retry_timeout": again_for, "backoff": backoff}


def _connection(address: S3Address, patience: _Patience) -> ClientConfig:
    client: ClientConfig = {
        "allow_http": (address.endpoint or "").startswith("http:"),
        "connect_timeout": timedelta(seconds=min(5.0, address.timeout_s)),
        "timeout": timedelta(seconds=patience.whole_s),
    }
    if patience.silence_s is not None:
        client["read_timeout"] = timedelta(seconds=patience.silence_s)
    if address.authority is not None:
        client["root_certificate"] = _pem(address.authority)
    return client


def _pem(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Invalid("The authority's certificate of an object store cannot be read.", file=path.name) from error


def _etag(item: Any) -> str:
    return str(item["e_tag"] or "").strip('"').lower()


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _etag_of_parts(path: Path) -> str:
    """The ETag of a multipart object: MD5 of the parts' MD5s, a dash, their number."""
    parts = []
    with path.open("rb") as file:
        while data := file.read(PART_BYTES):
            parts.append(hashlib.md5(data, usedforsecurity=False).digest())
    return f"{_md5(b''.join(parts))}-{len(parts)}"
