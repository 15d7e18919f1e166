"""Accounts as an administrator sees them: found, made without a link, changed, disabled and enabled again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Literal

from psycopg.errors import ForeignKeyViolation, UniqueViolation

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.errors import UnknownDepartment, UnknownUser, UsernameTaken
from isocenter.access.people.roles_held import (
    keep_administrators_without,
    locked_user,
    require_giving,
    withdraw_links_of,
)
from isocenter.access.roles import Right, Role, roles_of_person
from isocenter.access.users import (
    USER_COLUMNS,
    User,
    checked_display_name,
    checked_language,
    checked_username,
    create_user,
    folded_username,
    user_of_row,
)
from isocenter.kit.database import Connection, Database

MOST = 500
State = Literal["active", "disabled"]


class Unchanged(Enum):
    """Stands for a field that is left as it is, where None means something."""

    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Person:
    """One account and what surrounds it. has_password: False while she signs in by other means, or not yet at all."""

    user: User
    department_id: int | None
    has_password: bool
    created_at: datetime
    disabled_at: datetime | None
    last_seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Search:
    """Whom to list: text is part of the name or user name; None does not narrow. after: the last user name before."""

    text: str = ""
    role: Role | None = None
    department_id: int | None = None
    state: State | None = None
    after: str = ""
    limit: int = 100


_PERSON = f"""
select {USER_COLUMNS}, u.department_id, u.password_hash is not null, u.created_at, u.disabled_at,
    (select max(s.last_seen_at) from session s where s.user_id = u.user_id)
from user_account u where u.institution_id = isocenter_institution() and u.withdrawn_at is null
"""  # noqa: S608
_FOUND = """
 and u.username > %(after)s
 and (%(text)s = '' or position(%(text)s in u.username) > 0 or position(%(text)s in lower(u.display_name)) > 0)
 and (%(role)s::text is null or exists (select from user_role r where r.institution_id = u.institution_id
    and r.user_id = u.user_id and r.role = %(role)s and r.until is null))
 and (%(department_id)s::integer is null or u.department_id = %(department_id)s)
 and (%(state)s::text is null or (u.disabled_at is null) = (%(state)s = 'active'))
 order by u.username limit %(limit)s
"""


def people(database: Database, caller: Caller, search: Search = Search()) -> tuple[Person, ...]:
    """The people of the caller's institution by user name, at most 500. Raises Refused."""
    caller.require(Right.MANAGE_USERS)
    wanted = {
        "text": folded_username(search.text),
        "role": None if search.role is None else str(search.role),
        "department_id": search.department_id,
        "state": search.state,
        "after": folded_username(search.after),
        "limit": max(1, min(search.limit, MOST)),
    }
    with database.transaction(caller.institution_id) as connection:
        rows: list[Any] = connection.execute(_PERSON + _FOUND, wanted).fetchall()
    return tuple(_person(row) for row in rows)


def person_of(database: Database, caller: Caller, user_id: int) -> Person:
    """One person of the caller's institution. Raises UnknownUser, Refused."""
    caller.require(Right.MANAGE_USERS)
    with database.transaction(caller.institution_id) as connection:
        return person_in(connection, user_id)


def person_in(connection: Connection, user_id: int) -> Person:
    """The same inside a transaction. Raises UnknownUser."""
    row: Any = connection.execute(_PERSON + " and u.user_id = %s", (user_id,)).fetchone()
    if row is None:
        raise UnknownUser("There is no such user.", user_id=user_id)
    return _person(row)


def user_named(database: Database, caller: Caller, username: str) -> int:
    """The number of the person with this user name in the caller's institution. Raises UnknownUser."""
    caller.require(Right.MANAGE_USERS)
    with database.transaction(caller.institution_id) as connection:
        found = user_id_named(connection, username)
    if found is None:
        raise UnknownUser("There is no user of this name in the institution.")
    return found


def user_id_named(connection: Connection, username: str) -> int | None:
    """The same inside a transaction; None when there is nobody."""
    row: Any = connection.execute(
        "select user_id from user_account where institution_id = isocenter_institution() and username = %s",
        (folded_username(username),),
    ).fetchone()
    return None if row is None else int(row[0])


def names_of(database: Database, caller: Caller, caller_ids: Iterable[str]) -> dict[str, str]:
    """Display names of the people of the caller's institution among these caller ids; programs have none."""
    caller.require(Right.MANAGE_USERS)
    numbers = {int(each) for each in caller_ids if each.isdecimal() and len(each) < 10}
    with database.transaction(caller.institution_id) as connection:
        rows: list[Any] = connection.execute(
            "select user_id::text, display_name from user_account"
            " where institution_id = isocenter_institution() and user_id = any(%s)",
            (sorted(numbers),),
        ).fetchall()
    return dict(rows)


