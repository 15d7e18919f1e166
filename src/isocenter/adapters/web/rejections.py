"""Rejections: which instances of a study a rejection note took out of sight, and taking that back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from isocenter.access.caller import Caller
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.parts import parts_of
from isocenter.adapters.web.row_numbers import row_number
from isocenter.domain.archive.erase import facts_key_path
from isocenter.domain.exchange import rejection as verbs
from isocenter.domain.exchange.rejection import UnknownRejection
from isocenter.index import rejections as index
from isocenter.standards.dicom.rejection_note import REJECTION_CODES
from isocenter.standards.dicom.uids import check_uid

router = APIRouter(tags=["Rejections"])

Code = Literal["113001", "113037", "113038", "113039"]


class Rejection(BaseModel):
    """code: of CID 7011 (DCM), meaning: its English meaning there. sop_instance_uid: of the rejection note.

    instance_count: what the note refers to, here or not. restored_by: kind and id of who took it back.
    """

    rejection_id: int
    sop_instance_uid: str
    study_instance_uid: str
    code: Code
    meaning: str
    instance_count: int
    calling_ae_title: str
    state: Literal["active", "restored"]
    rejected_at: datetime
    restored_at: datetime | None
    restored_by: str | None


class RejectionList(BaseModel):
    """Oldest first."""

    rejections: list[Rejection]


@router.get("/api/studies/{study_instance_uid}/rejections", summary="What was rejected in a study")
def list_rejections(
    request: Request, study_instance_uid: str, who: Annotated[Caller, Depends(caller)]
) -> RejectionList:
    """Rejection notes in the study or about it (IHE RAD-66). 404 unknown-study."""
    uid = check_uid(study_instance_uid, "StudyInstanceUID")
    found = verbs.rejections(who, parts_of(request).database, uid)
    return RejectionList(rejections=[_shown(each) for each in found])


@router.post("/api/rejections/{rejection_id}/restore", summary="Take a rejection back")
def restore_rejection(request: Request, rejection_id: int, who: Annotated[Caller, Depends(caller)]) -> Rejection:
    """What it hid is seen again at every door. 404 unknown-rejection, 409 already-restored."""
    row_number(rejection_id, UnknownRejection("There is no such rejection."))
    parts = parts_of(request)
    assert parts.library is not None
    key_file = facts_key_path(parts.settings.home)
    return _shown(verbs.restore_rejection(who, parts.database, parts.library.store, key_file, rejection_id))


def _shown(rejection: index.Rejection) -> Rejection:
    fields = {name: getattr(rejection, name) for name in index.Rejection.__slots__}
    return Rejection(**fields, meaning=REJECTION_CODES[rejection.code])
