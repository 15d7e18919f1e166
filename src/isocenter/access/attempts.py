"""Slowing down those who guess passwords, without locking anyone out.

Failures are counted per (user name, address): whoever guesses from one address is slowed there and nowhere else, and
the person whose name is being tried signs in from her own address as ever. The count is in the index, so that all web
processes of all nodes are one door; it holds hashes, and is forgotten after a quarter of an hour.
"""

from __future__ import annotations

from hashlib import sha256

from isocenter.access.errors import TooManyAttempts
from isocenter.kit.database import Database

FREE_ATTEMPTS = 5
_LONGEST_WAIT_S = 300.0
_FORGET_AFTER_S = 900


class SignInAttempts:
    """Failed sign-ins of the last quarter of an hour. Every method raises Exhausted when the database is away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def check(self, username: str, address: str) -> None:
        """Raise TooManyAttempts with the seconds to wait when this name was failed too often from this address."""
        with self._database.transaction() as connection:
            row = connection.execute(
                """
                SELECT failures, extract(epoch FROM clock_timestamp() - last_at)::float8 FROM failed_attempt
                WHERE attempt_key = %s AND last_at > clock_timestamp() - make_interval(secs => %s)
                """,
                [_key(username, address), _FORGET_AFTER_S],
            ).fetchone()
        if row is None:
            return
        failures, since_s = row
        assert isinstance(failures, int)
        assert isinstance(since_s, float)
        wait = _wait_s(failures) - since_s
        if wait > 0:
            raise TooManyAttempts("Too many failed attempts; wait a moment and try again.", retry_after_s=int(wait) + 1)

    def failed(self, username: str, address: str) -> None:
        """Remember one failure, and forget those of long ago."""
        with self._database.transaction() as connection:
            connection.execute(
                """
                INSERT INTO failed_attempt AS known VALUES (%(key)s, 1, clock_timestamp())
                ON CONFLICT (attempt_key) DO UPDATE SET last_at = clock_timestamp(), failures = 1 + CASE
                    WHEN known.last_at > clock_timestamp() - make_interval(secs => %(forget)s) THEN known.failures
                    ELSE 0 END
                """,
                {"key": _key(username, address), "forget": _FORGET_AFTER_S},
            )
            connection.execute(
                """
                DELETE FROM failed_attempt WHERE attempt_key IN (
                    SELECT attempt_key FROM failed_attempt
                    WHERE last_at <= clock_timestamp() - make_interval(secs => %s) LIMIT 100 FOR UPDATE SKIP LOCKED)
                """,
                [_FORGET_AFTER_S],
            )

    def succeeded(self, username: str, address: str) -> None:
        """Forget the failures of this name at this address."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM failed_attempt WHERE attempt_key = %s", [_key(username, address)])


def _wait_s(failures: int) -> float:
    """Nothing for the first five, then 2, 4, 8 … seconds up to five minutes."""
    over = failures - FREE_ATTEMPTS
    return 0.0 if over < 0 else min(_LONGEST_WAIT_S, 2.0 ** min(over + 1, 16))


def _key(username: str, address: str) -> bytes:
    return sha256(f"{username.casefold()}\0{address}".encode("utf-8", "replace")).digest()
