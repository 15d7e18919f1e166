"""What a reader keeps for herself: preferences, the check of her display, and a view handed to her other device."""

from __future__ import annotations

from typing import Annotated, Any

import segno
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, Field

from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.parts import parts_of
from isocenter.adapters.web.reading_models import IfMatch, Uid, etag_of, library_of, revision_of
from isocenter.adapters.web.sign_in import StrictModel
from isocenter.domain.reading import display_checks as checks
from isocenter.domain.reading import hand_over as handing
from isocenter.domain.reading import preferences as verbs
from isocenter.index.reading import DisplayCheckRow
from isocenter.standards.dicom.uids import check_uid

router = APIRouter(tags=["Reading"])

Workstation = Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{8,64}$")]
"""A random word that the browser keeps; it names no person."""


class PreferencesToKeep(StrictModel):
    """revision: that of the preferences it was made on, 0 for the first; the header If-Match goes before it."""

    revision: int | None = Field(None, ge=0)
    preferences: dict[str, Any]


class Preferences(BaseModel):
    """The caller's own. revision 0: nothing was kept yet."""

    revision: int
    preferences: dict[str, Any]


class Screen(StrictModel):
    """The screen that was looked at, as the browser tells: CSS pixels, device pixels for each, bits of colour."""

    width: int = Field(ge=1, le=100_000)
    height: int = Field(ge=1, le=100_000)
    pixel_ratio: float = Field(gt=0, le=20)
    colour_depth: int | None = Field(None, ge=1, le=128)


