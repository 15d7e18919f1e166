"""Restrictions, care relationships and breaking the glass: with history, reasons, an alarm and a review."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from tests.access.builders import a_person, a_user, studies_seen

from isocenter.access.caller import Caller, CallerKind
from isocenter.access.errors import UnknownUser
from isocenter.access.restriction.break_glass import By, accesses_to_review, break_glass, review_access
from isocenter.access.restriction.care import begin_care, care_of_patient, care_of_user, carers, end_care
from isocenter.access.restriction.errors import (
    AlreadyRestricted,
    AlreadyReviewed,
    InvalidReason,
    InvalidRestriction,
    NotRestricted,
    OwnAccess,
    PeopleOnly,
    UnknownAccess,
    UnknownCare,
    UnknownPatient,
    UnknownRestriction,
)
from isocenter.access.restriction.facts import RestrictionFacts
from isocenter.access.restriction.restrictions import (
    lift_restriction,
    restrict_patient,
    restricted_studies,
    restrictions_now,
    restrictions_of_patient,
)
from isocenter.access.roles import Role
from isocenter.access.sight import transaction_of
from isocenter.index.deletions import delete_study, on_legal_hold, past_recovery, see_deleted
from isocenter.index.institutions import Institution
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Database
from isocenter.kit.errors import Refused
from isocenter.storage.drivers import open_store
from isocenter.storage.errors import StorageFull
from isocenter.storage.facts import FactLog, make_key_file

REASON = "Unconscious in the emergency room"


@pytest.fixture
def ada(database: Database, hospital: Institution) -> Caller:
    """A radiologist with an account."""
    with database.transaction(hospital.institution_id) as connection:
        user_id = a_user(connection, hospital.institution_id)
        connection.execute(
            "INSERT INTO user_role (institution_id, user_id, role, given_by) VALUES (%s, %s, 'radiologist', '1')",
            [hospital.institution_id, user_id],
        )
    return a_person(user_id, hospital.institution_id, Role.RADIOLOGIST)


@pytest.fixture
def registrar(hospital: Institution) -> Caller:
    return a_person(9001, hospital.institution_id, Role.REGISTRAR)


@pytest.fixture
def officer(hospital: Institution) -> Caller:
    return a_person(9002, hospital.institution_id, Role.SECURITY_OFFICER)


def key_of(database: Database, hospital: Institution, study: int = 1) -> int:
    with database.transaction(hospital.institution_id) as connection:
        row = connection.execute("SELECT patient_key FROM patient WHERE patient_id = %s", [f"P{study}"]).fetchone()
    assert row is not None
    return int(str(row[0]))


def test_a_restriction_has_a_history(database: Database, hospital: Institution, registrar: Caller) -> None:
    key = key_of(database, hospital)
    first = restrict_patient(database, registrar, key, "vip", "A minister")
    with pytest.raises(AlreadyRestricted):
        restrict_patient(database, registrar, key, "vip", "Again")
    assert [each.restriction_id for each in restrictions_now(database, registrar)] == [first.restriction_id]
    lift_restriction(database, registrar, key, first.restriction_id, "Left office")
    with pytest.raises(UnknownRestriction):
        lift_restriction(database, registrar, key, first.restriction_id, "Again")
    restrict_patient(database, registrar, key, "vip", "Back in office")
    told = [(each.reason, each.lifted_reason) for each in restrictions_of_patient(database, registrar, key)]
    assert told == [("Back in office", None), ("A minister", "Left office")]


def test_bad_restrictions_are_refused(
    database: Database, hospital: Institution, registrar: Caller, ada: Caller
) -> None:
    key = key_of(database, hospital)
    with pytest.raises(InvalidRestriction):
        restrict_patient(database, registrar, key, "king", "Because")
    with pytest.raises(InvalidReason):
        restrict_patient(database, registrar, key, "vip", " \0 ")
    with pytest.raises(UnknownPatient):
        restrict_patient(database, registrar, 4711, "vip", "Because")
    with pytest.raises(Refused):
        restrict_patient(database, ada, key, "vip", "Because")


def test_a_legal_hold_is_known_where_things_are_deleted(
    database: Database,
    hospital: Institution,
    registrar: Caller,
) -> None:
    held = restrict_patient(database, registrar, key_of(database, hospital), "legal-hold", "Court order 17")
    yesterday = utc_now() - timedelta(days=1)
    with database.transaction(hospital.institution_id) as connection:
        for study in ("1.2.826.0.1.1", "1.2.826.0.1.2"):
            times = {"deleted_at": yesterday, "recoverable_until": yesterday}
            assert delete_study(connection, study, reason="old", caller=("user", "1"), **times)
        assert past_recovery(connection, utc_now()) == ["1.2.826.0.1.2"]
        assert on_legal_hold(connection, "1.2.826.0.1.1")
        assert not on_legal_hold(connection, "1.2.826.0.1.2")
    lift_restriction(database, registrar, held.patient_key, held.restriction_id, "Settled")
    with database.transaction(hospital.institution_id) as connection:
        see_deleted(connection)
        assert not on_legal_hold(connection, "1.2.826.0.1.1")
        assert len(past_recovery(connection, utc_now())) == 2


def test_care_opens_a_restricted_patient_until_it_ends(
    database: Database,
    hospital: Institution,
    registrar: Caller,
    ada: Caller,
) -> None:
    key = key_of(database, hospital)
    restrict_patient(database, registrar, key, "staff", "Works in our kitchen")
    assert "A1" not in studies_seen(database, ada)
    care = begin_care(database, registrar, int(ada.id), key, "assigned", utc_now() + timedelta(hours=1))
    assert "A1" in studies_seen(database, ada)
    with transaction_of(database, ada) as connection:
        uids = [f"1.2.826.0.1.{number}" for number in (1, 2)]
        assert restricted_studies(connection, uids) == {"1.2.826.0.1.1"}
    end_care(database, registrar, care.care_id)
    assert "A1" not in studies_seen(database, ada)
    with pytest.raises(UnknownCare):
        end_care(database, registrar, care.care_id)
    [told] = care_of_patient(database, registrar, key)
    assert (told.ended_by, told.source) == (registrar.id, "assigned")
    assert care_of_user(database, registrar, int(ada.id)) == [told]
    assert [each.user_id for each in carers(database, registrar)] == [int(ada.id)]


def test_care_is_given_to_others_and_makes_sense(
    database: Database,
    hospital: Institution,
    registrar: Caller,
    ada: Caller,
) -> None:
    key, user_id = key_of(database, hospital), int(ada.id)
    herself = Caller(CallerKind.USER, ada.id, hospital.institution_id, (Role.REGISTRAR,))
    with pytest.raises(OwnAccess):
        begin_care(database, herself, user_id, key, "assigned", None)
    with pytest.raises(InvalidRestriction):
        begin_care(database, registrar, user_id, key, "self", None)
    with pytest.raises(InvalidRestriction):
        begin_care(database, registrar, user_id, key, "assigned", utc_now())
    with pytest.raises(UnknownUser):
        begin_care(database, registrar, 4711, key, "assigned", None)
    with pytest.raises(UnknownPatient):
        begin_care(database, registrar, user_id, 4711, "assigned", None)


@pytest.mark.parametrize(
    ("by", "value"),
    [(By.PATIENT_ID, "P1"), (By.ACCESSION_NUMBER, "A1"), (By.STUDY_INSTANCE_UID, "1.2.826.0.1.1")],
)
def test_broken_glass_opens_alarms_and_is_reviewed(
    database: Database,
    hospital: Institution,
    registrar: Caller,
    officer: Caller,
    ada: Caller,
    by: By,
    value: str,
) -> None:
    restrict_patient(database, registrar, key_of(database, hospital), "vip", "A minister")
    until = break_glass(database, ada, by, value, REASON)
    assert timedelta(hours=3.9) < until - utc_now() <= timedelta(hours=4)
    assert "A1" in studies_seen(database, ada)
    [access] = accesses_to_review(database, officer, waiting=True)
    assert (access.patient_id, access.reason, access.user_id) == ("P1", REASON, int(ada.id))
    judged = review_access(database, officer, access.glass_id, "not-justified", "No such emergency")
    assert judged.reviewed_by == officer.id
    assert "A1" not in studies_seen(database, ada)
    assert accesses_to_review(database, officer, waiting=True) == []
    assert len(accesses_to_review(database, officer, waiting=False)) == 1
    with pytest.raises(AlreadyReviewed):
        review_access(database, officer, access.glass_id, "justified", "")
    with database.transaction(hospital.institution_id) as connection:
        actions = connection.execute("SELECT action FROM audit_event WHERE caller_id = %s", [ada.id]).fetchall()
    assert ("glass-broken",) in actions


def test_glass_is_not_broken_without_reason_or_need(
    database: Database,
    hospital: Institution,
    registrar: Caller,
    officer: Caller,
    ada: Caller,
) -> None:
    with pytest.raises(NotRestricted):
        break_glass(database, ada, By.PATIENT_ID, "P1", REASON)
    restrict_patient(database, registrar, key_of(database, hospital), "vip", "A minister")
    with pytest.raises(InvalidReason):
        break_glass(database, ada, By.PATIENT_ID, "P1", "  urgent  ")
    for value in ("P17", "1.2.3"):
        with pytest.raises(UnknownAccess):
            break_glass(database, ada, By.PATIENT_ID, value, REASON)
    with pytest.raises(InvalidRestriction):
        break_glass(database, ada, By.PATIENT_ID, " ", REASON)
    with pytest.raises(Refused):
        break_glass(database, registrar, By.PATIENT_ID, "P1", REASON)
    program = Caller(CallerKind.PROGRAM, "token-1", hospital.institution_id, (Role.RADIOLOGIST,))
    with pytest.raises(PeopleOnly):
        break_glass(database, program, By.PATIENT_ID, "P1", REASON)
    assert "A1" not in studies_seen(database, ada)
    assert accesses_to_review(database, officer, waiting=False) == []
    with database.transaction(hospital.institution_id) as connection:
        actions = connection.execute("SELECT action FROM audit_event WHERE caller_id = %s", [ada.id]).fetchall()
    assert actions == [("glass-not-broken",)] * 2


def test_nobody_reviews_her_own_access(
    database: Database,
    hospital: Institution,
    registrar: Caller,
    ada: Caller,
) -> None:
    restrict_patient(database, registrar, key_of(database, hospital), "vip", "A minister")
    break_glass(database, ada, By.PATIENT_ID, "P1", REASON)
    both = a_person(int(ada.id), hospital.institution_id, Role.RADIOLOGIST, Role.SECURITY_OFFICER)
    [access] = accesses_to_review(database, both, waiting=True)
    with pytest.raises(OwnAccess):
        review_access(database, both, access.glass_id, "justified", "")
    with pytest.raises(UnknownAccess):
        review_access(database, both, 4711, "justified", "")
    with pytest.raises(InvalidRestriction):
        review_access(database, both, access.glass_id, "fine", "")
    with pytest.raises(Refused):
        accesses_to_review(database, ada, waiting=True)


def test_a_hold_is_written_down_before_it_stands_and_lifted_before_that_is_written_down(
    database: Database, hospital: Institution, registrar: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that an index that is rebuilt after a crash in between holds rather too much than too little."""
    make_key_file(tmp_path / "facts.key")
    store = open_store("memory:///")
    facts = RestrictionFacts(store, tmp_path / "facts.key")
    key = key_of(database, hospital)

    def kinds() -> list[str]:
        log = FactLog(store, hospital.institution_id, tmp_path / "facts.key")
        return [str(fact.content["kind"]) for fact in log.facts()]

    held = restrict_patient(database, registrar, key, "legal-hold", "Court order 17", facts=facts)
    assert kinds() == ["patient-restricted"]
    with monkeypatch.context() as patch:
        patch.setattr(store, "put", refuse)
        with pytest.raises(StorageFull):
            lift_restriction(database, registrar, key, held.restriction_id, "Settled", facts=facts)
        with pytest.raises(StorageFull):
            restrict_patient(database, registrar, key, "vip", "A minister", facts=facts)
    assert kinds() == ["patient-restricted"]
    assert [one.lifted_at is None for one in restrictions_of_patient(database, registrar, key)] == [False]


def refuse(*_arguments: object) -> None:
    raise StorageFull("The disk of the object store is full or failing.")
