"""Keys of stored objects: one random key for each, wrapped by its institution's, which is wrapped by the master key.

They are small objects of their own beside what they encrypt (docs/formats.md, "Keys"), so that destroying them is
deleting them, and no index, old or new, can bring them back. The master key is no object: it is a file of the node.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from isocenter.kit.clock import utc_now
from isocenter.storage.cipher import DataKeyName
from isocenter.storage.errors import Damaged, KeyDestroyed, KeyLost, NoSuchObject, ObjectExists, UnknownFormat
from isocenter.storage.master_keys import WRAPPING, MasterKey, MasterKeys, new_secret, unwrap, wrap
from isocenter.storage.object_store import ObjectStore

KEY_FORMAT: Final = "key/1"
TRUSTED_FOR_S: Final = 60.0
"""A version of an institution's key that another process made is used here within this time."""
RETIRED_AFTER_S: Final = 600.0
"""An old version stays so long after a new one was made: nobody wraps with it any more then."""
DATA_KEYS_KEPT: Final = 4096
_INSTITUTION_KEY: Final = re.compile(r"keys/([0-9]{1,10})/institution/([0-9]{4})\.([0-9a-f]{16})\.key")
_DATA_KEY: Final = re.compile(r"keys/([0-9]{1,10})/data/[0-9a-f]{2}/([0-9a-f]{32})\.([0-9]{4})\.key")


@dataclass(frozen=True, slots=True)
class InstitutionKey:
    """One version of an institution's key; the highest wraps what is new. wrapped_by: versions of the master key."""

    institution_id: int
    version: int
    wrapped_by: tuple[str, ...]
    created_at: datetime


@dataclass(slots=True)
class _Versions:
    """The versions of an institution that are known, with their secrets; looked up again when they are old."""

    secrets: dict[int, bytes]
    at: float


