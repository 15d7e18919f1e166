"""Identity providers of the institution, for their two keepers: security (whom we ask), people (what comes of it)."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from isocenter.access.caller import Caller
from isocenter.access.federation import providers as verbs
from isocenter.access.federation.discovery import checked_issuer
from isocenter.access.federation.errors import UnknownProvider
from isocenter.access.federation.providers import AccountRules, HowToAsk, SecondFactor
from isocenter.access.federation.providers import IdentityProvider as Known
from isocenter.access.roles import Right, roles_of_person
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.parts import parts_of, sealing_key_of_parts
from isocenter.adapters.web.row_numbers import row_number
from isocenter.adapters.web.sign_in import StrictModel
from isocenter.adapters.web.single_sign_on import discovery_of, redirect_uri
from isocenter.kit.database import Database
from isocenter.kit.errors import IsocenterError

router = APIRouter(tags=["Identity providers"])

RoleWord = Annotated[str, Field(max_length=40)]
SecondFactorWord = Literal["asked", "told", "here"]
Who = Annotated[Caller, Depends(caller)]


class ProviderSettings(StrictModel):
    """How it is asked. client_secret: absent keeps it, '' takes it away. second_factor: asked (there, each time), told
    (there, when its tokens say mfa), here. shown: on the sign-in page, for everyone.
    """

    name: str = Field(max_length=200)
    client_id: str = Field(max_length=400)
    client_secret: str | None = Field(None, max_length=400)
    scopes: list[Annotated[str, Field(max_length=100)]] = Field(["openid", "profile"], max_length=30)
    second_factor: SecondFactorWord = "told"
    enabled: bool = True
    shown: bool = True


class NewProvider(ProviderSettings):
    """issuer: its address, exactly as its configuration says; it cannot be changed later."""

    issuer: str = Field(max_length=2000)


class ProviderAccountRules(StrictModel):
    """What comes of it. roles_by_value: role by value of role_claim. creates_accounts: for who has none yet;
    matches_accounts: an account of the same user name is hers, unless it administers, secures or audits.
    """

    username_claim: str = Field("preferred_username", max_length=400)
    name_claim: str = Field("name", max_length=400)
    role_claim: str = Field("", max_length=400)
    roles_by_value: dict[Annotated[str, Field(max_length=400)], RoleWord] = Field(default_factory=dict, max_length=200)
    default_roles: list[RoleWord] = Field(default_factory=list, max_length=20)
    creates_accounts: bool = False
    matches_accounts: bool = False


class IdentityProvider(BaseModel):
    """One provider. redirect_uri: what is registered there as our address; has_secret: the secret is never shown."""

    provider_id: int
    name: str
    issuer: str
    redirect_uri: str
    client_id: str
    has_secret: bool
    scopes: list[str]
    second_factor: SecondFactorWord
    enabled: bool
    shown: bool
    account_rules: ProviderAccountRules


class IdentityProviders(BaseModel):
    """All of the institution, by name."""

    providers: list[IdentityProvider]


class IssuerToCheck(StrictModel):
    """The provider's address."""

    issuer: str = Field(max_length=2000)


class IssuerCheck(BaseModel):
    """ok: it answers as it should. reason: a stable word, message: a sentence; both null when it does."""

    ok: bool
    reason: str | None
    message: str | None
    redirect_uri: str


@router.get("/api/identity-providers", summary="Identity providers, for who watches over security")
def list_providers(request: Request, who: Who) -> IdentityProviders:
    """Whom the institution's people may be signed in by."""
    return _list(request, verbs.providers_of(_database(request), who, Right.MANAGE_SECURITY))


@router.get("/api/identity-providers/account-rules", summary="Identity providers, for who manages people")
def list_account_rules(request: Request, who: Who) -> IdentityProviders:
    """The same list."""
    return _list(request, verbs.providers_of(_database(request), who, Right.MANAGE_USERS))


@router.post("/api/identity-providers", summary="Add an identity provider", status_code=201)
def add_provider(request: Request, body: NewProvider, who: Who) -> IdentityProvider:
    """It makes no accounts yet. 400 invalid-identity-provider, forbidden-address; 409 identity-provider-exists."""
    trusted = parts_of(request).settings.trusted_hosts
    added = verbs.add_provider(
        _database(request), who, sealing_key_of_parts(request), body.issuer, _asked(body), trusted
    )
    return _shown(request, added)


