"""Enrolment: a one-time link with which somebody makes the account prepared for her. No default password exists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.errors import ForeignKeyViolation

from isocenter.access import audit
from isocenter.access.caller import Caller, CallerKind
from isocenter.access.errors import UnknownDepartment, UnknownEnrolment, UsernameTaken
from isocenter.access.people.roles_held import require_giving
from isocenter.access.roles import Role
from isocenter.access.secret_tokens import new_secret, secret_hash
from isocenter.access.users import User, checked_display_name, checked_username, create_user
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Connection, Database

VALID_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What a link offers."""

    institution_id: int
    institution_name: str
    roles: tuple[Role, ...]
    username: str | None
    expires_at: datetime
    display_name: str = ""
    department_id: int | None = None


def issue_enrolment(
    database: Database,
    caller: Caller,
    roles: tuple[Role, ...],
    *,
    username: str | None = None,
    display_name: str = "",
    department_id: int | None = None,
    valid_for: timedelta = VALID_FOR,
) -> str:
    """The secret of a new link; only its hash is kept. What is known of the person already is offered to her.

    Raises Refused, UsernameTaken, InvalidUsername, UnknownDepartment, Invalid.
    """
    require_giving(caller, roles)
    name = checked_display_name(display_name) if display_name.strip() else ""
    wanted = None if username is None else checked_username(username)
    with database.transaction(caller.institution_id) as connection:
        same_name = "select 1 from user_account where username = %s"
        if connection.execute(same_name, (wanted,)).fetchone() is not None:
            raise UsernameTaken("This user name is taken; choose another.")
        return write_enrolment(
            connection,
            caller,
            roles,
            username=wanted,
            display_name=name,
            department_id=department_id,
            valid_for=valid_for,
        )


def write_enrolment(
    connection: Connection,
    caller: Caller,
    roles: tuple[Role, ...],
    *,
    username: str | None = None,
    display_name: str = "",
    department_id: int | None = None,
    valid_for: timedelta = VALID_FOR,
) -> str:
    """The same with checked values, for a verb that has asked whether the caller may. Raises UnknownDepartment."""
    secret = new_secret()
    words, until = [str(role) for role in roles], utc_now() + valid_for
    connection.execute("delete from enrolment where expires_at < now() - interval '30 days'")
    try:
        connection.execute(
            "insert into enrolment (token_hash, institution_id, roles, username, expires_at, display_name,"
            " department_id, issued_by) values (%s, %s, %s, %s, %s, %s, %s, %s)",
            (
                secret_hash(secret),
                caller.institution_id,
                words,
                username,
                until,
                display_name,
                department_id,
                caller.id,
            ),
        )
    except ForeignKeyViolation:
        raise UnknownDepartment("There is no such department.") from None
    audit.record(connection, caller, audit.Action.ENROLMENT_ISSUED, roles=words)
    return secret


def withdraw_first_enrolments(database: Database, institution_id: int) -> None:
    """End the unused nameless administrator links: each start of a home without administrator prints a fresh one."""
    with database.transaction(institution_id) as connection:
        connection.execute(
            "delete from enrolment where institution_id = %s and %s = any(roles) and username is null"
            " and used_at is null",
            (institution_id, str(Role.ADMINISTRATOR)),
        )


def enrolment_of(database: Database, secret: str) -> Enrolment:
    """What the link offers. Raises UnknownEnrolment when it was never issued, is used or has expired."""
    with database.credential_transaction(secret_hash(secret).hex()) as connection:
        row: Any = connection.execute(
            "select e.institution_id, i.name, e.roles, e.username, e.expires_at, e.display_name, e.department_id"
            " from enrolment e join institution i using (institution_id)"
            " where token_hash = %s and used_at is null and expires_at > now() and i.deactivated_at is null",
            (secret_hash(secret),),
        ).fetchone()
    if row is None:
        raise UnknownEnrolment("This link is not valid: it was used, has expired, or is incomplete.")
    return Enrolment(row[0], row[1], tuple(Role(word) for word in row[2]), *row[3:])


def enrol(database: Database, secret: str, *, username: str, display_name: str, password: str, language: str) -> User:
    """Make the account that the link was issued for and use the link up, in one transaction.

    Raises UnknownEnrolment, InvalidUsername, WeakPassword, UsernameTaken, Invalid; the link stays valid then.
    """
    offer = enrolment_of(database, secret)
    with database.transaction(offer.institution_id) as connection:
        used = connection.execute(
            "update enrolment set used_at = now() where token_hash = %s and used_at is null and expires_at > now()"
            " returning 1",
            (secret_hash(secret),),
        ).fetchone()
        if used is None:
            raise UnknownEnrolment("This link is not valid: it was used, has expired, or is incomplete.")
        user = create_user(
            connection,
            offer.institution_id,
            username=offer.username or username,
            display_name=display_name,
            roles=offer.roles,
            password=password,
            language=language,
            given_by="enrolment",
            department_id=offer.department_id,
        )
        caller = Caller(CallerKind.USER, str(user.user_id), user.institution_id, user.roles)
        audit.record(connection, caller, audit.Action.USER_ENROLLED)
    return user