class KeyRing:
    """Makes, finds, re-wraps and destroys keys. Safe for threads and for many processes on one store."""

    def __init__(self, store: ObjectStore, masters: MasterKeys) -> None:
        """store: the one below the encryption; keys are wrapped, not encrypted objects."""
        self._store = store
        self.masters = masters
        self._lock = threading.Lock()
        self._versions: dict[int, _Versions] = {}
        self._data_keys: OrderedDict[DataKeyName, bytes] = OrderedDict()

    # Data keys

    def store_data_key(self, name: DataKeyName, secret: bytes, object_key: str) -> int:
        """Keep the key of a new object, durable on return; returns the version of the institution's key that wraps it.

        Raises ObjectExists when an object of this name has one, KeyLost, StorageFull, StoreAway.
        """
        version, wrapping = self._current(name.institution_id)
        self._put_data_key(name, secret, object_key, version, wrapping)
        return version

    def take_back(self, name: DataKeyName, version: int) -> None:
        """Delete the key that `store_data_key` kept a moment ago: its object did not come."""
        self._store.delete(_data_key_object(name, version))

    def data_key(self, name: DataKeyName) -> bytes:
        """The key of an object. Raises KeyDestroyed, KeyLost, StoreAway."""
        with self._lock:
            secret = self._data_keys.get(name)
            if secret is not None:
                self._data_keys.move_to_end(name)
                return secret
        secret = self._find(name, self._known(name.institution_id)) or self._find(
            name, self._known(name.institution_id, anew=True)
        )
        if secret is None:
            raise KeyDestroyed("The key of this object was destroyed.", key_id=name.key_id.hex())
        self._remember(name, secret)
        return secret

    def destroy_data_key(self, name: DataKeyName) -> None:
        """Delete the key of an object under every version; no error when there is none."""
        with self._lock:
            self._data_keys.pop(name, None)
        for one in self.institution_keys(name.institution_id):
            self._store.delete(_data_key_object(name, one.version))

    def has_data_key(self, name: DataKeyName) -> bool:
        """Whether the store still has the key of an object, under any version."""
        versions = self.institution_keys(name.institution_id)
        return any(self._has(_data_key_object(name, one.version)) for one in versions)

    def _find(self, name: DataKeyName, known: dict[int, bytes]) -> bytes | None:
        for version, wrapping in sorted(known.items(), reverse=True):
            try:
                data = self._store.get(_data_key_object(name, version))
            except NoSuchObject:
                continue
            return _opened(data, wrapping)
        return None

    def _put_data_key(self, name: DataKeyName, secret: bytes, object_key: str, version: int, wrapping: bytes) -> None:
        about = {"institution_id": name.institution_id, "key_id": name.key_id.hex(), "object": object_key}
        data = _encoded({**about, "wrapped_by": f"institution-{version:04d}"}, secret, wrapping)
        self._store.put(_data_key_object(name, version), data)

    def _remember(self, name: DataKeyName, secret: bytes) -> None:
        with self._lock:
            self._data_keys[name] = secret
            while len(self._data_keys) > DATA_KEYS_KEPT:
                self._data_keys.popitem(last=False)

    # Institution keys

    def institution_keys(self, institution_id: int) -> list[InstitutionKey]:
        """The versions in the store, oldest first. Opens none, so that a lost master key does not hide them."""
        found: dict[int, list[tuple[str, datetime]]] = {}
        for version, master, at in self._listed(institution_id):
            found.setdefault(version, []).append((master, at))
        return [
            InstitutionKey(institution_id, version, tuple(master for master, _ in each), min(at for _, at in each))
            for version, each in sorted(found.items())
        ]

    def rotate(self, institution_id: int) -> int:
        """Make a new version of an institution's key, which wraps what is new from now on; returns its number.

        Data keys are wrapped by it by `rewrap`. Raises KeyLost, Exhausted.
        """
        with self._lock:
            self._versions.pop(institution_id, None)
        known = self._known(institution_id)
        return self._make_version(institution_id, max(known, default=0) + 1)

    def rewrap(self, institution_id: int) -> int:
        """Wrap by the newest version every data key that is under an older one, then let old versions go.

        Returns how many keys were wrapped anew. May be interrupted and repeated: a key is deleted under its old version
        when it lies under the new one. Raises KeyLost, Exhausted.
        """
        known = self._known(institution_id, anew=True)
        if len(known) < 2:
            return 0
        newest, done = max(known), 0
        for name, version, data in self._data_keys_below(institution_id, newest):
            body = json.loads(data.partition(b"\n")[0])
            secret = _opened(data, known[version])
            try:
                self._put_data_key(name, secret, body["object"], newest, known[newest])
            except ObjectExists:  # a re-wrapping that was interrupted here
                pass
            if self._find(name, {newest: known[newest]}) != secret:
                raise Damaged("A key that was just wrapped anew cannot be opened.", key_id=name.key_id.hex())
            self._store.delete(_data_key_object(name, version))
            done += 1
        self._retire(institution_id, newest)
        return done

    def rewrap_institution(self, institution_id: int) -> int:
        """Wrap by the current master key the versions that others wrap, and drop those; how many versions that were."""
        current, done = self.masters.current(), 0
        known = self._known(institution_id, anew=True)
        for one in self.institution_keys(institution_id):
            others = [master for master in one.wrapped_by if master != current.key_id]
            if not others:
                continue
            if current.key_id not in one.wrapped_by:
                self._put_institution_key(institution_id, one.version, known[one.version], current)
            for master in others:
                self._store.delete(_institution_key_object(institution_id, one.version, master))
            done += 1
        return done

    def institution_secrets(self, institution_id: int) -> dict[int, bytes]:
        """The keys themselves, by version, for a recovery file and nothing else. Raises KeyLost."""
        return self._known(institution_id, anew=True)

    def put_back(self, institution_id: int, versions: Mapping[int, bytes]) -> None:
        """Wrap these versions by the current master key where they are not yet: of a recovery file. Raises KeyLost."""
        current = self.masters.current()
        there = {one.version: one.wrapped_by for one in self.institution_keys(institution_id)}
        for version, secret in versions.items():
            if current.key_id not in there.get(version, ()):
                self._put_institution_key(institution_id, version, secret, current)

    def _retire(self, institution_id: int, newest: int) -> None:
        """Destroy the old versions, when the newest has been there for long enough and nothing is under them."""
        if any(True for _ in self._data_keys_below(institution_id, newest)):
            return
        keys = self.institution_keys(institution_id)
        since = next(one.created_at for one in keys if one.version == newest)
        if (utc_now() - since).total_seconds() < RETIRED_AFTER_S:
            return
        for one in keys:
            for master in one.wrapped_by if one.version < newest else ():
                self._store.delete(_institution_key_object(institution_id, one.version, master))
        with self._lock:
            self._versions.pop(institution_id, None)

    def _data_keys_below(self, institution_id: int, newest: int) -> Iterator[tuple[DataKeyName, int, bytes]]:
        for head in self._store.list(f"keys/{institution_id}/data"):
            match = _DATA_KEY.fullmatch(head.key)
            if match and int(match[3]) < newest:
                name = DataKeyName(institution_id, bytes.fromhex(match[2]))
                yield name, int(match[3]), self._store.get(head.key)

    def _current(self, institution_id: int) -> tuple[int, bytes]:
        known = self._known(institution_id)
        if not known:
            self._make_version(institution_id, 1)
            known = self._known(institution_id)
        return max(known), known[max(known)]

    def _make_version(self, institution_id: int, version: int) -> int:
        try:
            self._put_institution_key(institution_id, version, new_secret(), self.masters.current())
        except ObjectExists:  # another process was quicker, and its key counts
            pass
        self._known(institution_id, anew=True)
        return version

    def _put_institution_key(self, institution_id: int, version: int, secret: bytes, master: MasterKey) -> None:
        about = {"institution_id": institution_id, "version": version, "wrapped_by": f"master-{master.key_id}"}
        data = _encoded(about, secret, master.secret)
        self._store.put(_institution_key_object(institution_id, version, master.key_id), data)

    def _known(self, institution_id: int, *, anew: bool = False) -> dict[int, bytes]:
        """The versions of an institution and their secrets. Raises KeyLost when one cannot be opened."""
        with self._lock:
            kept = self._versions.get(institution_id)
        if kept is not None and not anew and time.monotonic() - kept.at < TRUSTED_FOR_S:
            return kept.secrets
        known = {one.version: self._open_version(one) for one in self.institution_keys(institution_id)}
        with self._lock:
            self._versions[institution_id] = _Versions(known, time.monotonic())
        return known

    def _open_version(self, one: InstitutionKey) -> bytes:
        lost: KeyLost | None = None
        for master in one.wrapped_by:
            try:
                found = self.masters.find(master)
            except KeyLost as error:
                lost = error
                continue
            return _opened(
                self._store.get(_institution_key_object(one.institution_id, one.version, master)), found.secret
            )
        assert lost is not None
        raise lost

    def _listed(self, institution_id: int) -> Iterator[tuple[int, str, datetime]]:
        for head in self._store.list(f"keys/{institution_id}/institution"):
            match = _INSTITUTION_KEY.fullmatch(head.key)
            if match:
                yield int(match[2]), match[3], head.last_modified

    def _has(self, key: str) -> bool:
        try:
            self._store.head(key)
        except NoSuchObject:
            return False
        return True


