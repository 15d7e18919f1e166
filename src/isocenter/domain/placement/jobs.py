"""Jobs of placing: copying, moving, scrubbing, and keeping what is known of copies true."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from isocenter.domain.placement import upkeep
from isocenter.domain.placement.placing import Placed, Placement, Shift, place_packs, register_packs
from isocenter.domain.placement.scrub import Scrub, every_institution
from isocenter.domain.placement.tiers import Leave, Write
from isocenter.kit.clock import utc_now
from isocenter.kit.jobs import Task
from isocenter.kit.logging import get_logger
from isocenter.storage.copying import FULL_SPEED, Pace

log = get_logger(__name__)

STORAGE_QUEUE: Final = "storage"
EVERY_MINUTE: Final = "* * * * *"
EVERY_TEN_MINUTES: Final = "*/10 * * * *"
EVERY_HOUR: Final = "23 * * * *"
_SHIFT_S: Final = 50.0


@dataclass(frozen=True, slots=True)
class Pacing:
    """How eagerly copies are read and watched. scrub_bytes_per_s: 0 never scrubs; scrub_every: each copy so often.

    deletion_alarm: studies deleted in an institution within an hour that somebody has to look at.
    """

    scrub_bytes_per_s: int
    scrub_every: timedelta
    deletion_alarm: int


def placement_tasks(work: Placement, pacing: Pacing, stop: threading.Event) -> list[Task]:
    """What a worker does about copies; each round ends within a minute and goes on in the next.

    stop: the process is to end; what is being read is read to its end without waiting.
    """
    stopping, pace = stop.is_set, Pace(pacing.scrub_bytes_per_s, wait=stop.wait)

    def place() -> None:
        alone = len(work.places.all) == 1  # then a copy is written down only to be scrubbed, and at that pace
        if pacing.scrub_bytes_per_s or not alone:
            place_round(work, Shift.of(_SHIFT_S, stopping), pace if alone else FULL_SPEED)

    def move() -> None:
        move_round(work, Shift.of(_SHIFT_S, stopping))

    def scrub() -> None:
        scrub_round(work, pacing, Shift.of(_SHIFT_S, stopping), pace)

    def watch() -> None:
        upkeep.watch(work, pacing.deletion_alarm)
        upkeep.follow_deletions(work, Shift.of(_SHIFT_S, stopping))

    def records() -> None:
        upkeep.read_uses(work.database)
        upkeep.copy_records(work, Shift.of(10 * _SHIFT_S, stopping), Placed())
        upkeep.leave_records(work, Shift.of(_SHIFT_S, stopping), Placed())

    def count() -> None:
        upkeep.count_storages(work.database)

    return [
        Task("place-copies", place, queue=STORAGE_QUEUE, every=EVERY_MINUTE),
        Task("move-tiers", move, queue=STORAGE_QUEUE, every=EVERY_TEN_MINUTES),
        Task("scrub-copies", scrub, queue=STORAGE_QUEUE, every=EVERY_MINUTE),
        Task("watch-storages", watch, queue=STORAGE_QUEUE, every=EVERY_MINUTE),
        Task("count-copies", count, queue=STORAGE_QUEUE, every="*/5 * * * *"),
        Task("copy-records", records, queue=STORAGE_QUEUE, every=EVERY_HOUR),
    ]


def place_round(work: Placement, shift: Shift, pace: Pace = FULL_SPEED) -> Placed:
    """Write down new packs, read at this pace, and write the copies that are missing, in every institution."""
    done = Placed()
    for institution_id in _in_turn(work):
        register_packs(work, institution_id, shift, done, pace)
        place_packs(work, institution_id, Write, shift, done)
    _tell("placement.placed", done)
    return done


def move_round(work: Placement, shift: Shift) -> Placed:
    """Take away the copies that do not belong where they are, in every institution."""
    done = Placed()
    for institution_id in _in_turn(work):
        place_packs(work, institution_id, Leave, shift, done)
    _tell("placement.moved", done)
    return done


def scrub_round(work: Placement, pacing: Pacing, shift: Shift, pace: Pace) -> None:
    """Read what nobody has read for as long as the pace asks."""
    if not pacing.scrub_bytes_per_s:
        return
    report = Scrub(work, utc_now() - pacing.scrub_every, shift, pace).run()
    if report.damaged or report.missing:
        log.error(
            "storage.scrubbed",
            read=report.read,
            damaged=report.damaged,
            missing=report.missing,
            repaired=report.repaired,
            lost=len(report.lost),
        )


def _in_turn(work: Placement) -> list[int]:
    """All institutions, another one first in each minute, so that a long shift starves none."""
    every = every_institution(work.database)
    turn = int(time.time() // 60) % len(every) if every else 0
    return every[turn:] + every[:turn]


def _tell(event: str, done: Placed) -> None:
    if done.registered or done.written or done.left or done.failed:
        log.info(event, registered=done.registered, written=done.written, left=done.left, failed=done.failed)
