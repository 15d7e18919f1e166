"""Institutions: the tenants. The first is made at first start; every row, journal member and pack belongs to one.

Every transaction may read their table: it holds no personal data. Who administers the region makes and deactivates
them; who administers one names it. An institution that is deactivated keeps everything, and nobody of it comes in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from psycopg.errors import UniqueViolation

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.errors import InstitutionExists, InstitutionInUse, InvalidInstitution, UnknownInstitution
from isocenter.access.roles import Right
from isocenter.index.institutions import code_from
from isocenter.kit.database import Connection, Database, set_institution
from isocenter.kit.lists import Column, Line, ListReport, Outcome, Value, import_lines

MAX_NAME = 100
_CODE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])")
COLUMNS = (Column("code", required=True), Column("name", required=True), Column("other_name"))
"""Of the list that goes in and out; the code says which institution a line is about."""
_COLUMNS = "institution_id, name, code, other_name, deactivated_at is null, created_at"


@dataclass(frozen=True, slots=True)
class Institution:
    """One tenant. code: short, unique, safe in URLs; other_name: in another language, '' when it has none."""

    institution_id: int
    name: str
    code: str
    other_name: str
    active: bool
    created_at: datetime


def ensure_institution(database: Database, name: str) -> Institution:
    """The institution that calling AEs of loopback store into: the first that was made, made now if there is none.

    A home keeps its institution when the setting with its name changes later.
    """
    with database.transaction(None) as connection:
        connection.execute("select pg_advisory_xact_lock(hashtext('isocenter.institution'))")
        found = _first(connection)
        if found is None:
            connection.execute("insert into institution (code, name) values (%s, %s)", (code_from(name), name))
            found = _first(connection)
    assert found is not None
    return found


def institution_of(database: Database, institution_id: int) -> Institution:
    """Raises UnknownInstitution."""
    with database.transaction(None) as connection:
        return _institution(connection, institution_id)


def institution_coded(database: Database, code: str) -> Institution:
    """The institution with this code. Raises UnknownInstitution."""
    with database.transaction(None) as connection:
        row: Any = connection.execute(
            f"select {_COLUMNS} from institution where code = %s",  # noqa: S608
            (code.strip().lower().replace("\0", ""),),
        ).fetchone()
    if row is None:
        raise UnknownInstitution("There is no such institution.")
    return Institution(*row)


def institutions_of(database: Database, caller: Caller) -> tuple[Institution, ...]:
    """Every institution for who administers the region, the caller's own for everybody else; by name."""
    with database.transaction(None) as connection:
        rows: list[Any] = connection.execute(
            f"select {_COLUMNS} from institution where %s or institution_id = %s order by name",  # noqa: S608
            (caller.may(Right.MANAGE_REGION), caller.institution_id),
        ).fetchall()
    return tuple(Institution(*row) for row in rows)


def caller_inside(database: Database, caller: Caller, institution_id: int | None, right: Right) -> Caller:
    """The caller acting in an institution: her own with the right (None: her own), any with MANAGE_REGION.

    Raises Refused when she may do this nowhere, UnknownInstitution when it is not there or not hers to see.
    """
    own = institution_id is None or institution_id == caller.institution_id
    if not caller.may(Right.MANAGE_REGION):
        caller.require(right)
        if not own:
            raise UnknownInstitution("There is no such institution.")
        return caller
    if institution_id is None or own:
        return caller
    return replace(caller, institution_id=institution_of(database, institution_id).institution_id)


def add_institution(database: Database, caller: Caller, *, code: str, name: str, other_name: str = "") -> Institution:
    """A new institution with nobody and nothing in it. Raises Refused, InvalidInstitution, InstitutionExists."""
    caller.require(Right.MANAGE_REGION)
    with database.transaction(caller.institution_id) as connection:
        return _add(connection, caller, code, name, other_name)


def import_institutions(database: Database, caller: Caller, lines: tuple[Line, ...], *, dry_run: bool) -> ListReport:
    """Add institutions and rename those whose code is known; all or nothing. Raises Refused."""
    caller.require(Right.MANAGE_REGION)
    with database.transaction(caller.institution_id) as connection:

        def write(line: Line) -> Outcome:
            code, name = checked_code(line.text("code") or ""), line.text("name") or ""
            row: Any = connection.execute(
                f"select {_COLUMNS} from institution where code = %s for update",  # noqa: S608
                (code,),
            ).fetchone()
            if row is None:
                _add(connection, caller, code, name, line.text("other_name") or "")
                return Outcome.ADDED
            now = Institution(*row)
            other_name = (line.text("other_name") or "") if "other_name" in line.values else now.other_name
            if (_checked(name), _checked(other_name, empty=True)) == (now.name, now.other_name):
                return Outcome.SAME
            _change(connection, caller, now.institution_id, None, name, other_name)
            return Outcome.CHANGED

        report = import_lines(connection, lines, write, dry_run=dry_run)
        if report.applied:
            audit.record(connection, caller, audit.Action.LIST_IMPORTED, list="institutions", lines=len(lines))
    return report


