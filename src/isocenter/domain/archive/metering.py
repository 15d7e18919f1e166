"""Keeping the meter: every institution is counted once an hour, or less often where counting takes long."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from isocenter.index.institutions import institutions
from isocenter.index.metering import count_day, last_count
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Database
from isocenter.kit.jobs import Task

EVERY_HOUR = "41 * * * *"
SHARE_OF_TIME: Final = 500
"""Counting that took a second is not done again for this many seconds: a fifth of a percent of one core at the most."""


def metering_task(database: Database) -> Task:
    """The job that keeps the meter."""

    def meter() -> None:
        meter_institutions(database)

    return Task("meter-institutions", meter, attempts=2, every=EVERY_HOUR)


def meter_institutions(database: Database, now: datetime | None = None) -> int:
    """Count the institutions whose turn it is; returns how many. A new day is always counted."""
    moment = now or utc_now()
    with database.transaction() as connection:
        every = institutions(connection)
    counted = 0
    for one in every:
        with database.transaction(one.institution_id) as connection:
            last = last_count(connection)
            if last is None or _is_due(last, moment):
                count_day(connection, moment)
                counted += 1
    return counted


def _is_due(last: tuple[datetime, float], moment: datetime) -> bool:
    counted_at, took_s = last
    return counted_at.date() != moment.date() or moment - counted_at > timedelta(seconds=SHARE_OF_TIME * took_s)
