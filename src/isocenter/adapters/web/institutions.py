"""Institutions and their departments: the hospitals under this roof."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import segno
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from isocenter.access import institutions as verbs
from isocenter.access.caller import Caller
from isocenter.access.errors import UnknownInstitution
from isocenter.access.people import onboarding
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.lists import (
    EXPORT_ANSWER,
    IMPORT_BODY,
    ImportReport,
    ListBody,
    ListForm,
    import_report,
    list_body,
    list_file,
)
from isocenter.adapters.web.parts import parts_of
from isocenter.adapters.web.row_numbers import row_number
from isocenter.adapters.web.sign_in import StrictModel

router = APIRouter(tags=["Institutions"])


class NewInstitution(StrictModel):
    """code: 2 to 32 letters a to z, digits and dashes, unique; other_name: in another language, may be empty."""

    code: str = Field(max_length=100)
    name: str = Field(max_length=400)
    other_name: str = Field("", max_length=400)


class InstitutionChange(StrictModel):
    """The fields to change."""

    code: str | None = Field(None, max_length=100)
    name: str | None = Field(None, max_length=400)
    other_name: str | None = Field(None, max_length=400)


class Institution(BaseModel):
    """One institution. active: false when nobody of it may come in."""

    institution_id: int
    code: str
    name: str
    other_name: str
    active: bool
    created_at: datetime


class Institutions(BaseModel):
    """Every institution for who administers the region, else the caller's own; by name."""

    institutions: list[Institution]


class InstitutionProgress(BaseModel):
    """How far an institution is set up."""

    institution: Institution
    departments: int
    people: int
    has_administrator: bool
    open_invitations: int


class InvitationLink(BaseModel):
    """path: of the one-time link, shown this once, to put behind this server's address; it works for 24 hours.

    qr: the whole link as a picture to scan, an SVG as a data: address.
    """

    path: str
    qr: str


@router.get("/api/institutions", summary="Institutions")
def list_institutions(request: Request, who: Annotated[Caller, Depends(caller)]) -> Institutions:
    """Who administers the region sees every one."""
    known = verbs.institutions_of(parts_of(request).database, who)
    return Institutions(institutions=[_shown(each) for each in known])


@router.post("/api/institutions", summary="Add an institution", status_code=201)
def add_institution(request: Request, body: NewInstitution, who: Annotated[Caller, Depends(caller)]) -> Institution:
    """For who administers the region. 400 invalid-institution, 409 institution-exists."""
    made = verbs.add_institution(
        parts_of(request).database, who, code=body.code, name=body.name, other_name=body.other_name
    )
    return _shown(made)


@router.get(
    "/api/institutions/export",
    summary="Institutions as a list",
    response_class=Response,
    responses=EXPORT_ANSWER,
)
def export_institutions(
    request: Request, who: Annotated[Caller, Depends(caller)], form: Annotated[ListForm, Query(alias="as")] = "csv"
) -> Response:
    """The columns code, name and other_name."""
    rows = verbs.institution_rows(verbs.institutions_of(parts_of(request).database, who))
    return list_file("institutions", form, verbs.COLUMNS, rows)


@router.post("/api/institutions/import", summary="Add and rename institutions by a list", openapi_extra=IMPORT_BODY)
def import_institutions(
    request: Request,
    who: Annotated[Caller, Depends(caller)],
    body: Annotated[ListBody, Depends(list_body)],
    dry_run: bool = False,
) -> ImportReport:
    """All or nothing; for who administers the region. 400 invalid-list."""
    lines = body.lines(verbs.COLUMNS)
    report = verbs.import_institutions(parts_of(request).database, who, lines, dry_run=dry_run)
    return import_report(report, dry_run=dry_run)


@router.get("/api/institutions/{institution_id}", summary="How far an institution is set up")
def get_institution(
    request: Request, institution_id: int, who: Annotated[Caller, Depends(caller)]
) -> InstitutionProgress:
    """The caller's own for who administers it, any for who administers the region. 404 unknown-institution."""
    database = parts_of(request).database
    progress = onboarding.progress_of(database, who, known(institution_id))
    return InstitutionProgress(
        institution=_shown(verbs.institution_of(database, institution_id)),
        departments=progress.departments,
        people=progress.people,
        has_administrator=progress.has_administrator,
        open_invitations=progress.open_invitations,
    )


@router.patch("/api/institutions/{institution_id}", summary="Rename an institution")
def change_institution(
    request: Request, institution_id: int, body: InstitutionChange, who: Annotated[Caller, Depends(caller)]
) -> Institution:
    """Its own administrator may too, all but the code. 404 unknown-institution, 409 institution-exists."""
    made = verbs.change_institution(
        parts_of(request).database,
        who,
        known(institution_id),
        code=body.code,
        name=body.name,
        other_name=body.other_name,
    )
    return _shown(made)


@router.post("/api/institutions/{institution_id}/deactivate", summary="Let nobody of an institution come in")
def deactivate_institution(
    request: Request, institution_id: int, who: Annotated[Caller, Depends(caller)]
) -> Institution:
    """For who administers the region; what it holds stays. 409 institution-in-use for one's own and the first."""
    parts = parts_of(request)
    made = verbs.deactivate_institution(parts.database, who, known(institution_id))
    parts.authenticator.forget_all()
    return _shown(made)


@router.post("/api/institutions/{institution_id}/activate", summary="Let the people of an institution come in again")
def activate_institution(request: Request, institution_id: int, who: Annotated[Caller, Depends(caller)]) -> Institution:
    """For who administers the region."""
    return _shown(verbs.activate_institution(parts_of(request).database, who, known(institution_id)))


@router.post(
    "/api/institutions/{institution_id}/first-administrator",
    summary="A link for the first administrator of an institution",
    status_code=201,
)
def invite_first_administrator(
    request: Request, institution_id: int, who: Annotated[Caller, Depends(caller)]
) -> InvitationLink:
    """For who administers the region. 409 institution-in-use when it has an administrator."""
    secret = onboarding.invite_first_administrator(parts_of(request).database, who, known(institution_id))
    return link_of(request, secret)


def link_of(request: Request, secret: str) -> InvitationLink:
    """The link with this secret, under the address by which the server was called."""
    path = f"/enrol/{secret}"
    picture = segno.make(f"{str(request.base_url).rstrip('/')}{path}", error="m", micro=False)
    return InvitationLink(path=path, qr=picture.svg_data_uri(scale=4, border=3))


def known(institution_id: int) -> int:
    """Raises UnknownInstitution for a number that is none of ours."""
    return row_number(institution_id, UnknownInstitution("There is no such institution."))


def _shown(institution: verbs.Institution) -> Institution:
    return Institution(
        institution_id=institution.institution_id,
        code=institution.code,
        name=institution.name,
        other_name=institution.other_name,
        active=institution.active,
        created_at=institution.created_at,
    )
