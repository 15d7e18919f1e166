"""The first steps of a new hospital: who administers the region opens the door, its own administrator goes on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from isocenter.access.caller import Caller
from isocenter.access.enrolment import write_enrolment
from isocenter.access.errors import InstitutionInUse
from isocenter.access.institutions import caller_inside, institution_of
from isocenter.access.roles import Right, Role
from isocenter.access.users import administrator_in
from isocenter.kit.database import Database


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the setting up of an institution is; counts, nobody's name."""

    departments: int
    people: int
    has_administrator: bool
    open_invitations: int


def progress_of(database: Database, caller: Caller, institution_id: int) -> Progress:
    """Raises Refused, UnknownInstitution."""
    inside = caller_inside(database, caller, institution_id, Right.MANAGE_INSTITUTION)
    with database.transaction(inside.institution_id) as connection:
        row: Any = connection.execute(
            "select (select count(*) from department where institution_id = isocenter_institution()),"
            " (select count(*) from user_account where institution_id = isocenter_institution()),"
            " (select count(*) from enrolment where institution_id = isocenter_institution() and used_at is null"
            " and expires_at > now())"
        ).fetchone()
        has_administrator = administrator_in(connection, inside.institution_id)
    return Progress(row[0], row[1], has_administrator, row[2])


def invite_first_administrator(database: Database, caller: Caller, institution_id: int) -> str:
    """The secret of a link for the administrator of an institution that has none yet.

    Who administers the region gives it, and has no way into an institution that has administrators: a new link ends the
    ones before, so that only one person can be the first. Raises Refused, UnknownInstitution, InstitutionInUse.
    """
    caller.require(Right.MANAGE_REGION)
    inside = replace(caller, institution_id=institution_of(database, institution_id).institution_id)
    with database.transaction(inside.institution_id) as connection:
        connection.execute("select pg_advisory_xact_lock(hashtext('isocenter.administrators'))")
        # Waits for somebody who is using such a link at this moment; then there is an administrator.
        connection.execute(
            "delete from enrolment where institution_id = %s and %s = any(roles) and used_at is null",
            (inside.institution_id, str(Role.ADMINISTRATOR)),
        )
        if administrator_in(connection, inside.institution_id):
            raise InstitutionInUse("This institution has an administrator, who invites everybody else.")
        return write_enrolment(connection, inside, (Role.ADMINISTRATOR,))
