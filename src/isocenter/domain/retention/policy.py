"""How long an institution keeps studies: the law's years unless somebody said otherwise, with history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.institutions import caller_inside
from isocenter.access.restriction.restrictions import checked_reason
from isocenter.access.roles import Right
from isocenter.domain.retention.errors import InvalidPolicy
from isocenter.index.retention import policy_in
from isocenter.index.retention_rule import INPATIENT_YEARS, OUTPATIENT_YEARS, Policy
from isocenter.kit.database import Connection, Database

MOST_YEARS = 200
SHORTEST_REASON = 10
"""Of a policy below the law: who reads it must learn which law allows it."""
OF_A_DEMO = "a demo: its samples can be removed"


@dataclass(frozen=True, slots=True)
class PolicySet:
    """One policy as it was set. policy_id: the largest holds."""

    policy_id: int
    applies: bool
    outpatient_years: int
    inpatient_years: int
    reason: str
    set_at: datetime
    set_by: str


def policies(database: Database, caller: Caller, institution_id: int | None = None) -> tuple[Policy, list[PolicySet]]:
    """What holds, and what was set, newest first. Raises Refused, UnknownInstitution."""
    inside = _may_see(database, caller, institution_id)
    with database.transaction(inside.institution_id) as connection:
        return policy_in(connection), _history(connection)


def set_policy(
    database: Database,
    caller: Caller,
    *,
    outpatient_years: int,
    inpatient_years: int,
    reason: str,
    institution_id: int | None = None,
) -> Policy:
    """Keep studies for so many years from now on; it holds for what is here too.

    reason: why and on what ground; below the law's years it is read by whoever approves a destruction.
    Raises Refused, UnknownInstitution, InvalidPolicy, InvalidReason.
    """
    caller.require(Right.MANAGE_STORAGE)
    inside = caller_inside(database, caller, institution_id, Right.MANAGE_STORAGE)
    policy = Policy(True, outpatient_years, inpatient_years)
    for name, years in (("outpatient_years", outpatient_years), ("inpatient_years", inpatient_years)):
        if not 1 <= years <= MOST_YEARS:
            raise InvalidPolicy(f"Studies are kept for 1 to {MOST_YEARS} years.", attribute=name)
    why = checked_reason(reason, SHORTEST_REASON if policy.below_the_law else 3)
    with database.transaction(inside.institution_id) as connection:
        before = policy_in(connection)
        _insert(connection, inside, policy, why)
        years_before = [before.applies, before.outpatient_years, before.inpatient_years]
        audit.record(
            connection,
            inside,
            audit.Action.RETENTION_POLICY_SET,
            before=years_before,
            after=[True, outpatient_years, inpatient_years],
        )
    return policy


def without_retention_in_a_demo(database: Database, caller: Caller) -> None:
    """The institution of a demo home is under no retention, so that all can be tried, unless somebody chose already."""
    with database.transaction(caller.institution_id) as connection:
        if not _history(connection):
            _insert(connection, caller, Policy(False, OUTPATIENT_YEARS, INPATIENT_YEARS), OF_A_DEMO)


def _may_see(database: Database, caller: Caller, institution_id: int | None) -> Caller:
    if caller.may(Right.MANAGE_STORAGE):
        return caller_inside(database, caller, institution_id, Right.MANAGE_STORAGE)
    return caller_inside(database, caller, institution_id, Right.APPROVE_DESTRUCTION)


def _insert(connection: Connection, caller: Caller, policy: Policy, reason: str) -> None:
    connection.execute(
        "INSERT INTO retention_policy (institution_id, applies, outpatient_years, inpatient_years, reason, set_by)"
        " VALUES (isocenter_institution(), %s, %s, %s, %s, %s)",
        [policy.applies, policy.outpatient_years, policy.inpatient_years, reason, caller.id],
    )


def _history(connection: Connection) -> list[PolicySet]:
    query: Any = (
        "SELECT policy_id, applies, outpatient_years, inpatient_years, reason, set_at, set_by FROM retention_policy"
        " ORDER BY policy_id DESC LIMIT 100"
    )
    with connection.cursor(row_factory=class_row(PolicySet)) as cursor:
        return cursor.execute(query).fetchall()
