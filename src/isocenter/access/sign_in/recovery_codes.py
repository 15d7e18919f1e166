"""Recovery codes: ten, random, stored as hashes, each opens once in place of a second factor that is not at hand."""

from __future__ import annotations

import secrets

from isocenter.access.secret_tokens import secret_hash
from isocenter.kit.database import Connection

COUNT = 10
_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: nothing that is read as something else
_GROUPS, _GROUP_LENGTH = 4, 4  # 80 bits


def make(connection: Connection, institution_id: int, user_id: int) -> tuple[str, ...]:
    """Ten new codes, shown this once; the earlier ones end."""
    codes = tuple(_new_code() for _ in range(COUNT))
    connection.execute("delete from recovery_code where user_id = %s", (user_id,))
    for code in codes:
        connection.execute(
            "insert into recovery_code (institution_id, user_id, code_hash) values (%s, %s, %s)",
            (institution_id, user_id, _hash(user_id, code)),
        )
    return codes


def use(connection: Connection, user_id: int, code: str) -> bool:
    """Whether the code opens; it is used up then."""
    used = connection.execute(
        "update recovery_code set used_at = now() where user_id = %s and code_hash = %s and used_at is null",
        (user_id, _hash(user_id, code)),
    )
    return used.rowcount > 0


def left(connection: Connection, user_id: int) -> int:
    """How many codes are unused."""
    row = connection.execute(
        "select count(*) from recovery_code where user_id = %s and used_at is null", (user_id,)
    ).fetchone()
    assert row is not None and isinstance(row[0], int)
    return row[0]


def forget(connection: Connection, user_id: int) -> None:
    """End all codes."""
    connection.execute("delete from recovery_code where user_id = %s", (user_id,))


def _new_code() -> str:
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS))


def _hash(user_id: int, code: str) -> bytes:
    """However it was typed: capitals, spaces and dashes do not matter, nor the letters that look like digits."""
    typed = "".join(code.lower().split()).replace("-", "").translate(str.maketrans("oil", "011"))
    return secret_hash(f"recovery {user_id} {typed}")
