"""Looking into packs that the index names: one may give way to another between the question and the look."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeVar

from isocenter.storage.errors import NoSuchObject

T = TypeVar("T")

LOOKS: Final = 3


def looked_again(look: Callable[[], T]) -> T:
    """What `look` finds: it asks the index and reads the packs named there, anew each time. Raises NoSuchObject when a
    named pack is missing at every look."""
    for _ in range(LOOKS - 1):
        with suppress(NoSuchObject):
            return look()
    return look()
