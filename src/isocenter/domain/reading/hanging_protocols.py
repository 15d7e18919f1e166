"""Hanging protocols: documents that the viewer writes and reads, kept for a reader, a department or the institution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.access.sight import user_id_of
from isocenter.domain.reading.errors import Changed, NoDepartment, UnknownHangingProtocol
from isocenter.domain.reading.readers import NotKept, check_document, reader_of
from isocenter.index import reading as index
from isocenter.index.reading import HangingProtocolRow
from isocenter.kit.database import Connection, Database
from isocenter.kit.errors import Invalid

MAX_BYTES: Final = 64 << 10
MAX_OF_ONE_OWNER: Final = 200
SCOPES: Final = ("user", "department", "institution")


class TooManyProtocols(Invalid):
    """One owner has as many hanging protocols as are kept."""

    reason = "too-many-hanging-protocols"


@dataclass(frozen=True, slots=True)
class Held:
    """Those that hold for a caller, her own first. may_add: scopes that she may add to."""

    protocols: tuple[HangingProtocolRow, ...]
    may_add: tuple[str, ...]


def scope_of(row: HangingProtocolRow) -> str:
    """Whom it holds for."""
    if row.reader is not None:
        return "user"
    return "institution" if row.department_id is None else "department"


def may_change(caller: Caller, row: HangingProtocolRow) -> bool:
    """Her own; all others with the right to manage the institution."""
    return row.reader is not None or caller.may(Right.MANAGE_INSTITUTION)


def protocols_for(database: Database, caller: Caller) -> Held:
    """Hers, her department's, her institution's. Raises Refused."""
    caller.require(Right.READ)
    with database.transaction(caller.institution_id) as connection:
        department_id = _department_of(connection, caller)
        found = index.hanging_protocols_for(connection, reader_of(caller), department_id)
    manages = caller.may(Right.MANAGE_INSTITUTION)
    scopes = ("user", *(("department",) if manages and department_id is not None else ()))
    return Held(tuple(found), (*scopes, "institution") if manages else scopes)


def add_protocol(
    database: Database, caller: Caller, scope: str, name: str, document: dict[str, Any]
) -> HangingProtocolRow:
    """A new one, for the caller, her department or her institution.

    Raises Refused, NoDepartment, TooLarge, NotKept, TooManyProtocols.
    """
    caller.require(Right.READ)
    if scope != "user":
        caller.require(Right.MANAGE_INSTITUTION)
    _check(name, document)
    with database.transaction(caller.institution_id) as connection:
        owner = _owner(connection, caller, scope)
        if index.count_hanging_protocols(connection, *owner) >= MAX_OF_ONE_OWNER:
            raise TooManyProtocols("There are too many; remove one first.", limit=MAX_OF_ONE_OWNER)
        made = index.insert_hanging_protocol(connection, owner, name, document, reader_of(caller))
        _record(connection, caller, made, "added")
    return made


def change_protocol(
    database: Database, caller: Caller, hanging_protocol_id: int, revision: int, name: str, document: dict[str, Any]
) -> HangingProtocolRow:
    """Another name or document, made on a revision.

    Raises Refused, UnknownHangingProtocol, Changed, TooLarge, NotKept.
    """
    caller.require(Right.READ)
    _check(name, document)
    with database.transaction(caller.institution_id) as connection:
        _locked(connection, caller, hanging_protocol_id, revision)
        changed = index.change_hanging_protocol(connection, hanging_protocol_id, name, document, reader_of(caller))
        _record(connection, caller, changed, "changed")
    return changed


def remove_protocol(database: Database, caller: Caller, hanging_protocol_id: int, revision: int | None) -> None:
    """It is no more; revision None: whatever it is now. Raises Refused, UnknownHangingProtocol, Changed."""
    caller.require(Right.READ)
    with database.transaction(caller.institution_id) as connection:
        row = _locked(connection, caller, hanging_protocol_id, revision)
        index.delete_hanging_protocol(connection, hanging_protocol_id)
        _record(connection, caller, row, "removed")


def _locked(
    connection: Connection, caller: Caller, hanging_protocol_id: int, revision: int | None
) -> HangingProtocolRow:
    row = index.hanging_protocol_of(connection, hanging_protocol_id)
    if row is None or row.reader not in (None, reader_of(caller)):
        raise UnknownHangingProtocol("There is no such hanging protocol.", hanging_protocol_id=hanging_protocol_id)
    if not may_change(caller, row):
        caller.require(Right.MANAGE_INSTITUTION)
    if revision not in (None, row.revision):
        raise Changed("This hanging protocol was changed elsewhere. Load it again.", revision=row.revision)
    return row


def _owner(connection: Connection, caller: Caller, scope: str) -> tuple[str | None, int | None]:
    if scope == "user":
        return reader_of(caller), None
    if scope == "institution":
        return None, None
    department_id = _department_of(connection, caller)
    if department_id is None:
        raise NoDepartment("You belong to no department; keep it for yourself or for the institution.")
    return None, department_id


def _department_of(connection: Connection, caller: Caller) -> int | None:
    user_id = user_id_of(caller)
    return None if user_id is None else index.department_of_user(connection, user_id)


def _check(name: str, document: dict[str, Any]) -> None:
    version = document.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise NotKept('The document says the version of its format: a number from 1 under "version".')
    check_document([name, document], MAX_BYTES)


def _record(connection: Connection, caller: Caller, row: HangingProtocolRow, act: str) -> None:
    audit.record(
        connection,
        caller,
        audit.Action.HANGING_PROTOCOL_CHANGED,
        hanging_protocol_id=row.hanging_protocol_id,
        scope=scope_of(row),
        act=act,
    )
