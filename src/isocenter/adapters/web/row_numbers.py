"""Numbers of rows as they come in addresses and bodies."""

from __future__ import annotations

from isocenter.kit.errors import NotFound

LARGEST_ID = 2**31 - 1
"""The largest number that the database gives (PostgreSQL integer)."""


def row_number(number: int, unknown: NotFound) -> int:
    """The number, when a row may have it. Raises `unknown`, as for a row that is not there: the database would fail."""
    if not 0 < number <= LARGEST_ID:
        raise unknown
    return number
