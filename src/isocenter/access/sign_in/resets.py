"""A one-time link with which somebody sets a new password, and new second factors when she lost hers.

An administrator hands it over; no password is ever mailed, told or known by anybody else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from isocenter.access import audit
from isocenter.access.caller import Caller, CallerKind
from isocenter.access.passwords import check_password, hash_password
from isocenter.access.roles import Right, Role
from isocenter.access.secret_tokens import new_secret, secret_hash
from isocenter.access.sign_in import factors, known_devices
from isocenter.access.sign_in.errors import UnknownReset
from isocenter.access.sign_in.policy import policy_in
from isocenter.access.sign_in.signed_in_devices import end_all_of
from isocenter.access.users import User, user_of_id
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Connection, Database, set_institution

VALID_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Reset:
    """Whom the link is for."""

    user: User
    institution_name: str
    min_password_length: int
    forget_factors: bool
    expires_at: datetime


def issue_reset(database: Database, caller: Caller, user_id: int, *, forget_factors: bool) -> str:
    """The secret of a new link; earlier ones of the person end. Raises UnknownUser, Refused.

    Who administers the region is reset only by somebody who does too.
    """
    caller.require(Right.MANAGE_USERS)
    secret = new_secret()
    with database.transaction(caller.institution_id) as connection:
        user = user_of_id(connection, user_id)
        if Role.REGION_ADMINISTRATOR in user.roles:
            caller.require(Right.MANAGE_REGION)
        connection.execute("delete from sign_in_reset where user_id = %s", (user_id,))
        connection.execute(
            "insert into sign_in_reset (token_hash, institution_id, user_id, forget_factors, expires_at)"
            " values (%s, %s, %s, %s, %s)",
            (secret_hash(secret), caller.institution_id, user_id, forget_factors, utc_now() + VALID_FOR),
        )
        audit.record(
            connection,
            caller,
            audit.Action.SIGN_IN_RESET_ISSUED,
            user_id=user_id,
            forget_factors=forget_factors,
        )
    return secret


def reset_of(database: Database, secret: str) -> Reset:
    """What the link offers. Raises UnknownReset."""
    with database.credential_transaction(secret_hash(secret).hex()) as connection:
        return _reset_in(connection, secret)


def use_reset(database: Database, secret: str, password: str) -> User:
    """Set the password, end every session, use the link up. Raises UnknownReset; WeakPassword leaves it valid."""
    reset = reset_of(database, secret)
    user = reset.user
    check_password(password, user.username, reset.min_password_length)
    password_hash = hash_password(password)
    with database.transaction(user.institution_id) as connection:
        used = connection.execute(
            "update sign_in_reset set used_at = now() where token_hash = %s and used_at is null and expires_at > now()",
            (secret_hash(secret),),
        )
        if used.rowcount == 0:
            raise UnknownReset(_GONE)
        connection.execute(
            "update user_account set password_hash = %s where user_id = %s", (password_hash, user.user_id)
        )
        end_all_of(connection, user.user_id)
        if reset.forget_factors:
            factors.forget_all(connection, user.user_id)
        known_devices.forget(connection, user.user_id)
        caller = Caller(CallerKind.USER, str(user.user_id), user.institution_id, user.roles)
        audit.record(connection, caller, audit.Action.SIGN_IN_RESET_USED, forget_factors=reset.forget_factors)
    return user


_GONE = "This link is not valid: it was used, has expired, or is incomplete."


def _reset_in(connection: Connection, secret: str) -> Reset:
    row: Any = connection.execute(
        "select institution_id, user_id, forget_factors, expires_at from sign_in_reset"
        " where token_hash = %s and used_at is null and expires_at > now()",
        (secret_hash(secret),),
    ).fetchone()
    if row is None:
        raise UnknownReset(_GONE)
    set_institution(connection, row[0])
    user = user_of_id(connection, row[1])
    if user.disabled:
        raise UnknownReset(_GONE)
    name: Any = connection.execute("select name from institution where institution_id = %s", (row[0],)).fetchone()
    return Reset(user, name[0], policy_in(connection, row[0]).min_password_length, row[2], row[3])
