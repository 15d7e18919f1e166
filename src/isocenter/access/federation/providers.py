"""Identity providers of an institution: data with two keepers, so that no one person opens the house.

Whoever watches over security says which provider is asked and how; whoever manages people says which accounts and roles
come of it. An issuer is never changed: its subjects are its own, another issuer is another provider.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.federation.discovery import checked_issuer
from isocenter.access.federation.errors import InvalidProvider, ProviderExists, UnknownProvider
from isocenter.access.roles import Right, Role, roles_of_person
from isocenter.access.sealed_secrets import SealingKey, seal, unseal
from isocenter.kit.database import Connection, Database

EVERY_PROVIDER = "identity-providers:"
"""The credential that shows the enabled providers of all institutions; no user name has a colon."""
MOST_PROVIDERS = 20
_WORD = re.compile(r"[\x21-\x7e]{1,255}")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,64}")  # RFC 6749 3.3
_MAX_NAME = 64
_MAX_MAPPED = 100


class SecondFactor(StrEnum):
    """Who asks people of this provider for a second factor."""

    ASKED = "asked"  # the provider, each time: its administrators say so
    TOLD = "told"  # the provider, when it says "mfa" in amr (RFC 8176); else we do
    HERE = "here"  # we do


@dataclass(frozen=True, slots=True)
class AccountRules:
    """Which account and roles a person has here. roles_by_value: what a value of role_claim makes of her.

    creates_accounts: one is made when she first comes. matches_accounts: an account with her user name is hers, unless
    it administers, secures or audits. Roles that came by a claim go with it; those given here stay.
    """

    username_claim: str = "preferred_username"
    name_claim: str = "name"
    role_claim: str = ""
    roles_by_value: Mapping[str, Role] = field(default_factory=dict)
    default_roles: tuple[Role, ...] = ()
    creates_accounts: bool = False
    matches_accounts: bool = False


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """has_secret: whether we show the provider a secret; shown: whether the sign-in page offers it to everyone."""

    provider_id: int
    institution_id: int
    name: str
    issuer: str
    client_id: str
    has_secret: bool
    scopes: tuple[str, ...]
    second_factor: SecondFactor
    enabled: bool
    shown: bool
    rules: AccountRules


@dataclass(frozen=True, slots=True)
class HowToAsk:
    """How a provider is asked. client_secret: None keeps it (or has none), '' takes it away."""

    name: str
    client_id: str
    client_secret: str | None = None
    scopes: tuple[str, ...] = ("openid", "profile")
    second_factor: SecondFactor = SecondFactor.TOLD
    enabled: bool = True
    shown: bool = True


_COLUMNS = """
provider_id, institution_id, name, issuer, client_id, sealed_secret is not null, scopes, second_factor, enabled, shown,
username_claim, name_claim, role_claim, roles_by_value, default_roles, creates_accounts, matches_accounts
"""


def providers_of(database: Database, caller: Caller, keeper: Right = Right.MANAGE_SECURITY) -> list[IdentityProvider]:
    """Every provider of the caller's institution. keeper: by which of the two rights she asks. Raises Refused."""
    assert keeper in (Right.MANAGE_SECURITY, Right.MANAGE_USERS)
    caller.require(keeper)
    with database.transaction(caller.institution_id) as connection:
        rows: list[Any] = connection.execute(
            f"select {_COLUMNS} from identity_provider where institution_id = %s order by name",  # noqa: S608
            (caller.institution_id,),
        ).fetchall()
    return [_provider(row) for row in rows]


