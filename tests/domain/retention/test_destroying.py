"""A study is destroyed when its day is over, nothing holds it and two people of two powers approved; never else."""

from __future__ import annotations

from datetime import date

import pytest
from tests.access.builders import restrict_id
from tests.domain.conftest import Hospital, a_ct_slice
from tests.domain.retention.conftest import STUDY, Late, People

from isocenter.access.caller import Caller, CallerKind, system_caller
from isocenter.access.restriction.errors import PeopleOnly
from isocenter.access.roles import Role
from isocenter.domain.archive.deletions import Deletions
from isocenter.domain.archive.destruction_certificate import certificate_of_record
from isocenter.domain.archive.erase import erase_study
from isocenter.domain.retention import destroying
from isocenter.domain.retention.clock import confirm_clock
from isocenter.domain.retention.destroying import DESTROY, Destructions
from isocenter.domain.retention.errors import (
    ClockLeapt,
    NotInThisState,
    SamePerson,
    SamePower,
    UnknownDestruction,
)
from isocenter.domain.retention.looking import look_everywhere, look_for_due
from isocenter.domain.retention.policy import set_policy
from isocenter.domain.retention.states import State
from isocenter.domain.retention.visits import record_visit
from isocenter.index.erasures import erase_study as forget_study
from isocenter.kit.clock import utc_now
from isocenter.kit.errors import Refused
from isocenter.storage.facts import FactLog

OVER = date(2039, 2, 1)
SECOND = "1.2.4"


@pytest.fixture
def officer(person: People) -> Caller:
    return person(2, Role.SECURITY_OFFICER)


@pytest.fixture
def radiologist(person: People) -> Caller:
    return person(3, Role.SENIOR_RADIOLOGIST)


@pytest.fixture
def due(destructions: Destructions, administrator: Caller, late: Late) -> Destructions:
    """The day of the one study is over, and somebody looked."""
    late(OVER)
    assert look_for_due(destructions.database, administrator) == 1
    return destructions


def states(hospital: Hospital) -> list[tuple[object, ...]]:
    return hospital.rows("SELECT study_instance_uid, state FROM destruction_study ORDER BY item_id")


def facts(deletions: Destructions | Deletions, institution_id: int) -> list[dict[str, object]]:
    return [dict(fact.content) for fact in FactLog(deletions.store, institution_id, deletions.key_file).facts()]


def test_a_study_is_due_after_its_day_and_not_on_it(
    kept: Hospital, destructions: Destructions, administrator: Caller, late: Late
) -> None:
    late(date(2039, 1, 31))
    assert look_for_due(destructions.database, administrator) == 0
    late(OVER)
    assert look_everywhere(destructions.database) == 1
    assert look_for_due(destructions.database, administrator) == 0
    [item] = destructions.studies(administrator)
    assert (item.state, item.kept_until, item.patient_id, item.instance_count) == ("due", date(2039, 1, 31), "P1", 1)


def test_two_people_of_two_powers_destroy_and_the_evidence_says_who(
    kept: Hospital, due: Destructions, administrator: Caller, officer: Caller
) -> None:
    number = due.propose(administrator, [STUDY], "kept long enough")
    assert due.approve(administrator, number).counts == {"approved-once": 1}
    assert due.destroy_approved() == 0
    assert due.approve(officer, number).counts == {"approved": 1}
    assert kept.rows(f"SELECT count(*) FROM procrastinate_jobs WHERE task_name = '{DESTROY}'") == [(1,)]
    assert due.destroy_approved() == 1
    assert due.destroy_approved() == 0
    assert kept.rows("SELECT count(*) FROM study") == [(0,)]
    proposal, [item], _ = due.destruction(officer, number)
    assert ([each["approved_by"] for each in proposal.approvals], proposal.counts) == (["1", "2"], {"destroyed": 1})
    assert (item.state, item.patient_id) == ("destroyed", None)
    assert [fact["kind"] for fact in facts(due, administrator.institution_id)] == [
        "destruction-approved",
        "study-erased",
    ]
    assert facts(due, administrator.institution_id)[0]["approved_by"] == ["1", "2"]
    assert item.record_id is not None
    certificate = certificate_of_record(officer, due.database, due.store, due.key_file, item.record_id)
    assert certificate.content["approved_by"] == ["user:1", "user:2"]
    assert certificate.content["reason"] == f"destruction-{number}"
    assert [step.to_state for step in due.steps(officer, STUDY)] == [
        "due",
        "proposed",
        "approved-once",
        "approved",
        "destroyed",
    ]
    actions = kept.rows("SELECT action FROM audit_event WHERE action LIKE 'destr%' OR action LIKE '%-destroyed'")
    assert sorted(str(action) for (action,) in actions) == [
        "destruction-approved",
        "destruction-approved",
        "destruction-proposed",
        "study-destroyed",
    ]


