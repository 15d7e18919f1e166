"""The study list and one study, as the web client shows them. Searches come in a body: URLs must not hold names."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from isocenter.access.caller import Caller
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.sign_in import StrictModel

router = APIRouter(tags=["Studies"])

State = Literal["arriving", "complete", "sealed"]
Sort = Literal["study_date", "-study_date", "patient_name", "-patient_name", "received_at", "-received_at"]


class StudySearch(StrictModel):
    """What to look for; an absent field matches everything.

    patient_name: words, each the beginning of a part of the name; study_date: YYYYMMDD or a range YYYYMMDD-YYYYMMDD,
    open at either end; text: words found in name, ID, accession number or description; known_version: the version of
    the answer that the client shows.
    """

    patient_name: str | None = Field(None, max_length=200)
    patient_id: str | None = Field(None, max_length=64)
    accession_number: str | None = Field(None, max_length=64)
    study_date: str | None = Field(None, pattern=r"^(\d{8})?(-(\d{8})?)?$", max_length=17)
    modality: list[Annotated[str, Field(pattern=r"^[A-Z0-9_]{1,16}$")]] = Field(default=[], max_length=30)
    text: str | None = Field(None, max_length=200)
    sort: Sort = "-study_date"
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, max_length=1000)
    known_version: str | None = Field(None, max_length=100)


class StudyRow(BaseModel):
    """One line of the list. Dates are civil dates as sent (YYYYMMDD); received_at is the last arrival, UTC."""

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
    series_count: int
    instance_count: int
    received_at: datetime
    state: State


class StudyPage(BaseModel):
    """unchanged: the client's known_version is current, and nothing else is filled in."""

    unchanged: bool = False
    version: str
    studies: list[StudyRow] = []
    next_cursor: str | None = None
    count: int = 0
    count_is_exact: bool = True


class FirstInstance(BaseModel):
    """What a thumbnail is drawn from."""

    sop_instance_uid: str
    frames: int
    rows: int | None
    columns: int | None
    transfer_syntax_uid: str


class Series(BaseModel):
    """One series. why_not: why nothing can be drawn, null when drawable."""

    series_instance_uid: str
    modality: str | None
    series_number: int | None
    series_description: str | None
    body_part_examined: str | None
    instance_count: int
    frame_count: int
    arriving: bool
    drawable: bool
    why_not: str | None
    first: FirstInstance | None


class Study(StudyRow):
    """One study with its series by series number."""

    series: list[Series]


@router.post("/api/studies/search", summary="Search the study list")
def search(request: Request, body: StudySearch, who: Annotated[Caller, Depends(caller)]) -> StudyPage:
    """Studies of the caller's institution, sorted and paged by cursor."""
    raise NotImplementedError


@router.get("/api/studies/{study_instance_uid}", summary="One study and its series")
def study(request: Request, study_instance_uid: str, who: Annotated[Caller, Depends(caller)]) -> Study:
    """Records that the caller opened the study. 404 unknown-study."""
    raise NotImplementedError
