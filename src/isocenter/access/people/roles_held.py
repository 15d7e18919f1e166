"""Giving and ending roles. Who held which role since when, by whom, stays written down in `user_role`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.errors import LastAdministrator
from isocenter.access.roles import Right, Role, roles_of_person
from isocenter.access.users import User, user_of_id
from isocenter.kit.database import Connection, Database, set_institution


@dataclass(frozen=True, slots=True)
class RoleHeld:
    """A role that a person holds (until is None) or held. given_by, ended_by: caller ids, a user's own number."""

    role: Role
    since: datetime
    given_by: str
    until: datetime | None
    ended_by: str | None


def require_giving(caller: Caller, roles: Iterable[str]) -> None:
    """Raise Refused unless the caller may give or end these roles: those of the region only who administers it."""
    caller.require(Right.MANAGE_USERS)
    if Role.REGION_ADMINISTRATOR in set(roles):
        caller.require(Right.MANAGE_REGION)


def set_roles(database: Database, caller: Caller, user_id: int, roles: Iterable[str]) -> User:
    """Give and end what is needed for the person to hold exactly these roles; none at all is possible.

    Raises UnknownUser, InvalidRole, RolesKeptApart, LastAdministrator, Refused.
    """
    caller.require(Right.MANAGE_USERS)
    with database.transaction(caller.institution_id) as connection:
        set_roles_in(connection, caller, user_id, roles)
        return user_of_id(connection, user_id)


def set_roles_in(connection: Connection, caller: Caller, user_id: int, roles: Iterable[str]) -> bool:
    """The same inside a transaction of the caller's institution. Returns whether anything changed."""
    words = set(roles)
    wanted = set(roles_of_person(words)) if words else set()
    held = set(locked_user(connection, user_id).roles)
    if wanted == held:
        return False
    require_giving(caller, wanted ^ held)
    _keep_administrators(connection, caller, user_id, held - wanted)
    for role in sorted(held - wanted):
        _end(connection, caller, user_id, role)
    if Role.ADMINISTRATOR in held - wanted:
        withdraw_links_of(connection, user_id)
    for role in sorted(wanted - held):
        _give(connection, caller, user_id, role)
    return True


def give_role(database: Database, caller: Caller, user_id: int, role: str) -> User:
    """Give one role more; nothing changes when it is held already. Raises as set_roles does."""
    return _with(database, caller, user_id, add={role}, remove=set())


def end_role(database: Database, caller: Caller, user_id: int, role: str) -> User:
    """End one role; nothing changes when it is not held. Raises as set_roles does."""
    return _with(database, caller, user_id, add=set(), remove={role})


def role_history(database: Database, caller: Caller, user_id: int) -> tuple[RoleHeld, ...]:
    """Every role that the person holds or held, the newest first. Raises UnknownUser."""
    caller.require(Right.MANAGE_USERS)
    with database.transaction(caller.institution_id) as connection:
        user_of_id(connection, user_id)
        rows: list[Any] = connection.execute(
            "select role, since, given_by, until, ended_by from user_role where institution_id = %s and user_id = %s"
            " order by since desc, role limit 500",
            (caller.institution_id, user_id),
        ).fetchall()
    return tuple(RoleHeld(Role(row[0]), *row[1:]) for row in rows)


def keep_administrators_without(connection: Connection, caller: Caller, user_id: int) -> None:
    """Raise LastAdministrator when nobody would be left to administer if this person could not."""
    _keep_administrators(connection, caller, user_id, set(user_of_id(connection, user_id).roles))


def withdraw_links_of(connection: Connection, user_id: int) -> None:
    """End the unused invitations that this person gave: who may not invite any more leaves no door behind."""
    connection.execute(
        "delete from enrolment where institution_id = isocenter_institution() and issued_by = %s and used_at is null",
        (str(user_id),),
    )


def locked_user(connection: Connection, user_id: int) -> User:
    """The user, whom no other transaction changes until this one ends. Raises UnknownUser."""
    connection.execute("select 1 from user_account where user_id = %s for update", (user_id,))
    return user_of_id(connection, user_id)


def _with(database: Database, caller: Caller, user_id: int, *, add: set[str], remove: set[str]) -> User:
    caller.require(Right.MANAGE_USERS)
    roles_of_person([*add, *remove])
    with database.transaction(caller.institution_id) as connection:
        held: set[str] = set(locked_user(connection, user_id).roles)
        set_roles_in(connection, caller, user_id, (held | add) - remove)
        return user_of_id(connection, user_id)


def _give(connection: Connection, caller: Caller, user_id: int, role: Role) -> None:
    connection.execute(
        "insert into user_role (institution_id, user_id, role, since, given_by)"
        " values (%s, %s, %s, clock_timestamp(), %s)",
        (caller.institution_id, user_id, str(role), caller.id),
    )
    audit.record(connection, caller, audit.Action.ROLE_GIVEN, user_id=user_id, role=str(role))


def _end(connection: Connection, caller: Caller, user_id: int, role: Role) -> None:
    connection.execute(
        "update user_role set until = clock_timestamp(), ended_by = %s"
        " where institution_id = %s and user_id = %s and role = %s and until is null",
        (caller.id, caller.institution_id, user_id, str(role)),
    )
    audit.record(connection, caller, audit.Action.ROLE_ENDED, user_id=user_id, role=str(role))


def _keep_administrators(connection: Connection, caller: Caller, user_id: int, losing: set[Role]) -> None:
    """Administrators of an institution are counted in it, those of the region in every institution."""
    if not losing & {Role.ADMINISTRATOR, Role.REGION_ADMINISTRATOR}:
        return
    connection.execute("select pg_advisory_xact_lock(hashtext('isocenter.administrators'))")
    here = caller.institution_id
    if Role.ADMINISTRATOR in losing and not _another_holds(connection, here, Role.ADMINISTRATOR, user_id):
        raise LastAdministrator("This is the last administrator of the institution; make another one first.")
    if Role.REGION_ADMINISTRATOR in losing and not _another_in_region(connection, here, user_id):
        raise LastAdministrator("This is the last administrator of the region; make another one first.")


def _another_in_region(connection: Connection, here: int, user_id: int) -> bool:
    rows: list[Any] = connection.execute(
        "select institution_id from institution where deactivated_at is null order by institution_id = %s desc", (here,)
    ).fetchall()
    try:
        return any(_another_holds(connection, row[0], Role.REGION_ADMINISTRATOR, user_id) for row in rows)
    finally:
        set_institution(connection, here)


def _another_holds(connection: Connection, institution_id: int, role: Role, user_id: int) -> bool:
    set_institution(connection, institution_id)
    row = connection.execute(
        "select 1 from user_role r join user_account u using (institution_id, user_id)"
        " where r.institution_id = %s and r.role = %s and r.until is null and r.user_id <> %s"
        " and u.disabled_at is null limit 1",
        (institution_id, str(role), user_id),
    ).fetchone()
    return row is not None