class CheckToKeep(StrictModel):
    """What the reader answered to each test of the page: its name, and whether it was seen as it should be."""

    workstation: Workstation
    answers: dict[Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")], bool] = Field(min_length=1, max_length=40)
    screen: Screen
    note: str | None = Field(None, max_length=500)


class DisplayCheck(BaseModel):
    """One check. passed: every answer was yes."""

    workstation: str
    answers: dict[str, bool]
    screen: Screen
    note: str | None
    passed: bool
    checked_at: AwareDatetime


class DisplayChecks(BaseModel):
    """The caller's last check at each workstation, newest first.

    due: of the workstation that was asked for: never checked, failed, or longer ago than due_after_days.
    """

    checks: list[DisplayCheck]
    due_after_days: int
    due: bool
    due_at: AwareDatetime | None


class CheckedWorkstation(DisplayCheck):
    """A display with its last check, whoever looked.

    reader: the account or the token, by kind and number; reader_name: None where no account of this institution looked.
    due: that check failed (due_at is null then), or due_at is over.
    """

    reader: str
    reader_name: str | None
    due: bool
    due_at: AwareDatetime | None


class CheckedWorkstations(BaseModel):
    """The displays of the institution, last checked first. left_off: how many older ones are not listed."""

    workstations: list[CheckedWorkstation]
    due_after_days: int
    left_off: int


class CheckRule(StrictModel):
    """After how many days the institution wants displays to be checked again."""

    due_after_days: int = Field(ge=1, le=3650)


class ViewToHandOver(StrictModel):
    """view: what the other device needs to show the same (series, image, window, layout)."""

    study_instance_uid: Uid
    view: dict[str, Any]


class HandOver(BaseModel):
    """path: what the other device opens; it opens nothing for anybody else. qr: a picture of the whole address."""

    id: str
    path: str
    qr: str
    expires_at: AwareDatetime


class HandedOver(BaseModel):
    """The view, for the same person who handed it over."""

    study_instance_uid: str
    view: dict[str, Any]
    expires_at: AwareDatetime


@router.get("/api/reading/preferences", summary="The caller's preferences for reading")
def preferences(request: Request, response: Response, who: Annotated[Caller, Depends(caller)]) -> Preferences:
    """Nobody sees another's."""
    revision, document = verbs.preferences_of(parts_of(request).database, who)
    response.headers["ETag"] = etag_of(revision)
    return Preferences(revision=revision, preferences=document)


@router.put("/api/reading/preferences", summary="Keep the caller's preferences for reading")
def keep_preferences(
    request: Request,
    response: Response,
    body: PreferencesToKeep,
    who: Annotated[Caller, Depends(caller)],
    if_match: IfMatch = None,
) -> Preferences:
    """The whole document, 64 KiB at most. 400 too-large, 409 changed."""
    before = revision_of(if_match, body.revision)
    revision, document = verbs.keep_preferences(parts_of(request).database, who, before, body.preferences)
    response.headers["ETag"] = etag_of(revision)
    return Preferences(revision=revision, preferences=document)


@router.get("/api/display-checks", summary="The caller's checks of displays")
def display_checks(
    request: Request,
    who: Annotated[Caller, Depends(caller)],
    workstation: Annotated[Workstation | None, Query()] = None,
) -> DisplayChecks:
    """Without a workstation nothing is due."""
    return _checks(checks.checks_of(parts_of(request).database, who, workstation))


@router.post("/api/display-checks", summary="A display was checked", status_code=201)
def keep_display_check(request: Request, body: CheckToKeep, who: Annotated[Caller, Depends(caller)]) -> DisplayChecks:
    """Answers with the checks as they are now, and when the next is due."""
    screen = body.screen.model_dump()
    kept = checks.keep_check(parts_of(request).database, who, body.workstation, dict(body.answers), screen, body.note)
    return _checks(kept)


@router.get("/api/display-checks/all", summary="The institution's displays and their last checks")
def checked_workstations(request: Request, who: Annotated[Caller, Depends(caller)]) -> CheckedWorkstations:
    """One line for each display that was ever checked, at most 500."""
    found = checks.workstations_of(parts_of(request).database, who)
    lines = [
        CheckedWorkstation(
            **_check(each.last).model_dump(),
            reader=each.last.reader,
            reader_name=each.last.reader_name,
            due=each.due,
            due_at=each.due_at,
        )
        for each in found.workstations
    ]
    return CheckedWorkstations(workstations=lines, due_after_days=found.due_after_days, left_off=found.left_off)


@router.put("/api/display-checks/rule", summary="How often displays are checked")
def set_check_rule(request: Request, body: CheckRule, who: Annotated[Caller, Depends(caller)]) -> CheckRule:
    """For the whole institution."""
    checks.set_rule(parts_of(request).database, who, body.due_after_days)
    return body


@router.post("/api/reading/hand-over", summary="Hand the view to one's other device", status_code=201)
def hand_over(request: Request, body: ViewToHandOver, who: Annotated[Caller, Depends(caller)]) -> HandOver:
    """Open for ten minutes, to the same person only. 400 too-large (16 KiB at most), 404 unknown-study."""
    who.require(Right.READ)
    library_of(request).looking_as(who, check_uid(body.study_instance_uid, "StudyInstanceUID"))
    hand_over_id, expires_at = handing.hand_over(parts_of(request).database, who, body.study_instance_uid, body.view)
    path = f"/hand-over/{hand_over_id}"
    picture = segno.make(f"{str(request.base_url).rstrip('/')}{path}", error="m", micro=False)
    return HandOver(id=hand_over_id, path=path, qr=picture.svg_data_uri(scale=4, border=3), expires_at=expires_at)


@router.get("/api/reading/hand-over/{hand_over_id}", summary="The view that was handed over")
def handed_over(
    request: Request,
    hand_over_id: Annotated[str, Path(max_length=64)],
    who: Annotated[Caller, Depends(caller)],
) -> HandedOver:
    """404 unknown-hand-over: somebody else's, or over."""
    found = handing.handed_over(parts_of(request).database, who, hand_over_id)
    return HandedOver(study_instance_uid=found.study_instance_uid, view=found.view, expires_at=found.expires_at)


def _checks(found: checks.Checks) -> DisplayChecks:
    rows = [_check(each) for each in found.checks]
    return DisplayChecks(checks=rows, due_after_days=found.due_after_days, due=found.due, due_at=found.due_at)


def _check(row: DisplayCheckRow) -> DisplayCheck:
    return DisplayCheck(
        workstation=row.workstation,
        answers=row.answers,
        screen=Screen(**row.screen),
        note=row.note,
        passed=checks.passed(row),
        checked_at=row.checked_at,
    )
