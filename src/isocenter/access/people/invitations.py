"""Invitations: the one-time links that are out, and taking one back. The secret in a link is known to nobody here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.enrolment import issue_enrolment
from isocenter.access.errors import UnknownEnrolment
from isocenter.access.roles import Right, Role, roles_of_person
from isocenter.kit.database import Database

InvitationState = Literal["open", "used", "expired"]


@dataclass(frozen=True, slots=True)
class Invitation:
    """One link. issued_by: a caller's id; username None: the person chooses one."""

    enrolment_id: int
    roles: tuple[Role, ...]
    username: str | None
    display_name: str
    department_id: int | None
    issued_by: str
    created_at: datetime
    expires_at: datetime
    state: InvitationState


def invite(
    database: Database,
    caller: Caller,
    roles: Iterable[str],
    *,
    username: str | None = None,
    display_name: str = "",
    department_id: int | None = None,
) -> str:
    """The secret of a one-time link for a new person of the caller's institution, valid for a day.

    Raises Refused, InvalidRole, RolesKeptApart, InvalidUsername, UsernameTaken, UnknownDepartment, Invalid.
    """
    caller.require(Right.MANAGE_USERS)
    given = roles_of_person(roles)
    return issue_enrolment(
        database, caller, given, username=username, display_name=display_name, department_id=department_id
    )


def invitations_of(database: Database, caller: Caller) -> tuple[Invitation, ...]:
    """The last 200 links of the caller's institution, newest first; those out of date are forgotten after a month."""
    caller.require(Right.MANAGE_USERS)
    with database.transaction(caller.institution_id) as connection:
        rows: list[Any] = connection.execute(
            "select enrolment_id, roles, username, display_name, department_id, issued_by, created_at, expires_at,"
            " case when used_at is not null then 'used' when expires_at <= now() then 'expired' else 'open' end"
            " from enrolment where institution_id = isocenter_institution() order by enrolment_id desc limit 200"
        ).fetchall()
    return tuple(Invitation(row[0], tuple(Role(word) for word in row[1]), *row[2:]) for row in rows)


def withdraw(database: Database, caller: Caller, enrolment_id: int) -> None:
    """Take an unused link back. Raises UnknownEnrolment when there is none or it was used, Refused."""
    caller.require(Right.MANAGE_USERS)
    with database.transaction(caller.institution_id) as connection:
        row = connection.execute(
            "delete from enrolment where institution_id = isocenter_institution() and enrolment_id = %s"
            " and used_at is null returning 1",
            (enrolment_id,),
        ).fetchone()
        if row is None:
            raise UnknownEnrolment("There is no such invitation, or it was used.")
        audit.record(connection, caller, audit.Action.ENROLMENT_WITHDRAWN, enrolment_id=enrolment_id)
