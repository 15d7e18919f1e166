"""Which account a provider's person has here, and which roles: as the institution's rules say, from sign-in to sign-in.

A person is known by the provider's subject, which stays; never again by her name, which changes and may be another's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isocenter.access import audit
from isocenter.access.caller import Caller, CallerKind
from isocenter.access.errors import LastAdministrator, RolesKeptApart, UsernameTaken
from isocenter.access.federation.errors import NoAccountHere
from isocenter.access.federation.providers import IdentityProvider, SecondFactor
from isocenter.access.people.accounts import create_account_in, user_id_named
from isocenter.access.people.roles_held import set_roles_in
from isocenter.access.roles import Role
from isocenter.access.users import User, user_of_id
from isocenter.kit.database import Connection, Database

_POWERS = frozenset({Role.ADMINISTRATOR, Role.REGION_ADMINISTRATOR, Role.SECURITY_OFFICER, Role.AUDITOR})
_MAX_NAME = 100
_MAX_VALUES = 1000


def account_of(database: Database, provider: IdentityProvider, claims: Mapping[str, Any]) -> User:
    """The account of the person that these claims are about, with the roles that they give her now.

    claims: validated ones. Raises NoAccountHere, RolesKeptApart, InvalidUsername.
    """
    caller = _provider_as_caller(provider)
    with database.transaction(provider.institution_id) as connection:
        # Two first sign-ins at once are one account.
        connection.execute("select pg_advisory_xact_lock(hashtext(%s))", (f"{provider.provider_id} {claims['sub']}",))
        user = _known(connection, provider, claims) or _matched(connection, caller, provider, claims)
        if user is None:
            user = _created(connection, caller, provider, claims)
        if user.disabled:
            raise NoAccountHere("There is no account for you here; ask the administrator of your institution.")
        return _with_roles(connection, caller, provider, user, claims)


def second_factor_proved(provider: IdentityProvider, claims: Mapping[str, Any]) -> bool:
    """Whether the provider vouches for a second factor in this sign-in (RFC 8176, mfa)."""
    methods = claims.get("amr")
    told = isinstance(methods, list) and "mfa" in methods
    return provider.second_factor is SecondFactor.ASKED or (provider.second_factor is SecondFactor.TOLD and told)


def _provider_as_caller(provider: IdentityProvider) -> Caller:
    """It may do what an administrator of the institution may with accounts, and nothing with those of the region."""
    name = f"provider-{provider.provider_id}"
    return Caller(CallerKind.SYSTEM, name, provider.institution_id, (Role.ADMINISTRATOR,))


def _known(connection: Connection, provider: IdentityProvider, claims: Mapping[str, Any]) -> User | None:
    row: Any = connection.execute(
        "update federated_identity set last_used_at = now() where provider_id = %s and subject = %s returning user_id",
        (provider.provider_id, claims["sub"]),
    ).fetchone()
    return None if row is None else user_of_id(connection, row[0])


def _matched(
    connection: Connection, caller: Caller, provider: IdentityProvider, claims: Mapping[str, Any]
) -> User | None:
    username = claims.get(provider.rules.username_claim)
    if not provider.rules.matches_accounts or not isinstance(username, str):
        return None
    user_id = user_id_named(connection, username)
    user = None if user_id is None else user_of_id(connection, user_id)
    if user is None or user.disabled or _POWERS.intersection(user.roles):
        return None
    _link(connection, caller, provider, claims, user)
    return user


def _created(connection: Connection, caller: Caller, provider: IdentityProvider, claims: Mapping[str, Any]) -> User:
    username, name = (claims.get(each) for each in (provider.rules.username_claim, provider.rules.name_claim))
    roles = {*provider.rules.default_roles, *_claimed(provider, claims)}
    if not provider.rules.creates_accounts or not isinstance(username, str) or not roles:
        raise NoAccountHere("There is no account for you here; ask the administrator of your institution.")
    try:
        user = create_account_in(
            connection,
            caller,
            username=username,
            display_name=_shown_name(name) or username,
            roles=roles,
            language="zh-CN" if str(claims.get("locale", "")).lower().startswith("zh") else "en",
            department_id=None,
        )
    except UsernameTaken:
        raise NoAccountHere(
            "Your user name belongs to another account here; ask the administrator of your institution."
        ) from None
    _link(connection, caller, provider, claims, user)
    return user


def _link(
    connection: Connection, caller: Caller, provider: IdentityProvider, claims: Mapping[str, Any], user: User
) -> None:
    connection.execute(
        "insert into federated_identity (institution_id, provider_id, subject, user_id) values (%s, %s, %s, %s)",
        (provider.institution_id, provider.provider_id, claims["sub"], user.user_id),
    )
    audit.record(
        connection,
        caller,
        audit.Action.IDENTITY_LINKED,
        provider_id=provider.provider_id,
        user_id=user.user_id,
    )


def _with_roles(
    connection: Connection, caller: Caller, provider: IdentityProvider, user: User, claims: Mapping[str, Any]
) -> User:
    """Give what the claims give now and end what they gave before; what people gave stays."""
    claimed = set(_claimed(provider, claims))
    rows: list[Any] = connection.execute(
        "select role from user_role where user_id = %s and until is null and given_by = %s", (user.user_id, caller.id)
    ).fetchall()
    gone = {Role(row[0]) for row in rows} - claimed - set(provider.rules.default_roles)
    wanted = (set(user.roles) - gone) | claimed
    try:
        set_roles_in(connection, caller, user.user_id, wanted)
    except (RolesKeptApart, LastAdministrator):
        # Whoever administers here cannot be made an auditor by a claim, and the last administrator stays one.
        return user
    return user_of_id(connection, user.user_id)


def _claimed(provider: IdentityProvider, claims: Mapping[str, Any]) -> list[Role]:
    values = claims.get(provider.rules.role_claim) if provider.rules.role_claim else None
    words = [values] if isinstance(values, str) else values if isinstance(values, list) else []
    known = provider.rules.roles_by_value
    return [known[word] for word in words[:_MAX_VALUES] if isinstance(word, str) and word in known]


def _shown_name(name: object) -> str:
    if not isinstance(name, str):
        return ""
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())[:_MAX_NAME].strip()
