"""Access tokens of OAuth2 clients: client credentials in (RFC 6749 4.4), an opaque token for an hour out.

The tokens are rows like those that administrators issue (`api_tokens`), so that every door takes both alike.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from isocenter.access import audit
from isocenter.access.api_tokens import PREFIX
from isocenter.access.attempts import SignInAttempts
from isocenter.access.caller import Caller, CallerKind
from isocenter.access.programs.errors import BadClient, InvalidScope
from isocenter.access.roles import Right, Role
from isocenter.access.secret_tokens import new_secret, secret_hash
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Connection, Database, set_institution

LASTS_FOR = timedelta(hours=1)
_CLIENT_ID = re.compile(r"iso-[0-9a-f]{16}")
_KEPT_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class AccessToken:
    """secret: what the program shows; scopes: what it may do with it."""

    secret: str
    scopes: tuple[Right, ...]
    expires_in: timedelta = LASTS_FOR


@dataclass(frozen=True, slots=True)
class _Proven:
    """A client that has shown one of its secrets."""

    institution_id: int
    client_id: str
    roles: tuple[Role, ...]
    scopes: frozenset[Right]

    @property
    def caller(self) -> Caller:
        return Caller(CallerKind.PROGRAM, self.client_id, self.institution_id, self.roles, only=self.scopes)


def give_access_token(
    database: Database,
    attempts: SignInAttempts,
    client_id: str,
    secret: str,
    *,
    scopes: Iterable[str] | None,
    address: str,
) -> AccessToken:
    """A token for an hour. scopes: those wanted; None is all that the client has.

    Raises BadClient (never says what is wrong), InvalidScope, TooManyAttempts.
    """
    client = _proven(database, attempts, client_id, secret, address)
    wanted = client.scopes if scopes is None else frozenset(scopes)
    if not wanted or not wanted <= client.scopes:
        raise InvalidScope("The client does not have this scope.")
    granted = tuple(sorted(Right(word) for word in wanted))
    token = new_secret(PREFIX)
    with database.transaction(client.institution_id) as connection:
        _keep(connection, client, token, granted)
        audit.record(connection, client.caller, audit.Action.CLIENT_SIGNED_IN, scopes=[*map(str, granted)])
    return AccessToken(token, granted)


def revoke_access_token(
    database: Database, attempts: SignInAttempts, client_id: str, secret: str, *, token: str, address: str
) -> None:
    """End one of the client's own tokens; nothing happens when it is none (RFC 7009 2.2). Raises BadClient."""
    client = _proven(database, attempts, client_id, secret, address)
    with database.transaction(client.institution_id) as connection:
        row: Any = connection.execute(
            "update api_token set revoked_at = now() where token_hash = %s and client_id = %s and revoked_at is null"
            " returning token_id",
            (secret_hash(token), client.client_id),
        ).fetchone()
        if row is not None:
            audit.record(connection, client.caller, audit.Action.TOKEN_REVOKED, token_id=row[0])


def _keep(connection: Connection, client: _Proven, token: str, granted: tuple[Right, ...]) -> None:
    """The token's row; those that ended a day ago go."""
    connection.execute(
        "delete from api_token where client_id = %s and expires_at < %s", (client.client_id, utc_now() - _KEPT_FOR)
    )
    connection.execute(
        "insert into api_token (token_hash, institution_id, roles, label, expires_at, scopes, client_id)"
        " values (%s, %s, %s, '', %s, %s, %s)",
        (
            secret_hash(token),
            client.institution_id,
            [*map(str, client.roles)],
            utc_now() + LASTS_FOR,
            [*map(str, granted)],
            client.client_id,
        ),
    )


def _proven(database: Database, attempts: SignInAttempts, client_id: str, secret: str, address: str) -> _Proven:
    client_id = client_id if _CLIENT_ID.fullmatch(client_id) else "nobody"
    attempts.check(f"client:{client_id}", address)
    with database.credential_transaction(client_id) as connection:
        client = _matching(connection, client_id, secret_hash(secret))
    if client is None:
        attempts.failed(f"client:{client_id}", address)
        _record_failure(database, client_id)
        raise BadClient("The client is not known, or its secret is not right.")
    attempts.succeeded(f"client:{client_id}", address)
    return client


def _matching(connection: Connection, client_id: str, shown: bytes) -> _Proven | None:
    rows: list[Any] = connection.execute(
        "select c.institution_id, c.roles, c.scopes, s.secret_id, s.secret_hash"
        " from oauth_client c join oauth_client_secret s using (client_id) join institution i"
        " on i.institution_id = c.institution_id where c.client_id = %s and c.ended_at is null and s.ended_at is null"
        " and i.deactivated_at is null",
        (client_id,),
    ).fetchall()
    for institution_id, roles, scopes, secret_id, kept in rows:
        if hmac.compare_digest(bytes(kept), shown):
            set_institution(connection, institution_id)
            connection.execute("update oauth_client_secret set last_used_at = now() where secret_id = %s", (secret_id,))
            connection.execute("update oauth_client set last_used_at = now() where client_id = %s", (client_id,))
            return _Proven(
                institution_id,
                client_id,
                tuple(Role(word) for word in roles),
                frozenset(Right(word) for word in scopes),
            )
    return None


def _record_failure(database: Database, client_id: str) -> None:
    """In the trail of the institution whose client it is; of a name that nobody has nothing is recorded."""
    with database.credential_transaction(client_id) as connection:
        row: Any = connection.execute(
            "select institution_id, roles from oauth_client where client_id = %s", (client_id,)
        ).fetchone()
        if row is None:
            return
        set_institution(connection, row[0])
        caller = Caller(CallerKind.PROGRAM, client_id, row[0], tuple(Role(word) for word in row[1]))
        audit.record(connection, caller, audit.Action.CLIENT_SIGN_IN_FAILED, outcome=audit.Outcome.MINOR_FAILURE)
