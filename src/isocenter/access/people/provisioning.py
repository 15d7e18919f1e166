"""Accounts as a directory keeps them (SCIM 2.0): made, changed and withdrawn by a program, roles as groups.

A withdrawn account is gone for the directory and stays for the trail: disabled, without roles, password or provider,
under a name that frees its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex
from typing import Any

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.errors import UnknownUser
from isocenter.access.people.accounts import change_account_in, create_account_in, set_active_in
from isocenter.access.people.roles_held import locked_user, require_giving, set_roles_in
from isocenter.access.roles import Right, Role
from isocenter.access.users import (
    USER_COLUMNS,
    User,
    checked_display_name,
    checked_language,
    checked_username,
    folded_username,
    user_of_row,
)
from isocenter.kit.database import Connection, Database
from isocenter.kit.errors import Invalid

MOST_ACCOUNTS = 20_000
_MAX_EXTERNAL_ID = 255


@dataclass(frozen=True, slots=True)
class Provisioned:
    """An account and what the directory calls it. active: neither disabled nor of an institution that has ended."""

    user: User
    external_id: str | None
    created_at: datetime

    @property
    def active(self) -> bool:
        """Whether she may sign in."""
        return not self.user.disabled


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the directory says; None leaves it as it is (for a new account: en, active)."""

    username: str | None = None
    display_name: str | None = None
    language: str | None = None
    active: bool | None = None
    external_id: str | None = None


_ACCOUNT = f"""
select {USER_COLUMNS}, u.external_id, u.created_at from user_account u
where u.institution_id = isocenter_institution() and u.withdrawn_at is null
"""  # noqa: S608 - columns of ours


def provisioned(database: Database, caller: Caller, username: str | None = None) -> list[Provisioned]:
    """Every account of the caller's institution by number; username: the one of this name. Raises Refused."""
    caller.require(Right.MANAGE_USERS)
    name = None if username is None else folded_username(username).encode("utf-8", "replace").decode()
    with database.transaction(caller.institution_id) as connection:
        rows: list[Any] = connection.execute(
            _ACCOUNT + " and (%(name)s::text is null or u.username = %(name)s) order by u.user_id limit %(most)s",
            {"name": name, "most": MOST_ACCOUNTS},
        ).fetchall()
    return [_account(row) for row in rows]


def provisioned_account(database: Database, caller: Caller, user_id: int) -> Provisioned:
    """One account. Raises UnknownUser, also for a withdrawn one; Refused."""
    caller.require(Right.MANAGE_USERS)
    with database.transaction(caller.institution_id) as connection:
        return _in(connection, user_id)


def provision(database: Database, caller: Caller, wanted: Wanted) -> Provisioned:
    """A new account without password or roles: she signs in through her provider, groups say what she may.

    Raises InvalidUsername, UsernameTaken, Invalid, Refused.
    """
    caller.require(Right.MANAGE_USERS)
    with database.transaction(caller.institution_id) as connection:
        user = create_account_in(
            connection,
            caller,
            username=wanted.username or "",
            display_name=wanted.display_name or wanted.username or "",
            roles=(),
            language=wanted.language or "en",
            department_id=None,
        )
        _set_external_id(connection, user.user_id, wanted.external_id)
        if wanted.active is False:
            set_active_in(connection, caller, user.user_id, active=False)
        return _in(connection, user.user_id)


def change_provisioned(database: Database, caller: Caller, user_id: int, wanted: Wanted) -> Provisioned:
    """Change what is said, all of it or nothing. external_id: '' takes it away.

    Raises UnknownUser, InvalidUsername, UsernameTaken, LastAdministrator, Invalid, Refused.
    """
    caller.require(Right.MANAGE_USERS)
    changes: dict[str, object] = {}
    if wanted.username is not None:
        changes["username"] = checked_username(wanted.username)
    if wanted.display_name is not None:
        changes["display_name"] = checked_display_name(wanted.display_name)
    if wanted.language is not None:
        changes["language"] = checked_language(wanted.language)
    with database.transaction(caller.institution_id) as connection:
        require_giving(caller, _in(connection, user_id).user.roles)
        change_account_in(connection, caller, user_id, changes)
        if wanted.external_id is not None:
            _set_external_id(connection, user_id, wanted.external_id)
        if wanted.active is not None:
            set_active_in(connection, caller, user_id, active=wanted.active)
        return _in(connection, user_id)


def withdraw(database: Database, caller: Caller, user_id: int) -> None:
    """The directory has deleted the account. Raises UnknownUser, LastAdministrator, Refused."""
    caller.require(Right.MANAGE_USERS)
    with database.transaction(caller.institution_id) as connection:
        _in(connection, user_id)
        locked_user(connection, user_id)
        set_roles_in(connection, caller, user_id, ())
        set_active_in(connection, caller, user_id, active=False)
        connection.execute("delete from session where user_id = %s", (user_id,))
        connection.execute("delete from federated_identity where user_id = %s", (user_id,))
        connection.execute(
            "update user_account set username = %s, password_hash = null, external_id = null, withdrawn_at = now()"
            " where user_id = %s",
            (f"withdrawn-{user_id}-{token_hex(4)}", user_id),
        )
        audit.record(connection, caller, audit.Action.USER_WITHDRAWN, user_id=user_id)


def change_members(
    database: Database, caller: Caller, role: Role, *, add: Iterable[int] = (), remove: Iterable[int] = ()
) -> None:
    """Give and end one role for several people, all of it or nothing.

    Raises UnknownUser, RolesKeptApart, LastAdministrator, Refused.
    """
    require_giving(caller, (role,))
    given = dict.fromkeys(add)
    with database.transaction(caller.institution_id) as connection:
        for user_id in given:
            _in(connection, user_id)
            set_roles_in(connection, caller, user_id, {*locked_user(connection, user_id).roles, role})
        for user_id in dict.fromkeys(remove):
            if user_id not in given:
                _in(connection, user_id)
                set_roles_in(connection, caller, user_id, {*locked_user(connection, user_id).roles} - {role})


def _in(connection: Connection, user_id: int) -> Provisioned:
    row: Any = connection.execute(_ACCOUNT + " and u.user_id = %s", (user_id,)).fetchone()
    if row is None:
        raise UnknownUser("There is no such user.", user_id=user_id)
    return _account(row)


def _account(row: tuple[Any, ...]) -> Provisioned:
    return Provisioned(user_of_row(row[:-2]), row[-2], row[-1])


def _set_external_id(connection: Connection, user_id: int, external_id: str | None) -> None:
    if external_id and (len(external_id) > _MAX_EXTERNAL_ID or not external_id.isprintable()):
        raise Invalid("An external identifier has at most 255 printable characters.", field="externalId")
    connection.execute("update user_account set external_id = %s where user_id = %s", (external_id or None, user_id))
