"""Signing in and out, and what a person may change about herself."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from isocenter.access import sessions, users
from isocenter.access.errors import BadCredentials, NotSignedIn
from isocenter.access.institutions import institution_of
from isocenter.access.roles import Right, rights_of
from isocenter.access.secret_tokens import new_secret, secret_hash
from isocenter.access.sessions import Session, Stage
from isocenter.access.sign_in import known_devices
from isocenter.access.sign_in.factors import factors_of
from isocenter.access.sign_in.passkeys import Site
from isocenter.access.sign_in.policy import policy_of
from isocenter.access.users import User
from isocenter.adapters.web.authentication import COOKIE, Identity, identity, identity_at_any_stage
from isocenter.adapters.web.parts import parts_of
from isocenter.kit.clock import utc_now

router = APIRouter(tags=["Signing in"])

DEVICE_COOKIE = "isocenter_device"
KNOWN_FOR = timedelta(days=180)


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
    """Who is signed in; a program's token has no name. rights: what the roles include, so that no page offers more.

    idle_minutes: a session that nobody works in ends after this; null for a token.
    """

    username: str
    display_name: str
    roles: list[str]
    rights: list[str]
    language: str
    institution: InstitutionName
    idle_minutes: int | None = None


class NextStep(BaseModel):
    """The session opens nothing yet. factors: what the person can show here, the strongest first."""

    next: Literal["second-factor", "set-up"]
    factors: list[str]
    display_name: str


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
    database = parts_of(request).database
    institution = institution_of(database, user.institution_id)
    return Me(
        username=user.username,
        display_name=user.display_name,
        roles=[str(role) for role in user.roles],
        rights=sorted(rights_of(user.roles)),
        language=user.language,
        institution=InstitutionName(institution_id=institution.institution_id, name=institution.name),
        idle_minutes=policy_of(database, user.institution_id).idle_minutes,
    )


def entered(request: Request, response: Response, secret: str, device: str) -> Me | NextStep:
    """Give the browser its cookies, and say who came in or what is to be shown yet."""
    session = sessions.session_of(parts_of(request).database, secret)
    if session is None:
        raise NotSignedIn("The session ended meanwhile; sign in again.")
    _set_cookie(request, response, COOKIE, secret, "/", session.expires_at)
    _set_cookie(request, response, DEVICE_COOKIE, device, "/api", utc_now() + KNOWN_FOR)
    return me(request, session.user) if session.stage is Stage.COMPLETE else next_step(request, session)


def next_step(request: Request, session: Session) -> NextStep:
    """What a session that is half-way in wants."""
    usable = factors_of(parts_of(request).database, session).usable_at(site_of(request))
    return NextStep(
        next="set-up" if session.stage is Stage.SET_UP else "second-factor",
        factors=[str(factor) for factor in usable],
        display_name=session.user.display_name,
    )


def device_of(request: Request) -> str:
    """The secret of the browser's device cookie, or a new one."""
    return request.cookies.get(DEVICE_COOKIE) or new_secret()


def site_of(request: Request) -> Site:
    """Where the browser says it is. Browsers make and use passkeys under https, and under http at localhost only."""
    host, name = request.headers.get("host", ""), request.url.hostname or ""
    local = name == "localhost" or name.endswith(".localhost")
    return Site(name, (f"https://{host}", f"http://{host}") if local else (f"https://{host}",))


def address_of(request: Request) -> str:
    """The address of the peer."""
    return request.client.host if request.client else ""


def user_agent_of(request: Request) -> str:
    """What the browser says of itself."""
    return request.headers.get("user-agent", "")


def place_of(request: Request, who: User) -> str:
    """Where failures of this person are counted: at a browser that she is known at, else at the address."""
    device = request.cookies.get(DEVICE_COOKIE, "")
    with parts_of(request).database.transaction(who.institution_id) as connection:
        known = known_devices.is_known(connection, who.user_id, device)
    return known_devices.place_of(device, address_of(request), known=known)


def _set_cookie(request: Request, response: Response, name: str, secret: str, path: str, until: datetime) -> None:
    """HttpOnly, SameSite=Strict, and Secure where the connection is."""
    response.set_cookie(
        name,
        secret,
        max_age=max(1, int((until - utc_now()).total_seconds())),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
        path=path,
    )


@router.post("/api/sign-in", summary="Sign in with user name and password")
def sign_in(request: Request, response: Response, body: SignIn) -> Me | NextStep:
    """Sets the session cookie; next: what the session wants before it opens. 401 bad-credentials, 429."""
    parts, device = parts_of(request), device_of(request)
    _, secret = sessions.sign_in(
        parts.database,
        parts.attempts,
        body.username,
        body.password,
        address=address_of(request),
        user_agent=user_agent_of(request),
        device=device,
    )
    return entered(request, response, secret, device)


@router.post("/api/sign-out", status_code=204, summary="End this session")
def sign_out(request: Request, response: Response, who: Annotated[Identity, Depends(identity_at_any_stage)]) -> None:
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
    place = place_of(request, user)
    parts.attempts.check(user.username, place)
    this_session = secret_hash(request.cookies[COOKIE])
    try:
        users.change_password(parts.database, who.caller, user.user_id, body.current, body.new, this_session)
    except BadCredentials:
        parts.attempts.failed(user.username, place)
        raise
    parts.authenticator.forget_all()


def _person(who: Identity) -> User:
    if who.session is None:
        raise NotSignedIn("Only a person who is signed in may do this, not a token.")
    return who.session.user
