"""Devices: the application entities of an institution, as its administrators enter, import and export them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from isocenter.access.caller import Caller
from isocenter.access.devices import devices as verbs
from isocenter.access.devices import lists
from isocenter.access.devices.devices import SeenDevice
from isocenter.access.devices.errors import UnknownDevice
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.departments import InstitutionQuery
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
from isocenter.adapters.web.row_numbers import row_number
from isocenter.adapters.web.sign_in import StrictModel
from isocenter.index.devices import Network

router = APIRouter(tags=["Devices"])


class DeviceChange(StrictModel):
    """The fields to change. networks: addresses (10.1.2.3) and networks (10.1.2.0/24) that it calls from.

    certificate: SHA-256 fingerprint of the client certificate that it shows under TLS; null: any that is trusted.
    plain_allowed: it may call without TLS. host, port, tls: where it listens, for C-ECHO. default_character_set,
    issuer_of_patient_id: what its objects leave unsaid.
    """

    name: str = Field("", max_length=256)
    ae_title: str = Field("", max_length=64)
    department_id: int | None = None
    networks: list[Annotated[str, Field(max_length=64)]] = Field(default_factory=list, max_length=256)
    certificate: str | None = Field(None, max_length=256)
    plain_allowed: bool = True
    may_store: bool = True
    may_query: bool = True
    active: bool = True
    host: str = Field("", max_length=255)
    port: int | None = None
    tls: bool = False
    modality: str = Field("", max_length=64)
    room: str = Field("", max_length=256)
    manufacturer: str = Field("", max_length=256)
    station_name: str = Field("", max_length=64)
    default_character_set: str | None = Field(None, max_length=128)
    issuer_of_patient_id: str | None = Field(None, max_length=256)


class NewDevice(DeviceChange):
    """A device needs a name and an AE title; without networks and certificate it may call from where strangers may."""

    name: str = Field(max_length=256)
    ae_title: str = Field(max_length=64)


class Device(BaseModel):
    """One device, as in DeviceChange. last_seen_at: when it was last admitted, null: never."""

    device_id: int
    name: str
    ae_title: str
    department_id: int | None
    networks: list[str]
    certificate: str | None
    plain_allowed: bool
    may_store: bool
    may_query: bool
    active: bool
    host: str
    port: int | None
    tls: bool
    modality: str
    room: str
    manufacturer: str
    station_name: str
    default_character_set: str | None
    issuer_of_patient_id: str | None
    created_at: datetime
    last_seen_at: datetime | None
    last_address: str | None
    last_called_ae_title: str | None
    last_encrypted: bool | None


class DeviceList(BaseModel):
    """All devices by name."""

    devices: list[Device]


@router.get("/api/devices", summary="All devices")
def list_devices(
    request: Request, who: Annotated[Caller, Depends(caller)], institution_id: InstitutionQuery
) -> DeviceList:
    """For administrators."""
    found = verbs.devices_of(parts_of(request).database, who, institution_id)
    return DeviceList(devices=[_shown(each) for each in found])


@router.post("/api/devices", summary="Add a device", status_code=201)
def add_device(
    request: Request, body: NewDevice, who: Annotated[Caller, Depends(caller)], institution_id: InstitutionQuery
) -> Device:
    """Holds within 5 seconds in every listener. 400 invalid-device, invalid-ae-title, 409 device-exists."""
    values = body.model_dump(exclude_unset=True)
    return _shown(verbs.add_device(parts_of(request).database, who, values, institution_id))


@router.get("/api/devices/export", summary="Devices as a list", response_class=Response, responses=EXPORT_ANSWER)
def export_devices(
    request: Request,
    who: Annotated[Caller, Depends(caller)],
    institution_id: InstitutionQuery,
    form: Annotated[ListForm, Query(alias="as")] = "csv",
) -> Response:
    """The fields of a device as columns; department by its code."""
    rows = lists.exported_devices(parts_of(request).database, who, institution_id)
    return list_file("devices", form, lists.COLUMNS, rows)


@router.post("/api/devices/import", summary="Add and change devices by a list", openapi_extra=IMPORT_BODY)
def import_devices(
    request: Request,
    who: Annotated[Caller, Depends(caller)],
    institution_id: InstitutionQuery,
    body: Annotated[ListBody, Depends(list_body)],
    dry_run: bool = False,
) -> ImportReport:
    """All or nothing; the AE title says which device a line is about. 400 invalid-list."""
    lines = body.lines(lists.COLUMNS)
    report = lists.import_devices(
        parts_of(request).database, who, lines, dry_run=dry_run, institution_id=institution_id
    )
    return import_report(report, dry_run=dry_run)


@router.get("/api/devices/{device_id}", summary="One device")
def get_device(
    request: Request, device_id: int, who: Annotated[Caller, Depends(caller)], institution_id: InstitutionQuery
) -> Device:
    """404 unknown-device."""
    return _shown(verbs.device_of(parts_of(request).database, who, known(device_id), institution_id))


@router.patch("/api/devices/{device_id}", summary="Change a device")
def change_device(
    request: Request,
    device_id: int,
    body: DeviceChange,
    who: Annotated[Caller, Depends(caller)],
    institution_id: InstitutionQuery,
) -> Device:
    """Holds for associations that begin 5 seconds later. 404 unknown-device, 409 device-exists."""
    values = body.model_dump(exclude_unset=True)
    return _shown(verbs.change_device(parts_of(request).database, who, known(device_id), values, institution_id))


@router.delete("/api/devices/{device_id}", summary="Remove a device", status_code=204)
def remove_device(
    request: Request, device_id: int, who: Annotated[Caller, Depends(caller)], institution_id: InstitutionQuery
) -> Response:
    """What it stored stays. 404 unknown-device."""
    verbs.remove_device(parts_of(request).database, who, known(device_id), institution_id)
    return Response(status_code=204)


def known(device_id: int) -> int:
    """Raises UnknownDevice for a number that is none of ours."""
    return row_number(device_id, UnknownDevice("There is no such device."))


def _shown(seen: SeenDevice) -> Device:
    device, contact = seen.device, seen.contact
    said = {name: getattr(device, name) for name in Device.model_fields if hasattr(device, name)}
    return Device(
        **said | {"networks": [_written(each) for each in device.networks]},
        last_seen_at=contact.last_seen_at if contact else None,
        last_address=contact.last_address if contact else None,
        last_called_ae_title=contact.last_called_ae_title if contact else None,
        last_encrypted=contact.last_encrypted if contact else None,
    )


def _written(network: Network) -> str:
    """An address alone without its prefix."""
    return str(network.network_address if network.num_addresses == 1 else network)
