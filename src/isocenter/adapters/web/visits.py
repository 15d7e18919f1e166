"""Visits, admissions and discharges of patients, one by one and as a list: the law's years are counted from them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import AwareDatetime, BaseModel, Field

from isocenter.access.caller import Caller
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.lists import IMPORT_BODY, ImportReport, ListBody, import_report, list_body
from isocenter.adapters.web.parts import parts_of
from isocenter.adapters.web.row_numbers import LARGEST_ID
from isocenter.adapters.web.sign_in import StrictModel
from isocenter.domain.retention import visits as verbs
from isocenter.index.visits import Visit as Row

router = APIRouter(tags=["Retention"])

Number = Annotated[int, Path(ge=0, le=LARGEST_ID)]


class Day(StrictModel):
    """A calendar day where the hospital is. number: the hospital's own of the visit or stay, if it has one."""

    day: date
    number: str = Field("", max_length=64)


class VisitWithdrawal(StrictModel):
    """Why what was recorded counts no longer."""

    reason: str = Field(max_length=2000)


class Visit(BaseModel):
    """One visit, or stay. ended_on: the discharge; null while the stay lasts. withdrawn_at: null while it counts."""

    visit_id: int
    patient_id: str
    issuer_of_patient_id: str
    kind: str
    number: str
    began_on: date
    ended_on: date | None
    recorded_at: AwareDatetime
    recorded_by: str
    withdrawn_at: AwareDatetime | None
    withdrawn_by: str | None
    withdrawn_reason: str | None


class Visits(BaseModel):
    """Newest first, withdrawn ones too."""

    visits: list[Visit]


@router.get("/api/patients/{patient_key}/visits", summary="Visits and stays of a patient")
def visits(request: Request, patient_key: Number, who: Annotated[Caller, Depends(caller)]) -> Visits:
    """Under every identifier of the patient. 404 unknown-patient."""
    found = verbs.visits_of_patient(parts_of(request).database, who, patient_key)
    return Visits(visits=[_shown(each) for each in found])


@router.post("/api/patients/{patient_key}/visits", summary="A patient was there", status_code=201)
def record_visit(request: Request, patient_key: Number, body: Day, who: Annotated[Caller, Depends(caller)]) -> Visit:
    """Told again it is the same. 400 invalid-visit, 404 unknown-patient, 409 visit-known."""
    return _shown(verbs.record_visit(parts_of(request).database, who, patient_key, body.day, body.number))


@router.post("/api/patients/{patient_key}/admissions", summary="A patient was admitted", status_code=201)
def record_admission(
    request: Request, patient_key: Number, body: Day, who: Annotated[Caller, Depends(caller)]
) -> Visit:
    """Nothing of hers is destroyed before the discharge. 400 invalid-visit, 404 unknown-patient, 409 visit-known."""
    return _shown(verbs.record_admission(parts_of(request).database, who, patient_key, body.day, body.number))


@router.post("/api/patients/{patient_key}/discharges", summary="A patient went home")
def record_discharge(
    request: Request, patient_key: Number, body: Day, who: Annotated[Caller, Depends(caller)]
) -> Visit:
    """Without a number it ends the only stay that lasts.

    400 invalid-visit, 404 unknown-patient, unknown-visit; 409 already-discharged.
    """
    return _shown(verbs.record_discharge(parts_of(request).database, who, patient_key, body.day, body.number))


@router.post("/api/visits/{visit_id}/withdraw", summary="Withdraw a visit or stay")
def withdraw_visit(
    request: Request, visit_id: Number, body: VisitWithdrawal, who: Annotated[Caller, Depends(caller)]
) -> Visit:
    """It was recorded wrongly. 400 invalid-reason, 404 unknown-visit."""
    return _shown(verbs.withdraw_visit(parts_of(request).database, who, visit_id, body.reason))


@router.post("/api/visits/import", summary="Visits and stays of a list", openapi_extra=IMPORT_BODY)
def import_visits(
    request: Request,
    who: Annotated[Caller, Depends(caller)],
    body: Annotated[ListBody, Depends(list_body)],
    dry_run: bool = False,
) -> ImportReport:
    """Columns: patient_id, issuer_of_patient_id, kind (visit, stay), number, began_on, ended_on. All or nothing.

    The patients need not be known yet. 400 invalid-list.
    """
    report = verbs.import_visits(parts_of(request).database, who, body.lines(verbs.COLUMNS), dry_run=dry_run)
    return import_report(report, dry_run=dry_run)


def _shown(row: Row) -> Visit:
    return Visit(**asdict(row))
