"""When patients were there: visits, admissions and discharges, from which the years of the law are counted.

A hospital's system tells them by these verbs or as a list, ADT messages will. Telling the same again changes nothing.
"""

from __future__ import annotations

import re
from datetime import UTC, date, timedelta
from typing import Final

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.restriction.errors import UnknownPatient
from isocenter.access.restriction.restrictions import SHORTEST_REASON, checked_reason
from isocenter.access.roles import Right
from isocenter.domain.retention.errors import AlreadyDischarged, InvalidVisit, UnknownVisit, VisitKnown
from isocenter.index import visits as index
from isocenter.index.patients import MAX_KEY
from isocenter.index.retention_rule import EARLIEST
from isocenter.index.text import clean
from isocenter.index.visits import Visit
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Connection, Database
from isocenter.kit.lists import Column, Line, ListReport, Outcome, import_lines

COLUMNS: Final = (
    Column("patient_id", required=True),
    Column("issuer_of_patient_id"),
    Column("kind", required=True),
    Column("number"),
    Column("began_on", required=True),
    Column("ended_on"),
)
"""Of the list that comes in. kind: visit or stay; days as 2026-11-22 or 20261122."""
_KINDS = ("visit", "stay")
_DAY = re.compile(r"([0-9]{4})(-?)([0-9]{2})\2([0-9]{2})")
_MOST_NUMBER = 64


def record_visit(database: Database, caller: Caller, patient_key: int, day: date, number: str = "") -> Visit:
    """The patient was there on a day. Raises Refused, UnknownPatient, InvalidVisit, VisitKnown."""
    return _record(database, caller, patient_key, "visit", day, number)


def record_admission(database: Database, caller: Caller, patient_key: int, day: date, number: str = "") -> Visit:
    """The patient stays from this day on. Raises Refused, UnknownPatient, InvalidVisit, VisitKnown."""
    return _record(database, caller, patient_key, "stay", day, number)


def record_discharge(database: Database, caller: Caller, patient_key: int, day: date, number: str = "") -> Visit:
    """The patient went home: the stay of this number ends, without one the only stay that lasts.

    Raises Refused, UnknownPatient, UnknownVisit, InvalidVisit, AlreadyDischarged.
    """
    caller.require(Right.CORRECT)
    _check_day(day)
    wanted = _checked_number(number)
    with database.transaction(caller.institution_id) as connection:
        found = index.stays_of(connection, _identifiers(connection, patient_key), wanted)
        if not found:
            raise UnknownVisit("There is no such stay; record the admission first.", patient_key=patient_key)
        if len(found) > 1:
            raise InvalidVisit("Several stays last; say which number.", attribute="number")
        stay = found[0]
        if stay.ended_on != day:
            _end(connection, stay, day)
            audit.record(connection, caller, audit.Action.VISIT_RECORDED, visit_id=stay.visit_id, kind="discharge")
        return _visit(connection, stay.visit_id)


def withdraw_visit(database: Database, caller: Caller, visit_id: int, reason: str) -> Visit:
    """It was recorded wrongly and counts no longer. Raises Refused, InvalidReason, UnknownVisit."""
    caller.require(Right.CORRECT)
    why = checked_reason(reason, SHORTEST_REASON)
    with database.transaction(caller.institution_id) as connection:
        if not index.withdraw_visit(connection, visit_id, caller.id, why):
            raise UnknownVisit("There is no such visit.", visit_id=visit_id)
        audit.record(connection, caller, audit.Action.VISIT_WITHDRAWN, visit_id=visit_id)
        return _visit(connection, visit_id)


def visits_of_patient(database: Database, caller: Caller, patient_key: int) -> list[Visit]:
    """Everything recorded of a patient and whom she was merged with, newest first. Raises Refused, UnknownPatient."""
    caller.require(Right.CORRECT)
    with database.transaction(caller.institution_id) as connection:
        return index.visits_under(connection, _identifiers(connection, patient_key))


def import_visits(database: Database, caller: Caller, lines: tuple[Line, ...], *, dry_run: bool) -> ListReport:
    """Visits and stays of a list, of patients who may be unknown yet; all or nothing. Raises Refused."""
    caller.require(Right.CORRECT)
    with database.transaction(caller.institution_id) as connection:

        def write(line: Line) -> Outcome:
            return _write(connection, caller, line)

        report = import_lines(connection, lines, write, dry_run=dry_run)
        if report.applied:
            audit.record(connection, caller, audit.Action.LIST_IMPORTED, list="visits", lines=len(lines))
    return report


