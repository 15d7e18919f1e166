"""Destinations: the application entities that studies are sent to."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from isocenter.access.caller import Caller
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.parts import parts_of
from isocenter.adapters.web.row_numbers import row_number
from isocenter.adapters.web.sign_in import StrictModel
from isocenter.domain.exchange import destinations as verbs
from isocenter.domain.exchange.destinations import UnknownDestination
from isocenter.index import destinations as index
from isocenter.kit.database import Database

router = APIRouter(tags=["Destinations"])

TransferSyntaxes = Literal["stored", "decoded"]


class NewDestination(StrictModel):
    """calling_ae_title: what we call ourselves there, empty for our usual title. transfer_syntaxes: stored sends an
    object as it lies where the peer takes that, decoded in Explicit VR Little Endian. associations: held at one time.
    notify_availability: tell it which studies are complete (Instance Availability Notification). tls: call it over TLS.
    certificate: SHA-256 of the only certificate that is its own; empty: any that an authority gave to the host.
    """

    name: str = Field(max_length=64)
    ae_title: str = Field(max_length=16)
    host: str = Field(max_length=255)
    port: int
    calling_ae_title: str = Field("", max_length=16)
    transfer_syntaxes: TransferSyntaxes = "stored"
    associations: int = 1
    send_allowed: bool = True
    notify_availability: bool = False
    tls: bool = False
    certificate: str = Field("", max_length=128)


class DestinationChange(StrictModel):
    """The fields to change."""

    name: str | None = Field(None, max_length=64)
    ae_title: str | None = Field(None, max_length=16)
    host: str | None = Field(None, max_length=255)
    port: int | None = None
    calling_ae_title: str | None = Field(None, max_length=16)
    transfer_syntaxes: TransferSyntaxes | None = None
    associations: int | None = None
    send_allowed: bool | None = None
    notify_availability: bool | None = None
    tls: bool | None = None
    certificate: str | None = Field(None, max_length=128)


class Destination(BaseModel):
    """One destination."""

    destination_id: int
    name: str
    ae_title: str
    host: str
    port: int
    calling_ae_title: str
    transfer_syntaxes: TransferSyntaxes
    associations: int
    send_allowed: bool
    notify_availability: bool
    tls: bool
    certificate: str | None
    created_at: datetime


class DestinationList(BaseModel):
    """All destinations by name."""

    destinations: list[Destination]


class EchoResult(BaseModel):
    """reason: a stable word, message: a sentence; both null when it answered. ms: how long it took."""

    ok: bool
    reason: str | None
    message: str | None
    ms: int


@router.get("/api/destinations", summary="All destinations")
def list_destinations(request: Request, who: Annotated[Caller, Depends(caller)]) -> DestinationList:
    """Where studies of the caller's institution can be sent."""
    return DestinationList(destinations=[_shown(each) for each in verbs.list_destinations(who, _database(request))])


@router.post("/api/destinations", summary="Add a destination", status_code=201)
def add_destination(request: Request, body: NewDestination, who: Annotated[Caller, Depends(caller)]) -> Destination:
    """For administrators. 409 destination-exists, 400 invalid-destination."""
    return _shown(verbs.add_destination(who, _database(request), body.model_dump()))


@router.patch("/api/destinations/{destination_id}", summary="Change a destination")
def change_destination(
    request: Request, destination_id: int, body: DestinationChange, who: Annotated[Caller, Depends(caller)]
) -> Destination:
    """For administrators. 404 unknown-destination, 409 destination-exists."""
    changes = {name: value for name, value in body.model_dump(exclude_unset=True).items() if value is not None}
    return _shown(verbs.change_destination(who, _database(request), _known(destination_id), changes))


@router.delete("/api/destinations/{destination_id}", summary="Remove a destination", status_code=204)
def remove_destination(request: Request, destination_id: int, who: Annotated[Caller, Depends(caller)]) -> Response:
    """For administrators. What still waits for it fails."""
    verbs.remove_destination(who, _database(request), _known(destination_id))
    return Response(status_code=204)


@router.post("/api/destinations/{destination_id}/echo", summary="Ask a destination whether it answers")
def echo_destination(request: Request, destination_id: int, who: Annotated[Caller, Depends(caller)]) -> EchoResult:
    """C-ECHO, now. A destination that does not answer is ok: false, not an error."""
    parts = parts_of(request)
    assert parts.echo is not None
    answer = verbs.echo_destination(who, parts.database, parts.echo, _known(destination_id))
    return EchoResult(ok=answer.ok, reason=answer.reason, message=answer.message, ms=answer.ms)


def _database(request: Request) -> Database:
    return parts_of(request).database


def _known(destination_id: int) -> int:
    return row_number(destination_id, UnknownDestination("There is no such destination."))


def _shown(destination: index.Destination) -> Destination:
    return Destination(
        destination_id=destination.destination_id,
        name=destination.name,
        ae_title=destination.ae_title,
        host=destination.host,
        port=destination.port,
        calling_ae_title=destination.calling_ae_title,
        transfer_syntaxes="decoded" if destination.transfer_syntaxes == "decoded" else "stored",
        associations=destination.associations,
        send_allowed=destination.send_allowed,
        notify_availability=destination.availability_since is not None,
        tls=destination.tls,
        certificate=destination.certificate,
        created_at=destination.created_at,
    )
