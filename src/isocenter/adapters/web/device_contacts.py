"""Whether devices reach us and we reach them: C-ECHO, the first-store test, rejected calls, how we are called."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from isocenter.access.caller import Caller
from isocenter.access.devices import calls
from isocenter.access.devices import devices as verbs
from isocenter.access.devices import first_store as first_stores
from isocenter.access.devices.errors import UnknownCall
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.departments import InstitutionQuery
from isocenter.adapters.web.destinations import EchoResult
from isocenter.adapters.web.devices import known
from isocenter.adapters.web.parts import parts_of
from isocenter.adapters.web.row_numbers import row_number
from isocenter.adapters.web.sign_in import StrictModel
from isocenter.domain.exchange.device_echo import echo_device as echo_verb
from isocenter.kit.settings import Settings

router = APIRouter(tags=["Devices"])


class FirstObject(BaseModel):
    """An object that arrived during the test. outcome: refused has a reason and a message. encrypted: under TLS.

    warnings: stable words about the quality of its data.
    """

    outcome: Literal["stored", "already-stored", "kept-aside", "refused"]
    at: datetime
    calling_ae_title: str
    called_ae_title: str
    address: str
    encrypted: bool
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    study_instance_uid: str
    reason: str
    message: str
    warnings: list[str]


class FirstStore(BaseModel):
    """state waiting: since asked_at, object being the last that was refused, if any; arrived: object was stored."""

    state: Literal["not-asked", "waiting", "arrived"]
    asked_at: datetime | None
    object: FirstObject | None


class RefusedCall(BaseModel):
    """Calls of one kind that were rejected. certificate: SHA-256 of what was shown, empty without TLS.

    reason: unknown-caller, wrong-address, wrong-certificate, without-tls, deactivated, ambiguous-caller or
    unknown-called-ae-title.
    """

    refused_call_id: int
    calling_ae_title: str
    called_ae_title: str
    address: str
    certificate: str
    reason: str
    calls: int
    first_at: datetime
    last_at: datetime


class RefusedCalls(BaseModel):
    """The newest first."""

    refused_calls: list[RefusedCall]


class CalledAeTitleChange(StrictModel):
    """ae_title: empty for none."""

    ae_title: str = Field(max_length=64)


class CalledAeTitle(BaseModel):
    """ae_title: the title of this institution alone, null for none; everyones: the title of the whole installation.

    port: of the DICOM listener; tls_port: of the one under TLS, null when there is none.
    """

    ae_title: str | None
    everyones: str
    port: int
    tls_port: int | None


@router.post("/api/devices/{device_id}/echo", summary="Ask a device whether it answers")
def echo_device(
    request: Request, device_id: int, who: Annotated[Caller, Depends(caller)], institution_id: InstitutionQuery
) -> EchoResult:
    """C-ECHO, now. A device that does not answer is ok: false, not an error. 400 when no host or port is entered."""
    parts = parts_of(request)
    assert parts.echo is not None
    answer = echo_verb(who, parts.database, parts.echo, known(device_id), institution_id)
    return EchoResult(ok=answer.ok, reason=answer.reason, message=answer.message, ms=answer.ms)


@router.post("/api/devices/{device_id}/first-store", summary="Wait for the next object of a device")
def ask_first_store(
    request: Request, device_id: int, who: Annotated[Caller, Depends(caller)], institution_id: InstitutionQuery
) -> FirstStore:
    """On an association that begins 5 seconds later; forgets what arrived before."""
    return _shown(first_stores.ask_first_store(parts_of(request).database, who, known(device_id), institution_id))


@router.get("/api/devices/{device_id}/first-store", summary="What arrived of the object that is waited for")
def first_store(
    request: Request, device_id: int, who: Annotated[Caller, Depends(caller)], institution_id: InstitutionQuery
) -> FirstStore:
    """Known within 5 seconds. No names and no dates of a patient."""
    return _shown(first_stores.first_store_of(parts_of(request).database, who, known(device_id), institution_id))


@router.get("/api/refused-calls", summary="Callers that were rejected")
def refused_calls(
    request: Request, who: Annotated[Caller, Depends(caller)], institution_id: InstitutionQuery
) -> RefusedCalls:
    """For administrators; within 5 seconds of the call. Entering a device of its title takes a caller off the list."""
    found = calls.rejected_calls_of(parts_of(request).database, who, institution_id)
    shown = [RefusedCall(**{name: getattr(each, name) for name in RefusedCall.model_fields}) for each in found]
    return RefusedCalls(refused_calls=shown)


@router.delete("/api/refused-calls/{refused_call_id}", summary="Take a caller off the list", status_code=204)
def forget_refused_call(
    request: Request, refused_call_id: int, who: Annotated[Caller, Depends(caller)], institution_id: InstitutionQuery
) -> Response:
    """404 unknown-call."""
    row_number(refused_call_id, UnknownCall("There is no such rejected call."))
    calls.forget_rejected_call(parts_of(request).database, who, refused_call_id, institution_id)
    return Response(status_code=204)


@router.get("/api/called-ae-title", summary="How devices call us")
def called_ae_title(
    request: Request, who: Annotated[Caller, Depends(caller)], institution_id: InstitutionQuery
) -> CalledAeTitle:
    """For administrators."""
    own = verbs.called_ae_title_of(parts_of(request).database, who, institution_id)
    return _called(own, parts_of(request).settings)


@router.put("/api/called-ae-title", summary="Give the institution an AE title of its own")
def set_called_ae_title(
    request: Request,
    body: CalledAeTitleChange,
    who: Annotated[Caller, Depends(caller)],
    institution_id: InstitutionQuery,
) -> CalledAeTitle:
    """400 invalid-ae-title, 409 ae-title-taken."""
    settings = parts_of(request).settings
    own = verbs.set_called_ae_title(
        parts_of(request).database,
        who,
        body.ae_title,
        everyones=settings.ae_title.strip(),
        institution_id=institution_id,
    )
    return _called(own, settings)


def _called(own: str | None, settings: Settings) -> CalledAeTitle:
    return CalledAeTitle(
        ae_title=own,
        everyones=settings.ae_title.strip(),
        port=settings.dicom_port,
        tls_port=settings.dicom_tls_port,
    )


def _shown(test: first_stores.FirstStore) -> FirstStore:
    arrived = test.arrived
    shown = FirstObject(**{name: getattr(arrived, name) for name in FirstObject.model_fields}) if arrived else None
    return FirstStore(state=test.state.value, asked_at=test.asked_at, object=shown)
