"""Checks of displays: when a reader last looked at the test page at a workstation, and when she should again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.domain.reading.readers import check_document, reader_of
from isocenter.index import reading as index
from isocenter.index.reading import DisplayCheckRow, WorkstationRow
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Connection, Database

DUE_AFTER_DAYS: Final = 30
"""Where the institution has said nothing."""
_MAX_BYTES: Final = 8 << 10


@dataclass(frozen=True, slots=True)
class Checks:
    """The last check at each workstation, newest first; due and due_at are of the workstation that was asked for."""

    checks: tuple[DisplayCheckRow, ...]
    due_after_days: int
    due: bool
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Workstation:
    """A display with its last check; due and due_at follow from that check."""

    last: WorkstationRow
    due: bool
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Workstations:
    """The displays of an institution, last checked first. left_off: how many older ones are not listed."""

    workstations: tuple[Workstation, ...]
    due_after_days: int
    left_off: int


def passed(check: DisplayCheckRow) -> bool:
    """Whether everything was seen as it should be."""
    return all(check.answers.values())


def checks_of(database: Database, caller: Caller, workstation: str | None = None) -> Checks:
    """The caller's own. Raises Refused."""
    caller.require(Right.READ)
    with database.transaction(caller.institution_id) as connection:
        return _checks(connection, caller, workstation)


def workstations_of(database: Database, caller: Caller) -> Workstations:
    """Who last checked which display of the institution, and when the next check is due. Raises Refused."""
    caller.require(Right.MANAGE_INSTITUTION)
    with database.transaction(caller.institution_id) as connection:
        days = index.check_due_after_days(connection) or DUE_AFTER_DAYS
        rows = index.workstations(connection)
        left_off = index.count_workstations(connection) - len(rows)
    return Workstations(tuple(Workstation(each, *_due(each, days)) for each in rows), days, left_off)


def keep_check(
    database: Database,
    caller: Caller,
    workstation: str,
    answers: dict[str, bool],
    screen: dict[str, Any],
    note: str | None,
) -> Checks:
    """A display was checked now. Raises Refused, TooLarge, NotKept."""
    caller.require(Right.READ)
    check_document([answers, screen, note], _MAX_BYTES)
    with database.transaction(caller.institution_id) as connection:
        index.insert_display_check(connection, reader_of(caller), workstation, answers, screen, note)
        audit.record(
            connection,
            caller,
            audit.Action.DISPLAY_CHECKED,
            workstation=workstation,
            failed=sorted(name for name, seen in answers.items() if not seen),
        )
        return _checks(connection, caller, workstation)


def set_rule(database: Database, caller: Caller, due_after_days: int) -> None:
    """How often, for the whole institution. Raises Refused."""
    caller.require(Right.MANAGE_INSTITUTION)
    with database.transaction(caller.institution_id) as connection:
        index.set_check_due_after_days(connection, due_after_days, caller.id)
        audit.record(connection, caller, audit.Action.DISPLAY_CHECK_RULE_SET, due_after_days=due_after_days)


def _checks(connection: Connection, caller: Caller, workstation: str | None) -> Checks:
    rows = tuple(index.last_display_checks(connection, reader_of(caller)))
    days = index.check_due_after_days(connection) or DUE_AFTER_DAYS
    if workstation is None:
        return Checks(rows, days, due=False, due_at=None)
    last = next((each for each in rows if each.workstation == workstation), None)
    due, due_at = (True, None) if last is None else _due(last, days)
    return Checks(rows, days, due, due_at)


def _due(last: DisplayCheckRow, days: int) -> tuple[bool, datetime | None]:
    """Whether the next check is due, and since or from when; None: at once, since the last one failed."""
    if not passed(last):
        return True, None
    due_at = last.checked_at + timedelta(days=days)
    return due_at <= utc_now(), due_at