def test_one_person_one_power_or_a_program_is_not_enough(
    due: Destructions, administrator: Caller, officer: Caller, person: People
) -> None:
    number = due.propose(administrator, [STUDY], "kept long enough")
    due.approve(administrator, number)
    with pytest.raises(SamePerson):
        due.approve(administrator, number)
    with pytest.raises(SamePower):
        due.approve(person(7, Role.ADMINISTRATOR), number)
    for nobody in (
        system_caller(administrator.institution_id, "command-line"),
        Caller(CallerKind.PROGRAM, "5", administrator.institution_id, (Role.SECURITY_OFFICER,)),
    ):
        with pytest.raises(PeopleOnly):
            due.approve(nobody, number)
    with pytest.raises(Refused):
        due.approve(person(8, Role.RADIOLOGIST), number)
    with pytest.raises(UnknownDestruction):
        due.approve(officer, number + 1)
    assert due.destroy_approved() == 0
    due.approve(officer, number)
    with pytest.raises(NotInThisState):
        due.approve(person(3, Role.SENIOR_RADIOLOGIST), number)


def test_who_holds_two_powers_stands_for_one_of_them(due: Destructions, administrator: Caller, person: People) -> None:
    number = due.propose(administrator, [STUDY], "kept long enough")
    due.approve(person(7, Role.ADMINISTRATOR, Role.SENIOR_RADIOLOGIST), number)
    assert due.approve(administrator, number).counts == {"approved": 1}


@pytest.mark.parametrize("approvals", [0, 1, 2])
def test_a_hold_takes_a_study_out_and_lifting_it_starts_anew(
    kept: Hospital, due: Destructions, administrator: Caller, officer: Caller, approvals: int
) -> None:
    number = due.propose(administrator, [STUDY], "kept long enough")
    for who in (administrator, officer)[:approvals]:
        due.approve(who, number)
    restrict_id(kept.database, administrator.institution_id, "P1", "legal-hold")
    if approvals < 2:
        with pytest.raises(NotInThisState):
            due.approve(officer, number)
    assert due.destroy_approved() == 0
    assert states(kept) == [(STUDY, "held")]
    with kept.database.transaction(administrator.institution_id) as connection:
        connection.execute("UPDATE patient_restriction SET lifted_at = now()")
    look_for_due(due.database, administrator)
    assert states(kept) == [(STUDY, "due")]
    assert due.destroy_approved() == 0
    assert kept.rows("SELECT count(*) FROM study") == [(1,)]


def test_a_visit_a_longer_policy_or_a_late_image_keeps_it_again(
    kept: Hospital, due: Destructions, administrator: Caller, officer: Caller, region_administrator: Caller
) -> None:
    [(key,)] = kept.rows("SELECT patient_key FROM patient")
    number = due.propose(administrator, [STUDY], "kept long enough")
    due.approve(administrator, number)
    kept.store(a_ct_slice(2), uid=f"{STUDY}.1.2")
    with pytest.raises(NotInThisState):
        due.approve(officer, number)
    assert states(kept) == [(STUDY, "due")]
    set_policy(kept.database, region_administrator, outpatient_years=16, inpatient_years=30, reason="by contract")
    look_for_due(due.database, administrator)
    assert states(kept) == []
    set_policy(kept.database, region_administrator, outpatient_years=15, inpatient_years=30, reason="by law")
    assert look_for_due(due.database, administrator) == 1
    record_visit(kept.database, administrator, int(str(key)), date(2025, 3, 1))
    with pytest.raises(NotInThisState):
        due.propose(administrator, [STUDY], "kept long enough")
    look_for_due(due.database, administrator)
    assert states(kept) == []


def test_a_withdrawn_proposal_destroys_nothing_and_its_studies_are_due_again(
    kept: Hospital, due: Destructions, administrator: Caller, officer: Caller, radiologist: Caller
) -> None:
    number = due.propose(administrator, [STUDY], "kept long enough")
    due.approve(administrator, number)
    due.approve(officer, number)
    withdrawn = due.withdraw(radiologist, number, "wanted for teaching")
    assert (withdrawn.withdrawn_by, withdrawn.counts) == ("3", {})
    assert due.destroy_approved() == 0
    assert states(kept) == [(STUDY, "due")]
    with pytest.raises(NotInThisState):
        due.approve(radiologist, number)
    with pytest.raises(NotInThisState):
        due.withdraw(radiologist, number, "again")
    again = due.propose(administrator, [STUDY], "no longer wanted")
    assert due.approve(administrator, again).counts == {"approved-once": 1}


