"""What a caller may see inside one institution: the transaction in which all reading on her behalf is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from isocenter.access.caller import Caller
from isocenter.kit.database import Connection, Database


@contextmanager
def transaction_of(database: Database, caller: Caller) -> Iterator[Connection]:
    """A transaction inside the caller's institution that sees what this caller may see and nothing else."""
    with database.transaction(caller.institution_id) as connection:
        yield connection
