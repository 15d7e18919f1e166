"""Objects as received and versions kept aside, for who may correct: never in a search, always audited."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from isocenter.access.caller import Caller
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.parts import parts_of
from isocenter.delivery import received
from isocenter.delivery.library import Library
from isocenter.delivery.received import ReceivedObject
from isocenter.standards.dicom.uids import check_uid

router = APIRouter(tags=["Corrections"])

Who = Annotated[Caller, Depends(caller)]
_FILE = {200: {"content": {"application/dicom": {}}, "description": "A file (PS3.10), proven by its digest"}}


class AsideInstance(BaseModel):
    """A version that is not current. reason: other-content, or other-study-or-series; the UIDs are its own."""

    aside_id: int
    reason: str
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    received_at: datetime
    calling_ae_title: str
    size_bytes: int


class AsideInstances(BaseModel):
    """Oldest first."""

    instances: list[AsideInstance]


@router.get(
    "/api/studies/{study_instance_uid}/instances/{sop_instance_uid}/received",
    response_class=Response,
    responses=_FILE,  # type: ignore[arg-type]
    summary="An instance as received",
)
def received_instance(request: Request, study_instance_uid: str, sop_instance_uid: str, who: Who) -> Response:
    """Bit for bit, without corrections. 403 without the right to correct."""
    study = check_uid(study_instance_uid, "StudyInstanceUID")
    uid = check_uid(sop_instance_uid, "SOPInstanceUID")
    return _answer(received.received_instance(who, _library(request), study, uid))


@router.get("/api/studies/{study_instance_uid}/aside-instances", summary="Versions kept aside with a study")
def asides(request: Request, study_instance_uid: str, who: Who) -> AsideInstances:
    """403 without the right to correct."""
    uid = check_uid(study_instance_uid, "StudyInstanceUID")
    found = received.asides_of_study(who, _library(request), uid)
    return AsideInstances(
        instances=[
            AsideInstance(
                aside_id=one.aside_id,
                reason=one.reason,
                study_instance_uid=one.study_instance_uid,
                series_instance_uid=one.series_instance_uid,
                sop_instance_uid=one.sop_instance_uid,
                received_at=one.received_at,
                calling_ae_title=one.calling_ae_title,
                size_bytes=one.data_set_length,
            )
            for one in found
        ]
    )


@router.get(
    "/api/aside-instances/{aside_id}",
    response_class=Response,
    responses=_FILE,  # type: ignore[arg-type]
    summary="A version kept aside, as received",
)
def aside(request: Request, aside_id: int, who: Who) -> Response:
    """Bit for bit. 403 without the right to correct."""
    return _answer(received.received_aside(who, _library(request), aside_id))


def _library(request: Request) -> Library:
    library = parts_of(request).library
    assert library is not None
    return library


def _answer(found: ReceivedObject) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="{found.sop_instance_uid}.dcm"',
        "Cache-Control": "no-store",
        "X-Received-BLAKE3": found.digest.hex(),
    }
    return Response(found.file, media_type="application/dicom", headers=headers)
