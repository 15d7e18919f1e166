"""Departments of an institution: where its people and devices belong."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from psycopg.errors import ForeignKeyViolation, UniqueViolation

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.errors import DepartmentExists, DepartmentInUse, InvalidDepartment, UnknownDepartment
from isocenter.access.institutions import MAX_NAME, caller_inside
from isocenter.access.roles import Right
from isocenter.kit.database import Connection, Database
from isocenter.kit.lists import Column, Line, ListReport, Outcome, Value, import_lines

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
_COLUMNS = "department_id, code, name, other_name"
COLUMNS = (Column("code", required=True), Column("name", required=True), Column("other_name"))
"""Of the list that goes in and out; the code says which department a line is about."""


@dataclass(frozen=True, slots=True)
class Department:
    """One department. code: short and unique in the institution, as other systems know it (HL7 PL-1)."""

    department_id: int
    code: str
    name: str
    other_name: str


def departments_of(database: Database, caller: Caller, institution_id: int | None = None) -> tuple[Department, ...]:
    """The departments of the caller's institution, or of another for who administers the region; by name.

    Everybody may know those of her own. Raises UnknownInstitution.
    """
    inside = caller
    if institution_id not in (None, caller.institution_id):
        inside = caller_inside(database, caller, institution_id, Right.MANAGE_INSTITUTION)
    with database.transaction(inside.institution_id) as connection:
        return departments_in(connection)


def departments_in(connection: Connection) -> tuple[Department, ...]:
    """The departments of the transaction's institution, by name."""
    rows: list[Any] = connection.execute(
        f"select {_COLUMNS} from department where institution_id = isocenter_institution()"  # noqa: S608
        " order by name limit 5000"
    ).fetchall()
    return tuple(Department(*row) for row in rows)


def department_coded(database: Database, caller: Caller, code: str) -> Department:
    """The department of the caller's institution with this code. Raises UnknownDepartment."""
    for each in departments_of(database, caller):
        if each.code == code:
            return each
    raise UnknownDepartment("There is no department with this code.")


def add_department(
    database: Database, caller: Caller, *, code: str, name: str, other_name: str = "", institution_id: int | None = None
) -> Department:
    """A new department. Raises Refused, UnknownInstitution, InvalidDepartment, DepartmentExists."""
    inside = caller_inside(database, caller, institution_id, Right.MANAGE_INSTITUTION)
    with database.transaction(inside.institution_id) as connection:
        return _add(connection, inside, code, name, other_name)


def change_department(
    database: Database,
    caller: Caller,
    department_id: int,
    *,
    code: str | None = None,
    name: str | None = None,
    other_name: str | None = None,
    institution_id: int | None = None,
) -> Department:
    """None leaves a field.

    Raises Refused, UnknownInstitution, UnknownDepartment, InvalidDepartment, DepartmentExists.
    """
    inside = caller_inside(database, caller, institution_id, Right.MANAGE_INSTITUTION)
    with database.transaction(inside.institution_id) as connection:
        now = _department(connection, department_id)
        wanted = Department(
            department_id,
            now.code if code is None else code,
            now.name if name is None else name,
            now.other_name if other_name is None else other_name,
        )
        return _change(connection, inside, now, wanted)


def remove_department(
    database: Database, caller: Caller, department_id: int, *, institution_id: int | None = None
) -> None:
    """Raises Refused, UnknownInstitution, UnknownDepartment, DepartmentInUse while people or devices are in it."""
    inside = caller_inside(database, caller, institution_id, Right.MANAGE_INSTITUTION)
    with database.transaction(inside.institution_id) as connection:
        _department(connection, department_id)
        try:
            connection.execute(
                "delete from department where institution_id = isocenter_institution() and department_id = %s",
                (department_id,),
            )
        except ForeignKeyViolation:
            raise DepartmentInUse("People, invitations or devices are in this department; move them first.") from None
        audit.record(connection, inside, audit.Action.DEPARTMENT_REMOVED, department_id=department_id)


def department_rows(departments: tuple[Department, ...]) -> list[dict[str, Value]]:
    """The departments as rows of a list."""
    return [{"code": each.code, "name": each.name, "other_name": each.other_name} for each in departments]


def import_departments(
    database: Database, caller: Caller, lines: tuple[Line, ...], *, dry_run: bool, institution_id: int | None = None
) -> ListReport:
    """Add departments and change those whose code is known; all or nothing. Raises Refused, UnknownInstitution."""
    inside = caller_inside(database, caller, institution_id, Right.MANAGE_INSTITUTION)
    with database.transaction(inside.institution_id) as connection:
        known = {each.code: each for each in departments_in(connection)}

        def write(line: Line) -> Outcome:
            code, name = line.text("code") or "", line.text("name") or ""
            now = known.get(code)
            kept = "" if now is None else now.other_name
            other_name = (line.text("other_name") or "") if "other_name" in line.values else kept
            if now is None:
                known[code] = _add(connection, inside, code, name, other_name)
                return Outcome.ADDED
            wanted = Department(now.department_id, code, name, other_name)
            known[code] = _change(connection, inside, now, wanted)
            return Outcome.SAME if known[code] == now else Outcome.CHANGED

        report = import_lines(connection, lines, write, dry_run=dry_run)
        if report.applied:
            audit.record(connection, inside, audit.Action.LIST_IMPORTED, list="departments", lines=len(lines))
    return report


def _add(connection: Connection, caller: Caller, code: str, name: str, other_name: str) -> Department:
    wanted = _checked(Department(0, code, name, other_name))
    try:
        row: Any = connection.execute(
            "insert into department (institution_id, code, name, other_name) values (%s, %s, %s, %s)"  # noqa: S608
            f" returning {_COLUMNS}",
            (caller.institution_id, wanted.code, wanted.name, wanted.other_name),
        ).fetchone()
    except UniqueViolation:
        raise DepartmentExists("Another department has this code or name.") from None
    audit.record(connection, caller, audit.Action.DEPARTMENT_ADDED, department_id=row[0])
    return Department(*row)


def _change(connection: Connection, caller: Caller, now: Department, wanted: Department) -> Department:
    wanted = _checked(wanted)
    if wanted == now:
        return now
    try:
        connection.execute(
            "update department set code = %s, name = %s, other_name = %s"
            " where institution_id = isocenter_institution() and department_id = %s",
            (wanted.code, wanted.name, wanted.other_name, now.department_id),
        )
    except UniqueViolation:
        raise DepartmentExists("Another department has this code or name.") from None
    audit.record(connection, caller, audit.Action.DEPARTMENT_CHANGED, department_id=now.department_id)
    return wanted


def _department(connection: Connection, department_id: int) -> Department:
    row: Any = connection.execute(
        f"select {_COLUMNS} from department"  # noqa: S608
        " where institution_id = isocenter_institution() and department_id = %s for update",
        (department_id,),
    ).fetchone()
    if row is None:
        raise UnknownDepartment("There is no such department.")
    return Department(*row)


def _checked(department: Department) -> Department:
    code = department.code.strip()
    name, other_name = (" ".join(text.split()) for text in (department.name, department.other_name))
    if not _CODE.fullmatch(code):
        raise InvalidDepartment("A department's code has 1 to 32 letters a to z, digits, dots, dashes and underscores.")
    if not name or any(len(text) > MAX_NAME or not text.isprintable() for text in (name, other_name)):
        raise InvalidDepartment(f"The name of a department has 1 to {MAX_NAME} printable characters.")
    return Department(department.department_id, code, name, other_name)
