"""How long studies are kept, which are due, and their destruction: proposed, approved by two people, certified."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import AwareDatetime, BaseModel, Field

from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.parts import parts_of
from isocenter.adapters.web.row_numbers import LARGEST_ID
from isocenter.adapters.web.sign_in import StrictModel
from isocenter.domain.retention import policy as policies
from isocenter.domain.retention.clock import ClockState, confirm_clock, show_clock
from isocenter.domain.retention.destroying import MOST_STUDIES, Destructions
from isocenter.domain.retention.looking import look_for_due, retention_of_study
from isocenter.domain.retention.states import State
from isocenter.index.destructions import Destruction as DestructionRow
from isocenter.index.destructions import Item
from isocenter.standards.dicom.uids import check_uid

router = APIRouter(tags=["Retention"])

Number = Annotated[int, Path(ge=0, le=LARGEST_ID)]
Institution = Annotated[int | None, Query(ge=0, le=LARGEST_ID)]
OneState = Annotated[Literal["due", "proposed", "approved-once", "approved", "held", "destroyed"] | None, Query()]
ReasonText = Annotated[str, Field(max_length=2000)]
Uid = Annotated[str, Field(max_length=64)]


class RetentionClock(BaseModel):
    """today: the day that is over nowhere on Earth. has_leapt: nothing is judged until somebody confirms the clock."""

    today: date
    believed: date | None
    has_leapt: bool


class RetentionPolicySet(BaseModel):
    """One policy as it was set; the first of the list holds."""

    policy_id: int
    applies: bool
    outpatient_years: int
    inpatient_years: int
    reason: str
    set_at: AwareDatetime
    set_by: str


class RetentionPolicy(BaseModel):
    """What holds. applies: false only in a demo, which keeps nothing by law. may_set: whether the caller may change it.

    below_the_law: studies are kept for a shorter time than the law asks for; the history says why.
    """

    applies: bool
    outpatient_years: int
    inpatient_years: int
    below_the_law: bool
    may_set: bool
    history: list[RetentionPolicySet]
    clock: RetentionClock


class NewRetentionPolicy(StrictModel):
    """Years after the last visit, and after a discharge. reason: at least 10 characters when it is below the law."""

    outpatient_years: int = Field(ge=0, le=1000)
    inpatient_years: int = Field(ge=0, le=1000)
    reason: ReasonText


class Retention(BaseModel):
    """What keeps a study. because: nothing, outpatient, inpatient, admitted. kept_until: null when no day is known."""

    kept_until: date | None
    because: str
    is_held: bool
    last_visit: date
    last_discharge: date | None


class DueStudy(BaseModel):
    """One study on its way. patient_id: null once it is destroyed. record_id: of the erasing, for its certificate
    (/api/erasures)."""

    study_instance_uid: str
    state: str
    destruction_id: int | None
    kept_until: date
    study_date: str | None
    modalities: list[str]
    instance_count: int
    changed_at: AwareDatetime
    record_id: int | None
    patient_id: str | None
    is_deleted: bool


class DueStudies(BaseModel):
    """Those first that were to be kept shortest; at the most 500."""

    studies: list[DueStudy]


class Looked(BaseModel):
    """How many studies became due."""

    due: int


class DestructionApproval(BaseModel):
    """One approval. approved_by: number of a person. powers: administration, security, medicine."""

    approved_by: str
    powers: list[str]
    approved_at: AwareDatetime


class Destruction(BaseModel):
    """One proposal. counts: how many of its studies are in which state."""

    destruction_id: int
    reason: str
    proposed_at: AwareDatetime
    proposed_by: str
    withdrawn_at: AwareDatetime | None
    withdrawn_by: str | None
    withdrawn_reason: str | None
    approvals: list[DestructionApproval]
    counts: dict[str, int]


class AllDestructions(BaseModel):
    """Last first. counts: studies of the institution by state. names: of people, by number, as known now."""

    destructions: list[Destruction]
    counts: dict[str, int]
    names: dict[str, str]


class WholeDestruction(Destruction):
    """One proposal with its studies."""

    studies: list[DueStudy]
    names: dict[str, str]


class NewDestruction(StrictModel):
    """Studies that are due, and why they are to go."""

    study_instance_uids: list[Uid] = Field(min_length=1, max_length=MOST_STUDIES)
    reason: ReasonText


class Proposed(BaseModel):
    """The number of the proposal."""

    destruction_id: int


class DestructionWithdrawal(StrictModel):
    """Why. study_instance_uids: only these studies; all that are not destroyed when it is empty."""

    reason: ReasonText
    study_instance_uids: list[Uid] = Field(default_factory=list, max_length=MOST_STUDIES)


class RetentionStep(BaseModel):
    """One step of one study."""

    event_id: int
    destruction_id: int | None
    from_state: str
    to_state: str
    at: AwareDatetime
    caller_kind: str
    caller_id: str


class RetentionSteps(BaseModel):
    """First to last."""

    steps: list[RetentionStep]


@router.get("/api/retention/policy", summary="How long studies are kept")
def policy(
    request: Request, who: Annotated[Caller, Depends(caller)], institution_id: Institution = None
) -> RetentionPolicy:
    """With its history. 404 unknown-institution."""
    return _policy(request, who, institution_id)


@router.put("/api/retention/policy", summary="Change how long studies are kept")
def set_policy(
    request: Request,
    body: NewRetentionPolicy,
    who: Annotated[Caller, Depends(caller)],
    institution_id: Institution = None,
) -> RetentionPolicy:
    """It holds for what is here too. 400 invalid-retention-policy, invalid-reason; 404 unknown-institution."""
    policies.set_policy(
        parts_of(request).database,
        who,
        outpatient_years=body.outpatient_years,
        inpatient_years=body.inpatient_years,
        reason=body.reason,
        institution_id=institution_id,
    )
    return _policy(request, who, institution_id)


@router.post("/api/retention/clock", summary="Confirm that the clock is right")
def confirm(request: Request, who: Annotated[Caller, Depends(caller)]) -> RetentionClock:
    """After it leapt, or the archive was off for long."""
    return _clock(confirm_clock(parts_of(request).database, who))


@router.get("/api/studies/{study_instance_uid}/retention", summary="What keeps a study")
def retention(request: Request, study_instance_uid: str, who: Annotated[Caller, Depends(caller)]) -> Retention:
    """404 unknown-study."""
    uid = check_uid(study_instance_uid, "StudyInstanceUID")
    kept = retention_of_study(parts_of(request).database, who, uid)
    return Retention(
        kept_until=kept.until,
        because=kept.reckoned.because,
        is_held=kept.held,
        last_visit=kept.last_visit,
        last_discharge=kept.last_discharge,
    )


@router.get("/api/retention/studies", summary="Studies that the law keeps no longer")
def studies(
    request: Request,
    who: Annotated[Caller, Depends(caller)],
    state: OneState = None,
) -> DueStudies:
    """Those on their way, or in one state."""
    found = _destructions(request).studies(who, None if state is None else State(state))
    return DueStudies(studies=[_study(each) for each in found])


@router.get("/api/retention/studies/{study_instance_uid}/steps", summary="The steps of a study to its destruction")
def steps(request: Request, study_instance_uid: str, who: Annotated[Caller, Depends(caller)]) -> RetentionSteps:
    """Empty for one that was always kept."""
    found = _destructions(request).steps(who, check_uid(study_instance_uid, "StudyInstanceUID"))
    return RetentionSteps(
        steps=[RetentionStep(**{name: getattr(each, name) for name in RetentionStep.model_fields}) for each in found]
    )


@router.post("/api/retention/look", summary="Look now which studies are due")
def look(request: Request, who: Annotated[Caller, Depends(caller)]) -> Looked:
    """It is done every night. 409 clock-leapt."""
    return Looked(due=look_for_due(parts_of(request).database, who))


@router.get("/api/retention/destructions", summary="Proposals of destruction")
def destructions(request: Request, who: Annotated[Caller, Depends(caller)]) -> AllDestructions:
    """Last first."""
    found = _destructions(request).overview(who)
    shown = [_destruction(each) for each in found.destructions]
    return AllDestructions(destructions=shown, counts=found.counts, names=found.names)


@router.post("/api/retention/destructions", summary="Propose that studies be destroyed", status_code=201)
def propose(request: Request, body: NewDestruction, who: Annotated[Caller, Depends(caller)]) -> Proposed:
    """All of them, or none. 400 invalid-reason, 403 people-only, 409 not-in-this-state, clock-leapt."""
    uids = [check_uid(uid, "StudyInstanceUID") for uid in body.study_instance_uids]
    return Proposed(destruction_id=_destructions(request).propose(who, uids, body.reason))


@router.get("/api/retention/destructions/{destruction_id}", summary="One proposal with its studies")
def destruction(request: Request, destruction_id: Number, who: Annotated[Caller, Depends(caller)]) -> WholeDestruction:
    """404 unknown-destruction."""
    found, items, names = _destructions(request).destruction(who, destruction_id)
    shown = _destruction(found).model_dump()
    return WholeDestruction(**shown, studies=[_study(each) for each in items], names=names)


@router.post("/api/retention/destructions/{destruction_id}/approve", summary="Approve a destruction")
def approve(request: Request, destruction_id: Number, who: Annotated[Caller, Depends(caller)]) -> Destruction:
    """With the second approval, by another person with another power, the studies are destroyed.

    403 people-only, same-person, same-power; 404 unknown-destruction; 409 not-in-this-state, clock-leapt.
    """
    return _destruction(_destructions(request).approve(who, destruction_id))


@router.post("/api/retention/destructions/{destruction_id}/withdraw", summary="Take a proposal back")
def withdraw(
    request: Request, destruction_id: Number, body: DestructionWithdrawal, who: Annotated[Caller, Depends(caller)]
) -> Destruction:
    """400 invalid-reason, 403 people-only, 404 unknown-destruction, 409 not-in-this-state."""
    uids = [check_uid(uid, "StudyInstanceUID") for uid in body.study_instance_uids]
    return _destruction(_destructions(request).withdraw(who, destruction_id, body.reason, uids))


def _policy(request: Request, who: Caller, institution_id: int | None) -> RetentionPolicy:
    database = parts_of(request).database
    now, history = policies.policies(database, who, institution_id)
    return RetentionPolicy(
        applies=now.applies,
        outpatient_years=now.outpatient_years,
        inpatient_years=now.inpatient_years,
        below_the_law=now.below_the_law,
        may_set=who.may(Right.MANAGE_STORAGE),
        history=[RetentionPolicySet(**asdict(each)) for each in history],
        clock=_clock(show_clock(database)),
    )


def _destructions(request: Request) -> Destructions:
    deletions = parts_of(request).deletions
    assert deletions is not None
    return Destructions(deletions.database, deletions.store, deletions.key_file)


def _clock(state: ClockState) -> RetentionClock:
    return RetentionClock(today=state.today, believed=state.believed, has_leapt=state.has_leapt)


def _study(item: Item) -> DueStudy:
    values = asdict(item)
    values["study_date"] = item.study_date or None
    return DueStudy(**{name: values[name] for name in DueStudy.model_fields})


def _destruction(row: DestructionRow) -> Destruction:
    return Destruction(**asdict(row))
