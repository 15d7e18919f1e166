"""A clock that leaps makes nothing old: days are believed one after the other, a leap only when somebody says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.domain.archive import keeping
from isocenter.domain.retention.errors import ClockLeapt
from isocenter.index.destructions import believe, believed_day
from isocenter.kit.database import Connection, Database

LONGEST_SILENCE: Final = timedelta(days=60)
"""An archive that was off for longer has to be told that its clock is right."""


@dataclass(frozen=True, slots=True)
class ClockState:
    """today: by the clock of this machine. believed: the last day that was; None before the first look."""

    today: date
    believed: date | None

    @property
    def has_leapt(self) -> bool:
        """Whether nothing may be judged by today."""
        return self.believed is not None and self.today - self.believed > LONGEST_SILENCE


def show_clock(database: Database) -> ClockState:
    """The clock, for whoever may see the policy."""
    with database.transaction() as connection:
        return _clock_in(connection)


def check_clock(connection: Connection) -> date:
    """Today, when it may be believed; it is, from then on. Raises ClockLeapt.

    Written down once a day only, so that decisions do not wait for one another.
    """
    state = _clock_in(connection)
    if state.has_leapt:
        raise ClockLeapt(
            "The clock went far ahead since studies were last looked at; have it checked and confirmed.",
            believed=str(state.believed),
            today=str(state.today),
        )
    if state.believed is None or state.today > state.believed:
        believe(connection, state.today)
    return state.today


def confirm_clock(database: Database, caller: Caller) -> ClockState:
    """Somebody looked at the clock, and it is right. Raises Refused."""
    caller.require(Right.MANAGE_STORAGE)
    with database.transaction(caller.institution_id) as connection:
        before = _clock_in(connection)
        believe(connection, before.today, caller.id)
        audit.record(
            connection,
            caller,
            audit.Action.RETENTION_CLOCK_CONFIRMED,
            believed=str(before.believed),
            today=str(before.today),
        )
        return _clock_in(connection)


def _clock_in(connection: Connection) -> ClockState:
    return ClockState(keeping.today(), believed_day(connection))
