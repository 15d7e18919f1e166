"""People with an account: who they are, their role and language, their password."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from unicodedata import normalize

from psycopg.errors import ForeignKeyViolation, UniqueViolation

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.errors import (
    BadCredentials,
    InvalidUsername,
    UnknownDepartment,
    UnknownUser,
    UsernameTaken,
)
from isocenter.access.passwords import check_password, hash_password, verify_password
from isocenter.access.roles import Role
from isocenter.access.sign_in.policy import policy_in
from isocenter.kit.database import Connection, Database
from isocenter.kit.errors import Invalid

LANGUAGES = ("en", "zh-CN")
_USERNAME = re.compile(r"[^\W_][\w.@-]{1,63}")
_MAX_DISPLAY_NAME = 100
USER_COLUMNS = """
    u.user_id, u.institution_id, u.username, u.display_name, u.language,
    u.disabled_at is not null or (select i.deactivated_at is not null from institution i
        where i.institution_id = u.institution_id),
    array(select r.role from user_role r where r.user_id = u.user_id and r.until is null order by r.role)
"""
"""Of user_account u. Roles are seen inside the institution only."""


@dataclass(frozen=True, slots=True)
class User:
    """One account. display_name is a person's name: it is shown, never logged.

    disabled: she cannot sign in, because the account or its whole institution has ended.
    """

    user_id: int
    institution_id: int
    username: str
    display_name: str
    language: str
    disabled: bool
    roles: tuple[Role, ...]


def user_of_row(row: tuple[Any, ...]) -> User:
    """A row of `USER_COLUMNS`."""
    user_id, institution_id, username, display_name, language, disabled, words = row
    roles = tuple(Role(word) for word in words)
    return User(user_id, institution_id, username, display_name, language, disabled, roles)


def folded_username(text: str) -> str:
    """User names are kept and compared in lower case, in Unicode's composed form."""
    return normalize("NFC", text.strip()).lower().replace("\0", "")


def checked_username(text: str) -> str:
    """The folded user name. Raises InvalidUsername unless it is 2 to 64 letters, digits, dots, dashes, _ or @."""
    username = folded_username(text)
    if "\0" in text or not _USERNAME.fullmatch(username):
        raise InvalidUsername("A user name has 2 to 64 letters, digits, dots, dashes, underscores or @.")
    return username


def create_user(
    connection: Connection,
    institution_id: int,
    *,
    username: str,
    display_name: str,
    roles: tuple[Role, ...],
    password: str | None,
    language: str,
    given_by: str,
    department_id: int | None = None,
) -> User:
    """Make the account; without a password nobody signs in with one.

    Raises InvalidUsername, WeakPassword, UsernameTaken, UnknownDepartment, Invalid.
    """
    username = checked_username(username)
    if password is not None:
        check_password(password, username, policy_in(connection, institution_id).min_password_length)
    values = (
        institution_id,
        username,
        checked_display_name(display_name),
        None if password is None else hash_password(password),
        checked_language(language),
        department_id,
    )
    try:
        row: Any = connection.execute(
            "insert into user_account (institution_id, username, display_name, password_hash, language, department_id)"
            " values (%s, %s, %s, %s, %s, %s) returning user_id",
            values,
        ).fetchone()
    except UniqueViolation:
        raise UsernameTaken("This user name is taken; choose another.") from None
    except ForeignKeyViolation:
        raise UnknownDepartment("There is no such department.") from None
    for role in roles:
        connection.execute(
            "insert into user_role (institution_id, user_id, role, given_by) values (%s, %s, %s, %s)",
            (institution_id, row[0], str(role), given_by),
        )
    return user_of_id(connection, row[0])


def user_of_id(connection: Connection, user_id: int) -> User:
    """An account of the transaction's institution. Raises UnknownUser."""
    row: Any = connection.execute(
        f"select {USER_COLUMNS} from user_account u where user_id = %s",  # noqa: S608
        (user_id,),
    ).fetchone()
    if row is None:
        raise UnknownUser("There is no such user.", user_id=user_id)
    return user_of_row(row)


def administrator_exists(database: Database, institution_id: int) -> bool:
    """Whether anybody can administer the institution."""
    with database.transaction(institution_id) as connection:
        return administrator_in(connection, institution_id)


def administrator_in(connection: Connection, institution_id: int) -> bool:
    """The same inside a transaction of the institution."""
    row = connection.execute(
        "select 1 from user_account u join user_role r using (institution_id, user_id)"
        " where u.institution_id = %s and r.role = %s and r.until is null and u.disabled_at is null limit 1",
        (institution_id, str(Role.ADMINISTRATOR)),
    ).fetchone()
    return row is not None


def change_profile(
    database: Database, caller: Caller, user_id: int, *, display_name: str | None, language: str | None
) -> User:
    """What a person may change about herself; None leaves it. Raises Invalid."""
    with database.transaction(caller.institution_id) as connection:
        connection.execute(
            "update user_account set display_name = coalesce(%s, display_name), language = coalesce(%s, language)"
            " where user_id = %s",
            (
                None if display_name is None else checked_display_name(display_name),
                None if language is None else checked_language(language),
                user_id,
            ),
        )
        return user_of_id(connection, user_id)


def change_password(
    database: Database, caller: Caller, user_id: int, current: str, new: str, keep_session: bytes
) -> None:
    """Set another password and end the person's other sessions. Raises BadCredentials, WeakPassword."""
    with database.transaction(caller.institution_id) as connection:
        row: Any = connection.execute(
            "select username, password_hash from user_account where user_id = %s", (user_id,)
        ).fetchone()
        min_length = policy_in(connection, caller.institution_id).min_password_length
    if row is None or not verify_password(current, row[1]):
        raise BadCredentials("The current password is not right.")
    check_password(new, row[0], min_length)
    password_hash = hash_password(new)
    with database.transaction(caller.institution_id) as connection:
        connection.execute("update user_account set password_hash = %s where user_id = %s", (password_hash, user_id))
        connection.execute("delete from session where user_id = %s and token_hash <> %s", (user_id, keep_session))
        audit.record(connection, caller, audit.Action.PASSWORD_CHANGED)


def checked_display_name(text: str) -> str:
    """The name with single spaces. Raises Invalid unless it is 1 to 100 printable characters."""
    name = " ".join(text.split())
    if not 1 <= len(name) <= _MAX_DISPLAY_NAME or not name.isprintable():
        raise Invalid(f"A display name has 1 to {_MAX_DISPLAY_NAME} printable characters.")
    return name


def checked_language(text: str) -> str:
    """The language. Raises Invalid unless it is one of ours."""
    if text not in LANGUAGES:
        raise Invalid(f"The language is one of: {', '.join(LANGUAGES)}.")
    return text
