"""Challenges for WebAuthn (Level 3, 13.4.3): random, signed, valid for five minutes, answered once.

The server keeps none that was only asked for, so that strangers fill no table; those that were answered are remembered
until they expire.
"""

from __future__ import annotations

import hmac
import os
import struct
from datetime import UTC, datetime, timedelta

from isocenter.access.sealed_secrets import SealingKey
from isocenter.access.sign_in.errors import PasskeyRefused
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Connection

VALID_FOR = timedelta(minutes=5)
_RANDOM_BYTES = 16
_HEAD_BYTES = _RANDOM_BYTES + 8
_PURPOSE = "webauthn challenge"


def new_challenge(key: SealingKey, purpose: str) -> bytes:
    """56 bytes: random, when it ends, signature. purpose: what it is for, for whom, at which host."""
    until = int((utc_now() + VALID_FOR).timestamp())
    head = os.urandom(_RANDOM_BYTES) + struct.pack(">Q", until)
    return head + _signature(key, head, purpose)


def check_challenge(key: SealingKey, challenge: bytes, purpose: str) -> None:
    """Raise PasskeyRefused unless we made it for this purpose and it has not ended."""
    head, signature = challenge[:_HEAD_BYTES], challenge[_HEAD_BYTES:]
    ours = len(head) == _HEAD_BYTES and hmac.compare_digest(signature, _signature(key, head, purpose))
    if not ours or utc_now() > _ends_at(head):
        raise PasskeyRefused("This request has expired; try again.")


def use_up(connection: Connection, challenge: bytes) -> None:
    """Raise PasskeyRefused when it was answered before."""
    connection.execute("delete from answered_challenge where expires_at < now()")
    used = connection.execute(
        "insert into answered_challenge (challenge, expires_at) values (%s, %s) on conflict do nothing",
        (challenge[:_HEAD_BYTES], _ends_at(challenge)),
    )
    if used.rowcount == 0:
        raise PasskeyRefused("This request was answered already; try again.")


def _ends_at(challenge: bytes) -> datetime:
    return datetime.fromtimestamp(struct.unpack(">Q", challenge[_RANDOM_BYTES:_HEAD_BYTES])[0], UTC)


def _signature(key: SealingKey, head: bytes, purpose: str) -> bytes:
    return hmac.digest(key.derived(_PURPOSE), head + purpose.encode(), "sha256")
