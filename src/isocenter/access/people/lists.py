"""People as a list: exported whole, imported all or nothing. No line ever holds a password or a link."""

from __future__ import annotations

from typing import Any

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.departments import departments_in
from isocenter.access.errors import UnknownDepartment
from isocenter.access.people.accounts import (
    change_account_in,
    create_account_in,
    person_in,
    set_active_in,
    user_id_named,
)
from isocenter.access.people.roles_held import set_roles_in
from isocenter.access.roles import Right
from isocenter.access.users import USER_COLUMNS, checked_display_name, checked_language, checked_username, user_of_row
from isocenter.kit.database import Connection, Database
from isocenter.kit.lists import Column, InvalidLine, Kind, Line, ListReport, Outcome, Value, import_lines

COLUMNS = (
    Column("username", required=True),
    Column("display_name", required=True),
    Column("roles", Kind.WORDS),
    Column("department", Kind.TEXT),
    Column("language", Kind.TEXT),
    Column("active", Kind.FLAG),
)
"""department: its code. The user name says whom a line is about."""


def export_people(database: Database, caller: Caller) -> list[dict[str, Value]]:
    """Everybody of the caller's institution as rows. Raises Refused."""
    caller.require(Right.MANAGE_USERS)
    with database.transaction(caller.institution_id) as connection:
        codes = {each.department_id: each.code for each in departments_in(connection)}
        rows: list[Any] = connection.execute(
            f"select {USER_COLUMNS}, u.department_id, u.disabled_at is null from user_account u"  # noqa: S608
            " where institution_id = isocenter_institution() and withdrawn_at is null order by username"
        ).fetchall()
        audit.record(connection, caller, audit.Action.LIST_EXPORTED, list="people", lines=len(rows))
    return [_row(row, codes) for row in rows]


def import_people(database: Database, caller: Caller, lines: tuple[Line, ...], *, dry_run: bool) -> ListReport:
    """Make accounts without passwords for new user names, and bring the others to what their lines say.

    A column that is absent leaves things as they are. Raises Refused.
    """
    caller.require(Right.MANAGE_USERS)
    with database.transaction(caller.institution_id) as connection:
        codes = {each.code: each.department_id for each in departments_in(connection)}
        seen: set[str] = set()

        def write(line: Line) -> Outcome:
            username = checked_username(line.text("username") or "")
            if username in seen:
                raise InvalidLine("This user name stands in an earlier line.")
            seen.add(username)
            user_id = user_id_named(connection, username)
            if user_id is None:
                return _add(connection, caller, username, line, codes)
            return _change(connection, caller, user_id, line, codes)

        report = import_lines(connection, lines, write, dry_run=dry_run)
        if report.applied:
            audit.record(connection, caller, audit.Action.LIST_IMPORTED, list="people", lines=len(lines))
    return report


def _row(row: tuple[Any, ...], codes: dict[int, str]) -> dict[str, Value]:
    user = user_of_row(row[:-2])
    return {
        "username": user.username,
        "display_name": user.display_name,
        "roles": tuple(str(role) for role in user.roles),
        "department": codes.get(row[-2]),
        "language": user.language,
        "active": row[-1],
    }


def _add(connection: Connection, caller: Caller, username: str, line: Line, codes: dict[str, int]) -> Outcome:
    user = create_account_in(
        connection,
        caller,
        username=username,
        display_name=line.text("display_name") or "",
        roles=line.words("roles") or (),
        language=line.text("language") or "en",
        department_id=_department(line, codes),
    )
    if not line.flag("active", True):
        set_active_in(connection, caller, user.user_id, active=False)
    return Outcome.ADDED


def _change(connection: Connection, caller: Caller, user_id: int, line: Line, codes: dict[str, int]) -> Outcome:
    changes: dict[str, object] = {"display_name": checked_display_name(line.text("display_name") or "")}
    if line.text("language") is not None:
        changes["language"] = checked_language(line.text("language") or "")
    if "department" in line.values:
        changes["department_id"] = _department(line, codes)
    person = person_in(connection, user_id)
    changed = change_account_in(connection, caller, user_id, changes, known=person)
    roles = line.words("roles")
    if roles is not None and set(roles) != {str(role) for role in person.user.roles}:
        changed |= set_roles_in(connection, caller, user_id, roles)
    if line.flag("active", person.disabled_at is None) is not (person.disabled_at is None):
        changed |= set_active_in(connection, caller, user_id, active=person.disabled_at is not None)
    return Outcome.CHANGED if changed else Outcome.SAME


def _department(line: Line, codes: dict[str, int]) -> int | None:
    code = line.text("department")
    if code is None:
        return None
    if code not in codes:
        raise UnknownDepartment("There is no department with this code; add it first.")
    return codes[code]
