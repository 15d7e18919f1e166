"""People of an institution: roles with history, powers nobody gives herself, the last administrator, invitations."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from isocenter.access import audit, departments, enrolment, sessions
from isocenter.access.attempts import SignInAttempts
from isocenter.access.caller import Caller, CallerKind, system_caller
from isocenter.access.errors import (
    BadCredentials,
    InvalidRole,
    LastAdministrator,
    RolesKeptApart,
    UnknownDepartment,
    UnknownEnrolment,
    UnknownUser,
    UsernameTaken,
)
from isocenter.access.people import accounts, invitations, lists, roles_held
from isocenter.access.people.accounts import Search
from isocenter.access.roles import Role
from isocenter.access.users import User
from isocenter.index.institutions import Institution
from isocenter.kit.database import Database
from isocenter.kit.errors import Refused
from isocenter.kit.lists import Outcome, csv_of, lines_of_csv

PASSWORD = "horse staple battery 9"
NOBODY = 1_000_000


@pytest.fixture
def administrator(database: Database, institution: Institution) -> Caller:
    return an_administrator(database, institution.institution_id, "root.a")


def an_administrator(database: Database, institution_id: int, username: str, *more: Role) -> Caller:
    user = an_account(database, system_caller(institution_id, "test"), username, Role.ADMINISTRATOR, *more)
    return Caller(CallerKind.USER, str(user.user_id), institution_id, user.roles)


def an_account(database: Database, caller: Caller, username: str, *roles: Role) -> User:
    return accounts.create_account(database, caller, username=username, display_name=f"The {username}", roles=roles)


def held(database: Database, caller: Caller, user: User) -> set[str]:
    return set(accounts.person_of(database, caller, user.user_id).user.roles)


def test_roles_are_given_and_ended_and_the_history_stays(database: Database, administrator: Caller) -> None:
    user = an_account(database, administrator, "ada", Role.RADIOLOGIST)
    roles_held.set_roles(database, administrator, user.user_id, ["teacher", "senior-radiologist"])
    roles_held.give_role(database, administrator, user.user_id, "radiologist")
    after = roles_held.end_role(database, administrator, user.user_id, "teacher")
    assert after.roles == (Role.RADIOLOGIST, Role.SENIOR_RADIOLOGIST)
    history = roles_held.role_history(database, administrator, user.user_id)
    assert [(each.role, each.until is None) for each in history if each.role is Role.RADIOLOGIST] == [
        (Role.RADIOLOGIST, True),
        (Role.RADIOLOGIST, False),
    ]
    assert {each.given_by for each in history} == {administrator.id}
    assert {each.ended_by for each in history if each.until} == {administrator.id}


def test_giving_what_is_held_and_ending_what_is_not_changes_nothing(database: Database, administrator: Caller) -> None:
    user = an_account(database, administrator, "ada", Role.RADIOLOGIST)
    roles_held.give_role(database, administrator, user.user_id, "radiologist")
    roles_held.end_role(database, administrator, user.user_id, "teacher")
    assert len(roles_held.role_history(database, administrator, user.user_id)) == 1


def test_powers_stay_apart_whatever_is_given_one_by_one(database: Database, administrator: Caller) -> None:
    user = an_account(database, administrator, "ada", Role.AUDITOR)
    for role in ("administrator", "security-officer"):
        with pytest.raises(RolesKeptApart):
            roles_held.give_role(database, administrator, user.user_id, role)
    for role in ("system", "guest", "modality", "king"):
        with pytest.raises(InvalidRole):
            roles_held.give_role(database, administrator, user.user_id, role)
    assert held(database, administrator, user) == {"auditor"}


def test_nobody_gives_the_region_who_does_not_administer_it(database: Database, institution: Institution) -> None:
    inside = institution.institution_id
    region = an_administrator(database, inside, "root.r", Role.REGION_ADMINISTRATOR)
    administrator = an_administrator(database, inside, "root.a")
    ada = an_account(database, region, "ada", Role.REGION_ADMINISTRATOR)
    for attempt in (
        lambda: roles_held.set_roles(database, administrator, int(administrator.id), ["region-administrator"]),
        lambda: roles_held.end_role(database, administrator, ada.user_id, "region-administrator"),
        lambda: an_account(database, administrator, "eve", Role.REGION_ADMINISTRATOR),
        lambda: accounts.change_account(database, administrator, ada.user_id, username="eve"),
        lambda: invitations.invite(database, administrator, ["region-administrator"]),
    ):
        with pytest.raises(Refused):
            attempt()
    assert roles_held.end_role(database, region, ada.user_id, "region-administrator").roles == ()


def test_only_administrators_manage_people(database: Database, administrator: Caller) -> None:
    user = an_account(database, administrator, "ada", Role.TEACHER)
    attempts: tuple[Callable[[Caller], object], ...] = (
        lambda other: roles_held.give_role(database, other, user.user_id, "radiologist"),
        lambda other: accounts.people(database, other),
        lambda other: accounts.disable(database, other, user.user_id),
        lambda other: an_account(database, other, "eve"),
        lambda other: invitations.invite(database, other, ["radiologist"]),
        lambda other: lists.export_people(database, other),
        lambda other: lists.import_people(database, other, (), dry_run=True),
    )
    for role in (Role.RADIOLOGIST, Role.SECURITY_OFFICER, Role.REGION_ADMINISTRATOR, Role.AUDITOR, Role.SERVICE):
        for attempt in attempts:
            with pytest.raises(Refused):
                attempt(Caller(CallerKind.USER, "77", administrator.institution_id, (role,)))


def test_another_hospital_finds_nobody(
    database: Database, administrator: Caller, other_institution: Institution
) -> None:
    user = an_account(database, administrator, "ada", Role.RADIOLOGIST)
    stranger = an_administrator(database, other_institution.institution_id, "root.b")
    attempts: tuple[Callable[[int], object], ...] = (
        lambda user_id: accounts.person_of(database, stranger, user_id),
        lambda user_id: accounts.disable(database, stranger, user_id),
        lambda user_id: accounts.enable(database, stranger, user_id),
        lambda user_id: accounts.change_account(database, stranger, user_id, display_name="Eve"),
        lambda user_id: accounts.change_account(database, stranger, user_id, department_id=None),
        lambda user_id: roles_held.role_history(database, stranger, user_id),
        lambda user_id: roles_held.give_role(database, stranger, user_id, "teacher"),
    )
    for attempt in attempts:
        messages = set()
        for user_id in (user.user_id, NOBODY):
            with pytest.raises(UnknownUser) as refusal:
                attempt(user_id)
            messages.add(refusal.value.message)
        assert len(messages) == 1
    assert [each.user.username for each in accounts.people(database, stranger)] == ["root.b"]
    assert held(database, administrator, user) == {"radiologist"}


def test_the_last_administrator_cannot_be_taken_away(database: Database, administrator: Caller) -> None:
    one, two = int(administrator.id), an_account(database, administrator, "two", Role.ADMINISTRATOR)
    accounts.disable(database, administrator, two.user_id)
    for attempt in (
        lambda: accounts.disable(database, administrator, one),
        lambda: roles_held.end_role(database, administrator, one, "administrator"),
        lambda: roles_held.set_roles(database, administrator, one, []),
    ):
        with pytest.raises(LastAdministrator):
            attempt()
    accounts.enable(database, administrator, two.user_id)
    accounts.disable(database, administrator, one)


def test_two_administrators_who_end_each_other_at_one_moment_leave_one(
    database: Database, institution: Institution
) -> None:
    one = an_administrator(database, institution.institution_id, "one")
    two = an_administrator(database, institution.institution_id, "two")
    start = Barrier(2, timeout=30)

    def end(caller: Caller, other: Caller) -> bool:
        start.wait()
        try:
            roles_held.end_role(database, caller, int(other.id), "administrator")
        except LastAdministrator:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        ended = [each.result() for each in (threads.submit(end, one, two), threads.submit(end, two, one))]
    assert sorted(ended) == [False, True]
    left = accounts.people(database, system_caller(institution.institution_id, "t"), Search(role=Role.ADMINISTRATOR))
    assert len(left) == 1


def test_the_last_administrator_of_the_region_is_counted_in_every_hospital(
    database: Database, institution: Institution, other_institution: Institution
) -> None:
    here = an_administrator(database, institution.institution_id, "root.a", Role.REGION_ADMINISTRATOR)
    there = an_administrator(database, other_institution.institution_id, "root.b", Role.REGION_ADMINISTRATOR)
    roles_held.end_role(database, here, int(here.id), "region-administrator")
    with pytest.raises(LastAdministrator):
        roles_held.end_role(database, there, int(there.id), "region-administrator")


def test_an_account_without_a_password_is_entered_with_none(database: Database, administrator: Caller) -> None:
    an_account(database, administrator, "ada", Role.RADIOLOGIST)
    for password in ("", PASSWORD, "None"):
        with pytest.raises(BadCredentials):
            sessions.sign_in(database, SignInAttempts(database), "ada", password, address="::1", user_agent="t")


def test_people_are_found_by_name_role_department_and_state(database: Database, administrator: Caller) -> None:
    inside = system_caller(administrator.institution_id, "t")
    department = departments.add_department(database, inside, code="RAD", name="Radiology")
    ada = an_account(database, administrator, "ada", Role.RADIOLOGIST)
    accounts.change_account(database, administrator, ada.user_id, display_name="王小明")
    accounts.change_account(database, administrator, ada.user_id, department_id=department.department_id)
    bob = an_account(database, administrator, "bob", Role.TEACHER)
    accounts.disable(database, administrator, bob.user_id)

    def found(search: Search) -> list[str]:
        return [each.user.username for each in accounts.people(database, administrator, search)]

    assert found(Search()) == ["ada", "bob", "root.a"]
    assert found(Search(text="小")) == ["ada"]
    assert found(Search(text=" The B")) == ["bob"]
    assert found(Search(text="%")) == []
    assert found(Search(role=Role.TEACHER)) == ["bob"]
    assert found(Search(department_id=department.department_id)) == ["ada"]
    assert found(Search(state="active")) == ["ada", "root.a"]
    assert found(Search(state="disabled")) == ["bob"]
    assert found(Search(after="ada", limit=1)) == ["bob"]


def test_a_department_is_one_of_the_institution(
    database: Database, administrator: Caller, other_institution: Institution
) -> None:
    elsewhere = system_caller(other_institution.institution_id, "t")
    theirs = departments.add_department(database, elsewhere, code="RAD", name="Radiology")
    user = an_account(database, administrator, "ada")
    with pytest.raises(UnknownDepartment):
        accounts.change_account(database, administrator, user.user_id, department_id=theirs.department_id)
    with pytest.raises(UnknownDepartment):
        invitations.invite(database, administrator, ["teacher"], department_id=theirs.department_id)


def test_a_user_name_is_changed_unless_it_is_taken(database: Database, administrator: Caller) -> None:
    user = an_account(database, administrator, "ada")
    with pytest.raises(UsernameTaken):
        accounts.change_account(database, administrator, user.user_id, username="ROOT.A")
    assert accounts.change_account(database, administrator, user.user_id, username="Ada.L").username == "ada.l"


def test_an_invitation_offers_what_is_known_and_can_be_taken_back(database: Database, administrator: Caller) -> None:
    department = departments.add_department(database, administrator, code="RAD", name="Radiology")
    secret = invitations.invite(
        database,
        administrator,
        ["radiologist"],
        username="ada",
        display_name="Ada L",
        department_id=department.department_id,
    )
    other = invitations.invite(database, administrator, ["teacher"])
    assert enrolment.enrolment_of(database, secret).display_name == "Ada L"
    user = enrolment.enrol(database, secret, username="x", display_name="Ada", password=PASSWORD, language="en")
    assert accounts.person_of(database, administrator, user.user_id).department_id == department.department_id
    newest, oldest = invitations.invitations_of(database, administrator)
    assert (newest.state, oldest.state) == ("open", "used")
    invitations.withdraw(database, administrator, newest.enrolment_id)
    for gone in (newest, oldest):
        with pytest.raises(UnknownEnrolment):
            invitations.withdraw(database, administrator, gone.enrolment_id)
    with pytest.raises(UnknownEnrolment):
        enrolment.enrolment_of(database, other)


def test_who_may_not_invite_any_more_leaves_no_door_behind(database: Database, administrator: Caller) -> None:
    other = an_administrator(database, administrator.institution_id, "leaver")
    for end in (
        lambda: roles_held.end_role(database, administrator, int(other.id), "administrator"),
        lambda: accounts.disable(database, administrator, int(other.id)),
    ):
        theirs = invitations.invite(database, other, ["administrator"])
        ours = invitations.invite(database, administrator, ["radiologist"])
        end()
        with pytest.raises(UnknownEnrolment):
            enrolment.enrolment_of(database, theirs)
        assert enrolment.enrolment_of(database, ours).roles == (Role.RADIOLOGIST,)


LIST = """username,display_name,roles,department,active
ada,Ada L,radiologist teacher,RAD,yes
bob,Bob,,,no
"""


def imported(database: Database, caller: Caller, text: str, *, dry_run: bool = False) -> list[str]:
    lines = lines_of_csv(lists.COLUMNS, text.encode())
    report = lists.import_people(database, caller, lines, dry_run=dry_run)
    assert report.applied is (not dry_run and not report.count(Outcome.REFUSED))
    return [each.reason or str(each.outcome) for each in report.lines]


def test_people_go_out_and_in_as_a_list(database: Database, administrator: Caller) -> None:
    departments.add_department(database, administrator, code="RAD", name="Radiology")
    assert imported(database, administrator, LIST, dry_run=True) == ["added", "added"]
    assert len(accounts.people(database, administrator)) == 1
    assert imported(database, administrator, LIST) == ["added", "added"]
    assert imported(database, administrator, LIST.replace("Ada L", "Ada K")) == ["changed", "same"]
    exported = csv_of(lists.COLUMNS, lists.export_people(database, administrator)).decode("utf-8-sig")
    assert "ada,Ada K,radiologist teacher,RAD,en,yes" in exported
    assert imported(database, administrator, exported) == ["same", "same", "same"]
    assert imported(database, administrator, "username,display_name\nada,Ada K\n") == ["same"]


BAD_LINES = (
    ("eve,Eve,king,,", "invalid-role"),
    ("eve,Eve,administrator auditor,,", "roles-kept-apart"),
    ("eve,Eve,region-administrator,,", "refused"),
    ("eve,Eve,,NOWHERE,", "unknown-department"),
    ("e,Eve,,,", "invalid-username"),
    ("root.b,Theirs,,,", "username-taken"),
    ("ada,Twice,,,", "invalid-line"),
    ("root.a,Me,radiologist,,yes", "last-administrator"),
    ("root.a,Me,administrator,,no", "last-administrator"),
)


def test_one_bad_line_leaves_everything_as_it_was(
    database: Database, administrator: Caller, other_institution: Institution
) -> None:
    an_administrator(database, other_institution.institution_id, "root.b")
    for line, reason in BAD_LINES:
        text = f"username,display_name,roles,department,active\nada,Ada,teacher,,yes\n{line}\n"
        assert imported(database, administrator, text) == ["added", reason]
        assert [each.user.username for each in accounts.people(database, administrator)] == ["root.a"]


def test_every_change_is_in_the_trail_and_names_nobody(database: Database, administrator: Caller) -> None:
    user = an_account(database, administrator, "ada", Role.TEACHER)
    accounts.change_account(database, administrator, user.user_id, display_name="Planted Name")
    roles_held.set_roles(database, administrator, user.user_id, ["researcher"])
    accounts.disable(database, administrator, user.user_id)
    accounts.enable(database, administrator, user.user_id)
    with database.transaction(administrator.institution_id) as connection:
        rows = connection.execute("select action, detail::text from audit_event where caller_id = %s order by sequence",
                                  (administrator.id,)).fetchall()  # fmt: skip
    assert [row[0] for row in rows] == [
        audit.Action.USER_CREATED, audit.Action.USER_CHANGED, audit.Action.ROLE_ENDED, audit.Action.ROLE_GIVEN,
        audit.Action.USER_DISABLED, audit.Action.USER_ENABLED,
    ]  # fmt: skip
    assert "Planted" not in str(rows)
