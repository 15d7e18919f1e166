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
from isocenter.index.reading import DisplayCheckRow
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


def passed(check: DisplayCheckRow) -> bool:
    """Whether everything was seen as it should be."""
    return all(check.answers.values())


def checks_of(database: Database, caller: Caller, workstation: str | None = None) -> Checks:
    """The caller's own. Raises Refused."""
    caller.require(Right.READ)
    with database.transaction(caller.institution_id) as connection:
        return _checks(connection, caller, workstation)


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
    if last is None or not passed(last):
        return Checks(rows, days, due=True, due_at=None)
    due_at = last.checked_at + timedelta(days=days)
    return Checks(rows, days, due=due_at <= utc_now(), due_at=due_at)
