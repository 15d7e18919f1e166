"""The steps of signing in beyond the password, and a person's own second factors."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from isocenter.access import sessions
from isocenter.access.errors import NotSignedIn
from isocenter.access.institutions import institution_of
from isocenter.access.sessions import Method, Session, Stage
from isocenter.access.sign_in import factors, passkeys
from isocenter.access.sign_in.errors import SecondFactorNeeded
from isocenter.access.sign_in.factors import Factor
from isocenter.adapters.web.authentication import COOKIE, Identity, identity, identity_at_any_stage
from isocenter.adapters.web.parts import parts_of, sealing_key_of_parts
from isocenter.adapters.web.sign_in import (
    Me,
    NextStep,
    StrictModel,
    address_of,
    device_of,
    entered,
    next_step,
    place_of,
    site_of,
    user_agent_of,
)

router = APIRouter(tags=["Signing in"])


class SignInState(BaseModel):
    """next: what this browser has to do to be signed in, none when it is."""

    next: Literal["password", "second-factor", "set-up", "none"]
    factors: list[str]
    display_name: str | None


class Code(StrictModel):
    """factor: which kind of code it is."""

    factor: Literal["authenticator-app", "recovery-code"]
    code: str = Field(max_length=60)


class PasskeyAnswer(StrictModel):
    """What navigator.credentials.get() or create() gave, as JSON (PublicKeyCredential.toJSON)."""

    credential: dict[str, Any]


class NewPasskey(PasskeyAnswer):
    """label: how the person tells it from her others."""

    label: str = Field(max_length=200)


class Confirmation(StrictModel):
    """The password, or a passkey's answer."""

    password: str | None = Field(None, max_length=1000)
    credential: dict[str, Any] | None = None


class AppCode(StrictModel):
    """Six digits."""

    code: str = Field(max_length=20)


class Seed(BaseModel):
    """Shown once. qr: an SVG picture as a data: URL; address: otpauth://, what it shows."""

    secret: str
    address: str
    qr: str


class Passkey(BaseModel):
    """A passkey; host: where it opens; backed_up: it lives in an account of its maker, not in one device."""

    passkey_id: int
    label: str
    host: str
    backed_up: bool
    created_at: datetime
    last_used_at: datetime | None


class OwnFactors(BaseModel):
    """What the person has, and whether her institution requires it. host: where the browser is now."""

    second_factor: Literal["required", "offered"]
    passkeys: list[Passkey]
    authenticator_app_since: datetime | None
    recovery_codes_left: int
    host: str


class Added(BaseModel):
    """recovery_codes: shown this once; empty when the person has unused ones."""

    recovery_codes: list[str]


@router.get("/api/sign-in", summary="What this browser has to do to be signed in")
def sign_in_state(request: Request) -> SignInState:
    """Always 200: a fresh browser is told to begin with the password."""
    try:
        who = identity_at_any_stage(request)
    except NotSignedIn:
        return SignInState(next="password", factors=[], display_name=None)
    if who.session is None or who.session.stage is Stage.COMPLETE:
        return SignInState(next="none", factors=[], display_name=None)
    step = next_step(request, who.session)
    return SignInState(next=step.next, factors=step.factors, display_name=step.display_name)


@router.post("/api/sign-in/second-factor", summary="Finish signing in with a code")
def second_factor(request: Request, response: Response, body: Code) -> Me | NextStep:
    """Of an authenticator app, or a recovery code. 401 wrong-code, 429 too-many-attempts."""
    parts, session = parts_of(request), _half_way(request)
    factors.show_code(
        parts.database,
        sealing_key_of_parts(request),
        parts.attempts,
        session,
        Factor(body.factor),
        body.code,
        address=address_of(request),
        device=device_of(request),
    )
    return _completed(request, response, session)


