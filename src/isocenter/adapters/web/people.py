"""The people of the caller's institution: accounts, roles with history, lists in and out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from isocenter.access.caller import Caller
from isocenter.access.errors import UnknownUser
from isocenter.access.people import accounts, lists, roles_held
from isocenter.access.people.accounts import Unchanged
from isocenter.access.roles import roles_of_person
from isocenter.adapters.web.authentication import caller
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
from isocenter.adapters.web.row_numbers import LARGEST_ID, row_number
from isocenter.adapters.web.sign_in import StrictModel

router = APIRouter(tags=["People"])

DepartmentId = Annotated[int | None, Field(ge=1, le=LARGEST_ID)]
RoleWords = Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=20)]


class PeopleSearch(StrictModel):
    """text: part of a name or user name. after: the user_name that the last page ended with."""

    text: str = Field("", max_length=200)
    role: str | None = Field(None, max_length=40)
    department_id: DepartmentId = None
    state: Literal["active", "disabled"] | None = None
    after: str = Field("", max_length=200)
    limit: int = Field(100, ge=1, le=accounts.MOST)


class NewPerson(StrictModel):
    """An account without a password, for who signs in by other means or is sent a link later."""

    username: str = Field(max_length=200)
    display_name: str = Field(max_length=400)
    roles: RoleWords = Field(default_factory=list)
    language: str = Field("en", max_length=20)
    department_id: DepartmentId = None


class PersonChange(StrictModel):
    """The fields to change; department_id null puts the person into none."""

    username: str | None = Field(None, max_length=200)
    display_name: str | None = Field(None, max_length=400)
    language: str | None = Field(None, max_length=20)
    department_id: DepartmentId = None


class RolesChange(StrictModel):
    """The roles that the person holds from now on, all of them."""

    roles: RoleWords


class Person(BaseModel):
    """One account. has_password: false while the person signs in by other means, or not yet at all."""

    user_id: int
    username: str
    display_name: str
    roles: list[str]
    language: str
    department_id: int | None
    active: bool
    has_password: bool
    created_at: datetime
    disabled_at: datetime | None
    last_seen_at: datetime | None


class People(BaseModel):
    """A page of people by user name. after: what to ask the next page with, null at the end."""

    people: list[Person]
    after: str | None


class RoleHeld(BaseModel):
    """A role held since a moment, until another or (null) still. given_by, ended_by: a person's name where known."""

    role: str
    since: datetime
    given_by: str
    until: datetime | None
    ended_by: str | None


class PersonPage(BaseModel):
    """Everything about one person; history: every role that she holds or held, newest first."""

    person: Person
    history: list[RoleHeld]


@router.post("/api/people/search", summary="People of the institution")
def search_people(request: Request, body: PeopleSearch, who: Annotated[Caller, Depends(caller)]) -> People:
    """For administrators; names stay out of addresses."""
    search = accounts.Search(
        text=body.text,
        role=None if body.role is None else roles_of_person([body.role])[0],
        department_id=body.department_id,
        state=body.state,
        after=body.after,
        limit=body.limit,
    )
    found = accounts.people(parts_of(request).database, who, search)
    after = found[-1].user.username if len(found) == body.limit else None
    return People(people=[_shown(each) for each in found], after=after)


@router.post("/api/people", summary="Add an account without a password", status_code=201)
def add_person(request: Request, body: NewPerson, who: Annotated[Caller, Depends(caller)]) -> Person:
    """For administrators. 409 username-taken, 400 invalid-role, roles-kept-apart; 404 unknown-department."""
    database = parts_of(request).database
    made = accounts.create_account(
        database,
        who,
        username=body.username,
        display_name=body.display_name,
        roles=body.roles,
        language=body.language,
        department_id=body.department_id,
    )
    return _shown(accounts.person_of(database, who, made.user_id))


@router.get("/api/people/export", summary="People as a list", response_class=Response, responses=EXPORT_ANSWER)
def export_people(
    request: Request, who: Annotated[Caller, Depends(caller)], form: Annotated[ListForm, Query(alias="as")] = "csv"
) -> Response:
    """Columns username, display_name, roles, department (its code), language, active. For administrators."""
    return list_file("people", form, lists.COLUMNS, lists.export_people(parts_of(request).database, who))


