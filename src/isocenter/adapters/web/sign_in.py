"""Signing in and out, and what a person may change about herself."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from isocenter.access import sessions, users
from isocenter.access.errors import BadCredentials, NotSignedIn
from isocenter.access.institutions import institution_of
from isocenter.access.roles import Right, rights_of
from isocenter.access.secret_tokens import secret_hash
from isocenter.access.users import User
from isocenter.adapters.web.authentication import COOKIE, Identity, identity
from isocenter.adapters.web.parts import parts_of

router = APIRouter(tags=["Signing in"])


class StrictModel(BaseModel):
    """A request body: unknown fields are refused, so that nobody assigns what is not offered."""

    model_config = ConfigDict(extra="forbid")


class SignIn(StrictModel):
    """User name and password."""

    username: str = Field(max_length=200)
    password: str = Field(max_length=1000)


class InstitutionName(BaseModel):
    """An institution."""

    institution_id: int
    name: str


class Me(BaseModel):
    """Who is signed in; a program's token has no name. rights: what the roles include, so that no page offers more."""

    username: str
    display_name: str
    roles: list[str]
    rights: list[str]
    language: str
    institution: InstitutionName


class ProfileChange(StrictModel):
    """What to change; absent fields stay."""

    display_name: str | None = Field(None, max_length=400)
    language: str | None = Field(None, max_length=20)


class PasswordChange(StrictModel):
    """The current password and the new one."""

    current: str = Field(max_length=1000)
    new: str = Field(max_length=1000)


def me(request: Request, user: User) -> Me:
    """The user as the web client sees her."""
    institution = institution_of(parts_of(request).database, user.institution_id)
    return Me(
        username=user.username,
        display_name=user.display_name,
        roles=[str(role) for role in user.roles],
        rights=sorted(rights_of(user.roles)),
        language=user.language,
        institution=InstitutionName(institution_id=institution.institution_id, name=institution.name),
    )


def set_session_cookie(request: Request, response: Response, secret: str) -> None:
    """HttpOnly, SameSite=Strict, and Secure where the connection is."""
    response.set_cookie(
        COOKIE,
        secret,
        max_age=int(sessions.LASTS_FOR.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
        path="/",
    )


def address_of(request: Request) -> str:
    """The address of the peer."""
    return request.client.host if request.client else ""


@router.post("/api/sign-in", summary="Sign in with user name and password")
def sign_in(request: Request, response: Response, body: SignIn) -> Me:
    """Sets the session cookie. 401 bad-credentials, 429 too-many-attempts."""
    parts = parts_of(request)
    user, secret = sessions.sign_in(
        parts.database,
        parts.attempts,
        body.username,
        body.password,
        address=address_of(request),
        user_agent=request.headers.get("user-agent", ""),
    )
    set_session_cookie(request, response, secret)
    return me(request, user)


@router.post("/api/sign-out", status_code=204, summary="End this session")
def sign_out(request: Request, response: Response, who: Annotated[Identity, Depends(identity)]) -> None:
    """Ends the session at the server and takes the cookie away."""
    parts = parts_of(request)
    if who.session is not None:
        sessions.sign_out(parts.database, who.session, request.cookies[COOKIE])
        parts.authenticator.forget_all()
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")


@router.get("/api/me", summary="Who is signed in")
def get_me(request: Request, who: Annotated[Identity, Depends(identity)]) -> Me:
    """401 when nobody is."""
    if who.session is not None:
        return me(request, who.session.user)
    institution = institution_of(parts_of(request).database, who.caller.institution_id)
    return Me(
        username=who.caller.id,
        display_name=who.caller.id,
        roles=[str(role) for role in who.caller.roles],
        rights=sorted(right for right in Right if who.caller.may(right)),
        language="en",
        institution=InstitutionName(institution_id=institution.institution_id, name=institution.name),
    )


@router.patch("/api/me", summary="Change display name or language")
def patch_me(request: Request, body: ProfileChange, who: Annotated[Identity, Depends(identity)]) -> Me:
    """Only a person may; 401 for a token."""
    parts = parts_of(request)
    user = users.change_profile(
        parts.database, who.caller, _person(who).user_id, display_name=body.display_name, language=body.language
    )
    parts.authenticator.forget_all()
    return me(request, user)


@router.post("/api/me/password", status_code=204, summary="Change the password")
def change_password(request: Request, body: PasswordChange, who: Annotated[Identity, Depends(identity)]) -> None:
    """Ends the person's other sessions. 401 bad-credentials when the current password is wrong, 400 weak-password."""
    parts = parts_of(request)
    user = _person(who)
    parts.attempts.check(user.username, address_of(request))
    this_session = secret_hash(request.cookies[COOKIE])
    try:
        users.change_password(parts.database, who.caller, user.user_id, body.current, body.new, this_session)
    except BadCredentials:
        parts.attempts.failed(user.username, address_of(request))
        raise
    parts.authenticator.forget_all()


def _person(who: Identity) -> User:
    if who.session is None:
        raise NotSignedIn("Only a person who is signed in may do this, not a token.")
    return who.session.user
