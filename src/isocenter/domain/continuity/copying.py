"""Copying to the other site: whatever the object store was told, in order, as fast as the line and the pace allow.

Two lanes run beside each other, so that a pack of a gigabyte holds no fact and no journal up. Each copy is read back
before its change is taken off the list; what fails is tried again with growing pauses and holds the others up no more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

from isocenter.index.site_changes import (
    FIRST,
    PACKS,
    Change,
    forget_change,
    is_removed_later,
    next_changes,
    told,
    try_later,
)
from isocenter.index.sites import beat
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Database
from isocenter.kit.errors import Exhausted, IsocenterError
from isocenter.kit.jobs import Task
from isocenter.kit.logging import get_logger
from isocenter.storage.copying import FULL_SPEED, Pace, copy_object
from isocenter.storage.errors import NoSuchObject
from isocenter.storage.object_store import ObjectStore

log = get_logger(__name__)

SITE_QUEUES = {"site-first": 1, "site-packs": 1, "site-beat": 1}
AT_ONCE = {FIRST: 4, PACKS: 2}
"""Objects under way at one time: the line's round trips overlap."""
BATCH = 32
REMOVED_AFTER = timedelta(minutes=10)
"""What is gone here stays there for a while: the other site's index may be behind, and still name it."""
NEVER_CAME_AFTER = timedelta(hours=6)
"""An object that was announced and is not there after this time was never made."""
_LANES_OF_QUEUES = {"site-first": FIRST, "site-packs": PACKS}
_ROUND_S = 55.0


@dataclass(frozen=True, slots=True)
class OtherSite:
    """What copying needs. store: ours, below encryption; other: the other site's; site, generation: who we are."""

    database: Database
    store: ObjectStore
    other: ObjectStore
    site: str
    generation: int
    bytes_per_s: int = 0
    removed_after: timedelta = REMOVED_AFTER
    stopping: threading.Event = field(default_factory=threading.Event)


def copying_tasks(to: OtherSite) -> list[Task]:
    """What the worker of a leading site does for the other: copy both lanes, and say that it lives."""

    def lane(queue: str) -> Callable[[], None]:
        return lambda: _later(lambda: copy_lane(to, _LANES_OF_QUEUES[queue], within_s=_ROUND_S))

    def say() -> None:
        _later(lambda: _beat(to))

    every_two_s = "* * * * * */2"
    return [
        *(Task(f"copy-{queue}", lane(queue), queue=queue, every=every_two_s, attempts=1) for queue in _LANES_OF_QUEUES),
        Task("site-beat", say, queue="site-beat", every=every_two_s, attempts=1),
    ]


def _later(work: Callable[[], object]) -> None:
    """Do it; when it cannot be done now, the next turn comes in two seconds anyway."""
    try:
        work()
    except Exhausted as error:
        log.warning("site.waits", reason=error.reason)


def _beat(to: OtherSite) -> None:
    with to.database.transaction() as connection:
        beat(connection, to.site, to.generation)


def copy_lane(to: OtherSite, lane: int, *, within_s: float = _ROUND_S) -> int:
    """Copy what is due in a lane until nothing is, or the time is over; how many changes the other site now has.

    Raises NotLeading: another site's store is not written by one that does not lead. DatabaseAway.
    """
    clock_end = utc_now() + timedelta(seconds=within_s)
    rate = to.bytes_per_s / sum(AT_ONCE.values())
    done, wait_s = 0, to.removed_after.total_seconds()
    with ThreadPoolExecutor(AT_ONCE[lane], thread_name_prefix="site") as pool:
        while not to.stopping.is_set() and utc_now() < clock_end:
            with to.database.transaction() as connection:
                changes = next_changes(connection, lane, BATCH, removed_after_s=wait_s)
            if not changes:
                break
            done += sum(pool.map(lambda change: _tell(to, lane, change, Pace(rate) if rate else FULL_SPEED), changes))
    return done


def _tell(to: OtherSite, lane: int, change: Change, pace: Pace) -> bool:
    if to.stopping.is_set():
        return False
    to.database.may_write()
    try:
        size = 0
        if change.gone:
            to.other.delete(change.object_key)
        else:
            size = copy_object(to.store, to.other, change.object_key, pace=pace).size
    except NoSuchObject:
        return _not_there(to, change)
    except IsocenterError as error:
        log.warning("site.not-copied", key=change.object_key, reason=error.reason)
        with to.database.transaction() as connection:
            try_later(connection, change, error.reason)
        return False
    with to.database.transaction() as connection:
        told(connection, lane, change, size)
    return True


def _not_there(to: OtherSite, change: Change) -> bool:
    """Announced and not there: removed since, on its way, or never made."""
    with to.database.transaction() as connection:
        if is_removed_later(connection, change):
            forget_change(connection, change)
            return True
        if utc_now() - change.at > NEVER_CAME_AFTER:
            log.warning("site.never-made", key=change.object_key)
            forget_change(connection, change)
            return True
        try_later(connection, change, None)
        return False
