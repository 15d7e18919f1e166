"""Alliances of the region, and what an institution shares with its allies."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, Field

from isocenter.access.caller import Caller
from isocenter.access.sharing import alliances as verbs
from isocenter.access.sharing import lists, rules
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
from isocenter.adapters.web.row_numbers import LARGEST_ID
from isocenter.adapters.web.sign_in import StrictModel

router = APIRouter(tags=["Sharing"])

Number = Annotated[int, Path(ge=0, le=LARGEST_ID)]
Word = Annotated[str, Field(max_length=64)]


class Ally(BaseModel):
    """An institution that an alliance joins with others."""

    institution_id: int
    code: str
    name: str


class Alliance(BaseModel):
    """One alliance with its members by name."""

    alliance_id: int
    name: str
    created_at: AwareDatetime
    members: list[Ally]


class Alliances(BaseModel):
    """Every alliance, by name."""

    alliances: list[Alliance]


class NewAlliance(StrictModel):
    """An alliance to be founded."""

    name: str = Field(max_length=400)
    institution_ids: list[Annotated[int, Field(ge=0, le=LARGEST_ID)]] = Field(default=[], max_length=1000)


class NewMember(StrictModel):
    """An institution that joins."""

    institution_id: int = Field(ge=0, le=LARGEST_ID)


class Allies(BaseModel):
    """Allies of the caller's institution, by name. shared_with: roles that a rule may name; purposes: as well."""

    allies: list[Ally]
    shared_with: list[str]
    purposes: list[str]


class NewRule(StrictModel):
    """modalities []: all. first_study_date: YYYYMMDD, '' all. last_days, until: null for no end."""

    ally_institution_id: int = Field(ge=0, le=LARGEST_ID)
    roles: list[Word] = Field(max_length=30)
    purpose: Word
    modalities: list[Word] = Field(default=[], max_length=100)
    first_study_date: str = Field("", max_length=8)
    last_days: int | None = Field(None, ge=-LARGEST_ID, le=LARGEST_ID)
    until: AwareDatetime | None = None


class SharingRule(BaseModel):
    """One rule. giver_name, ally_name: of the institutions; ended_at: null while it holds."""

    rule_id: int
    institution_id: int
    giver_name: str
    ally_institution_id: int
    ally_name: str
    roles: list[str]
    purpose: str
    modalities: list[str]
    first_study_date: str
    last_days: int | None
    since: AwareDatetime
    until: AwareDatetime | None
    given_by: str
    ended_at: AwareDatetime | None
    ended_by: str | None


class SharingRules(BaseModel):
    """given: by the caller's institution, ended ones too; received: what allies share with it now. Newest first."""

    given: list[SharingRule]
    received: list[SharingRule]


@router.get("/api/alliances", summary="Alliances")
def alliances(request: Request, who: Annotated[Caller, Depends(caller)]) -> Alliances:
    """Every alliance of the region, for who administers it."""
    found = verbs.alliances(parts_of(request).database, who)
    return Alliances(alliances=[_alliance(each) for each in found])


@router.post("/api/alliances", summary="Found an alliance", status_code=201)
def add_alliance(request: Request, body: NewAlliance, who: Annotated[Caller, Depends(caller)]) -> Alliance:
    """400 invalid-sharing, 404 unknown-ally, 409 already-allied."""
    return _alliance(verbs.add_alliance(parts_of(request).database, who, body.name, body.institution_ids))


@router.delete("/api/alliances/{alliance_id}", summary="End an alliance", status_code=204)
def end_alliance(request: Request, alliance_id: Number, who: Annotated[Caller, Depends(caller)]) -> None:
    """What its members share because of it is shared no more. 404 unknown-alliance."""
    verbs.end_alliance(parts_of(request).database, who, alliance_id)


@router.post("/api/alliances/{alliance_id}/members", summary="An institution joins an alliance", status_code=201)
def join_alliance(
    request: Request, alliance_id: Number, body: NewMember, who: Annotated[Caller, Depends(caller)]
) -> Alliance:
    """404 unknown-alliance, unknown-ally; 409 already-allied."""
    return _alliance(verbs.join_alliance(parts_of(request).database, who, alliance_id, body.institution_id))


@router.delete("/api/alliances/{alliance_id}/members/{institution_id}", summary="An institution leaves an alliance")
def leave_alliance(
    request: Request, alliance_id: Number, institution_id: Number, who: Annotated[Caller, Depends(caller)]
) -> Alliance:
    """404 unknown-alliance, unknown-ally."""
    return _alliance(verbs.leave_alliance(parts_of(request).database, who, alliance_id, institution_id))


@router.get("/api/allies", summary="Allies of the institution")
def allies(request: Request, who: Annotated[Caller, Depends(caller)]) -> Allies:
    """Institutions that something can be shared with."""
    found = verbs.allies(parts_of(request).database, who)
    return Allies(
        allies=[Ally(**asdict(each)) for each in found],
        shared_with=[str(role) for role in rules.SHARED_WITH],
        purposes=[str(purpose) for purpose in rules.Purpose],
    )


@router.get("/api/sharing-rules", summary="What is shared")
def sharing_rules(request: Request, who: Annotated[Caller, Depends(caller)]) -> SharingRules:
    """By the caller's institution, and with it."""
    database = parts_of(request).database
    given, received = rules.rules_given(database, who), rules.rules_received(database, who)
    return SharingRules(given=[_rule(each) for each in given], received=[_rule(each) for each in received])


@router.post("/api/sharing-rules", summary="Share with an ally", status_code=201)
def give_rule(request: Request, body: NewRule, who: Annotated[Caller, Depends(caller)]) -> SharingRule:
    """Holds within five seconds. 400 invalid-sharing, 404 unknown-ally."""
    values: dict[str, Any] = body.model_dump() | {"roles": tuple(body.roles), "modalities": tuple(body.modalities)}
    return _rule(rules.give_rule(parts_of(request).database, who, rules.NewRule(**values)))


@router.delete("/api/sharing-rules/{rule_id}", summary="Share it no more")
def end_rule(request: Request, rule_id: Number, who: Annotated[Caller, Depends(caller)]) -> SharingRule:
    """Holds within five seconds; the rule stays in the list as ended. 404 unknown-sharing-rule."""
    return _rule(rules.end_rule(parts_of(request).database, who, rule_id))


@router.get(
    "/api/sharing-rules/export", summary="Sharing rules as a list", response_class=Response, responses=EXPORT_ANSWER
)
def export_rules(
    request: Request,
    who: Annotated[Caller, Depends(caller)],
    form: Annotated[ListForm, Query(alias="as")] = "csv",
) -> Response:
    """Those that the institution gives now: ally, roles, purpose, modalities, first_study_date, last_days, until."""
    return list_file("sharing-rules", form, lists.COLUMNS, lists.export_rules(parts_of(request).database, who))


@router.post("/api/sharing-rules/import", summary="Give sharing rules by a list", openapi_extra=IMPORT_BODY)
def import_rules(
    request: Request,
    who: Annotated[Caller, Depends(caller)],
    body: Annotated[ListBody, Depends(list_body)],
    dry_run: bool = False,
) -> ImportReport:
    """All or nothing; what is given already stays, nothing is ended. 400 invalid-list."""
    report = lists.import_rules(parts_of(request).database, who, body.lines(lists.COLUMNS), dry_run=dry_run)
    return import_report(report, dry_run=dry_run)


def _alliance(alliance: verbs.Alliance) -> Alliance:
    return Alliance(**asdict(alliance))


def _rule(rule: rules.SharingRule) -> SharingRule:
    return SharingRule(**asdict(rule))
