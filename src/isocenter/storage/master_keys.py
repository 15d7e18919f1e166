"""The master key of a home or region: one file that wraps all other keys, in several versions while it is changed.

`secrets/master.key` is the same file on every node. Who has it and the object store can read everything; who has lost
it can read nothing that is encrypted: see docs/operations/encryption.md.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from blake3 import blake3
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from isocenter.kit.errors import Invalid
from isocenter.kit.files import write_whole
from isocenter.storage.errors import Damaged, KeyLost

WRAPPING = "aes-256-gcm"
KEY_BYTES = 32
_NONCE = 12


class MasterState(StrEnum):
    """What a version of the master key is for."""

    CURRENT = "current"  # wraps what is new
    PREPARED = "prepared"  # known, so that it can be carried to all nodes before anything is wrapped by it
    FORMER = "former"  # opens what it wrapped


@dataclass(frozen=True, slots=True)
class MasterKey:
    """One version. key_id: the first 16 hex digits of the BLAKE3 of the secret."""

    key_id: str
    state: MasterState
    secret: bytes


def master_key_path(home: Path) -> Path:
    """Where a home keeps it."""
    return home / "secrets" / "master.key"


def wrap(secret: bytes, wrapping: bytes, about: bytes) -> bytes:
    """A key encrypted by another (AES-256-GCM): nonce, then the wrapped key. about: authenticated beside it."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(wrapping).encrypt(nonce, secret, about)


def unwrap(wrapped: bytes, wrapping: bytes, about: bytes) -> bytes:
    """The inverse of `wrap`. Raises Damaged when it was wrapped by another key or about something else."""
    try:
        return AESGCM(wrapping).decrypt(wrapped[:_NONCE], wrapped[_NONCE:], about)
    except InvalidTag as error:
        raise Damaged("A wrapped key cannot be opened: it is damaged, or by another key than it says.") from error


class MasterKeys:
    """The versions in a file, read again when it has changed. Safe for threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._seen: tuple[int, int] | None = None
        self._keys: dict[str, MasterKey] = {}

    def all(self) -> tuple[MasterKey, ...]:
        """All versions, in the order of the file. Raises KeyLost when there is no file, Invalid when it is none."""
        with self._lock:
            try:
                status = self._path.stat()
                if (seen := (status.st_mtime_ns, status.st_ino)) != self._seen:
                    self._keys = {key.key_id: key for key in read_master_keys(self._path)}
                    self._seen = seen
            except FileNotFoundError as error:
                raise KeyLost(
                    "The master key is not there: put secrets/master.key back, from another node or from the recovery "
                    "file (`isocenter keys import-recovery`).",
                ) from error
            return tuple(self._keys.values())

    def current(self) -> MasterKey:
        """The version that wraps what is new. Raises KeyLost."""
        return next(key for key in self.all() if key.state is MasterState.CURRENT)

    def find(self, key_id: str) -> MasterKey:
        """A version by its id. Raises KeyLost when the file has no such version."""
        for key in self.all():
            if key.key_id == key_id:
                return key
        raise KeyLost(
            "What is stored is under another version of the master key than those in secrets/master.key: put that "
            "version back (`isocenter keys import-recovery`).",
            master_key=key_id,
        )


def new_master_key(state: MasterState) -> MasterKey:
    """A random version."""
    return master_key_of(new_secret(), state)


def new_secret() -> bytes:
    """A random key of any kind."""
    return secrets.token_bytes(KEY_BYTES)


def master_key_of(secret: bytes, state: MasterState) -> MasterKey:
    """The version with this secret."""
    return MasterKey(blake3(secret).hexdigest()[:16], state, secret)


def read_master_keys(path: Path) -> list[MasterKey]:
    """The versions in a file: lines "<state> <key id> <64 hex digits>", one of them current. Raises Invalid."""
    keys = []
    try:
        for line in path.read_text("ascii").splitlines():
            state, key_id, digits = line.split(" ")
            key = master_key_of(bytes.fromhex(digits), MasterState(state))
            if key.key_id != key_id or len(key.secret) != KEY_BYTES:
                raise ValueError(key_id)
            keys.append(key)
    except ValueError as error:
        raise Invalid("The file of the master key is damaged.", file=path.name) from error
    if sum(key.state is MasterState.CURRENT for key in keys) != 1:
        raise Invalid("The file of the master key has not exactly one current version.", file=path.name)
    return keys


def write_master_keys(path: Path, keys: Sequence[MasterKey]) -> None:
    """Replace the file, whole or not at all; durable on return, readable by its owner alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(path, "".join(f"{key.state} {key.key_id} {key.secret.hex()}\n" for key in keys).encode())
