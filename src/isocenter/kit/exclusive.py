"""One at a time in the whole region: a lock by name that PostgreSQL keeps, for what no other service can order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final

import psycopg

from isocenter.kit.database import DatabaseAway, DatabaseBusy

Exclusively = Callable[[str], AbstractContextManager[None]]

WAIT_S: float = 30
_NAMESPACE: Final = 0x150CE47  # keeps our names apart from other advisory locks of the database
_CONNECT_S: Final = 5


def exclusive_by_name(url: str) -> Exclusively:
    """A lock by name for all who reach this database; on a connection of its own, so that no pool can run dry of it.

    Two names may share a lock, no name has two. Entering raises DatabaseAway, or DatabaseBusy after WAIT_S. A holder
    that dies, or loses its connection, loses the lock.
    """

    @contextmanager
    def exclusively(name: str) -> Iterator[None]:
        connection = _locked(url, name)
        try:
            yield
        finally:
            connection.close()

    return exclusively


def _locked(url: str, name: str) -> psycopg.Connection[tuple[object, ...]]:
    try:
        connection = psycopg.connect(url, autocommit=True, connect_timeout=_CONNECT_S)
    except psycopg.Error as error:
        raise DatabaseAway("The database cannot be reached, and nothing is written without its lock.") from error
    try:
        connection.execute(f"SET lock_timeout = {WAIT_S * 1000:.0f}".encode())
        connection.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", (_NAMESPACE, name))
    except psycopg.errors.LockNotAvailable as error:
        connection.close()
        raise DatabaseBusy("Another process holds this lock for too long.") from error
    except psycopg.Error as error:
        connection.close()
        raise DatabaseAway("The database ended the connection that was to hold a lock.") from error
    return connection
