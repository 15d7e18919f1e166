"""What a journal asks of whoever brings its segments onto a second node (`adapters.nodes.second_copy`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from isocenter.storage.segments import SegmentName


@dataclass(frozen=True, slots=True)
class Grown:
    """A segment whose first `end` bytes are good. whole: it grows no more."""

    name: SegmentName
    path: Path
    end: int
    whole: bool


SecondCopy = Callable[[Sequence[Grown]], Callable[[], None]]
"""Begin to send, and return what waits until another node has all of it on its disk, or raises NoSecondCopy in time.

Called by one thread at a time, and the wait before the next call. Between the two the disk here is synced.
"""


@dataclass(frozen=True, slots=True)
class TwoCopies:
    """What an archive needs that acknowledges after two copies. begin: as SecondCopy says. close: when nobody calls it
    any more. check: raises NoSecondCopy when it is known that a copy would find no place; cheap, and for any thread.
    reachable: raises NoSecondCopy when no other node answers now; it asks them, for some seconds at most.
    ahead: brings a large segment there before its group does, so that the others in the group need not wait for it; for
    any thread, and what it cannot do the group does.
    """

    begin: SecondCopy
    ahead: Callable[[Grown], None]
    check: Callable[[], None]
    reachable: Callable[[], None]
    close: Callable[[], None]
