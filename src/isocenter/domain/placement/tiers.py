"""What may happen to the copies of one object: which copy is written next, and when one may leave. Pure.

    (none) ─► writing ─► verified ─► leaving ─► (none)
                 ▲         │  ▲         │
                 └ damaged ◄┘  └─────────┴─ read again: sound, so it stays

A copy counts only while it is verified: written, read back, and sound when it was last looked at. A row says "writing"
before the first byte is written and "leaving" before the copy is deleted, so that what a crash left is finished, or
found to be sound and kept: scrubbing reads copies in every state, since any of them may be the only sound one. Steps
of one object exclude each other (one lock for each object); erasing does not wait for them, which is why every step
looks again whether the object is still wanted. `python -m bench models` tries every order of steps, crashes, erasing,
damage and changes of policy.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class CopyState(StrEnum):
    """How a copy of an object stands in one storage."""

    WRITING = "writing"
    VERIFIED = "verified"
    DAMAGED = "damaged"
    LEAVING = "leaving"


Copies = Mapping[int, CopyState]
"""The copies of one object by the number of their storage."""


@dataclass(frozen=True, slots=True)
class Write:
    """Write (again) and verify a copy in a storage, from one of these."""

    storage_id: int
    sources: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Leave:
    """Take a copy away, after the others have been looked at."""

    storage_id: int


Step = Write | Leave


def next_step(copies: Copies, wanted: Sequence[int], keeps: Collection[int] = ()) -> Step | None:
    """What brings the copies nearer to where they belong; None: they are there, or nothing can be done.

    wanted: the storages where copies belong, at least one. keeps: storages that give up nothing for now.
    """
    for storage_id in wanted:
        if copies.get(storage_id) is not CopyState.VERIFIED:
            sources = sources_for(copies, storage_id)
            if sources:
                return Write(storage_id, sources)
    for storage_id in copies:
        if storage_id not in wanted and storage_id not in keeps and may_leave(copies, storage_id, wanted):
            return Leave(storage_id)
    return None


def may_leave(copies: Copies, storage_id: int, wanted: Sequence[int]) -> bool:
    """Whether a copy may go: every other storage where the object belongs holds a verified one, and one at least does.

    Copies that are leaving themselves do not count: two that go at one time cannot rely on each other.
    """
    others = [each for each in wanted if each != storage_id]
    return bool(others) and all(copies.get(each) is CopyState.VERIFIED for each in others)


def sources_for(copies: Copies, storage_id: int) -> tuple[int, ...]:
    """The storages from which a copy in this one can be written."""
    return tuple(each for each, state in copies.items() if each != storage_id and state is CopyState.VERIFIED)
