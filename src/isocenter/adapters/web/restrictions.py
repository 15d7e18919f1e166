"""Restricted patients, who cares for whom, breaking the glass and its review."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import AwareDatetime, BaseModel, Field

from isocenter.access.caller import Caller
from isocenter.access.restriction import break_glass as glass
from isocenter.access.restriction import care
from isocenter.access.restriction import restrictions as verbs
from isocenter.access.restriction.errors import InvalidRestriction
from isocenter.access.restriction.facts import RestrictionFacts
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.parts import parts_of
from isocenter.adapters.web.row_numbers import LARGEST_ID
from isocenter.adapters.web.sign_in import StrictModel
from isocenter.domain.archive.erase import facts_key_path

router = APIRouter(tags=["Restriction"])

Number = Annotated[int, Path(ge=0, le=LARGEST_ID)]
ReasonText = Annotated[str, Field(max_length=2000)]


class NewRestriction(StrictModel):
    """vip, staff: seen by who cares for the patient. no-sharing: by no ally. legal-hold: nothing is deleted."""

    kind: Literal["vip", "staff", "no-sharing", "legal-hold"]
    reason: ReasonText


class Lifting(StrictModel):
    """Why a restriction ends."""

    reason: ReasonText


class Restriction(BaseModel):
    """One restriction. lifted_at: null while it holds."""

    restriction_id: int
    patient_key: int
    patient_id: str
    patient_name: str | None
    kind: str
    reason: str
    set_at: AwareDatetime
    set_by: str
    lifted_at: AwareDatetime | None
    lifted_by: str | None
    lifted_reason: str | None


class Restrictions(BaseModel):
    """Newest first."""

    restrictions: list[Restriction]


class NewCare(StrictModel):
    """source: order, assigned, or self for the patient's own account. until: null until it is ended."""

    user_id: int = Field(ge=0, le=LARGEST_ID)
    patient_key: int = Field(ge=0, le=LARGEST_ID)
    source: Literal["order", "assigned", "self"] = "assigned"
    until: AwareDatetime | None = None


class CareRelationship(BaseModel):
    """One relationship. ended_at: null while nobody ended it."""

    care_id: int
    user_id: int
    display_name: str
    patient_key: int
    patient_id: str
    source: str
    since: AwareDatetime
    until: AwareDatetime | None
    given_by: str
    ended_at: AwareDatetime | None
    ended_by: str | None


class CareRelationships(BaseModel):
    """Newest first."""

    care_relationships: list[CareRelationship]


class Carer(BaseModel):
    """Somebody who can be given a care relationship."""

    user_id: int
    display_name: str
    roles: list[str]


class Carers(BaseModel):
    """People of the institution, by name."""

    carers: list[Carer]


class BreakGlass(StrictModel):
    """What is known of the patient: exactly one of the three. reason: at least 10 characters."""

    patient_id: str | None = Field(None, max_length=256)
    accession_number: str | None = Field(None, max_length=256)
    study_instance_uid: str | None = Field(None, max_length=64)
    reason: ReasonText


class GlassBroken(BaseModel):
    """Until when the caller sees it."""

    until: AwareDatetime


class Access(BaseModel):
    """One breaking of the glass. studies_opened: the patient's studies that were opened with it."""

    glass_id: int
    user_id: int
    display_name: str
    patient_key: int
    patient_id: str
    reason: str
    opened_at: AwareDatetime
    until: AwareDatetime
    studies_opened: int
    reviewed_at: AwareDatetime | None
    reviewed_by: str | None
    judgement: str | None
    note: str | None


class Accesses(BaseModel):
    """Newest first."""

    accesses: list[Access]


class Review(StrictModel):
    """An access that is not justified ends at once."""

    judgement: Literal["justified", "not-justified"]
    note: str = Field("", max_length=1000)


@router.get("/api/restrictions", summary="Restricted patients")
def restrictions_now(request: Request, who: Annotated[Caller, Depends(caller)]) -> Restrictions:
    """Every restriction that holds."""
    return _restrictions(verbs.restrictions_now(parts_of(request).database, who))


@router.get("/api/patients/{patient_key}/restrictions", summary="Restrictions of a patient")
def restrictions(request: Request, patient_key: Number, who: Annotated[Caller, Depends(caller)]) -> Restrictions:
    """With those that were lifted. 404 unknown-patient."""
    return _restrictions(verbs.restrictions_of_patient(parts_of(request).database, who, patient_key))


@router.post("/api/patients/{patient_key}/restrictions", summary="Restrict a patient", status_code=201)
def restrict(
    request: Request, patient_key: Number, body: NewRestriction, who: Annotated[Caller, Depends(caller)]
) -> Restriction:
    """Holds within five seconds. 400 invalid-reason, 404 unknown-patient, 409 already-restricted."""
    made = verbs.restrict_patient(
        parts_of(request).database, who, patient_key, body.kind, body.reason, facts=_facts(request)
    )
    return Restriction(**asdict(made))


