"""Browsers in which a person has signed in completely before.

Failures are counted per known browser, so that whoever guesses from elsewhere, even from the same address, never slows
down the person at her own desk (OWASP: device cookies). The cookie's secret is random and stored as a hash.
"""

from __future__ import annotations

from isocenter.access.secret_tokens import secret_hash
from isocenter.kit.database import Connection

KEPT_PER_PERSON = 20


def is_known(connection: Connection, user_id: int, device: str) -> bool:
    """Whether the person has signed in completely in the browser with this cookie."""
    if not device:
        return False
    row = connection.execute(
        "select 1 from known_device where user_id = %s and device_hash = %s"
        " and last_used_at > now() - interval '180 days'",
        (user_id, secret_hash(device)),
    ).fetchone()
    return row is not None


def remember(connection: Connection, institution_id: int, user_id: int, device: str) -> None:
    """She has signed in completely here. Only the newest browsers are kept."""
    if not device:
        return
    connection.execute(
        "insert into known_device (institution_id, user_id, device_hash) values (%s, %s, %s)"
        " on conflict (user_id, device_hash) do update set last_used_at = now()",
        (institution_id, user_id, secret_hash(device)),
    )
    connection.execute(
        "delete from known_device where user_id = %(user)s and device_hash in (select device_hash from known_device"
        " where user_id = %(user)s order by last_used_at desc offset %(kept)s)",
        {"user": user_id, "kept": KEPT_PER_PERSON},
    )


def forget(connection: Connection, user_id: int) -> None:
    """Every browser is unknown again."""
    connection.execute("delete from known_device where user_id = %s", (user_id,))


def place_of(device: str, address: str, *, known: bool) -> str:
    """Where failures are counted: at the known browser, else at the address."""
    return f"device {secret_hash(device).hex()}" if known else address
