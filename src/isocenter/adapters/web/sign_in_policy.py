"""The sign-in policy, the devices that people are signed in at, and one-time links for who lost her password."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from isocenter.access import sessions
from isocenter.access.caller import Caller
from isocenter.access.errors import NotSignedIn
from isocenter.access.sessions import Session
from isocenter.access.sign_in import policy, resets, signed_in_devices
from isocenter.adapters.web.authentication import Identity, caller, identity
from isocenter.adapters.web.parts import parts_of
from isocenter.adapters.web.sign_in import (
    Me,
    NextStep,
    StrictModel,
    address_of,
    device_of,
    entered,
    user_agent_of,
)

router = APIRouter(tags=["Signing in"])


class SignInPolicy(StrictModel):
    """second_factor: required or offered; a session ends after idle_minutes without work, and session_hours in all."""

    second_factor: Literal["required", "offered"]
    idle_minutes: int = Field(ge=policy.IDLE_MINUTES[0], le=policy.IDLE_MINUTES[1])
    session_hours: int = Field(ge=policy.SESSION_HOURS[0], le=policy.SESSION_HOURS[1])
    min_password_length: int = Field(ge=policy.PASSWORD_LENGTH[0], le=policy.PASSWORD_LENGTH[1])


class SignedInDevice(BaseModel):
    """One session. this: the one that asks. username and display_name: whose it is."""

    sitting: str
    username: str
    display_name: str
    method: str
    second_factor: bool
    created_at: datetime
    last_seen_at: datetime
    address: str
    user_agent: str
    this: bool


class SignedInDevices(BaseModel):
    """The newest first."""

    devices: list[SignedInDevice]


class ResetWanted(StrictModel):
    """forget_factors: she lost her second factors too."""

    forget_factors: bool = False


class ResetLink(BaseModel):
    """token: the secret of the page /reset/{token}, shown this once; it works once, for 24 hours."""

    token: str
    expires_at: datetime


class Reset(BaseModel):
    """Whom the link is for."""

    username: str
    institution_name: str
    min_password_length: int
    forget_factors: bool
    expires_at: datetime


class NewPassword(StrictModel):
    """The password to sign in with from now on."""

    password: str = Field(max_length=1000)


@router.get("/api/sign-in-policy", summary="How people of the institution sign in")
def get_policy(request: Request, who: Annotated[Caller, Depends(caller)]) -> SignInPolicy:
    """Everybody of the institution may know it."""
    return _shown_policy(policy.policy_of(parts_of(request).database, who.institution_id))


@router.put("/api/sign-in-policy", summary="Change how people of the institution sign in")
def put_policy(request: Request, body: SignInPolicy, who: Annotated[Caller, Depends(caller)]) -> SignInPolicy:
    """Open sessions feel it within seconds. 403 without the right to manage security."""
    wanted = policy.SignInPolicy(
        policy.SecondFactor(body.second_factor), body.idle_minutes, body.session_hours, body.min_password_length
    )
    changed = policy.set_policy(parts_of(request).database, who, wanted)
    parts_of(request).authenticator.forget_all()
    return _shown_policy(changed)


@router.get("/api/me/sessions", summary="Where I am signed in")
def own_devices(request: Request, who: Annotated[Identity, Depends(identity)]) -> SignedInDevices:
    """401 for a token."""
    session = _person(who)
    found = signed_in_devices.own_devices(parts_of(request).database, session)
    return SignedInDevices(devices=[_shown(each, session.sitting) for each in found])


@router.delete("/api/me/sessions/{sitting}", status_code=204, summary="Sign out one of my devices")
def end_own(request: Request, sitting: str, who: Annotated[Identity, Depends(identity)]) -> None:
    """Felt everywhere within five seconds. 404 unknown-session."""
    signed_in_devices.end_own(parts_of(request).database, _person(who), sitting)
    parts_of(request).authenticator.forget_all()


@router.delete("/api/me/sessions", status_code=204, summary="Sign out all my other devices")
def end_own_others(request: Request, who: Annotated[Identity, Depends(identity)]) -> None:
    """Felt everywhere within five seconds."""
    signed_in_devices.end_own_others(parts_of(request).database, _person(who))
    parts_of(request).authenticator.forget_all()


@router.get("/api/sessions", summary="Where people of the institution are signed in")
def devices(request: Request, who: Annotated[Identity, Depends(identity)]) -> SignedInDevices:
    """At most 500. 403 without the right to manage security."""
    found = signed_in_devices.devices_of_institution(parts_of(request).database, who.caller)
    return SignedInDevices(devices=[_shown(each, who.caller.sitting) for each in found])


@router.delete("/api/sessions/{sitting}", status_code=204, summary="Sign out somebody's device")
def end_of_anybody(request: Request, sitting: str, who: Annotated[Caller, Depends(caller)]) -> None:
    """Felt everywhere within five seconds. 403 without the right to manage security, 404 unknown-session."""
    signed_in_devices.end_of_anybody(parts_of(request).database, who, sitting)
    parts_of(request).authenticator.forget_all()


@router.post("/api/people/{user_id}/sign-in-reset", summary="A one-time link for who cannot sign in any more")
def issue_reset(
    request: Request, user_id: int, body: ResetWanted, who: Annotated[Caller, Depends(caller)]
) -> ResetLink:
    """403 without the right to manage users, 404 unknown-user."""
    database = parts_of(request).database
    secret = resets.issue_reset(database, who, user_id, forget_factors=body.forget_factors)
    return ResetLink(token=secret, expires_at=resets.reset_of(database, secret).expires_at)


@router.get("/api/resets/{token}", summary="Whom a one-time link is for")
def get_reset(request: Request, token: str) -> Reset:
    """404 when the link was never issued, is used or has expired."""
    found = resets.reset_of(parts_of(request).database, token)
    return Reset(
        username=found.user.username,
        institution_name=found.institution_name,
        min_password_length=found.min_password_length,
        forget_factors=found.forget_factors,
        expires_at=found.expires_at,
    )


@router.post("/api/resets/{token}", summary="Set the new password and sign in")
def use_reset(request: Request, response: Response, token: str, body: NewPassword) -> Me | NextStep:
    """Uses the link up and ends every session of the person. 400 weak-password, 404 unknown-reset."""
    parts, device = parts_of(request), device_of(request)
    user = resets.use_reset(parts.database, token, body.password)
    parts.authenticator.forget_all()
    secret = sessions.open_session(
        parts.database,
        user,
        address=address_of(request),
        user_agent=user_agent_of(request),
        device=device,
        method=sessions.Method.LINK,
    )
    return entered(request, response, secret, device)


def _person(who: Identity) -> Session:
    if who.session is None:
        raise NotSignedIn("Only a person who is signed in may do this, not a token.")
    return who.session


def _shown(device: signed_in_devices.SignedInDevice, this: str) -> SignedInDevice:
    return SignedInDevice(
        sitting=device.sitting,
        username=device.username,
        display_name=device.display_name,
        method=device.method,
        second_factor=device.second_factor,
        created_at=device.created_at,
        last_seen_at=device.last_seen_at,
        address=device.address,
        user_agent=device.user_agent,
        this=device.sitting == this,
    )


def _shown_policy(shown: policy.SignInPolicy) -> SignInPolicy:
    return SignInPolicy(
        second_factor=shown.second_factor.value,
        idle_minutes=shown.idle_minutes,
        session_hours=shown.session_hours,
        min_password_length=shown.min_password_length,
    )