def _write(connection: Connection, caller: Caller, line: Line) -> Outcome:
    kind = line.text("kind") or ""
    if kind not in _KINDS:
        raise InvalidVisit("kind is visit or stay.", attribute="kind")
    identifier = (_identifier(line.text("patient_id") or ""), _identifier(line.text("issuer_of_patient_id") or ""))
    began_on, ended_on = day_of(line.text("began_on") or ""), line.text("ended_on")
    end = None if ended_on is None else day_of(ended_on)
    if kind == "visit" and end not in (None, began_on):
        raise InvalidVisit("A visit has one day.", attribute="ended_on")
    end = end if kind == "stay" else None
    if end is not None and end < began_on:
        raise InvalidVisit("The discharge is before the admission.", attribute="ended_on")
    number = _checked_number(line.text("number") or "")
    if index.insert_visit(connection, identifier, kind, number, (began_on, end), caller.id) is not None:
        return Outcome.ADDED
    known = index.same_visit(connection, identifier, kind, number, began_on)
    if known is None or known.began_on != began_on:
        raise _known(known)
    if end is None or known.ended_on == end:
        return Outcome.SAME
    _end(connection, known, end)
    return Outcome.CHANGED


def day_of(text: str) -> date:
    """A day as 2026-11-22 or 20261122. Raises InvalidVisit."""
    found = _DAY.fullmatch(text)
    try:
        day = date(int(found[1]), int(found[3]), int(found[4])) if found else None
    except ValueError:
        day = None
    if day is None:
        raise InvalidVisit("A day is written as 2026-11-22.", attribute="day")
    _check_day(day)
    return day


def _record(database: Database, caller: Caller, patient_key: int, kind: str, day: date, number: str) -> Visit:
    caller.require(Right.CORRECT)
    _check_day(day)
    said = _checked_number(number)
    with database.transaction(caller.institution_id) as connection:
        identifier = _identifiers(connection, patient_key)[0]
        made = index.insert_visit(connection, identifier, kind, said, (day, None), caller.id)
        if made is not None:
            audit.record(connection, caller, audit.Action.VISIT_RECORDED, visit_id=made.visit_id, kind=kind)
            return made
        known = index.same_visit(connection, identifier, kind, said, day)
        if known is None or known.began_on != day:
            raise _known(known)
        return known


def _end(connection: Connection, stay: Visit, day: date) -> None:
    if stay.ended_on is not None:
        raise AlreadyDischarged("The stay has ended; withdraw it to record it anew.", visit_id=stay.visit_id)
    if day < stay.began_on:
        raise InvalidVisit("The discharge is before the admission.", attribute="day")
    index.end_stay(connection, stay.visit_id, day)


def _known(known: Visit | None) -> VisitKnown:
    message = "The same number is recorded with another day; withdraw that one first."
    return VisitKnown(message, visit_id=0 if known is None else known.visit_id)


def _visit(connection: Connection, visit_id: int) -> Visit:
    found = index.visit_of(connection, visit_id)
    assert found is not None, "it was there in this transaction"
    return found


def _identifiers(connection: Connection, patient_key: int) -> list[tuple[str, str]]:
    found = index.identifiers_of(connection, patient_key)
    if not found:
        raise UnknownPatient("There is no such patient.", patient_key=patient_key)
    return found


def _identifier(text: str) -> str:
    cleaned = clean(text) or ""
    if len(cleaned) > MAX_KEY:
        raise InvalidVisit(f"An identifier has at most {MAX_KEY} characters.", attribute="patient_id")
    return cleaned


def _checked_number(number: str) -> str:
    text = number.strip()
    if len(text) > _MOST_NUMBER or not text.isprintable():
        raise InvalidVisit(f"A number has at most {_MOST_NUMBER} printable characters.", attribute="number")
    return text


def _check_day(day: date) -> None:
    latest = (utc_now().astimezone(UTC) + timedelta(hours=14)).date()
    if not EARLIEST <= day <= latest:
        raise InvalidVisit("The day is not between 1900 and today.", attribute="day")
