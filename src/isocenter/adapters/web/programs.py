"""Programs of the institution: OAuth2 clients and the tokens that people issue."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from isocenter.access import api_tokens
from isocenter.access.api_tokens import ApiToken
from isocenter.access.caller import Caller
from isocenter.access.errors import UnknownToken
from isocenter.access.programs import clients as verbs
from isocenter.access.programs.clients import Client as Known
from isocenter.access.programs.errors import UnknownClient
from isocenter.access.roles import ROLES_OF_PROGRAMS, Right, Role, rights_of, roles_of_program
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.parts import parts_of
from isocenter.adapters.web.row_numbers import row_number
from isocenter.adapters.web.sign_in import StrictModel
from isocenter.kit.database import Database

router = APIRouter(tags=["Programs"])

Words = Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=40)]
Who = Annotated[Caller, Depends(caller)]


class NewClient(StrictModel):
    """roles: as of people's; scopes: the rights of these that the program may use, at least one."""

    name: str = Field(max_length=400)
    roles: Words
    scopes: Words


class ClientChange(StrictModel):
    """The fields to change; other scopes end its present tokens."""

    name: str | None = Field(None, max_length=400)
    scopes: Words | None = None


class ClientSecret(BaseModel):
    """What is known of a secret; never the secret itself."""

    secret_id: int
    created_at: datetime
    last_used_at: datetime | None


class Client(BaseModel):
    """A program; ended: it gets no tokens any more."""

    client_id: str
    name: str
    roles: list[str]
    scopes: list[str]
    created_at: datetime
    last_used_at: datetime | None
    ended: bool
    secrets: list[ClientSecret]


class NewSecret(BaseModel):
    """secret: shown this once."""

    client_id: str
    secret: str


class Clients(BaseModel):
    """All clients, the newest first."""

    clients: list[Client]


class NewToken(StrictModel):
    """scopes: absent is all that the roles include; days: absent never expires."""

    label: str = Field("", max_length=400)
    roles: Words
    scopes: Words | None = None
    days: int | None = Field(None, ge=1, le=3650)


class Token(BaseModel):
    """What is known of a token; scopes: null is all that its roles include."""

    token_id: int
    label: str
    roles: list[str]
    scopes: list[str] | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked: bool


class Tokens(BaseModel):
    """All tokens that people issued, the newest first."""

    tokens: list[Token]


class IssuedToken(BaseModel):
    """token: shown this once."""

    token: str


class ProgramRole(BaseModel):
    """A role that a program may have, and what it includes."""

    role: str
    scopes: list[str]


class ProgramRoles(BaseModel):
    """All of them."""

    roles: list[ProgramRole]


@router.get("/api/program-roles", summary="Roles and scopes that programs may have")
def list_roles(who: Who) -> ProgramRoles:
    """For who manages people and programs."""
    who.require(Right.MANAGE_USERS)
    offered = [role for role in ROLES_OF_PROGRAMS if who.may(Right.MANAGE_REGION) or role != Role.REGION_ADMINISTRATOR]
    return ProgramRoles(roles=[ProgramRole(role=role, scopes=sorted(rights_of([role]))) for role in offered])


@router.get("/api/clients", summary="All OAuth2 clients")
def list_clients(request: Request, who: Who) -> Clients:
    """The programs of the caller's institution, ended ones too."""
    return Clients(clients=[_shown(each) for each in verbs.clients_of(_database(request), who)])


@router.post("/api/clients", summary="Add an OAuth2 client", status_code=201)
def add_client(request: Request, body: NewClient, who: Who) -> NewSecret:
    """Its secret is shown this once. 400 invalid-client, invalid-role, roles-kept-apart, invalid-scope."""
    client, secret = verbs.add_client(_database(request), who, name=body.name, roles=body.roles, scopes=body.scopes)
    return NewSecret(client_id=client.client_id, secret=secret)


@router.patch("/api/clients/{client_id}", summary="Change an OAuth2 client")
def change_client(request: Request, client_id: str, body: ClientChange, who: Who) -> Client:
    """400 invalid-client, invalid-scope; 404 unknown-client."""
    return _shown(verbs.change_client(_database(request), who, client_id, name=body.name, scopes=body.scopes))


@router.delete("/api/clients/{client_id}", summary="End an OAuth2 client", status_code=204)
def end_client(request: Request, client_id: str, who: Who) -> None:
    """With its secrets and tokens. 404 unknown-client."""
    verbs.end_client(_database(request), who, client_id)
    parts_of(request).authenticator.forget_all()


@router.post("/api/clients/{client_id}/secrets", summary="Add a further secret", status_code=201)
def add_secret(request: Request, client_id: str, who: Who) -> NewSecret:
    """Both work until one is ended. 404 unknown-client, 409 too-many-secrets."""
    return NewSecret(client_id=client_id, secret=verbs.add_secret(_database(request), who, client_id))


@router.delete("/api/clients/{client_id}/secrets/{secret_id}", summary="End a secret")
def end_secret(request: Request, client_id: str, secret_id: int, who: Who) -> Client:
    """Tokens that it opened go on until they expire. 404 unknown-client."""
    row_number(secret_id, UnknownClient("There is no such secret, or it has ended already."))
    return _shown(verbs.end_secret(_database(request), who, client_id, secret_id))


@router.get("/api/tokens", summary="All tokens that people issued")
def list_tokens(request: Request, who: Who) -> Tokens:
    """Ended ones too; never the secrets."""
    return Tokens(tokens=[_token(each) for each in api_tokens.tokens_of(_database(request), who)])


@router.post("/api/tokens", summary="Issue a token", status_code=201)
def issue_token(request: Request, body: NewToken, who: Who) -> IssuedToken:
    """Shown this once. 400 invalid-role, roles-kept-apart, invalid-scope."""
    token = api_tokens.issue_token(
        _database(request),
        who,
        roles_of_program(body.roles),
        label=body.label,
        valid_for=None if body.days is None else timedelta(days=body.days),
        scopes=body.scopes,
    )
    return IssuedToken(token=token)


@router.delete("/api/tokens/{token_id}", summary="End a token", status_code=204)
def revoke_token(request: Request, token_id: int, who: Who) -> None:
    """404 unknown-token."""
    row_number(token_id, UnknownToken("There is no such token, or it is revoked already."))
    api_tokens.revoke_token(_database(request), who, token_id)
    parts_of(request).authenticator.forget_all()


def _database(request: Request) -> Database:
    return parts_of(request).database


def _shown(client: Known) -> Client:
    return Client(
        client_id=client.client_id,
        name=client.name,
        roles=[*map(str, client.roles)],
        scopes=[*map(str, client.scopes)],
        created_at=client.created_at,
        last_used_at=client.last_used_at,
        ended=client.ended_at is not None,
        secrets=[
            ClientSecret(secret_id=each.secret_id, created_at=each.created_at, last_used_at=each.last_used_at)
            for each in client.secrets
        ],
    )


def _token(token: ApiToken) -> Token:
    return Token(
        token_id=token.token_id,
        label=token.label,
        roles=[*map(str, token.roles)],
        scopes=None if token.scopes is None else [*map(str, token.scopes)],
        created_at=token.created_at,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
        revoked=token.revoked_at is not None,
    )
