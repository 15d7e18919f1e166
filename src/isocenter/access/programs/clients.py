"""OAuth2 clients of an institution: programs with an identifier, roles, scopes and a secret that can be changed.

To change a secret without a gap: add a second one, give it to the program, end the first. Never more than two work.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.programs.errors import InvalidClient, TooManySecrets, UnknownClient
from isocenter.access.programs.scopes import require_giving_to_program, scopes_of
from isocenter.access.roles import Right, Role, roles_of_program
from isocenter.access.secret_tokens import new_secret, secret_hash
from isocenter.kit.database import Connection, Database

SECRET_PREFIX = "isocs_"  # noqa: S105 - how a secret begins, not one
MOST_SECRETS = 2
_MAX_NAME = 100


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """What is known of a secret; never the secret itself."""

    secret_id: int
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Client:
    """A program. secrets: those that work, the oldest first. ended_at: it gets no tokens any more."""

    client_id: str
    name: str
    roles: tuple[Role, ...]
    scopes: tuple[Right, ...]
    created_at: datetime
    ended_at: datetime | None
    last_used_at: datetime | None
    secrets: tuple[ClientSecret, ...] = ()


_COLUMNS = "client_id, name, roles, scopes, created_at, ended_at, last_used_at"


def clients_of(database: Database, caller: Caller) -> list[Client]:
    """Every client of the caller's institution, the newest first. Raises Refused."""
    caller.require(Right.MANAGE_USERS)
    with database.transaction(caller.institution_id) as connection:
        rows: list[Any] = connection.execute(
            f"select {_COLUMNS} from oauth_client where institution_id = %s"  # noqa: S608
            " order by created_at desc, client_id limit 1000",
            (caller.institution_id,),
        ).fetchall()
        known = _secrets(connection)
    return [_client(row, known.get(row[0], ())) for row in rows]


def add_client(
    database: Database, caller: Caller, *, name: str, roles: Iterable[str], scopes: Iterable[str]
) -> tuple[Client, str]:
    """A new client and its first secret, shown this once.

    Raises InvalidClient, InvalidRole, RolesKeptApart, InvalidScope, Refused.
    """
    caller.require(Right.MANAGE_USERS)
    given = roles_of_program(roles)
    only = scopes_of(scopes, given)
    require_giving_to_program(caller, given, only)
    client_id, name = f"iso-{secrets.token_hex(8)}", _checked_name(name)
    with database.transaction(caller.institution_id) as connection:
        connection.execute(
            "insert into oauth_client (institution_id, client_id, name, roles, scopes, created_by)"
            " values (%s, %s, %s, %s, %s, %s)",
            (caller.institution_id, client_id, name, [*map(str, given)], sorted(map(str, only)), caller.id),
        )
        audit.record(
            connection,
            caller,
            audit.Action.CLIENT_ADDED,
            client_id=client_id,
            roles=[*map(str, given)],
            scopes=sorted(map(str, only)),
        )
        secret = _new_secret(connection, caller, client_id)
        return _in(connection, client_id), secret


def change_client(
    database: Database, caller: Caller, client_id: str, *, name: str | None, scopes: Iterable[str] | None
) -> Client:
    """Change the name or the scopes; None leaves them. Its present access tokens end when scopes change.

    Raises UnknownClient, InvalidClient, InvalidScope, Refused.
    """
    caller.require(Right.MANAGE_USERS)
    with database.transaction(caller.institution_id) as connection:
        client = _living(connection, client_id)
        only = frozenset(client.scopes) if scopes is None else scopes_of(scopes, client.roles)
        require_giving_to_program(caller, client.roles, only)
        connection.execute(
            "update oauth_client set name = %s, scopes = %s where client_id = %s",
            (client.name if name is None else _checked_name(name), sorted(map(str, only)), client_id),
        )
        if only != frozenset(client.scopes):
            _end_tokens(connection, client_id)
        audit.record(
            connection, caller, audit.Action.CLIENT_CHANGED, client_id=client_id, scopes=sorted(map(str, only))
        )
        return _in(connection, client_id)


