"""Calls that were rejected: what administrators make devices of."""

from __future__ import annotations

from isocenter.access.caller import Caller
from isocenter.access.devices.errors import UnknownCall
from isocenter.access.institutions import caller_inside
from isocenter.access.roles import Right
from isocenter.index import device_contacts as index
from isocenter.index.device_contacts import RefusedCall
from isocenter.kit.database import Database


def rejected_calls_of(database: Database, caller: Caller, institution_id: int | None = None) -> list[RefusedCall]:
    """Those that concern the institution, the newest first, alike ones counted together. Raises Refused."""
    inside = caller_inside(database, caller, institution_id, Right.MANAGE_DEVICES)
    with database.transaction(inside.institution_id) as connection:
        return index.refused_calls(connection)


def forget_rejected_call(
    database: Database, caller: Caller, refused_call_id: int, institution_id: int | None = None
) -> None:
    """Take one off the list; it comes back with the next call. Raises Refused, UnknownInstitution, UnknownCall."""
    inside = caller_inside(database, caller, institution_id, Right.MANAGE_DEVICES)
    with database.transaction(inside.institution_id) as connection:
        if not index.forget_refused_call(connection, refused_call_id):
            raise UnknownCall("There is no such rejected call.")
