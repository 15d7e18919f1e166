"""Invitations: one-time links for new people of the caller's institution."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from isocenter.access.caller import Caller
from isocenter.access.errors import UnknownEnrolment
from isocenter.access.people import accounts, invitations
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.institutions import InvitationLink, link_of
from isocenter.adapters.web.parts import parts_of
from isocenter.adapters.web.people import DepartmentId, RoleWords
from isocenter.adapters.web.row_numbers import row_number
from isocenter.adapters.web.sign_in import StrictModel

router = APIRouter(tags=["People"])


class NewInvitation(StrictModel):
    """What the account will be; username null: the person chooses one. display_name is offered and may be changed."""

    roles: RoleWords
    username: str | None = Field(None, max_length=200)
    display_name: str = Field("", max_length=400)
    department_id: DepartmentId = None


class Invitation(BaseModel):
    """One link that was given out. issued_by: a person's name where known."""

    invitation_id: int
    roles: list[str]
    username: str | None
    display_name: str
    department_id: int | None
    issued_by: str
    created_at: datetime
    expires_at: datetime
    state: Literal["open", "used", "expired"]


class Invitations(BaseModel):
    """The last 200, newest first."""

    invitations: list[Invitation]


@router.get("/api/invitations", summary="Invitations that were given out")
def list_invitations(request: Request, who: Annotated[Caller, Depends(caller)]) -> Invitations:
    """For administrators; never the links themselves."""
    database = parts_of(request).database
    known = invitations.invitations_of(database, who)
    names = accounts.names_of(database, who, {each.issued_by for each in known})
    return Invitations(
        invitations=[
            Invitation(
                invitation_id=each.enrolment_id,
                roles=[str(role) for role in each.roles],
                username=each.username,
                display_name=each.display_name,
                department_id=each.department_id,
                issued_by=names.get(each.issued_by, each.issued_by),
                created_at=each.created_at,
                expires_at=each.expires_at,
                state=each.state,
            )
            for each in known
        ]
    )


@router.post("/api/invitations", summary="Invite a person", status_code=201)
def invite(request: Request, body: NewInvitation, who: Annotated[Caller, Depends(caller)]) -> InvitationLink:
    """For administrators. 400 invalid-role, roles-kept-apart, invalid-username; 409 username-taken."""
    secret = invitations.invite(
        parts_of(request).database,
        who,
        body.roles,
        username=body.username,
        display_name=body.display_name,
        department_id=body.department_id,
    )
    return link_of(request, secret)


@router.delete("/api/invitations/{invitation_id}", summary="Take an unused invitation back", status_code=204)
def withdraw(request: Request, invitation_id: int, who: Annotated[Caller, Depends(caller)]) -> Response:
    """For administrators. 404 unknown-enrolment."""
    row_number(invitation_id, UnknownEnrolment("There is no such invitation, or it was used."))
    invitations.withdraw(parts_of(request).database, who, invitation_id)
    return Response(status_code=204)
