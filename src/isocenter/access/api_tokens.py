"""Bearer tokens: how programs come in. "iso_" and 256 random bits; only the hash is stored.

A token may be bound to scopes: it then does nothing else, whatever its roles include.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from isocenter.access import audit
from isocenter.access.caller import Caller, CallerKind
from isocenter.access.errors import UnknownToken
from isocenter.access.programs.scopes import require_giving_to_program, scopes_of
from isocenter.access.roles import Right, Role
from isocenter.access.secret_tokens import new_secret, secret_hash
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Connection, Database, set_institution
from isocenter.kit.errors import Invalid

PREFIX = "iso_"
_MAX_LABEL = 100


@dataclass(frozen=True, slots=True)
class ApiToken:
    """What is known about a token; never the token itself."""

    token_id: int
    roles: tuple[Role, ...]
    label: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    scopes: tuple[Right, ...] | None = None


def issue_token(
    database: Database,
    caller: Caller,
    roles: tuple[Role, ...],
    *,
    label: str = "",
    valid_for: timedelta | None = None,
    scopes: Iterable[str] | None = None,
) -> str:
    """A new token, shown this once. valid_for: None never expires; scopes: None is all that the roles include.

    Raises InvalidScope, Invalid, Refused.
    """
    caller.require(Right.MANAGE_USERS)
    only = None if scopes is None else scopes_of(scopes, roles)
    require_giving_to_program(caller, roles, only)
    if len(label) > _MAX_LABEL or not label.isprintable():
        raise Invalid(f"A label has at most {_MAX_LABEL} printable characters.")
    secret = new_secret(PREFIX)
    with database.transaction(caller.institution_id) as connection:
        token_id = _keep(connection, caller, roles, only, secret, label, valid_for)
        audit.record(
            connection,
            caller,
            audit.Action.TOKEN_ISSUED,
            token_id=token_id,
            roles=[str(role) for role in roles],
            scopes=_words(only),
        )
    return secret


def tokens_of(database: Database, caller: Caller) -> list[ApiToken]:
    """Every token of the caller's institution that somebody issued, newest first; not those of OAuth2 clients."""
    caller.require(Right.MANAGE_USERS)
    with database.transaction(caller.institution_id) as connection:
        rows: list[Any] = connection.execute(
            "select token_id, roles, scopes, label, created_at, expires_at, revoked_at, last_used_at from api_token"
            " where institution_id = %s and client_id is null order by token_id desc limit 1000",
            (caller.institution_id,),
        ).fetchall()
    return [
        ApiToken(row[0], _roles(row[1]), row[3], row[4], row[5], row[6], row[7], row[2] and _rights(row[2]))
        for row in rows
    ]


def revoke_token(database: Database, caller: Caller, token_id: int) -> None:
    """End a token. Raises UnknownToken when there is none or it has ended already."""
    caller.require(Right.MANAGE_USERS)
    with database.transaction(caller.institution_id) as connection:
        row = connection.execute(
            "update api_token set revoked_at = now() where institution_id = %s and token_id = %s and revoked_at is null"
            " and client_id is null returning 1",
            (caller.institution_id, token_id),
        ).fetchone()
        if row is None:
            raise UnknownToken("There is no such token, or it is revoked already.", token_id=token_id)
        audit.record(connection, caller, audit.Action.TOKEN_REVOKED, token_id=token_id)


def caller_of_token(database: Database, secret: str) -> Caller | None:
    """Who a bearer token speaks for, or None when it is unknown, expired or revoked. A program's sitting is a day."""
    if not secret.startswith(PREFIX):
        return None
    token_hash = secret_hash(secret)
    with database.credential_transaction(token_hash.hex()) as connection:
        known: Any = connection.execute(
            "select institution_id from api_token where token_hash = %s", (token_hash,)
        ).fetchone()
        if known is None:
            return None
        set_institution(connection, known[0])
        row: Any = connection.execute(
            "with touched as (update api_token set last_used_at = now() where token_hash = %(hash)s"
            " and (last_used_at is null or last_used_at < now() - interval '1 minute'))"
            " select token_id, institution_id, roles, scopes, client_id from api_token join institution i"
            " using (institution_id) where token_hash = %(hash)s and revoked_at is null"
            " and (expires_at is null or expires_at > now()) and i.deactivated_at is null",
            {"hash": token_hash},
        ).fetchone()
    if row is None:
        return None
    token_id, institution_id, roles, scopes, client_id = row
    only = None if scopes is None else frozenset(_rights(scopes))
    name, day = client_id or f"token-{token_id}", utc_now().strftime("%Y-%m-%d")
    return Caller(CallerKind.PROGRAM, name, institution_id, _roles(roles), day, only)


def _keep(
    connection: Connection,
    caller: Caller,
    roles: tuple[Role, ...],
    only: frozenset[Right] | None,
    secret: str,
    label: str,
    valid_for: timedelta | None,
) -> int:
    row: Any = connection.execute(
        "insert into api_token (token_hash, institution_id, roles, label, expires_at, scopes)"
        " values (%s, %s, %s, %s, %s, %s) returning token_id",
        (
            secret_hash(secret),
            caller.institution_id,
            [str(role) for role in roles],
            label,
            None if valid_for is None else utc_now() + valid_for,
            _words(only),
        ),
    ).fetchone()
    return int(row[0])


def _words(only: frozenset[Right] | None) -> list[str] | None:
    return None if only is None else sorted(map(str, only))


def _rights(words: list[str]) -> tuple[Right, ...]:
    return tuple(Right(word) for word in words)


def _roles(words: list[str]) -> tuple[Role, ...]:
    return tuple(Role(word) for word in words)
