"""Sending studies to destinations, and how far that came."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from isocenter.access.caller import Caller
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.parts import parts_of
from isocenter.adapters.web.row_numbers import LARGEST_ID, row_number
from isocenter.adapters.web.sign_in import StrictModel
from isocenter.domain.exchange import sending as verbs
from isocenter.domain.exchange.peers import WantedInstances
from isocenter.domain.exchange.sending import UnknownTransfer
from isocenter.index import transfers as index
from isocenter.standards.dicom.uids import check_uid

router = APIRouter(tags=["Sending"])

Uid = Annotated[str, Field(max_length=64)]
State = Literal["waiting", "sending", "done", "failed"]


class SendRequest(StrictModel):
    """Without series_instance_uids and sop_instance_uids the whole study is sent."""

    destination_id: int = Field(ge=1, le=LARGEST_ID)
    series_instance_uids: list[Uid] = Field(default=[], max_length=1000)
    sop_instance_uids: list[Uid] = Field(default=[], max_length=10000)


class SendAnswer(BaseModel):
    """The transfer that was ordered."""

    transfer_id: int


class TransferRow(BaseModel):
    """total is 0 until the objects were counted. last_error: a stable word, or the status that the destination gave."""

    transfer_id: int
    destination_id: int
    destination_name: str
    study_instance_uid: str
    state: State
    total: int
    done: int
    failed: int
    attempts: int
    last_error: str | None
    created_at: datetime
    next_attempt_at: datetime | None
    finished_at: datetime | None


class TransferFailure(BaseModel):
    """status: of C-STORE in hexadecimal, or null when the object did not leave us."""

    sop_instance_uid: str
    status: str | None
    comment: str | None


class TransferDetail(TransferRow):
    """One transfer with up to 500 objects that were not taken."""

    failures: list[TransferFailure]


class TransferList(BaseModel):
    """The newest first."""

    transfers: list[TransferRow]


@router.post("/api/studies/{study_instance_uid}/send", summary="Send a study to a destination", status_code=202)
def send_study(
    request: Request, study_instance_uid: str, body: SendRequest, who: Annotated[Caller, Depends(caller)]
) -> SendAnswer:
    """Sent in the background. 404 unknown-study or unknown-destination, 403 sending-not-allowed."""
    wanted = WantedInstances(
        check_uid(study_instance_uid, "StudyInstanceUID"),
        tuple(check_uid(each, "SeriesInstanceUID") for each in body.series_instance_uids),
        tuple(check_uid(each, "SOPInstanceUID") for each in body.sop_instance_uids),
    )
    return SendAnswer(transfer_id=verbs.send(who, parts_of(request).database, body.destination_id, wanted))


@router.get("/api/transfers", summary="What was sent, is being sent and waits")
def list_transfers(
    request: Request,
    who: Annotated[Caller, Depends(caller)],
    limit: Annotated[int, Query(ge=1, le=index.MOST_LISTED)] = 100,
) -> TransferList:
    """Transfers of the caller's institution, the newest first."""
    found = verbs.transfers(who, parts_of(request).database, limit)
    return TransferList(transfers=[TransferRow(**_fields(each)) for each in found])


@router.get("/api/transfers/{transfer_id}", summary="One transfer")
def one_transfer(request: Request, transfer_id: int, who: Annotated[Caller, Depends(caller)]) -> TransferDetail:
    """With the objects that were not taken, and why. 404 unknown-transfer."""
    found, failures = verbs.transfer(who, parts_of(request).database, _known(transfer_id))
    return TransferDetail(**_fields(found), failures=[_failure(each) for each in failures])


@router.post("/api/transfers/{transfer_id}/retry", summary="Send what was not taken once more", status_code=202)
def retry_transfer(request: Request, transfer_id: int, who: Annotated[Caller, Depends(caller)]) -> SendAnswer:
    """At once, whenever the next attempt was due. 409 nothing-to-retry."""
    verbs.retry_transfer(who, parts_of(request).database, _known(transfer_id))
    return SendAnswer(transfer_id=transfer_id)


def _known(transfer_id: int) -> int:
    return row_number(transfer_id, UnknownTransfer("There is no such transfer."))


def _fields(transfer: index.Transfer) -> dict[str, Any]:
    fields: dict[str, Any] = {name: getattr(transfer, name) for name in TransferRow.model_fields}
    if transfer.state != "waiting":
        fields["next_attempt_at"] = None
    return fields


def _failure(failure: index.Failure) -> TransferFailure:
    status = f"{failure.status:04X}" if failure.status >= 0 else None
    return TransferFailure(sop_instance_uid=failure.sop_instance_uid, status=status, comment=failure.comment)
