"""Devices as a list that goes in and out; the AE title says which device a line is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.departments import departments_in
from isocenter.access.devices import devices as verbs
from isocenter.access.devices.errors import InvalidDevice
from isocenter.access.institutions import caller_inside
from isocenter.access.roles import Right
from isocenter.index import devices as index
from isocenter.index.devices import Device
from isocenter.kit.database import Database
from isocenter.kit.lists import Column, Kind, Line, ListReport, Outcome, Value, import_lines
from isocenter.standards.dicom.ae_titles import check_ae_title

COLUMNS: Final = (
    Column("name", required=True),
    Column("ae_title", required=True),
    Column("department"),
    Column("networks", Kind.WORDS),
    Column("certificate"),
    Column("plain_allowed", Kind.FLAG),
    Column("may_store", Kind.FLAG),
    Column("may_query", Kind.FLAG),
    Column("active", Kind.FLAG),
    Column("host"),
    Column("port", Kind.NUMBER),
    Column("tls", Kind.FLAG),
    Column("modality"),
    Column("room"),
    Column("manufacturer"),
    Column("station_name"),
    Column("default_character_set"),
    Column("issuer_of_patient_id"),
)
"""department: its code."""


def exported_devices(database: Database, caller: Caller, institution_id: int | None = None) -> list[dict[str, Value]]:
    """Every device as a row. Raises Refused, UnknownInstitution."""
    inside = caller_inside(database, caller, institution_id, Right.MANAGE_DEVICES)
    with database.transaction(inside.institution_id) as connection:
        codes = {each.department_id: each.code for each in departments_in(connection)}
        found = index.devices(connection)
        audit.record(connection, inside, audit.Action.LIST_EXPORTED, list="devices", lines=len(found))
    return [_row(each, codes) for each in found]


def import_devices(
    database: Database, caller: Caller, lines: Iterable[Line], *, dry_run: bool, institution_id: int | None = None
) -> ListReport:
    """Add devices and change those whose AE title is known; all or nothing. Raises Refused, UnknownInstitution."""
    inside = caller_inside(database, caller, institution_id, Right.MANAGE_DEVICES)
    with database.transaction(inside.institution_id) as connection:
        departments = {each.code: each.department_id for each in departments_in(connection)}

        def write(line: Line) -> Outcome:
            values = _values(line, departments)
            known = index.device_by_ae(connection, check_ae_title(line.text("ae_title") or ""))
            if known is None or not known.name:
                verbs.insert(connection, inside, values)
                return Outcome.ADDED
            changed = verbs.update(connection, inside, known, values)
            return Outcome.SAME if changed is known else Outcome.CHANGED

        report = import_lines(connection, lines, write, dry_run=dry_run)
        if report.applied:
            audit.record(connection, inside, audit.Action.LIST_IMPORTED, list="devices", lines=len(report.lines))
    return report


def _values(line: Line, departments: Mapping[str, int]) -> dict[str, object]:
    """The fields that a line says something about; an empty flag is left as it is. Raises InvalidDevice."""
    flags = {column.name for column in COLUMNS if column.kind is Kind.FLAG}
    values: dict[str, object] = {
        name: value
        for name, value in line.values.items()
        if name != "department" and not (name in flags and value is None)
    }
    if "department" in line.values:
        code = line.text("department")
        if code is not None and code not in departments:
            raise InvalidDevice("There is no department with this code.", field="department")
        values["department_id"] = None if code is None else departments[code]
    return values


def _row(device: Device, codes: Mapping[int, str]) -> dict[str, Value]:
    row: dict[str, Value] = {
        column.name: getattr(device, column.name) for column in COLUMNS if column.name not in ("department", "networks")
    }
    department = None if device.department_id is None else codes.get(device.department_id)
    return row | {"department": department, "networks": tuple(str(each) for each in device.networks)}