def institution_rows(institutions: tuple[Institution, ...]) -> list[dict[str, Value]]:
    """The institutions as rows of a list."""
    return [{"code": each.code, "name": each.name, "other_name": each.other_name} for each in institutions]


def change_institution(
    database: Database,
    caller: Caller,
    institution_id: int,
    *,
    code: str | None = None,
    name: str | None = None,
    other_name: str | None = None,
) -> Institution:
    """Name it anew; None leaves a field. The code only by who administers the region, because programs know it.

    Raises Refused, UnknownInstitution, InvalidInstitution, InstitutionExists.
    """
    inside = caller_inside(database, caller, institution_id, Right.MANAGE_INSTITUTION)
    if code is not None:
        caller.require(Right.MANAGE_REGION)
    with database.transaction(inside.institution_id) as connection:
        _change(connection, inside, institution_id, code, name, other_name)
        return _institution(connection, institution_id)


def deactivate_institution(database: Database, caller: Caller, institution_id: int) -> Institution:
    """Nobody of it comes in from now on, and its sessions end. What it holds stays, and is sealed and kept as ever.

    Raises Refused, UnknownInstitution, InstitutionInUse for the caller's own and for the first, where loopback stores.
    """
    caller.require(Right.MANAGE_REGION)
    with database.transaction(None) as connection:
        first = _first(connection)
        _institution(connection, institution_id)
    if institution_id == caller.institution_id or (first is not None and first.institution_id == institution_id):
        raise InstitutionInUse("Your own institution and the first one of this system cannot be deactivated.")
    return _set_active(database, caller, institution_id, active=False)


def activate_institution(database: Database, caller: Caller, institution_id: int) -> Institution:
    """Its people may come in again. Raises Refused, UnknownInstitution."""
    caller.require(Right.MANAGE_REGION)
    return _set_active(database, caller, institution_id, active=True)


def checked_code(text: str) -> str:
    """The code in lower case. Raises InvalidInstitution unless it is 2 to 32 letters, digits and dashes."""
    code = text.strip().lower()
    if not _CODE.fullmatch(code):
        raise InvalidInstitution("A code has 2 to 32 letters a to z, digits and dashes, and no dash at its ends.")
    return code


def _add(connection: Connection, caller: Caller, code: str, name: str, other_name: str) -> Institution:
    values = (checked_code(code), _checked(name), _checked(other_name, empty=True))
    try:
        row: Any = connection.execute(
            f"insert into institution (code, name, other_name) values (%s, %s, %s) returning {_COLUMNS}",  # noqa: S608
            values,
        ).fetchone()
    except UniqueViolation:
        raise InstitutionExists("Another institution has this code or name.") from None
    audit.record(connection, caller, audit.Action.INSTITUTION_ADDED, institution=row[0])
    return Institution(*row)


def _change(
    connection: Connection,
    caller: Caller,
    institution_id: int,
    code: str | None,
    name: str | None,
    other_name: str | None,
) -> None:
    values = (
        None if code is None else checked_code(code),
        None if name is None else _checked(name),
        None if other_name is None else _checked(other_name, empty=True),
        institution_id,
    )
    try:
        connection.execute(
            "update institution set code = coalesce(%s, code), name = coalesce(%s, name),"
            " other_name = coalesce(%s, other_name) where institution_id = %s",
            values,
        )
    except UniqueViolation:
        raise InstitutionExists("Another institution has this code or name.") from None
    audit.record(connection, caller, audit.Action.INSTITUTION_CHANGED, institution=institution_id)


def _set_active(database: Database, caller: Caller, institution_id: int, *, active: bool) -> Institution:
    inside = replace(caller, institution_id=institution_id)
    action = audit.Action.INSTITUTION_ACTIVATED if active else audit.Action.INSTITUTION_DEACTIVATED
    with database.transaction(None) as connection:
        now = _institution(connection, institution_id)
        if now.active is active:
            return now
        connection.execute(
            "update institution set deactivated_at = case when %s then null else now() end where institution_id = %s",
            (active, institution_id),
        )
        set_institution(connection, institution_id)
        if not active:
            connection.execute("delete from session where institution_id = %s", (institution_id,))
        audit.record(connection, inside, action, institution=institution_id)
        set_institution(connection, caller.institution_id)
        audit.record(connection, caller, action, institution=institution_id)
        return _institution(connection, institution_id)


def _first(connection: Connection) -> Institution | None:
    row: Any = connection.execute(f"select {_COLUMNS} from institution order by 1 limit 1").fetchone()  # noqa: S608
    return None if row is None else Institution(*row)


def _institution(connection: Connection, institution_id: int) -> Institution:
    row: Any = connection.execute(
        f"select {_COLUMNS} from institution where institution_id = %s",  # noqa: S608
        (institution_id,),
    ).fetchone()
    if row is None:
        raise UnknownInstitution("There is no such institution.")
    return Institution(*row)


def _checked(text: str, *, empty: bool = False) -> str:
    name = " ".join(text.split())
    if not (empty or name) or len(name) > MAX_NAME or not name.isprintable():
        raise InvalidInstitution(f"The name of an institution has 1 to {MAX_NAME} printable characters.")
    return name
