"""Random secrets that open something: made here, stored only as hashes."""

from __future__ import annotations

import secrets
from hashlib import sha256

_SECRET_BYTES = 32


def new_secret(prefix: str = "") -> str:
    """256 random bits as URL-safe text, with a prefix that tells people and secret scanners what it is."""
    return prefix + secrets.token_urlsafe(_SECRET_BYTES)


def secret_hash(secret: str) -> bytes:
    """What is stored instead (32 bytes). A plain hash is right: the secret is random, so there is nothing to guess."""
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()
