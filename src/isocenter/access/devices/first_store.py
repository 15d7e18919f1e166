"""The first-store test: a device is asked to send something, and its administrator is told what arrived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from isocenter.access.caller import Caller
from isocenter.access.devices.devices import device_in
from isocenter.access.institutions import caller_inside
from isocenter.access.roles import Right
from isocenter.index import device_contacts as index
from isocenter.index.device_contacts import DeviceContact
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Database

REFUSED: Final = "refused"


@dataclass(frozen=True, slots=True)
class FirstObject:
    """An object that arrived while it was waited for. outcome: a StoreKind, or refused with reason and message.

    encrypted: it came under TLS. No names and no dates of a patient.
    """

    outcome: str
    at: datetime
    calling_ae_title: str
    called_ae_title: str
    address: str
    encrypted: bool
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    study_instance_uid: str = ""
    reason: str = ""
    message: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def stored(self) -> bool:
        """Whether it was acknowledged, so that the test is over."""
        return self.outcome != REFUSED

    def as_json(self) -> dict[str, object]:
        """As it is kept."""
        fields: dict[str, object] = {name: getattr(self, name) for name in self.__slots__}
        return fields | {"at": self.at.isoformat(), "warnings": list(self.warnings)}


class FirstStoreState(StrEnum):
    """How far the test is."""

    NOT_ASKED = "not-asked"
    WAITING = "waiting"
    ARRIVED = "arrived"


@dataclass(frozen=True, slots=True)
class FirstStore:
    """waiting since asked_at, with the last object that was refused, if any; or arrived, with what was stored."""

    state: FirstStoreState
    asked_at: datetime | None
    arrived: FirstObject | None


def ask_first_store(
    database: Database, caller: Caller, device_id: int, institution_id: int | None = None
) -> FirstStore:
    """Wait from now on for the device's next object. Raises Refused, UnknownInstitution, UnknownDevice."""
    inside = caller_inside(database, caller, institution_id, Right.MANAGE_DEVICES)
    with database.transaction(inside.institution_id) as connection:
        device_in(connection, device_id)
        index.ask_first_store(connection, device_id, utc_now())
    return first_store_of(database, caller, device_id, institution_id)


def first_store_of(database: Database, caller: Caller, device_id: int, institution_id: int | None = None) -> FirstStore:
    """How far the test of a device is. Raises Refused, UnknownInstitution, UnknownDevice."""
    inside = caller_inside(database, caller, institution_id, Right.MANAGE_DEVICES)
    with database.transaction(inside.institution_id) as connection:
        device_in(connection, device_id)
        contact = index.contacts(connection, device_id).get(device_id)
    return first_store(contact)


def first_store(contact: DeviceContact | None) -> FirstStore:
    """The test as it stands in what was seen of a device."""
    kept = contact.first_store if contact else None
    arrived = None if kept is None else _first_object(kept)
    asked_at = contact.first_store_asked_at if contact else None
    if asked_at is not None:
        return FirstStore(FirstStoreState.WAITING, asked_at, arrived)
    return FirstStore(FirstStoreState.NOT_ASKED if arrived is None else FirstStoreState.ARRIVED, None, arrived)


def _first_object(kept: Mapping[str, Any]) -> FirstObject:
    fields = dict(kept) | {"at": datetime.fromisoformat(kept["at"]), "warnings": tuple(kept["warnings"])}
    return FirstObject(**fields)
