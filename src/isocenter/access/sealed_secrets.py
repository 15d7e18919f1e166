"""Secrets that we must use ourselves (seeds of authenticator apps, OIDC client secrets), stored encrypted.

AES-256-GCM under the key file of the home: a copy of the database alone opens nothing. What others show us (passwords,
tokens) is stored as a hash instead, see `secret_tokens`.
"""

from __future__ import annotations

import hmac
import os
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from isocenter.kit.errors import Invalid
from isocenter.storage.facts import make_key_file

_VERSION = b"\x01"
_NONCE_BYTES = 12
_KEY_BYTES = 32


class CannotUnseal(Invalid):
    """It was sealed with another key, for something else, or was changed."""

    reason = "cannot-unseal"


@dataclass(frozen=True, slots=True)
class SealingKey:
    """The home's key for sealing, 32 bytes. It never shows in a repr."""

    secret: bytes = field(repr=False)

    def derived(self, purpose: str) -> bytes:
        """Another key of 32 bytes, for one purpose."""
        return hmac.digest(self.secret, b"isocenter " + purpose.encode(), "sha256")


def sealing_key_path(home: Path) -> Path:
    """Where the key lives. Whoever restores a backup needs it beside the database."""
    return home / "secrets" / "sealing.key"


def new_sealing_key() -> SealingKey:
    """A random key that nobody keeps (tests)."""
    return SealingKey(os.urandom(_KEY_BYTES))


def sealing_key_of(home: Path) -> SealingKey:
    """The key of the home, made now when there is none. Raises Invalid when the file cannot be read or is none."""
    path = sealing_key_path(home)
    make_key_file(path)
    try:
        secret = bytes.fromhex(path.read_text("ascii").strip())
    except (OSError, ValueError):
        raise Invalid("The key for sealing secrets cannot be read.", file=path.name) from None
    if len(secret) != _KEY_BYTES:
        raise Invalid("The key for sealing secrets is not 64 hex digits.", file=path.name)
    return SealingKey(secret)


def seal(key: SealingKey, secret: bytes, context: str = "") -> bytes:
    """version, nonce, ciphertext and tag. context: what the secret belongs to; the same words open it."""
    nonce = os.urandom(_NONCE_BYTES)
    return _VERSION + nonce + AESGCM(key.secret).encrypt(nonce, secret, context.encode())


def unseal(key: SealingKey, sealed: bytes, context: str = "") -> bytes:
    """What was sealed. Raises CannotUnseal."""
    nonce, ciphertext = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    try:
        if sealed[:1] != _VERSION:
            raise ValueError("unknown version")
        return AESGCM(key.secret).decrypt(nonce, ciphertext, context.encode())
    except (InvalidTag, ValueError):
        raise CannotUnseal(
            "A stored secret cannot be opened with this home's key (home/secrets/sealing.key)."
        ) from None
