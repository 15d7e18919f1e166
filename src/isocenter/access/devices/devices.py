"""The verbs on devices: what the administrators of an institution enter, change and import.

institution_id: another institution than the caller's, for who administers the region; None is the caller's own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import psycopg

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.devices.errors import AeTitleTaken, InvalidDevice, UnknownDevice
from isocenter.access.devices.fields import check_whole, checked
from isocenter.access.institutions import caller_inside
from isocenter.access.roles import Right
from isocenter.index import device_contacts
from isocenter.index import devices as index
from isocenter.index.device_contacts import DeviceContact
from isocenter.index.devices import Device
from isocenter.kit.database import Connection, Database
from isocenter.standards.dicom.ae_titles import check_ae_title

NEW: Mapping[str, object] = {
    "networks": [],
    "certificate": None,
    "plain_allowed": True,
    "host": "",
    "port": None,
}
"""What check_whole needs of a device of which nothing else is said."""


@dataclass(frozen=True, slots=True)
class SeenDevice:
    """A device, and what listeners saw of it; None: nothing yet."""

    device: Device
    contact: DeviceContact | None


def devices_of(database: Database, caller: Caller, institution_id: int | None = None) -> list[SeenDevice]:
    """Every device, by name. Raises Refused, UnknownInstitution."""
    inside = caller_inside(database, caller, institution_id, Right.MANAGE_DEVICES)
    with database.transaction(inside.institution_id) as connection:
        seen = device_contacts.contacts(connection)
        return [SeenDevice(each, seen.get(each.device_id)) for each in index.devices(connection)]


def device_of(database: Database, caller: Caller, device_id: int, institution_id: int | None = None) -> SeenDevice:
    """One device. Raises Refused, UnknownInstitution, UnknownDevice."""
    inside = caller_inside(database, caller, institution_id, Right.MANAGE_DEVICES)
    with database.transaction(inside.institution_id) as connection:
        found = device_in(connection, device_id)
        return SeenDevice(found, device_contacts.contacts(connection, device_id).get(device_id))


def add_device(
    database: Database, caller: Caller, values: Mapping[str, object], institution_id: int | None = None
) -> SeenDevice:
    """A new device. values: name, ae_title, and what else of `fields.checked` applies; calls that were rejected under
    its title are forgotten. Raises Refused, UnknownInstitution, InvalidDevice, InvalidAeTitle, DeviceExists.
    """
    inside = caller_inside(database, caller, institution_id, Right.MANAGE_DEVICES)
    with database.transaction(inside.institution_id) as connection:
        return SeenDevice(insert(connection, inside, values), None)


def change_device(
    database: Database,
    caller: Caller,
    device_id: int,
    values: Mapping[str, object],
    institution_id: int | None = None,
) -> SeenDevice:
    """Change the given fields, within seconds in every listener; associations that are open go on as they began.

    Raises as add_device does, and UnknownDevice.
    """
    inside = caller_inside(database, caller, institution_id, Right.MANAGE_DEVICES)
    with database.transaction(inside.institution_id) as connection:
        before = device_in(connection, device_id)
        changed = update(connection, inside, before, values)
        return SeenDevice(changed, device_contacts.contacts(connection, device_id).get(device_id))


def remove_device(database: Database, caller: Caller, device_id: int, institution_id: int | None = None) -> None:
    """Forget a device; what it stored stays. Raises Refused, UnknownInstitution, UnknownDevice."""
    inside = caller_inside(database, caller, institution_id, Right.MANAGE_DEVICES)
    with database.transaction(inside.institution_id) as connection:
        removed = index.delete_device(connection, device_id)
        if removed is None:
            raise UnknownDevice("There is no such device.")
        _record(connection, inside, audit.Action.DEVICE_REMOVED, removed)


def called_ae_title_of(database: Database, caller: Caller, institution_id: int | None = None) -> str | None:
    """The title by which devices may call this institution alone; None when it has none. Raises Refused."""
    inside = caller_inside(database, caller, institution_id, Right.MANAGE_DEVICES)
    with database.transaction(inside.institution_id) as connection:
        titles = index.called_ae_titles(connection)
    return next((title for title, owner in titles.items() if owner == inside.institution_id), None)


def set_called_ae_title(
    database: Database,
    caller: Caller,
    ae_title: str | None,
    *,
    everyones: str,
    institution_id: int | None = None,
) -> str | None:
    """Give the institution a title of its own, or none. everyones: the title of the whole installation.

    Raises Refused, UnknownInstitution, InvalidAeTitle, AeTitleTaken.
    """
    inside = caller_inside(database, caller, institution_id, Right.MANAGE_DEVICES)
    title = check_ae_title(ae_title) if ae_title and ae_title.strip() else None
    if title == everyones:
        raise AeTitleTaken("This is the AE title of the whole installation.")
    with database.transaction(inside.institution_id) as connection:
        try:
            with connection.transaction():
                connection.execute(
                    "UPDATE institution SET ae_title = %s WHERE institution_id = isocenter_institution()", [title]
                )
        except psycopg.errors.UniqueViolation:
            raise AeTitleTaken("Another institution is called so.") from None
        audit.record(connection, inside, audit.Action.CALLED_AE_TITLE_CHANGED, ae_title=title)
    return title


def device_in(connection: Connection, device_id: int) -> Device:
    """A device of the transaction's institution. Raises UnknownDevice."""
    found = index.device_by_id(connection, device_id)
    if found is None:
        raise UnknownDevice("There is no such device.")
    return found


def insert(connection: Connection, caller: Caller, values: Mapping[str, object]) -> Device:
    """add_device inside a transaction."""
    for needed in ("name", "ae_title"):
        if needed not in values:
            raise InvalidDevice(f"A device needs a {needed}.", field=needed)
    fields = checked(values)
    check_whole({**NEW, **fields})
    made = _written(connection, lambda: index.insert_device(connection, fields))
    assert made is not None
    device_contacts.forget_refused(connection, made.ae_title)
    _record(connection, caller, audit.Action.DEVICE_ADDED, made)
    return made


def update(connection: Connection, caller: Caller, before: Device, values: Mapping[str, object]) -> Device:
    """change_device inside a transaction; the same device when nothing changes."""
    fields = {name: value for name, value in checked(values).items() if value != getattr(before, name)}
    if not fields:
        return before
    check_whole({**dataclasses.asdict(before), **fields})
    changed = _written(connection, lambda: index.update_device(connection, before.device_id, fields))
    if changed is None:
        raise UnknownDevice("There is no such device.")
    _record(connection, caller, audit.Action.DEVICE_CHANGED, changed)
    return changed


def _written(connection: Connection, write: Callable[[], Device | None]) -> Device | None:
    try:
        with connection.transaction():
            return write()
    except psycopg.errors.ForeignKeyViolation:
        raise InvalidDevice("There is no such department.", field="department_id") from None


def _record(connection: Connection, caller: Caller, action: audit.Action, device: Device) -> None:
    """What admits the device from now on."""
    audit.record(
        connection,
        caller,
        action,
        device_id=device.device_id,
        ae_title=device.ae_title,
        networks=[str(each) for each in device.networks],
        certificate=device.certificate,
        plain_allowed=device.plain_allowed,
        may_store=device.may_store,
        may_query=device.may_query,
        active=device.active,
    )
