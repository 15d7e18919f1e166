"""The one-time link with which a person makes her account."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from isocenter.access import enrolment, sessions
from isocenter.adapters.web.parts import parts_of
from isocenter.adapters.web.sign_in import Me, NextStep, StrictModel, address_of, device_of, entered, user_agent_of

router = APIRouter(tags=["Signing in"])


class Enrolment(BaseModel):
    """What the link offers; username is fixed when it is not null, display_name a proposal, '' when there is none."""

    roles: list[str]
    institution_name: str
    username: str | None
    display_name: str
    expires_at: datetime


class NewAccount(StrictModel):
    """The account to make."""

    username: str = Field(max_length=200)
    display_name: str = Field(max_length=400)
    password: str = Field(max_length=1000)
    language: str = Field("en", max_length=20)


@router.get("/api/enrolments/{token}", summary="What an enrolment link offers")
def get_enrolment(request: Request, token: str) -> Enrolment:
    """404 when the link was never issued, is used or has expired."""
    offer = enrolment.enrolment_of(parts_of(request).database, token)
    return Enrolment(
        roles=[str(role) for role in offer.roles],
        institution_name=offer.institution_name,
        username=offer.username,
        display_name=offer.display_name,
        expires_at=offer.expires_at,
    )


@router.post("/api/enrolments/{token}", summary="Make the account and sign in")
def enrol(request: Request, response: Response, token: str, body: NewAccount) -> Me | NextStep:
    """Uses the link up and sets the session cookie; next: see signing in.

    400 weak-password, 404 unknown-enrolment, 409 username-taken.
    """
    database = parts_of(request).database
    user = enrolment.enrol(
        database,
        token,
        username=body.username,
        display_name=body.display_name,
        password=body.password,
        language=body.language,
    )
    device = device_of(request)
    secret = sessions.open_session(
        database,
        user,
        address=address_of(request),
        user_agent=user_agent_of(request),
        device=device,
        method=sessions.Method.LINK,
    )
    return entered(request, response, secret, device)
