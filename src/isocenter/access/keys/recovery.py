"""Recovery files: keys under a passphrase, to be kept outside of the region (docs/formats.md, "Recovery files")."""

from __future__ import annotations

import json
import secrets
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from isocenter.access.keys.errors import InvalidPassphrase, NoRecoveryFile

RECOVERY_FORMAT: Final = "recovery/1"
SHORTEST_PASSPHRASE: Final = 12
_SCRYPT: Final = {"n": 1 << 16, "r": 8, "p": 1}
_LARGEST_N: Final = 1 << 20


def sealed_under(passphrase: str, about: dict[str, Any], content: dict[str, Any]) -> bytes:
    """A recovery file. about: what anybody may read in it; content: the keys. Raises InvalidPassphrase."""
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise InvalidPassphrase(f"A passphrase has at least {SHORTEST_PASSPHRASE} characters.")
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    head = {
        "format": RECOVERY_FORMAT,
        **about,
        "kdf": "scrypt",
        **_SCRYPT,
        "salt": salt.hex(),
        "algorithm": "aes-256-gcm",
        "nonce": nonce.hex(),
    }
    line = json.dumps(head, separators=(",", ":"), ensure_ascii=False).encode()
    sealed = AESGCM(_key(passphrase, salt, _SCRYPT)).encrypt(nonce, json.dumps(content).encode(), line)
    return b"%s\n%s\n" % (line, sealed.hex().encode())


def opened_with(passphrase: str, data: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """(what anybody may read, the keys) of a recovery file. Raises NoRecoveryFile, InvalidPassphrase."""
    line, _, rest = data.partition(b"\n")
    try:
        head = json.loads(line)
        cost = {name: int(head[name]) for name in _SCRYPT}
        known = (head["format"], head["kdf"], head["algorithm"]) == (RECOVERY_FORMAT, "scrypt", "aes-256-gcm")
        salt, nonce, sealed = (bytes.fromhex(text) for text in (head["salt"], head["nonce"], rest.decode().strip()))
    except (ValueError, KeyError, TypeError) as error:
        raise NoRecoveryFile("This is not a recovery file, or it is damaged.") from error
    if not known or cost["n"] > _LARGEST_N or cost["r"] > 32 or cost["p"] > 16:
        raise NoRecoveryFile("This recovery file is of a form that this program does not know.")
    try:
        content = AESGCM(_key(passphrase, salt, cost)).decrypt(nonce, sealed, line)
    except (InvalidTag, ValueError) as error:
        raise InvalidPassphrase("The passphrase is not the one of this file, or the file is damaged.") from error
    return head, json.loads(content)


def _key(passphrase: str, salt: bytes, cost: dict[str, int]) -> bytes:
    return Scrypt(salt=salt, length=32, **cost).derive(passphrase.encode())