def test_a_proposal_is_of_due_studies_or_nothing(kept: Hospital, due: Destructions, administrator: Caller) -> None:
    for wanted in ([], [STUDY, SECOND], [SECOND]):
        with pytest.raises(NotInThisState):
            due.propose(administrator, wanted, "kept long enough")
    assert states(kept) == [(STUDY, "due")]
    due.propose(administrator, [STUDY, STUDY], "kept long enough")
    with pytest.raises(NotInThisState):
        due.propose(administrator, [STUDY], "kept long enough")


def test_a_deleted_study_is_due_too_and_is_destroyed_as_it_is(
    kept: Hospital, deletions: Deletions, due: Destructions, administrator: Caller, officer: Caller
) -> None:
    deletions.delete(administrator, STUDY, reason="test")
    [item] = due.studies(officer, State.DUE)
    assert item.is_deleted
    number = due.propose(officer, [STUDY], "kept long enough")
    due.approve(officer, number)
    due.approve(administrator, number)
    assert due.destroy_approved() == 1
    assert kept.rows("SELECT count(*) FROM deleted_study") == [(0,)]


def test_a_destruction_that_was_interrupted_is_finished_and_what_came_again_stays(
    kept: Hospital, due: Destructions, administrator: Caller, officer: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = due.propose(administrator, [STUDY], "kept long enough")
    due.approve(administrator, number)
    due.approve(officer, number)
    real = erase_study

    def killed(*arguments: object, **named: object) -> None:
        real(*arguments, **named)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(destroying, "erase_study", killed)
    with pytest.raises(KeyboardInterrupt):
        due.destroy_approved()
    monkeypatch.setattr(destroying, "erase_study", real)
    look_for_due(due.database, administrator)
    kept.store(a_ct_slice(1), uid=f"{STUDY}.1.1")
    assert states(kept) == [(STUDY, "approved")]
    assert due.destroy_approved() == 1
    assert states(kept) == [(STUDY, "destroyed")]
    assert kept.rows("SELECT count(*) FROM study") == [(1,)]
    assert len(facts(due, administrator.institution_id)) == 2


def test_what_a_restored_index_takes_for_approved_is_destroyed_when_a_fact_says_so(
    kept: Hospital, due: Destructions, administrator: Caller, officer: Caller
) -> None:
    number = due.propose(administrator, [STUDY], "kept long enough")
    due.approve(administrator, number)
    due.approve(officer, number)
    with kept.database.transaction(administrator.institution_id) as connection:
        forget_study(connection, STUDY, [], utc_now())  # as an older index is brought forward
    look_for_due(due.database, administrator)
    assert due.destroy_approved() == 1
    assert states(kept) == [(STUDY, "destroyed")]


def test_a_clock_that_leaps_makes_nothing_old_until_somebody_confirms_it(
    kept: Hospital, destructions: Destructions, administrator: Caller, region_administrator: Caller, late: Late
) -> None:
    late(date(2026, 11, 22))
    assert look_for_due(destructions.database, administrator) == 0
    late(OVER)
    with pytest.raises(ClockLeapt):
        look_for_due(destructions.database, administrator)
    assert look_everywhere(destructions.database) == 0
    with pytest.raises(ClockLeapt):
        destructions.propose(administrator, [STUDY], "kept long enough")
    with pytest.raises(Refused):
        confirm_clock(destructions.database, administrator)
    late(date(2026, 11, 1))  # back, and right
    assert look_for_due(destructions.database, administrator) == 0
    late(OVER)
    assert confirm_clock(destructions.database, region_administrator).believed == OVER
    assert look_for_due(destructions.database, administrator) == 1


def test_another_hospital_sees_and_decides_nothing_of_it(
    kept: Hospital, due: Destructions, administrator: Caller, other_institution: object
) -> None:
    number = due.propose(administrator, [STUDY], "kept long enough")
    elsewhere = Caller(
        CallerKind.USER,
        "2",
        other_institution.institution_id,
        (Role.SECURITY_OFFICER,),  # type: ignore[attr-defined]
    )
    assert due.studies(elsewhere) == []
    assert due.overview(elsewhere).destructions == []
    with pytest.raises(UnknownDestruction):
        due.approve(elsewhere, number)
