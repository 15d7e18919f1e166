"""The first steps of a new hospital: who administers the region opens the door, its own administrator goes on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from isocenter.access.caller import Caller, system_caller
from isocenter.access.enrolment import issue_enrolment
from isocenter.access.errors import InstitutionInUse
from isocenter.access.institutions import caller_inside, institution_of
from isocenter.access.roles import Right, Role
from isocenter.access.users import administrator_exists
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
    return Progress(row[0], row[1], administrator_exists(database, inside.institution_id), row[2])


def invite_first_administrator(database: Database, caller: Caller, institution_id: int) -> str:
    """The secret of a link for the administrator of an institution that has none yet.

    Who administers the region gives it, and has no way into an institution that has administrators. Raises Refused,
    UnknownInstitution, InstitutionInUse.
    """
    caller.require(Right.MANAGE_REGION)
    institution = institution_of(database, institution_id)
    if administrator_exists(database, institution.institution_id):
        raise InstitutionInUse("This institution has an administrator, who invites everybody else.")
    inside = replace(system_caller(institution.institution_id, caller.id), kind=caller.kind, sitting=caller.sitting)
    return issue_enrolment(database, inside, (Role.ADMINISTRATOR,))