def add_provider(
    database: Database, caller: Caller, key: SealingKey, issuer: str, settings: HowToAsk, trusted: tuple[str, ...]
) -> IdentityProvider:
    """A new provider, of whom nobody has an account yet. trusted: hosts inside that may be called.

    Raises InvalidProvider, ForbiddenAddress, PeerAway, ProviderExists, Refused.
    """
    caller.require(Right.MANAGE_SECURITY)
    checked_issuer(issuer, trusted)
    values = _checked(settings)
    secret = settings.client_secret or None
    sealed = None if secret is None else seal(key, secret.encode(), _context(caller.institution_id))
    with database.transaction(caller.institution_id) as connection:
        if len(_all_ids(connection, caller)) >= MOST_PROVIDERS:
            raise InvalidProvider(f"An institution has at most {MOST_PROVIDERS} identity providers.")
        try:
            row: Any = connection.execute(
                "insert into identity_provider (institution_id, issuer, name, client_id, scopes, second_factor,"
                " enabled, shown, sealed_secret) values (%s, %s, %s, %s, %s, %s, %s, %s, %s) returning provider_id",
                (caller.institution_id, issuer, *values, sealed),
            ).fetchone()
        except UniqueViolation:
            raise ProviderExists("There is an identity provider of this name.") from None
        audit.record(connection, caller, audit.Action.IDENTITY_PROVIDER_ADDED, provider_id=row[0])
        return _in(connection, row[0])


def change_provider(
    database: Database, caller: Caller, key: SealingKey, provider_id: int, settings: HowToAsk
) -> IdentityProvider:
    """Change how it is asked. Raises InvalidProvider, ProviderExists, UnknownProvider, Refused."""
    caller.require(Right.MANAGE_SECURITY)
    values = _checked(settings)
    with database.transaction(caller.institution_id) as connection:
        before = _in(connection, provider_id)
        if settings.client_secret is not None:
            secret = settings.client_secret.encode()
            connection.execute(
                "update identity_provider set sealed_secret = %s where provider_id = %s",
                (seal(key, secret, _context(before.institution_id)) if secret else None, provider_id),
            )
        try:
            connection.execute(
                "update identity_provider set (name, client_id, scopes, second_factor, enabled, shown)"
                " = (%s, %s, %s, %s, %s, %s) where provider_id = %s",
                (*values, provider_id),
            )
        except UniqueViolation:
            raise ProviderExists("There is an identity provider of this name.") from None
        audit.record(connection, caller, audit.Action.IDENTITY_PROVIDER_CHANGED, provider_id=provider_id)
        return _in(connection, provider_id)


def set_account_rules(database: Database, caller: Caller, provider_id: int, rules: AccountRules) -> IdentityProvider:
    """Change what accounts and roles come of it, from the next sign-in on.

    Raises InvalidProvider, InvalidRole, UnknownProvider, Refused.
    """
    caller.require(Right.MANAGE_USERS)
    _check_rules(rules)
    with database.transaction(caller.institution_id) as connection:
        _in(connection, provider_id)
        connection.execute(
            "update identity_provider set (username_claim, name_claim, role_claim, roles_by_value, default_roles,"
            " creates_accounts, matches_accounts) = (%s, %s, %s, %s, %s, %s, %s) where provider_id = %s",
            (
                rules.username_claim,
                rules.name_claim,
                rules.role_claim,
                Jsonb({value: str(role) for value, role in rules.roles_by_value.items()}),
                [str(role) for role in rules.default_roles],
                rules.creates_accounts,
                rules.matches_accounts,
                provider_id,
            ),
        )
        audit.record(
            connection,
            caller,
            audit.Action.IDENTITY_PROVIDER_CHANGED,
            provider_id=provider_id,
            creates_accounts=rules.creates_accounts,
            matches_accounts=rules.matches_accounts,
            roles=sorted({str(role) for role in (*rules.roles_by_value.values(), *rules.default_roles)}),
        )
        return _in(connection, provider_id)


def remove_provider(database: Database, caller: Caller, provider_id: int) -> None:
    """Forget the provider and whom it meant by its subjects; the accounts stay. Raises UnknownProvider, Refused."""
    caller.require(Right.MANAGE_SECURITY)
    with database.transaction(caller.institution_id) as connection:
        _in(connection, provider_id)
        connection.execute("delete from identity_provider where provider_id = %s", (provider_id,))
        audit.record(connection, caller, audit.Action.IDENTITY_PROVIDER_REMOVED, provider_id=provider_id)


def offered_providers(database: Database) -> list[tuple[int, str]]:
    """Number and name of the providers that the sign-in page offers to everyone."""
    with database.credential_transaction(EVERY_PROVIDER) as connection:
        rows: list[Any] = connection.execute(
            "select p.provider_id, p.name from identity_provider p join institution i using (institution_id)"
            " where p.enabled and p.shown and i.deactivated_at is null order by p.name, p.provider_id limit 200"
        ).fetchall()
    return [(row[0], row[1]) for row in rows]