def _institution_key_object(institution_id: int, version: int, master: str) -> str:
    return f"keys/{institution_id}/institution/{version:04d}.{master}.key"


def data_key_prefix(name: DataKeyName) -> str:
    """How the objects begin that hold a data key, one for each version of the institution's key that wraps it."""
    digits = name.key_id.hex()
    return f"keys/{name.institution_id}/data/{digits[:2]}/{digits}."


def _data_key_object(name: DataKeyName, version: int) -> str:
    return f"{data_key_prefix(name)}{version:04d}.key"


def _encoded(about: dict[str, Any], secret: bytes, wrapping: bytes) -> bytes:
    """A key as an object: one line that says what it is, which is authenticated, and one with the wrapped key."""
    line = json.dumps({"format": KEY_FORMAT, **about, "algorithm": WRAPPING}, separators=(",", ":")).encode()
    return b"%s\n%s\n" % (line, wrap(secret, wrapping, line).hex().encode())


def _opened(data: bytes, wrapping: bytes) -> bytes:
    line, _, wrapped = data.partition(b"\n")
    try:
        body = json.loads(line)
        if (body["format"], body["algorithm"]) != (KEY_FORMAT, WRAPPING):
            raise UnknownFormat("This key is of a format or algorithm that this program does not know.")
        return unwrap(bytes.fromhex(wrapped.decode("ascii").strip()), wrapping, line)
    except (ValueError, KeyError) as error:
        raise Damaged("The object of a key is damaged.") from error
