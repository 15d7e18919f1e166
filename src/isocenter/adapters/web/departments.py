"""Departments of an institution. institution_id names another than the caller's own, for who administers the region."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from isocenter.access import departments as verbs
from isocenter.access.caller import Caller
from isocenter.access.errors import UnknownDepartment
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.institutions import known
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

router = APIRouter(tags=["Institutions"])


class NewDepartment(StrictModel):
    """code: as other systems know it (HL7 PL-1), unique; other_name: in another language, may be empty."""

    code: str = Field(max_length=100)
    name: str = Field(max_length=400)
    other_name: str = Field("", max_length=400)


class DepartmentChange(StrictModel):
    """The fields to change."""

    code: str | None = Field(None, max_length=100)
    name: str | None = Field(None, max_length=400)
    other_name: str | None = Field(None, max_length=400)


class Department(BaseModel):
    """One department."""

    department_id: int
    code: str
    name: str
    other_name: str


class Departments(BaseModel):
    """All departments by name."""

    departments: list[Department]


def _institution(institution_id: Annotated[int | None, Query()] = None) -> int | None:
    return None if institution_id is None else known(institution_id)


InstitutionQuery = Annotated[int | None, Depends(_institution)]


@router.get("/api/departments", summary="Departments")
def list_departments(
    request: Request, who: Annotated[Caller, Depends(caller)], institution_id: InstitutionQuery
) -> Departments:
    """Those of the caller's institution for everybody in it. 404 unknown-institution."""
    known_ones = verbs.departments_of(parts_of(request).database, who, institution_id)
    return Departments(departments=[_shown(each) for each in known_ones])


@router.post("/api/departments", summary="Add a department", status_code=201)
def add_department(
    request: Request, body: NewDepartment, who: Annotated[Caller, Depends(caller)], institution_id: InstitutionQuery
) -> Department:
    """For administrators. 400 invalid-department, 409 department-exists."""
    made = verbs.add_department(
        parts_of(request).database,
        who,
        code=body.code,
        name=body.name,
        other_name=body.other_name,
        institution_id=institution_id,
    )
    return _shown(made)


@router.get(
    "/api/departments/export", summary="Departments as a list", response_class=Response, responses=EXPORT_ANSWER
)
def export_departments(
    request: Request,
    who: Annotated[Caller, Depends(caller)],
    institution_id: InstitutionQuery,
    form: Annotated[ListForm, Query(alias="as")] = "csv",
) -> Response:
    """The columns code, name and other_name."""
    rows = verbs.department_rows(verbs.departments_of(parts_of(request).database, who, institution_id))
    return list_file("departments", form, verbs.COLUMNS, rows)


@router.post("/api/departments/import", summary="Add and change departments by a list", openapi_extra=IMPORT_BODY)
def import_departments(
    request: Request,
    who: Annotated[Caller, Depends(caller)],
    institution_id: InstitutionQuery,
    body: Annotated[ListBody, Depends(list_body)],
    dry_run: bool = False,
) -> ImportReport:
    """All or nothing; for administrators. 400 invalid-list."""
    lines = body.lines(verbs.COLUMNS)
    report = verbs.import_departments(
        parts_of(request).database, who, lines, dry_run=dry_run, institution_id=institution_id
    )
    return import_report(report, dry_run=dry_run)


@router.patch("/api/departments/{department_id}", summary="Change a department")
def change_department(
    request: Request,
    department_id: int,
    body: DepartmentChange,
    who: Annotated[Caller, Depends(caller)],
    institution_id: InstitutionQuery,
) -> Department:
    """For administrators. 404 unknown-department, 409 department-exists."""
    made = verbs.change_department(
        parts_of(request).database,
        who,
        _known(department_id),
        code=body.code,
        name=body.name,
        other_name=body.other_name,
        institution_id=institution_id,
    )
    return _shown(made)


@router.delete("/api/departments/{department_id}", summary="Remove a department", status_code=204)
def remove_department(
    request: Request, department_id: int, who: Annotated[Caller, Depends(caller)], institution_id: InstitutionQuery
) -> Response:
    """For administrators. 409 department-in-use while people or devices are in it."""
    verbs.remove_department(parts_of(request).database, who, _known(department_id), institution_id=institution_id)
    return Response(status_code=204)


def _known(department_id: int) -> int:
    return row_number(department_id, UnknownDepartment("There is no such department."))


def _shown(department: verbs.Department) -> Department:
    return Department(
        department_id=department.department_id,
        code=department.code,
        name=department.name,
        other_name=department.other_name,
    )