def add_secret(database: Database, caller: Caller, client_id: str) -> str:
    """A further secret, shown this once. Raises TooManySecrets when two work, UnknownClient, Refused."""
    caller.require(Right.MANAGE_USERS)
    with database.transaction(caller.institution_id) as connection:
        client = _living(connection, client_id)
        require_giving_to_program(caller, client.roles, frozenset(client.scopes))
        if len(client.secrets) >= MOST_SECRETS:
            raise TooManySecrets("Two secrets work already: end one first.", client_id=client_id)
        return _new_secret(connection, caller, client_id)


def end_secret(database: Database, caller: Caller, client_id: str, secret_id: int) -> Client:
    """End one secret; tokens that it opened go on until they expire. Raises UnknownClient, Refused."""
    caller.require(Right.MANAGE_USERS)
    with database.transaction(caller.institution_id) as connection:
        _living(connection, client_id)
        row = connection.execute(
            "update oauth_client_secret set ended_at = now()"
            " where client_id = %s and secret_id = %s and ended_at is null returning 1",
            (client_id, secret_id),
        ).fetchone()
        if row is None:
            raise UnknownClient("There is no such secret, or it has ended already.")
        audit.record(connection, caller, audit.Action.CLIENT_SECRET_ENDED, client_id=client_id, secret_id=secret_id)
        return _in(connection, client_id)


def end_client(database: Database, caller: Caller, client_id: str) -> None:
    """End the client, its secrets and its access tokens. Raises UnknownClient, Refused."""
    caller.require(Right.MANAGE_USERS)
    with database.transaction(caller.institution_id) as connection:
        _living(connection, client_id)
        connection.execute("update oauth_client set ended_at = now() where client_id = %s", (client_id,))
        connection.execute(
            "update oauth_client_secret set ended_at = now() where client_id = %s and ended_at is null", (client_id,)
        )
        _end_tokens(connection, client_id)
        audit.record(connection, caller, audit.Action.CLIENT_ENDED, client_id=client_id)


def _new_secret(connection: Connection, caller: Caller, client_id: str) -> str:
    secret = new_secret(SECRET_PREFIX)
    row: Any = connection.execute(
        "insert into oauth_client_secret (institution_id, client_id, secret_hash) values (%s, %s, %s)"
        " returning secret_id",
        (caller.institution_id, client_id, secret_hash(secret)),
    ).fetchone()
    audit.record(connection, caller, audit.Action.CLIENT_SECRET_ADDED, client_id=client_id, secret_id=row[0])
    return secret


def _end_tokens(connection: Connection, client_id: str) -> None:
    connection.execute(
        "update api_token set revoked_at = now() where client_id = %s and revoked_at is null", (client_id,)
    )


def _living(connection: Connection, client_id: str) -> Client:
    client = _in(connection, client_id)
    if client.ended_at is not None:
        raise UnknownClient("There is no such client, or it has ended.")
    return client


def _in(connection: Connection, client_id: str) -> Client:
    row: Any = connection.execute(
        f"select {_COLUMNS} from oauth_client"  # noqa: S608
        " where institution_id = isocenter_institution() and client_id = %s for update",
        (client_id.encode("ascii", "replace").replace(b"\0", b"").decode(),),
    ).fetchone()
    if row is None:
        raise UnknownClient("There is no such client, or it has ended.")
    return _client(row, _secrets(connection).get(row[0], ()))


def _secrets(connection: Connection) -> dict[str, tuple[ClientSecret, ...]]:
    rows: list[Any] = connection.execute(
        "select client_id, secret_id, created_at, last_used_at from oauth_client_secret"
        " where institution_id = isocenter_institution() and ended_at is null order by secret_id"
    ).fetchall()
    found: dict[str, tuple[ClientSecret, ...]] = {}
    for client_id, *secret in rows:
        found[client_id] = (*found.get(client_id, ()), ClientSecret(*secret))
    return found


def _client(row: tuple[Any, ...], known: tuple[ClientSecret, ...]) -> Client:
    client_id, name, roles, scopes, created_at, ended_at, last_used_at = row
    return Client(
        client_id=client_id,
        name=name,
        roles=tuple(Role(word) for word in roles),
        scopes=tuple(Right(word) for word in scopes),
        created_at=created_at,
        ended_at=ended_at,
        last_used_at=last_used_at,
        secrets=known,
    )


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= _MAX_NAME or not name.isprintable():
        raise InvalidClient(f"A name has 1 to {_MAX_NAME} printable characters.")
    return name
