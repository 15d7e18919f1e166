"""Other studies of the same person: what a reader compares with."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from isocenter.access.caller import Caller
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.parts import parts_of
from isocenter.adapters.web.reading_models import looking_as
from isocenter.domain.reading.priors import priors_of

router = APIRouter(tags=["Reading"])


class Prior(BaseModel):
    """Another study of the person. Dates as sent (YYYYMMDD). later: not before the study that was asked for.

    patient_name, patient_id: as in that study, so that a reader sees what she compares with.
    """

    study_instance_uid: str
    patient_name: str | None
    patient_id: str | None
    patient_birth_date: str | None
    patient_sex: str | None
    study_date: str | None
    study_time: str | None
    accession_number: str | None
    study_description: str | None
    modalities: list[str]
    body_parts: list[str]
    series_count: int
    instance_count: int
    later: bool


class Priors(BaseModel):
    """Newest first. more: there are others that are older still."""

    priors: list[Prior]
    more: bool


@router.get("/api/studies/{study_instance_uid}/priors", summary="Other studies of the same person")
def priors(request: Request, study_instance_uid: str, who: Annotated[Caller, Depends(caller)]) -> Priors:
    """Those of the institution that holds the study and that the caller may see. 404 unknown-study."""
    looking = looking_as(request, who, study_instance_uid)
    rows, more = priors_of(parts_of(request).database, looking, study_instance_uid)
    return Priors(priors=[Prior(**asdict(each)) for each in rows], more=more)
