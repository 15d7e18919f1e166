"""What was erased for good, and its certificates, as JSON and as a page to print."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from isocenter.access.caller import Caller
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.certificate_page import PAGE_POLICY, certificate_page
from isocenter.adapters.web.parts import parts_of
from isocenter.adapters.web.row_numbers import row_number
from isocenter.domain.archive.deletions import Deletions
from isocenter.domain.archive.destruction_certificate import DestructionCertificate, certificate_of_record, erasures
from isocenter.domain.archive.errors import NothingErased
from isocenter.index.erasure_records import ErasureRecord

router = APIRouter(tags=["Erased"])


class Erasure(BaseModel):
    """One erasing. sop_instance_uid: null for a whole study. certified_at: null as long as something may be left."""

    record_id: int
    study_instance_uid: str
    sop_instance_uid: str | None
    instance_count: int
    reason: str
    erased_at: datetime
    certified_at: datetime | None


class Erasures(BaseModel):
    """Last first; ask again with `before` the last record_id for older ones."""

    erasures: list[Erasure]


class CertificateOfErasure(BaseModel):
    """The certificate. remaining: what is left, in words; [] once it is certified. signature: of the stored object."""

    number: str
    certified_at: datetime | None
    remaining: list[str]
    content: dict[str, Any]
    signature: str


@router.get("/api/erasures", summary="What was erased for good")
def list_erasures(
    request: Request, who: Annotated[Caller, Depends(caller)], before: Annotated[int | None, Query(ge=1)] = None
) -> Erasures:
    """Of the caller's institution."""
    found = erasures(who, parts_of(request).database, before)
    return Erasures(erasures=[_shown(record) for record in found])


@router.get("/api/erasures/{record_id}/certificate", summary="The certificate of an erasing")
def certificate(request: Request, record_id: int, who: Annotated[Caller, Depends(caller)]) -> CertificateOfErasure:
    """Until nothing is left it says what is. 404 nothing-erased."""
    found = _certificate(request, who, record_id)
    return CertificateOfErasure(
        number=found.number,
        certified_at=found.certified_at,
        remaining=list(found.remaining),
        content=found.content,
        signature=found.signature,
    )


@router.get(
    "/api/erasures/{record_id}/certificate.html",
    summary="The same as a page to print",
    response_class=Response,
    responses={200: {"content": {"text/html": {}}}},
)
def page(request: Request, record_id: int, who: Annotated[Caller, Depends(caller)]) -> Response:
    """In English and Chinese. 404 nothing-erased."""
    text = certificate_page(_certificate(request, who, record_id))
    return Response(text, media_type="text/html", headers={"Content-Security-Policy": PAGE_POLICY})


def _certificate(request: Request, who: Caller, record_id: int) -> DestructionCertificate:
    verbs: Deletions | None = parts_of(request).deletions
    assert verbs is not None
    number = row_number(record_id, NothingErased("There is no such record of an erasing."))
    return certificate_of_record(who, verbs.database, verbs.store, verbs.key_file, number)


def _shown(record: ErasureRecord) -> Erasure:
    erased = record.erased
    return Erasure(
        record_id=record.record_id,
        study_instance_uid=erased.study_instance_uid,
        sop_instance_uid=erased.sop_instance_uid,
        instance_count=erased.instance_count,
        reason=erased.reason,
        erased_at=erased.erased_at,
        certified_at=record.certified_at,
    )