def create_account(
    database: Database,
    caller: Caller,
    *,
    username: str,
    display_name: str,
    roles: Iterable[str],
    language: str = "en",
    department_id: int | None = None,
) -> User:
    """An account without a password, for who signs in by other means (or is sent a link for a password later).

    Without roles she may do nothing. Raises Refused, InvalidUsername, UsernameTaken, InvalidRole, RolesKeptApart,
    UnknownDepartment, Invalid.
    """
    caller.require(Right.MANAGE_USERS)
    with database.transaction(caller.institution_id) as connection:
        return create_account_in(
            connection,
            caller,
            username=username,
            display_name=display_name,
            roles=roles,
            language=language,
            department_id=department_id,
        )


def create_account_in(
    connection: Connection,
    caller: Caller,
    *,
    username: str,
    display_name: str,
    roles: Iterable[str],
    language: str,
    department_id: int | None,
) -> User:
    """The same inside a transaction of the caller's institution."""
    words = set(roles)
    given = roles_of_person(words) if words else ()
    require_giving(caller, given)
    user = create_user(
        connection,
        caller.institution_id,
        username=username,
        display_name=display_name,
        roles=given,
        password=None,
        language=language,
        given_by=caller.id,
        department_id=department_id,
    )
    audit.record(connection, caller, audit.Action.USER_CREATED, user_id=user.user_id, roles=[*map(str, given)])
    return user


def change_account(
    database: Database,
    caller: Caller,
    user_id: int,
    *,
    username: str | None = None,
    display_name: str | None = None,
    language: str | None = None,
    department_id: int | Unchanged | None = Unchanged.UNCHANGED,
) -> User:
    """Change what an administrator may of another's account. None leaves a field, but takes her out of a department.

    The user name of who administers the region only by somebody who does too: a provider may know her by it. Raises
    UnknownUser, InvalidUsername, UsernameTaken, UnknownDepartment, Invalid, Refused.
    """
    caller.require(Right.MANAGE_USERS)
    changes: dict[str, object] = {}
    if username is not None:
        changes["username"] = checked_username(username)
    if display_name is not None:
        changes["display_name"] = checked_display_name(display_name)
    if language is not None:
        changes["language"] = checked_language(language)
    if not isinstance(department_id, Unchanged):
        changes["department_id"] = department_id
    with database.transaction(caller.institution_id) as connection:
        person = person_in(connection, user_id)
        if "username" in changes:
            require_giving(caller, person.user.roles)
        change_account_in(connection, caller, user_id, changes, known=person)
        return person_in(connection, user_id).user


def change_account_in(
    connection: Connection, caller: Caller, user_id: int, changes: dict[str, object], *, known: Person | None = None
) -> bool:
    """Write checked values of username, display_name, language or department_id. Returns whether anything changed.

    known: the person as read in this transaction.
    """
    person = known or person_in(connection, user_id)
    now: dict[str, object] = {
        "username": person.user.username,
        "display_name": person.user.display_name,
        "language": person.user.language,
        "department_id": person.department_id,
    }
    changes = {name: value for name, value in changes.items() if now[name] != value}
    if not changes:
        return False
    columns = ", ".join(f"{name} = %({name})s" for name in sorted(changes))  # names from the table above only
    try:
        connection.execute(
            f"update user_account set {columns}"  # noqa: S608
            " where institution_id = isocenter_institution() and user_id = %(user_id)s",
            {**changes, "user_id": user_id},
        )
    except UniqueViolation:
        raise UsernameTaken("This user name is taken; choose another.") from None
    except ForeignKeyViolation:
        raise UnknownDepartment("There is no such department.") from None
    audit.record(connection, caller, audit.Action.USER_CHANGED, user_id=user_id, changed=sorted(changes))
    return True


def disable(database: Database, caller: Caller, user_id: int) -> None:
    """End the account and all its sessions; nothing changes when it is disabled. Her history stays.

    Raises UnknownUser, LastAdministrator, Refused.
    """
    caller.require(Right.MANAGE_USERS)
    with database.transaction(caller.institution_id) as connection:
        set_active_in(connection, caller, user_id, active=False)


def enable(database: Database, caller: Caller, user_id: int) -> None:
    """Let a disabled person sign in again, with the roles she held. Raises UnknownUser, Refused."""
    caller.require(Right.MANAGE_USERS)
    with database.transaction(caller.institution_id) as connection:
        set_active_in(connection, caller, user_id, active=True)


def set_active_in(connection: Connection, caller: Caller, user_id: int, *, active: bool) -> bool:
    """Disable or enable inside a transaction of the caller's institution. Returns whether anything changed."""
    user = locked_user(connection, user_id)
    if (person_in(connection, user_id).disabled_at is None) is active:
        return False
    if active:
        require_giving(caller, user.roles)
    else:
        keep_administrators_without(connection, caller, user_id)
        connection.execute("delete from session where user_id = %s", (user_id,))
        withdraw_links_of(connection, user_id)
    connection.execute(
        "update user_account set disabled_at = case when %s then null else now() end"
        " where institution_id = isocenter_institution() and user_id = %s",
        (active, user_id),
    )
    action = audit.Action.USER_ENABLED if active else audit.Action.USER_DISABLED
    audit.record(connection, caller, action, user_id=user_id)
    return True


def _person(row: tuple[Any, ...]) -> Person:
    return Person(user_of_row(row[:-5]), *row[-5:])