@router.post("/api/sign-in/passkey-options", summary="What the browser asks a passkey with")
def passkey_request_options(request: Request) -> dict[str, Any]:
    """PublicKeyCredentialRequestOptions: of the person who is half-way in or confirms, else for anybody's passkey."""
    parts, key, site = parts_of(request), sealing_key_of_parts(request), site_of(request)
    try:
        session = identity_at_any_stage(request).session
    except NotSignedIn:
        session = None
    if session is None:
        return passkeys.request_options(None, key, site)
    with parts.database.transaction(session.user.institution_id) as connection:
        return passkeys.request_options(connection, key, site, session.user.user_id)


@router.post("/api/sign-in/passkey", summary="Sign in, or finish signing in, with a passkey")
def sign_in_with_passkey(request: Request, response: Response, body: PasskeyAnswer) -> Me | NextStep:
    """Alone it opens when its authenticator verified the person. 401 passkey-refused."""
    parts, key, site = parts_of(request), sealing_key_of_parts(request), site_of(request)
    try:
        session = _half_way(request)
    except NotSignedIn:
        session = None
    user = passkeys.open_with_passkey(
        parts.database, key, site, body.credential, None if session is None else session.user.user_id
    )
    if session is not None:
        return _completed(request, response, session)
    device = device_of(request)
    secret = sessions.open_session(
        parts.database,
        user,
        address=address_of(request),
        user_agent=user_agent_of(request),
        device=device,
        method=Method.PASSKEY,
        second_factor=True,
    )
    return entered(request, response, secret, device)


@router.get("/api/me/second-factors", summary="One's own second factors")
def own_factors(request: Request, who: Annotated[Identity, Depends(identity)]) -> OwnFactors:
    """401 for a token."""
    session = _person(who)
    mine = factors.factors_of(parts_of(request).database, session)
    return OwnFactors(
        second_factor=session.policy.second_factor.value,
        passkeys=[_shown(each) for each in mine.passkeys],
        authenticator_app_since=mine.authenticator_app_since,
        recovery_codes_left=mine.recovery_codes_left,
        host=site_of(request).rp_id,
    )


@router.post("/api/me/confirmation", status_code=204, summary="Show that it is still you")
def confirm(request: Request, body: Confirmation, who: Annotated[Identity, Depends(identity)]) -> None:
    """With the password or a passkey; holds for ten minutes. 401 bad-credentials, passkey-refused, 429."""
    parts, session, secret = parts_of(request), _person(who), request.cookies[COOKIE]
    if body.credential is not None:
        passkeys.open_with_passkey(
            parts.database, sealing_key_of_parts(request), site_of(request), body.credential, session.user.user_id
        )
        factors.mark_confirmed(parts.database, session, secret)
        return
    factors.confirm(
        parts.database, parts.attempts, session, secret, body.password or "", place=place_of(request, session.user)
    )


@router.post("/api/me/authenticator-app", summary="Begin to set up an authenticator app")
def begin_authenticator_app(request: Request, who: Annotated[Identity, Depends(identity_at_any_stage)]) -> Seed:
    """Counts once a code of it was shown. 403 confirmation-needed."""
    parts, session = parts_of(request), _person_or_setting_up(who)
    institution = institution_of(parts.database, session.user.institution_id)
    seed = factors.begin_authenticator_app(
        parts.database, sealing_key_of_parts(request), session, request.cookies[COOKIE], institution.name
    )
    return Seed(secret=seed.secret, address=seed.address, qr=seed.qr)


@router.post("/api/me/authenticator-app/confirmation", summary="Finish with a code that the app shows")
def finish_authenticator_app(
    request: Request, response: Response, body: AppCode, who: Annotated[Identity, Depends(identity_at_any_stage)]
) -> Added:
    """Finishes signing in where a second factor was missing. 401 wrong-code."""
    parts, session = parts_of(request), _person_or_setting_up(who)
    codes = factors.finish_authenticator_app(
        parts.database,
        sealing_key_of_parts(request),
        parts.attempts,
        session,
        body.code,
        place=place_of(request, session.user),
    )
    _strengthened(request, response, session)
    return Added(recovery_codes=list(codes))


