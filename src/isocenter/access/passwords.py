"""Passwords: the rules, and argon2id (RFC 9106). A password is never logged, echoed or kept."""

from __future__ import annotations

import re
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from isocenter.access.errors import WeakPassword

MIN_LENGTH = 12
MAX_LENGTH = 256
_MIN_DIFFERENT_CHARACTERS = 5
_COMMON_WORDS = (
    "password|passw0rd|passwort|qwerty|qwertyuiop|asdfghjkl|zxcvbnm|letmein|welcome|iloveyou|administrator|admin|changeme|"
    "isocenter|radiology|radiologist|hospital|dicom|pacs|monkey|dragon|football|baseball|superman|batman|trustno|sunshine|"
    "princess|abc|abcdef|test|demo|default|secret|master|login|guest|root|user|woaini|mima|ceshi|yiyuan"
)
_FILLER = r"[\W\d_]*"
_COMMON = re.compile(rf"^{_FILLER}(?:(?:{_COMMON_WORDS}){_FILLER})+$", re.IGNORECASE)
_RUNS = ("01234567890123456789", "98765432109876543210", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm")

# RFC 9106's second recommended option: 64 MiB, 3 passes. At most two at a time, so that a burst of sign-ins
# can neither take the memory nor all processors.
HASHER = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=1)
_AT_ONCE = BoundedSemaphore(2)
_HASH_OF_NOBODY: list[str] = []


def check_password(password: str, username: str, min_length: int = MIN_LENGTH) -> None:
    """Raise WeakPassword unless the password may be used: not too short, at most 256 characters, and not one that is
    guessed first. min_length: of the institution's policy, 12 or more.
    """
    if len(password) < min_length:
        raise WeakPassword(f"A password has at least {min_length} characters; a few unrelated words are a good one.")
    if len(password) > MAX_LENGTH:
        raise WeakPassword(f"A password has at most {MAX_LENGTH} characters.")
    folded = password.casefold()
    if len(set(folded)) < _MIN_DIFFERENT_CHARACTERS:
        raise WeakPassword("This password repeats too few characters.")
    if _COMMON.match(folded) or any(folded in run or run.startswith(folded[:MIN_LENGTH]) for run in _RUNS):
        raise WeakPassword("This password is among the first that are guessed; a few unrelated words are a good one.")
    if len(username) >= 3 and username.casefold() in folded:
        raise WeakPassword("A password does not contain the user name.")


def hash_password(password: str) -> str:
    """The argon2id hash, with its own salt and parameters in it."""
    with _AT_ONCE:
        return HASHER.hash(password)


def verify_password(password: str, password_hash: str | None) -> bool:
    """Whether the password belongs to the hash. Takes as long for nobody's hash (None), so names cannot be probed."""
    if len(password) > MAX_LENGTH:
        return False
    with _AT_ONCE:
        if password_hash is None and not _HASH_OF_NOBODY:
            _HASH_OF_NOBODY.append(HASHER.hash("nobody signs in with this"))
        try:
            return HASHER.verify(password_hash or _HASH_OF_NOBODY[0], password) and password_hash is not None
        except (Argon2Error, InvalidHashError):
            return False