@router.post("/api/identity-providers/check", summary="Ask an identity provider about itself")
def check_provider(request: Request, body: IssuerToCheck, who: Who) -> IssuerCheck:
    """Now. A provider that does not answer is ok: false, not an error."""
    who.require(Right.MANAGE_SECURITY)
    discovery = discovery_of(request)
    problem: IsocenterError | None = None
    try:
        checked_issuer(body.issuer, discovery.trusted)
        discovery.metadata(body.issuer)
        discovery.keys(body.issuer)
    except IsocenterError as error:
        problem = error
    return IssuerCheck(
        ok=problem is None,
        reason=None if problem is None else problem.reason,
        message=None if problem is None else problem.message,
        redirect_uri=redirect_uri(request, body.issuer),
    )


@router.put("/api/identity-providers/{provider_id}", summary="Change how an identity provider is asked")
def change_provider(request: Request, provider_id: int, body: ProviderSettings, who: Who) -> IdentityProvider:
    """400 invalid-identity-provider, 404 unknown-identity-provider, 409 identity-provider-exists."""
    changed = verbs.change_provider(
        _database(request), who, sealing_key_of_parts(request), _known(provider_id), _asked(body)
    )
    return _shown(request, changed)


@router.put("/api/identity-providers/{provider_id}/account-rules", summary="Change what accounts come of a provider")
def set_account_rules(request: Request, provider_id: int, body: ProviderAccountRules, who: Who) -> IdentityProvider:
    """From the next sign-in on. 400 invalid-identity-provider, invalid-role; 404 unknown-identity-provider."""
    rules = AccountRules(
        username_claim=body.username_claim,
        name_claim=body.name_claim,
        role_claim=body.role_claim,
        roles_by_value={value: roles_of_person([word])[0] for value, word in body.roles_by_value.items()},
        default_roles=tuple(roles_of_person([word])[0] for word in dict.fromkeys(body.default_roles)),
        creates_accounts=body.creates_accounts,
        matches_accounts=body.matches_accounts,
    )
    return _shown(request, verbs.set_account_rules(_database(request), who, _known(provider_id), rules))


@router.delete("/api/identity-providers/{provider_id}", summary="Remove an identity provider", status_code=204)
def remove_provider(request: Request, provider_id: int, who: Who) -> None:
    """Accounts that came of it stay. 404 unknown-identity-provider."""
    verbs.remove_provider(_database(request), who, _known(provider_id))


def _database(request: Request) -> Database:
    return parts_of(request).database


def _known(provider_id: int) -> int:
    return row_number(provider_id, UnknownProvider("There is no such identity provider."))


def _asked(body: ProviderSettings) -> HowToAsk:
    return HowToAsk(
        name=body.name,
        client_id=body.client_id,
        client_secret=body.client_secret,
        scopes=tuple(body.scopes),
        second_factor=SecondFactor(body.second_factor),
        enabled=body.enabled,
        shown=body.shown,
    )


def _list(request: Request, known: list[Known]) -> IdentityProviders:
    return IdentityProviders(providers=[_shown(request, each) for each in known])


def _shown(request: Request, known: Known) -> IdentityProvider:
    rules = known.rules
    return IdentityProvider(
        provider_id=known.provider_id,
        name=known.name,
        issuer=known.issuer,
        redirect_uri=redirect_uri(request, known.issuer),
        client_id=known.client_id,
        has_secret=known.has_secret,
        scopes=list(known.scopes),
        second_factor=known.second_factor.value,
        enabled=known.enabled,
        shown=known.shown,
        account_rules=ProviderAccountRules(
            username_claim=rules.username_claim,
            name_claim=rules.name_claim,
            role_claim=rules.role_claim,
            roles_by_value={value: str(role) for value, role in rules.roles_by_value.items()},
            default_roles=[str(role) for role in rules.default_roles],
            creates_accounts=rules.creates_accounts,
            matches_accounts=rules.matches_accounts,
        ),
    )