@router.post("/api/people/import", summary="Add and change people by a list", openapi_extra=IMPORT_BODY)
def import_people(
    request: Request,
    who: Annotated[Caller, Depends(caller)],
    body: Annotated[ListBody, Depends(list_body)],
    dry_run: bool = False,
) -> ImportReport:
    """All or nothing; new accounts have no password. For administrators. 400 invalid-list."""
    parts = parts_of(request)
    report = lists.import_people(parts.database, who, body.lines(lists.COLUMNS), dry_run=dry_run)
    parts.authenticator.forget_all()
    return import_report(report, dry_run=dry_run)


@router.get("/api/people/{user_id}", summary="One person and her roles since when")
def get_person(request: Request, user_id: int, who: Annotated[Caller, Depends(caller)]) -> PersonPage:
    """For administrators. 404 unknown-user."""
    return _page(request, who, _known(user_id))


@router.patch("/api/people/{user_id}", summary="Change a person's account")
def change_person(
    request: Request, user_id: int, body: PersonChange, who: Annotated[Caller, Depends(caller)]
) -> PersonPage:
    """For administrators. 404 unknown-user, unknown-department; 409 username-taken."""
    parts = parts_of(request)
    accounts.change_account(
        parts.database,
        who,
        _known(user_id),
        username=body.username,
        display_name=body.display_name,
        language=body.language,
        department_id=body.department_id if "department_id" in body.model_fields_set else Unchanged.UNCHANGED,
    )
    parts.authenticator.forget_all()
    return _page(request, who, user_id)


@router.put("/api/people/{user_id}/roles", summary="Give and end roles")
def put_roles(request: Request, user_id: int, body: RolesChange, who: Annotated[Caller, Depends(caller)]) -> PersonPage:
    """For administrators; the region's by who administers it. 409 last-administrator, 400 roles-kept-apart."""
    parts = parts_of(request)
    roles_held.set_roles(parts.database, who, _known(user_id), body.roles)
    parts.authenticator.forget_all()
    return _page(request, who, user_id)


@router.post("/api/people/{user_id}/disable", summary="End an account and its sessions")
def disable_person(request: Request, user_id: int, who: Annotated[Caller, Depends(caller)]) -> PersonPage:
    """For administrators. 409 last-administrator."""
    parts = parts_of(request)
    accounts.disable(parts.database, who, _known(user_id))
    parts.authenticator.forget_all()
    return _page(request, who, user_id)


@router.post("/api/people/{user_id}/enable", summary="Let a disabled person sign in again")
def enable_person(request: Request, user_id: int, who: Annotated[Caller, Depends(caller)]) -> PersonPage:
    """For administrators."""
    accounts.enable(parts_of(request).database, who, _known(user_id))
    return _page(request, who, user_id)


def _page(request: Request, who: Caller, user_id: int) -> PersonPage:
    database = parts_of(request).database
    person = accounts.person_of(database, who, user_id)
    history = roles_held.role_history(database, who, user_id)
    names = accounts.names_of(
        database, who, {name for each in history for name in (each.given_by, each.ended_by or "")}
    )
    return PersonPage(
        person=_shown(person),
        history=[
            RoleHeld(
                role=str(each.role),
                since=each.since,
                given_by=names.get(each.given_by, each.given_by),
                until=each.until,
                ended_by=None if each.ended_by is None else names.get(each.ended_by, each.ended_by),
            )
            for each in history
        ],
    )


def _known(user_id: int) -> int:
    return row_number(user_id, UnknownUser("There is no such user."))


def _shown(person: accounts.Person) -> Person:
    user = person.user
    return Person(
        user_id=user.user_id,
        username=user.username,
        display_name=user.display_name,
        roles=[str(role) for role in user.roles],
        language=user.language,
        department_id=person.department_id,
        active=person.disabled_at is None,
        has_password=person.has_password,
        created_at=person.created_at,
        disabled_at=person.disabled_at,
        last_seen_at=person.last_seen_at,
    )
