"""Authenticator apps: time-based one-time passwords (TOTP, RFC 6238: SHA-1, 6 digits, 30 s), one app a person.

A code opens once, and at most one step early or late. Guessing is slowed for everybody who is not at a browser that the
person is known at; she herself, and a passkey or recovery code anywhere, stay unaffected.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pyotp
import segno

from isocenter.access.errors import TooManyAttempts
from isocenter.access.sealed_secrets import SealingKey, seal, unseal
from isocenter.access.users import User
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Connection

STEP_S = 30
STRANGERS_MAY_FAIL = 10
PER = timedelta(hours=1)
_CODE = re.compile(r"[0-9]{6}")


@dataclass(frozen=True, slots=True)
class NewSeed:
    """What an app is set up with, shown once. qr: an SVG picture of the address as a data: URL."""

    secret: str
    address: str
    qr: str


def begin(connection: Connection, key: SealingKey, user: User, institution_name: str) -> NewSeed:
    """A new seed, which counts once a code from it was shown; one that counts already stays until then.

    The app shows the institution's and the user's name.
    """
    secret = pyotp.random_base32(32)
    connection.execute(
        "insert into authenticator_app (institution_id, user_id, sealed_seed, pending_seed) values (%s, %s, '', %s)"
        " on conflict (user_id) do update set pending_seed = excluded.pending_seed",
        (user.institution_id, user.user_id, seal(key, secret.encode(), _context(user.user_id))),
    )
    issuer = f"Isocenter {institution_name}".replace(":", " ")
    address = pyotp.TOTP(secret).provisioning_uri(name=user.username, issuer_name=issuer)
    return NewSeed(secret, address, segno.make(address, error="m", micro=False).svg_data_uri(scale=4, border=3))


def confirm(connection: Connection, key: SealingKey, user_id: int, code: str) -> bool:
    """Whether the code comes from the pending seed, which counts from now on then."""
    row: Any = connection.execute(
        "select pending_seed from authenticator_app where user_id = %s for update", (user_id,)
    ).fetchone()
    if row is None or row[0] is None:
        return False
    step = _step_of(unseal(key, row[0], _context(user_id)).decode(), code)
    if step is None:
        return False
    connection.execute(
        "update authenticator_app set sealed_seed = pending_seed, pending_seed = null, confirmed_at = now(),"
        " last_step = %s, failures = 0 where user_id = %s",
        (step, user_id),
    )
    return True


def confirmed_at(connection: Connection, user_id: int) -> datetime | None:
    """Since when the person has an app, None without one."""
    row: Any = connection.execute(
        "select confirmed_at from authenticator_app where user_id = %s and confirmed_at is not null", (user_id,)
    ).fetchone()
    return None if row is None else row[0]


def check(connection: Connection, key: SealingKey, user_id: int, code: str, *, at_known_device: bool) -> bool:
    """Whether the code opens now; it does not a second time. Raises TooManyAttempts.

    Commit also when it does not: the failure is counted.
    """
    row: Any = connection.execute(
        "select sealed_seed, last_step, failures, failures_since from authenticator_app"
        " where user_id = %s and confirmed_at is not null for update",
        (user_id,),
    ).fetchone()
    if row is None:
        return False
    sealed_seed, last_step, failures, since = row
    ends = since + PER
    if not at_known_device and failures >= STRANGERS_MAY_FAIL and utc_now() < ends:
        wait = int((ends - utc_now()).total_seconds()) + 1
        raise TooManyAttempts("Too many wrong codes; use a passkey or a recovery code, or wait.", retry_after_s=wait)
    step = _step_of(unseal(key, sealed_seed, _context(user_id)).decode(), code)
    if step is None or step <= last_step:
        if not at_known_device:
            _count_failure(connection, user_id)
        return False
    connection.execute("update authenticator_app set last_step = %s where user_id = %s", (step, user_id))
    return True


def remove(connection: Connection, user_id: int) -> bool:
    """Forget the app. False when there was none."""
    return connection.execute("delete from authenticator_app where user_id = %s", (user_id,)).rowcount > 0


def _count_failure(connection: Connection, user_id: int) -> None:
    connection.execute(
        "update authenticator_app set"
        " failures = case when failures_since > now() - %(per)s then failures + 1 else 1 end,"
        " failures_since = case when failures_since > now() - %(per)s then failures_since else now() end"
        " where user_id = %(user)s",
        {"per": PER, "user": user_id},
    )


def _step_of(secret: str, code: str) -> int | None:
    """The 30 s step that the code belongs to: this one, the last or the next; None for a wrong code."""
    code = code.replace(" ", "")
    if not _CODE.fullmatch(code):
        return None
    generator, now = pyotp.TOTP(secret), int(utc_now().timestamp()) // STEP_S
    for step in (now, now - 1, now + 1):
        if hmac.compare_digest(generator.generate_otp(step), code):
            return step
    return None


def _context(user_id: int) -> str:
    return f"authenticator app of user {user_id}"
