"""Sharing rules as a list: what the institution gives now, exported whole; what is imported is given in addition."""

from __future__ import annotations

from datetime import UTC, datetime

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.access.sharing.alliances import allies_in
from isocenter.access.sharing.errors import InvalidSharing, UnknownAlly
from isocenter.access.sharing.rules import NewRule, SharingRule, give_rule_in, rules_given_in
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Database
from isocenter.kit.lists import Column, Kind, Line, ListReport, Outcome, Value, import_lines

COLUMNS = (
    Column("ally", required=True),
    Column("roles", Kind.WORDS, required=True),
    Column("purpose", required=True),
    Column("modalities", Kind.WORDS),
    Column("first_study_date"),
    Column("last_days", Kind.NUMBER),
    Column("until"),
)
"""ally: the code of the institution; until: a moment in ISO 8601, UTC when it names no offset."""


def export_rules(database: Database, caller: Caller) -> list[dict[str, Value]]:
    """What the caller's institution shares now, as rows. Raises Refused."""
    caller.require(Right.MANAGE_SHARING)
    with database.transaction(caller.institution_id) as connection:
        codes = {ally.institution_id: ally.code for ally in allies_in(connection)}
        rules = [rule for rule in rules_given_in(connection, caller.institution_id) if _holds(rule)]
        audit.record(connection, caller, audit.Action.LIST_EXPORTED, list="sharing-rules", lines=len(rules))
    return [_row(rule, codes[rule.ally_institution_id]) for rule in rules if rule.ally_institution_id in codes]


def import_rules(database: Database, caller: Caller, lines: tuple[Line, ...], *, dry_run: bool) -> ListReport:
    """Give every rule that is not given yet; end none. Raises Refused."""
    caller.require(Right.MANAGE_SHARING)
    with database.transaction(caller.institution_id) as connection:
        numbers = {ally.code: ally.institution_id for ally in allies_in(connection)}
        given = {_what(rule) for rule in rules_given_in(connection, caller.institution_id) if _holds(rule)}

        def write(line: Line) -> Outcome:
            wanted = _wanted(line, numbers)
            if _what(wanted) in given:
                return Outcome.SAME
            give_rule_in(connection, caller, wanted)
            given.add(_what(wanted))
            return Outcome.ADDED

        report = import_lines(connection, lines, write, dry_run=dry_run)
        if report.applied:
            audit.record(connection, caller, audit.Action.LIST_IMPORTED, list="sharing-rules", lines=len(lines))
        return report


def _wanted(line: Line, numbers: dict[str, int]) -> NewRule:
    code = line.text("ally") or ""
    if code not in numbers:
        raise UnknownAlly("No alliance joins an institution of this code with yours.")
    return NewRule(
        numbers[code],
        line.words("roles") or (),
        line.text("purpose") or "",
        line.words("modalities") or (),
        line.text("first_study_date") or "",
        line.number_of("last_days"),
        _moment(line.text("until")),
    )


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidSharing("The end of a rule is a moment in ISO 8601.", attribute="until") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _holds(rule: SharingRule) -> bool:
    return rule.ended_at is None and (rule.until is None or rule.until > utc_now())


def _what(rule: NewRule | SharingRule) -> tuple[object, ...]:
    """What two rules have in common when they are the same."""
    words = (frozenset(rule.roles), rule.purpose, frozenset(rule.modalities))
    return (rule.ally_institution_id, *words, rule.first_study_date, rule.last_days, rule.until)


def _row(rule: SharingRule, code: str) -> dict[str, Value]:
    return {
        "ally": code,
        "roles": tuple(rule.roles),
        "purpose": rule.purpose,
        "modalities": tuple(rule.modalities),
        "first_study_date": rule.first_study_date or None,
        "last_days": rule.last_days,
        "until": None if rule.until is None else rule.until.astimezone(UTC).isoformat(),
    }
