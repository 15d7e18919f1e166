"""Deleting a study with a period of grace, what is deleted, restoring, erasing at once."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from isocenter.access.caller import Caller
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.parts import parts_of
from isocenter.adapters.web.sign_in import StrictModel
from isocenter.domain.archive.deletions import Deletions
from isocenter.domain.retention.looking import kept_of
from isocenter.index.deletions import DeletedStudy as Row
from isocenter.index.retention import Kept
from isocenter.standards.dicom.uids import check_uid

router = APIRouter(tags=["Deleted studies"])


class Deletion(StrictModel):
    """Why a study is deleted; kept with it and in the audit trail. Say no names."""

    reason: str = Field(min_length=1, max_length=200)


class Deleted(BaseModel):
    """Until when the study can be restored."""

    recoverable_until: datetime


class DeletedStudy(BaseModel):
    """A deleted study. late_instance_count: instances that arrived since, hidden with it.

    kept_because: what keeps it, hidden, when it can be restored no more: nothing, outpatient, inpatient, admitted,
    legal-hold. kept_until: null when no day is known.
    """

    study_instance_uid: str
    patient_id: str | None
    patient_name: str | None
    study_date: str | None
    study_description: str | None
    modalities: list[str]
    series_count: int
    instance_count: int
    deleted_at: datetime
    recoverable_until: datetime
    reason: str
    deleted_by: str
    late_instance_count: int
    kept_until: date | None
    kept_because: str


class DeletedStudies(BaseModel):
    """Last deleted first."""

    studies: list[DeletedStudy]


class Restored(BaseModel):
    """How many instances the study has."""

    instance_count: int


@router.delete("/api/studies/{study_instance_uid}", summary="Delete a study; it can be restored for a while")
def delete_study(
    request: Request, study_instance_uid: str, body: Deletion, who: Annotated[Caller, Depends(caller)]
) -> Deleted:
    """It vanishes from every door. 404 unknown-study."""
    uid = check_uid(study_instance_uid, "StudyInstanceUID")
    until = _deletions(request).delete(who, uid, reason=body.reason)
    library = parts_of(request).library
    if library is not None:
        library.forget(who.institution_id, uid)
    return Deleted(recoverable_until=until)


@router.get("/api/deleted-studies", summary="Studies that can be restored")
def deleted_studies(request: Request, who: Annotated[Caller, Depends(caller)]) -> DeletedStudies:
    """Of the caller's institution."""
    deletions = _deletions(request)
    rows = deletions.deleted(who)
    kept = kept_of(deletions.database, who, [row.study_instance_uid for row in rows])
    shown = [_shown(row, kept[row.study_instance_uid]) for row in rows if row.study_instance_uid in kept]
    return DeletedStudies(studies=shown)


@router.post("/api/deleted-studies/{study_instance_uid}/restore", summary="Restore a deleted study")
def restore_study(request: Request, study_instance_uid: str, who: Annotated[Caller, Depends(caller)]) -> Restored:
    """As it was, with what arrived meanwhile. 404 not-deleted."""
    uid = check_uid(study_instance_uid, "StudyInstanceUID")
    return Restored(instance_count=_deletions(request).restore(who, uid))


@router.delete("/api/deleted-studies/{study_instance_uid}", summary="Erase a deleted study at once", status_code=204)
def erase_study(request: Request, study_instance_uid: str, who: Annotated[Caller, Depends(caller)]) -> None:
    """For good: nothing brings it back but sending it again.

    404 not-deleted, 409 legal-hold, kept-by-law, awaits-approval.
    """
    _deletions(request).erase_now(who, check_uid(study_instance_uid, "StudyInstanceUID"))


@router.delete(
    "/api/studies/{study_instance_uid}/instances/{sop_instance_uid}",
    summary="Erase one instance at once and for good",
    status_code=204,
)
def erase_instance(
    request: Request,
    study_instance_uid: str,
    sop_instance_uid: str,
    body: Deletion,
    who: Annotated[Caller, Depends(caller)],
) -> None:
    """Nothing brings it back but sending it again; with the last instance the study goes.

    404 unknown-study, unknown-instance. 409 legal-hold, kept-by-law, awaits-approval.
    """
    uid = check_uid(study_instance_uid, "StudyInstanceUID")
    instance = check_uid(sop_instance_uid, "SOPInstanceUID")
    _deletions(request).erase_instance(who, uid, instance, reason=body.reason)
    library = parts_of(request).library
    if library is not None:
        library.forget(who.institution_id, uid)


def _deletions(request: Request) -> Deletions:
    deletions = parts_of(request).deletions
    assert deletions is not None
    return deletions


def _shown(row: Row, kept: Kept) -> DeletedStudy:
    values = asdict(row)
    values["study_date"] = row.study_date or None
    because = "legal-hold" if kept.held else str(kept.reckoned.because)
    return DeletedStudy(**values, deleted_by=row.caller_id, kept_until=kept.until, kept_because=because)