@router.delete("/api/me/authenticator-app", status_code=204, summary="Forget the authenticator app")
def remove_authenticator_app(request: Request, who: Annotated[Identity, Depends(identity)]) -> None:
    """403 confirmation-needed, 409 last-second-factor."""
    factors.remove_authenticator_app(parts_of(request).database, _person(who), request.cookies[COOKIE])
    parts_of(request).authenticator.forget_all()


@router.post("/api/me/passkeys/options", summary="What the browser makes a passkey with")
def passkey_creation_options(
    request: Request, who: Annotated[Identity, Depends(identity_at_any_stage)]
) -> dict[str, Any]:
    """PublicKeyCredentialCreationOptions. 403 confirmation-needed, 409 too-many-passkeys."""
    return factors.passkey_options(
        parts_of(request).database,
        sealing_key_of_parts(request),
        _person_or_setting_up(who),
        request.cookies[COOKIE],
        site_of(request),
    )


@router.post("/api/me/passkeys", summary="Keep the passkey that the browser made")
def add_passkey(
    request: Request, response: Response, body: NewPasskey, who: Annotated[Identity, Depends(identity_at_any_stage)]
) -> Added:
    """Finishes signing in where a second factor was missing. 401 passkey-refused."""
    parts, session = parts_of(request), _person_or_setting_up(who)
    _, codes = factors.add_passkey(
        parts.database, sealing_key_of_parts(request), session, site_of(request), body.credential, body.label
    )
    _strengthened(request, response, session)
    return Added(recovery_codes=list(codes))


@router.delete("/api/me/passkeys/{passkey_id}", status_code=204, summary="Forget a passkey")
def remove_passkey(request: Request, passkey_id: int, who: Annotated[Identity, Depends(identity)]) -> None:
    """403 confirmation-needed, 404 unknown-passkey, 409 last-second-factor."""
    factors.remove_passkey(parts_of(request).database, _person(who), request.cookies[COOKIE], passkey_id)
    parts_of(request).authenticator.forget_all()


@router.post("/api/me/recovery-codes", summary="Make ten new recovery codes")
def new_recovery_codes(request: Request, who: Annotated[Identity, Depends(identity)]) -> Added:
    """The earlier ones end. 403 confirmation-needed."""
    codes = factors.new_recovery_codes(parts_of(request).database, _person(who), request.cookies[COOKIE])
    return Added(recovery_codes=list(codes))


def _half_way(request: Request) -> Session:
    session = identity_at_any_stage(request).session
    if session is None or session.stage is not Stage.SECOND_FACTOR:
        raise NotSignedIn("Begin with the user name and the password.")
    return session


def _completed(request: Request, response: Response, session: Session) -> Me | NextStep:
    device = device_of(request)
    secret = sessions.complete_session(
        parts_of(request).database,
        session,
        request.cookies[COOKIE],
        address=address_of(request),
        user_agent=user_agent_of(request),
        device=device,
    )
    parts_of(request).authenticator.forget_all()
    return entered(request, response, secret, device)


def _strengthened(request: Request, response: Response, session: Session) -> None:
    """She has just shown the factor that she set up: this session counts as opened with it."""
    if not session.second_factor:
        _completed(request, response, session)


def _person(who: Identity) -> Session:
    if who.session is None:
        raise NotSignedIn("Only a person who is signed in may do this, not a token.")
    return who.session


def _person_or_setting_up(who: Identity) -> Session:
    session = _person(who)
    if session.stage is Stage.SECOND_FACTOR:
        raise SecondFactorNeeded("Show your second factor to finish signing in.")
    return session


def _shown(passkey: passkeys.Passkey) -> Passkey:
    return Passkey(
        passkey_id=passkey.passkey_id,
        label=passkey.label,
        host=passkey.rp_id,
        backed_up=passkey.backed_up,
        created_at=passkey.created_at,
        last_used_at=passkey.last_used_at,
    )