def enabled_provider(database: Database, key: SealingKey, provider_id: int) -> tuple[IdentityProvider, str | None]:
    """The provider that somebody wants to come in by, and our secret there. Raises UnknownProvider."""
    with database.credential_transaction(EVERY_PROVIDER) as connection:
        row: Any = connection.execute(
            f"select {_COLUMNS}, sealed_secret from identity_provider where provider_id = %s and enabled",  # noqa: S608
            (provider_id,),
        ).fetchone()
    if row is None:
        raise UnknownProvider("There is no such identity provider.")
    provider = _provider(row[:-1])
    secret = None if row[-1] is None else unseal(key, row[-1], _context(provider.institution_id)).decode()
    return provider, secret


def _context(institution_id: int) -> str:
    return f"identity-provider of {institution_id}"


def _all_ids(connection: Connection, caller: Caller) -> list[Any]:
    ids = "select provider_id from identity_provider where institution_id = %s"
    return connection.execute(ids, (caller.institution_id,)).fetchall()


def _in(connection: Connection, provider_id: int) -> IdentityProvider:
    row: Any = connection.execute(
        f"select {_COLUMNS} from identity_provider"  # noqa: S608
        " where institution_id = isocenter_institution() and provider_id = %s for update",
        (provider_id,),
    ).fetchone()
    if row is None:
        raise UnknownProvider("There is no such identity provider.")
    return _provider(row)


def _provider(row: tuple[Any, ...]) -> IdentityProvider:
    rules = AccountRules(
        row[10],
        row[11],
        row[12],
        {value: Role(word) for value, word in row[13].items()},
        tuple(Role(word) for word in row[14]),
        row[15],
        row[16],
    )
    return IdentityProvider(
        provider_id=row[0],
        institution_id=row[1],
        name=row[2],
        issuer=row[3],
        client_id=row[4],
        has_secret=row[5],
        scopes=tuple(row[6]),
        second_factor=SecondFactor(row[7]),
        enabled=row[8],
        shown=row[9],
        rules=rules,
    )


def _checked(settings: HowToAsk) -> tuple[object, ...]:
    name = " ".join(settings.name.split())
    if not 1 <= len(name) <= _MAX_NAME or not name.isprintable():
        raise InvalidProvider(f"A name has 1 to {_MAX_NAME} printable characters.", field="name")
    if not _WORD.fullmatch(settings.client_id):
        raise InvalidProvider("A client ID has 1 to 255 printable ASCII characters.", field="client_id")
    secret = settings.client_secret
    if secret and not _WORD.fullmatch(secret):
        raise InvalidProvider("A client secret has 1 to 255 printable ASCII characters.", field="client_secret")
    scopes = list(dict.fromkeys(settings.scopes))
    if "openid" not in scopes or len(scopes) > 20 or not all(_SCOPE.fullmatch(scope) for scope in scopes):
        raise InvalidProvider("The scopes are words, and openid is one of them.", field="scopes")
    return name, settings.client_id, scopes, str(settings.second_factor), settings.enabled, settings.shown


def _check_rules(rules: AccountRules) -> None:
    for name in ("username_claim", "name_claim"):
        if not _WORD.fullmatch(getattr(rules, name)):
            raise InvalidProvider("A claim has a name of printable ASCII characters.", field=name)
    if rules.role_claim and not _WORD.fullmatch(rules.role_claim):
        raise InvalidProvider("A claim has a name of printable ASCII characters.", field="role_claim")
    if len(rules.roles_by_value) > _MAX_MAPPED or any(
        not 1 <= len(value) <= 255 or not value.isprintable() for value in rules.roles_by_value
    ):
        raise InvalidProvider("At most 100 values of printable characters become roles.", field="roles_by_value")
    for role in (*rules.roles_by_value.values(), *rules.default_roles):
        roles_of_person([role])
        if role is Role.REGION_ADMINISTRATOR:
            raise InvalidProvider("The region's administrators are made by people, not by a provider.", field="roles")