@router.post("/api/patients/{patient_key}/restrictions/{restriction_id}/lift", summary="Lift a restriction")
def lift(
    request: Request,
    patient_key: Number,
    restriction_id: Number,
    body: Lifting,
    who: Annotated[Caller, Depends(caller)],
) -> Restriction:
    """400 invalid-reason, 404 unknown-restriction."""
    lifted = verbs.lift_restriction(
        parts_of(request).database, who, patient_key, restriction_id, body.reason, facts=_facts(request)
    )
    return Restriction(**asdict(lifted))


@router.get("/api/care-relationships", summary="Who cares for whom")
def care_relationships(
    request: Request,
    who: Annotated[Caller, Depends(caller)],
    patient_key: Annotated[int | None, Query(ge=0, le=LARGEST_ID)] = None,
    user_id: Annotated[int | None, Query(ge=0, le=LARGEST_ID)] = None,
) -> CareRelationships:
    """Of a patient or of a user: give one of the two. 400 invalid-restriction, 404 unknown-patient, unknown-user."""
    database = parts_of(request).database
    if patient_key is not None and user_id is None:
        found = care.care_of_patient(database, who, patient_key)
    elif user_id is not None and patient_key is None:
        found = care.care_of_user(database, who, user_id)
    else:
        care.check_may_see(who)
        raise InvalidRestriction("Give either patient_key or user_id.", attribute="patient_key")
    return CareRelationships(care_relationships=[CareRelationship(**asdict(each)) for each in found])


@router.get("/api/carers", summary="People who can be given a care relationship")
def carers(request: Request, who: Annotated[Caller, Depends(caller)]) -> Carers:
    """For who restricts; active people of the institution."""
    found = care.carers(parts_of(request).database, who)
    return Carers(
        carers=[
            Carer(user_id=each.user_id, display_name=each.display_name, roles=[str(role) for role in each.roles])
            for each in found
        ]
    )


@router.post("/api/care-relationships", summary="Somebody cares for a patient", status_code=201)
def begin_care(request: Request, body: NewCare, who: Annotated[Caller, Depends(caller)]) -> CareRelationship:
    """400 invalid-restriction, 403 own-access, 404 unknown-user, unknown-patient."""
    database = parts_of(request).database
    made = care.begin_care(database, who, body.user_id, body.patient_key, body.source, body.until)
    return CareRelationship(**asdict(made))


@router.delete("/api/care-relationships/{care_id}", summary="End a care relationship")
def end_care(request: Request, care_id: Number, who: Annotated[Caller, Depends(caller)]) -> CareRelationship:
    """Holds within five seconds. 404 unknown-care-relationship."""
    return CareRelationship(**asdict(care.end_care(parts_of(request).database, who, care_id)))


@router.post("/api/break-glass", summary="Break the glass", status_code=201)
def break_glass(request: Request, body: BreakGlass, who: Annotated[Caller, Depends(caller)]) -> GlassBroken:
    """For four hours; security officers are alarmed and review it.

    400 invalid-reason, invalid-restriction; 403 people-only; 404 unknown-access: nothing under this number;
    409 not-restricted: the caller sees it already.
    """
    values = body.model_dump(exclude={"reason"}, exclude_none=True)
    if len(values) != 1:
        glass.check_may_break(who)
        raise InvalidRestriction(
            "Give one of patient_id, accession_number, study_instance_uid.", attribute="patient_id"
        )
    [(by, value)] = values.items()
    return GlassBroken(until=glass.break_glass(parts_of(request).database, who, glass.By(by), value, body.reason))


@router.get("/api/access-reviews", summary="Accesses to review")
def access_reviews(request: Request, who: Annotated[Caller, Depends(caller)], waiting: bool = True) -> Accesses:
    """Those that wait, or with waiting=false all of them."""
    found = glass.accesses_to_review(parts_of(request).database, who, waiting=waiting)
    return Accesses(accesses=[Access(**asdict(each)) for each in found])


@router.post("/api/access-reviews/{glass_id}", summary="Judge an access")
def review(request: Request, glass_id: Number, body: Review, who: Annotated[Caller, Depends(caller)]) -> Access:
    """403 own-access, 404 unknown-access, 409 already-reviewed."""
    judged = glass.review_access(parts_of(request).database, who, glass_id, body.judgement, body.note)
    return Access(**asdict(judged))


def _restrictions(found: list[verbs.Restriction]) -> Restrictions:
    return Restrictions(restrictions=[Restriction(**asdict(each)) for each in found])


def _facts(request: Request) -> RestrictionFacts | None:
    parts = parts_of(request)
    return None if parts.records is None else RestrictionFacts(parts.records.store, facts_key_path(parts.settings.home))
