"""Institutions and departments: the region makes them, each names itself, a stranger learns not even existence."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from isocenter.access import api_tokens, departments, enrolment, institutions, sessions
from isocenter.access.attempts import SignInAttempts
from isocenter.access.caller import Caller, CallerKind, system_caller
from isocenter.access.errors import (
    BadCredentials,
    DepartmentExists,
    DepartmentInUse,
    InstitutionExists,
    InstitutionInUse,
    InvalidDepartment,
    InvalidInstitution,
    UnknownDepartment,
    UnknownEnrolment,
    UnknownInstitution,
)
from isocenter.access.institutions import Institution
from isocenter.access.people import accounts, onboarding
from isocenter.access.roles import Role
from isocenter.index.institutions import Institution as Known
from isocenter.index.institutions import code_from
from isocenter.kit.database import Database
from isocenter.kit.errors import Refused
from isocenter.kit.lists import Outcome, lines_of_csv

PASSWORD = "horse staple battery 9"


def a_caller(institution_id: int, *roles: Role) -> Caller:
    return Caller(CallerKind.USER, "7", institution_id, roles)


@pytest.fixture
def region(institution: Known) -> Caller:
    return a_caller(institution.institution_id, Role.REGION_ADMINISTRATOR)


def a_hospital(database: Database, region: Caller, code: str = "st-mary") -> Institution:
    return institutions.add_institution(database, region, code=code, name=f"Hospital {code}", other_name="圣玛丽医院")


def test_the_region_makes_and_names_hospitals(database: Database, region: Caller) -> None:
    made = a_hospital(database, region, " St-Mary ")
    assert (made.code, made.other_name, made.active) == ("st-mary", "圣玛丽医院", True)
    renamed = institutions.change_institution(database, region, made.institution_id, code="st-m", name=" Saint  Mary ")
    assert (renamed.code, renamed.name, renamed.other_name) == ("st-m", "Saint Mary", "圣玛丽医院")
    assert institutions.institution_coded(database, "ST-M") == renamed
    assert [each.name for each in institutions.institutions_of(database, region)] == ["Demo", "Saint Mary"]


@pytest.mark.parametrize("code", ["", "a", "-ab", "ab-", "a b", "../x", "a" * 33, "ä1", "a\0b", "a/b"])
def test_odd_codes_are_refused(code: str) -> None:
    with pytest.raises(InvalidInstitution):
        institutions.checked_code(code)


@pytest.mark.parametrize("name", ["My institution", "北京医院", "  ", "x", "-"])
def test_a_name_gives_a_code_that_is_one(name: str) -> None:
    assert institutions.checked_code(code_from(name)) == code_from(name)


def test_two_hospitals_share_neither_code_nor_name(database: Database, region: Caller) -> None:
    made, other = a_hospital(database, region), a_hospital(database, region, "other")
    for code, name in (("st-mary", "New"), ("new", "Hospital st-mary")):
        with pytest.raises(InstitutionExists):
            institutions.add_institution(database, region, code=code, name=name)
        with pytest.raises(InstitutionExists):
            institutions.change_institution(database, region, other.institution_id, code=code, name=name)
    for bad in ("", "x" * 101, "a\nb\u202e"):
        with pytest.raises(InvalidInstitution):
            institutions.change_institution(database, region, made.institution_id, name=bad)


def test_an_administrator_names_her_own_hospital_and_learns_of_no_other(
    database: Database, institution: Known, other_institution: Known
) -> None:
    administrator = a_caller(institution.institution_id, Role.ADMINISTRATOR)
    own = institutions.change_institution(database, administrator, institution.institution_id, name="Ours")
    assert institutions.institutions_of(database, administrator) == (own,)
    with pytest.raises(Refused):
        institutions.change_institution(database, administrator, institution.institution_id, code="ours")
    messages = set()
    for stranger in (other_institution.institution_id, 999_999):
        for attempt in (
            lambda number: institutions.change_institution(database, administrator, number, name="Mine"),
            lambda number: onboarding.progress_of(database, administrator, number),
            lambda number: departments.departments_of(database, administrator, number),
            lambda number: departments.add_department(
                database, administrator, code="X", name="X", institution_id=number
            ),
        ):
            with pytest.raises(UnknownInstitution) as refusal:
                attempt(stranger)
            messages.add(str(refusal.value))
    assert len(messages) == 1


def test_only_the_region_makes_and_ends_hospitals(
    database: Database, institution: Known, other_institution: Known
) -> None:
    number = other_institution.institution_id
    attempts: tuple[Callable[[Caller], object], ...] = (
        lambda caller: institutions.add_institution(database, caller, code="xx", name="X"),
        lambda caller: institutions.deactivate_institution(database, caller, number),
        lambda caller: institutions.activate_institution(database, caller, number),
        lambda caller: institutions.import_institutions(database, caller, (), dry_run=True),
        lambda caller: onboarding.invite_first_administrator(database, caller, number),
    )
    for role in (Role.ADMINISTRATOR, Role.RADIOLOGIST, Role.AUDITOR, Role.SECURITY_OFFICER):
        for attempt in attempts:
            with pytest.raises(Refused):
                attempt(a_caller(institution.institution_id, role))


def test_a_deactivated_hospital_lets_nobody_in_and_comes_back(database: Database, region: Caller) -> None:
    made = a_hospital(database, region)
    inside = system_caller(made.institution_id, "t")
    link = enrolment.issue_enrolment(database, inside, (Role.RADIOLOGIST,))
    token = api_tokens.issue_token(database, inside, (Role.MODALITY,))
    first = enrolment.issue_enrolment(database, inside, (Role.ADMINISTRATOR,))
    enrolment.enrol(database, first, username="ada", display_name="A", password=PASSWORD, language="en")

    def sign_in() -> str:
        return sessions.sign_in(database, SignInAttempts(database), "ada", PASSWORD, address="::1", user_agent="t")[1]

    session = sign_in()
    institutions.deactivate_institution(database, region, made.institution_id)
    assert sessions.session_of(database, session) is None
    assert api_tokens.caller_of_token(database, token) is None
    with pytest.raises(BadCredentials):
        sign_in()
    with pytest.raises(UnknownEnrolment):
        enrolment.enrolment_of(database, link)
    institutions.activate_institution(database, region, made.institution_id)
    assert sessions.session_of(database, session) is None
    assert sessions.session_of(database, sign_in()) is not None
    assert api_tokens.caller_of_token(database, token) is not None


def test_the_own_and_the_first_hospital_cannot_be_deactivated(
    database: Database, institution: Known, other_institution: Known
) -> None:
    for at_home, target in (
        (institution.institution_id, institution.institution_id),
        (other_institution.institution_id, other_institution.institution_id),
        (other_institution.institution_id, institution.institution_id),
    ):
        with pytest.raises(InstitutionInUse):
            institutions.deactivate_institution(database, a_caller(at_home, Role.REGION_ADMINISTRATOR), target)


def test_the_region_opens_a_hospital_once_and_has_no_way_in_afterwards(database: Database, region: Caller) -> None:
    made = a_hospital(database, region)
    assert not onboarding.progress_of(database, region, made.institution_id).has_administrator
    kept = onboarding.invite_first_administrator(database, region, made.institution_id)
    secret = onboarding.invite_first_administrator(database, region, made.institution_id)
    with pytest.raises(UnknownEnrolment):
        enrolment.enrolment_of(database, kept)
    user = enrolment.enrol(database, secret, username="ada", display_name="A", password=PASSWORD, language="en")
    assert (user.institution_id, user.roles) == (made.institution_id, (Role.ADMINISTRATOR,))
    progress = onboarding.progress_of(database, region, made.institution_id)
    assert (progress.people, progress.has_administrator, progress.open_invitations) == (1, True, 0)
    with pytest.raises(InstitutionInUse):
        onboarding.invite_first_administrator(database, region, made.institution_id)


def test_departments_are_made_changed_and_removed(database: Database, institution: Known) -> None:
    administrator = a_caller(institution.institution_id, Role.ADMINISTRATOR)
    made = departments.add_department(database, administrator, code="RAD", name="Radiology", other_name="放射科")
    changed = departments.change_department(database, administrator, made.department_id, name="Imaging")
    assert (changed.code, changed.name, changed.other_name) == ("RAD", "Imaging", "放射科")
    with pytest.raises(DepartmentExists):
        departments.add_department(database, administrator, code="RAD", name="Other")
    for code, name in (("", "X"), ("a b", "X"), ("X", ""), ("X", "a\u202eb")):
        with pytest.raises(InvalidDepartment):
            departments.add_department(database, administrator, code=code, name=name)
    person = accounts.create_account(
        database, administrator, username="ada", display_name="A", roles=(), department_id=made.department_id
    )
    with pytest.raises(DepartmentInUse):
        departments.remove_department(database, administrator, made.department_id)
    accounts.change_account(database, administrator, person.user_id, department_id=None)
    departments.remove_department(database, administrator, made.department_id)
    with pytest.raises(UnknownDepartment):
        departments.change_department(database, administrator, made.department_id, name="X")


def test_the_region_sets_up_departments_of_a_new_hospital(database: Database, region: Caller) -> None:
    made = a_hospital(database, region)
    departments.add_department(database, region, code="CT", name="CT", institution_id=made.institution_id)
    assert [each.code for each in departments.departments_of(database, region, made.institution_id)] == ["CT"]
    assert departments.departments_of(database, region) == ()


def test_others_see_departments_and_change_none(database: Database, institution: Known) -> None:
    administrator = a_caller(institution.institution_id, Role.ADMINISTRATOR)
    made = departments.add_department(database, administrator, code="RAD", name="Radiology")
    for role in (Role.RADIOLOGIST, Role.SECURITY_OFFICER, Role.AUDITOR):
        caller = a_caller(institution.institution_id, role)
        assert departments.departments_of(database, caller) == (made,)
        with pytest.raises(Refused):
            departments.remove_department(database, caller, made.department_id)
        with pytest.raises(Refused):
            departments.add_department(database, caller, code="X", name="X")


def test_hospitals_and_departments_come_in_as_lists_whole_or_not_at_all(database: Database, region: Caller) -> None:
    def imported(text: str) -> list[str]:
        lines = lines_of_csv(institutions.COLUMNS, text.encode())
        report = institutions.import_institutions(database, region, lines, dry_run=False)
        return [each.reason or str(each.outcome) for each in report.lines]

    assert imported("code,name\naa,A\nbb,B\n") == ["added", "added"]
    assert imported("code,name,other_name\naa,A,甲\nbb,B,\n") == ["changed", "same"]
    assert imported("code,name\ncc,C\ndd,A\n") == ["added", "institution-exists"]
    assert [each.code for each in institutions.institutions_of(database, region)] == ["aa", "bb", "demo"]
    lines = lines_of_csv(departments.COLUMNS, b"code,name\nCT,CT\nCT,Twice\nMR,CT\n")
    inside = institutions.institution_coded(database, "aa").institution_id
    report = departments.import_departments(database, region, lines, dry_run=False, institution_id=inside)
    assert [each.outcome for each in report.lines] == [Outcome.ADDED, Outcome.CHANGED, Outcome.ADDED]
