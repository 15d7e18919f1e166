"""Sharing rules: what the caller's institution gives to people of an ally, with history. Without one, nothing.

A rule names roles of the ally's people, the purpose it is given for, and may narrow by modality, by the date of the
study and by its own end. A study is within a modality when one of its series is (as Modalities in Study, PS3.4
C.3.4.2.2.2); it is then shared whole. VIPs, staff and patients who opted out are never shared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from psycopg.rows import class_row

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.roles import RIGHTS, ROLES_OF_PEOPLE, ROLES_OF_PROGRAMS, Right, Role
from isocenter.access.sharing.alliances import allies_in
from isocenter.access.sharing.errors import InvalidSharing, UnknownAlly, UnknownRule
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Connection, Database
from isocenter.standards.dicom.dates import date_of

MAX_LISTED = 1000
MAX_MODALITIES = 30
MAX_DAYS = 36_500
SHARED_WITH = tuple(
    role
    for role in dict.fromkeys((*ROLES_OF_PEOPLE, *ROLES_OF_PROGRAMS))
    if Right.READ in RIGHTS[role] and role is not Role.PATIENT
)
"""Roles that a rule may name: those that read clinical studies at home."""
_MODALITY = re.compile(r"[A-Z0-9_]{1,16}")


class Purpose(StrEnum):
    """What a rule is given for."""

    TREATMENT = "treatment"
    SECOND_OPINION = "second-opinion"
    QUALITY = "quality"
    TEACHING = "teaching"
    RESEARCH = "research"


@dataclass(frozen=True, slots=True)
class NewRule:
    """A rule to be given. modalities (): all. first_study_date: DICOM DA, '' all. last_days, until: None, no end."""

    ally_institution_id: int
    roles: tuple[str, ...]
    purpose: str
    modalities: tuple[str, ...] = ()
    first_study_date: str = ""
    last_days: int | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class SharingRule:
    """One rule. giver_name, ally_name: of the institutions."""

    rule_id: int
    institution_id: int
    giver_name: str
    ally_institution_id: int
    ally_name: str
    roles: list[str]
    purpose: str
    modalities: list[str]
    first_study_date: str
    last_days: int | None
    since: datetime
    until: datetime | None
    given_by: str
    ended_at: datetime | None
    ended_by: str | None


_RULE = """
    SELECT r.rule_id, r.institution_id, g.name AS giver_name, r.ally_institution_id, a.name AS ally_name, r.roles,
        r.purpose, r.modalities, r.first_study_date, r.last_days, r.since, r.until, r.given_by, r.ended_at, r.ended_by
    FROM sharing_rule r JOIN institution g ON g.institution_id = r.institution_id
        JOIN institution a ON a.institution_id = r.ally_institution_id
"""


def give_rule(database: Database, caller: Caller, wanted: NewRule) -> SharingRule:
    """Share something with an ally; it is felt within five seconds. Raises Refused, InvalidSharing, UnknownAlly."""
    caller.require(Right.MANAGE_SHARING)
    with database.transaction(caller.institution_id) as connection:
        return give_rule_in(connection, caller, wanted)


def give_rule_in(connection: Connection, caller: Caller, wanted: NewRule) -> SharingRule:
    """As `give_rule`, in a transaction of the caller's institution."""
    _check(wanted)
    if wanted.ally_institution_id not in {ally.institution_id for ally in allies_in(connection)}:
        raise UnknownAlly("No alliance joins this institution with yours.", institution_id=wanted.ally_institution_id)
    row: Any = connection.execute(
        "INSERT INTO sharing_rule (institution_id, ally_institution_id, roles, purpose, modalities, first_study_date,"
        " last_days, until, given_by) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING rule_id",
        [
            caller.institution_id,
            wanted.ally_institution_id,
            list(dict.fromkeys(wanted.roles)),
            wanted.purpose,
            list(dict.fromkeys(wanted.modalities)),
            wanted.first_study_date,
            wanted.last_days,
            wanted.until,
            caller.id,
        ],
    ).fetchone()
    action = audit.Action.SHARING_RULE_GIVEN
    audit.record(connection, caller, action, rule_id=row[0], ally_institution_id=wanted.ally_institution_id)
    return _rules(connection, "r.rule_id = %s", row[0])[0]


def end_rule(database: Database, caller: Caller, rule_id: int) -> SharingRule:
    """Share it no more; it is felt within five seconds. Raises Refused, UnknownRule."""
    caller.require(Right.MANAGE_SHARING)
    with database.transaction(caller.institution_id) as connection:
        ended = connection.execute(
            "UPDATE sharing_rule SET ended_at = now(), ended_by = %s"
            " WHERE rule_id = %s AND institution_id = isocenter_institution() AND ended_at IS NULL RETURNING 1",
            [caller.id, rule_id],
        ).fetchone()
        if ended is None:
            raise UnknownRule("There is no such rule.", rule_id=rule_id)
        audit.record(connection, caller, audit.Action.SHARING_RULE_ENDED, rule_id=rule_id)
        return _rules(connection, "r.rule_id = %s", rule_id)[0]


def rules_given(database: Database, caller: Caller) -> list[SharingRule]:
    """What the caller's institution shares, and shared, newest first. Raises Refused."""
    caller.require(Right.MANAGE_SHARING)
    with database.transaction(caller.institution_id) as connection:
        return rules_given_in(connection, caller.institution_id)


def rules_given_in(connection: Connection, institution_id: int) -> list[SharingRule]:
    """As `rules_given`."""
    return _rules(connection, "r.institution_id = %s", institution_id)


def rules_received(database: Database, caller: Caller) -> list[SharingRule]:
    """What allies share with the caller's institution now, newest first. Raises Refused."""
    caller.require(Right.MANAGE_SHARING)
    with database.transaction(caller.institution_id) as connection:
        condition = "r.ended_at IS NULL AND (r.until IS NULL OR r.until > now()) AND r.ally_institution_id = %s"
        return _rules(connection, condition, caller.institution_id)


def _check(wanted: NewRule) -> None:
    """Raises InvalidSharing, which names the field."""
    known = [str(role) for role in SHARED_WITH]
    if not wanted.roles or not set(wanted.roles) <= set(known):
        raise InvalidSharing(f"Share with one or more of: {', '.join(known)}.", attribute="roles")
    if wanted.purpose not in set(Purpose):
        raise InvalidSharing(f"The purpose is one of: {', '.join(Purpose)}.", attribute="purpose")
    if len(wanted.modalities) > MAX_MODALITIES or not _all_modalities(wanted.modalities):
        raise InvalidSharing("A modality is a code like CT or MR.", attribute="modalities")
    if wanted.first_study_date and date_of(wanted.first_study_date) != wanted.first_study_date:
        raise InvalidSharing("The first study date is YYYYMMDD.", attribute="first_study_date")
    if wanted.last_days is not None and not 1 <= wanted.last_days <= MAX_DAYS:
        raise InvalidSharing(f"The number of days is 1 to {MAX_DAYS}.", attribute="last_days")
    if wanted.until is not None and wanted.until <= utc_now():
        raise InvalidSharing("A rule ends in the future.", attribute="until")


def _all_modalities(words: Iterable[str]) -> bool:
    return all(_MODALITY.fullmatch(word) for word in words)


def _rules(connection: Connection, condition: str, value: int) -> list[SharingRule]:
    query = f"{_RULE} WHERE {condition} ORDER BY r.rule_id DESC LIMIT %s"
    with connection.cursor(row_factory=class_row(SharingRule)) as cursor:
        return cursor.execute(query.encode(), [value, MAX_LISTED]).fetchall()
