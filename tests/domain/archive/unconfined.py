"""Sealing and comparing without children, for tests that are not about them: starting one takes longer than those."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from isocenter.domain.archive.seal import Sealer
from isocenter.domain.archive.store import Archive
from isocenter.kit.database import Database
from isocenter.storage.extents import Bytes


class _Here:
    """Calls in this process."""

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return function(*arguments)

    def close(self) -> None:
        """Nothing to end."""


def compare_here(archive: Archive) -> None:
    """Compare what arrives twice in this process."""
    archive._holdings.comparisons.close()
    archive._holdings.comparisons = _Here()  # type: ignore[assignment]


def unconfined_sealer(database: Database, data: Bytes) -> Sealer:
    """Reads foreign bytes in this process; close it."""
    made = Sealer(database=database, data=data)
    made.confined.close()
    made.confined = _Here()  # type: ignore[assignment]
    return made
