"""A deleted study is in no query, keeps what it was and what still arrives, comes back whole, or is erased."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from tests.domain.conftest import Hospital, a_ct_slice

from isocenter.access.caller import Caller, CallerKind, system_caller
from isocenter.access.roles import Role
from isocenter.domain.archive.deletions import Deletions
from isocenter.domain.archive.erase import erase_study, facts_key_path
from isocenter.domain.archive.errors import NotDeleted, UnknownStudy
from isocenter.domain.archive.outcome import StoreKind
from isocenter.index.locators import resolve, study_places, study_version
from isocenter.index.queries import StudyQuery, search_studies, study_by_uid, totals
from isocenter.index.sealing import due_studies
from isocenter.kit.clock import utc_now
from isocenter.kit.errors import Refused
from isocenter.storage.drivers import open_store
from isocenter.storage.facts import FactLog, make_key_file

STUDY = "1.2.3"


@pytest.fixture
def deletions(hospital: Hospital, tmp_path: Path) -> Deletions:
    make_key_file(facts_key_path(tmp_path))
    store = open_store((hospital.home / "store").as_uri())
    return Deletions(hospital.database, store, facts_key_path(tmp_path), timedelta(days=30))


@pytest.fixture
def administrator(hospital: Hospital) -> Caller:
    return Caller(CallerKind.USER, "1", hospital.caller.institution_id, (Role.ADMINISTRATOR,), "sitting")


def visible(hospital: Hospital) -> int:
    """How many studies a search finds; every other way to one must agree."""
    with hospital.database.transaction(hospital.caller.institution_id) as connection:
        found = search_studies(connection, StudyQuery()).studies
        there = bool(found)
        assert (study_by_uid(connection, STUDY) is not None) == there
        assert (study_places(connection, STUDY) is not None) == there
        assert (study_version(connection, STUDY) is not None) == there
        assert (resolve(connection, f"{STUDY}.1.1") is not None) == there
        assert totals(connection).studies == len(found)
        assert bool(due_studies(connection, utc_now() + timedelta(days=1), 10)) == there
    return len(found)


def tasks(hospital: Hospital) -> list[tuple[object, ...]]:
    return hospital.rows("SELECT kind FROM quality_task WHERE resolved_at IS NULL")


def test_a_deleted_study_is_found_nowhere_and_comes_back_whole(
    hospital: Hospital, deletions: Deletions, administrator: Caller
) -> None:
    hospital.store(a_ct_slice(1), uid=f"{STUDY}.1.1")
    with hospital.database.transaction(hospital.caller.institution_id) as connection:
        before = study_by_uid(connection, STUDY)
    until = deletions.delete(administrator, STUDY, reason="wrong patient")
    assert timedelta(days=29) < until - utc_now() <= timedelta(days=30)
    assert visible(hospital) == 0
    [row] = deletions.deleted(administrator)
    assert (row.study_instance_uid, row.instance_count, row.reason) == (STUDY, 1, "wrong patient")
    assert deletions.restore(administrator, STUDY) == 1
    assert visible(hospital) == 1
    assert deletions.deleted(administrator) == []
    with hospital.database.transaction(hospital.caller.institution_id) as connection:
        after = study_by_uid(connection, STUDY)
    assert before is not None
    assert after is not None
    assert (after.study_id, after.instance_count, after.patient_name) == (
        before.study_id,
        before.instance_count,
        before.patient_name,
    )
    assert after.version > before.version


def test_what_still_arrives_is_stored_hidden_and_told_of(
    hospital: Hospital, deletions: Deletions, administrator: Caller
) -> None:
    hospital.store(a_ct_slice(1), uid=f"{STUDY}.1.1")
    deletions.delete(administrator, STUDY, reason="test")
    assert hospital.store(a_ct_slice(2), uid=f"{STUDY}.1.2").kind is StoreKind.STORED
    assert visible(hospital) == 0
    [row] = deletions.deleted(administrator)
    assert (row.instance_count, row.late_instance_count) == (2, 1)
    assert tasks(hospital) == [("arrived-after-deletion",)]
    assert deletions.restore(administrator, STUDY) == 2
    assert tasks(hospital) == []


def test_a_deleted_study_sent_again_is_a_success_stays_hidden_and_is_told_of(
    hospital: Hospital, deletions: Deletions, administrator: Caller
) -> None:
    hospital.store(a_ct_slice(1), uid=f"{STUDY}.1.1")
    deletions.delete(administrator, STUDY, reason="test")
    assert hospital.store(a_ct_slice(1), uid=f"{STUDY}.1.1").kind is StoreKind.ALREADY_STORED
    assert visible(hospital) == 0
    assert tasks(hospital) == [("arrived-after-deletion",)]
    [row] = deletions.deleted(administrator)
    assert (row.instance_count, row.late_instance_count) == (1, 0)


def test_facts_events_and_the_audit_trail_tell_of_it(
    hospital: Hospital, deletions: Deletions, administrator: Caller
) -> None:
    hospital.store(a_ct_slice(1), uid=f"{STUDY}.1.1")
    deletions.delete(administrator, STUDY, reason="test")
    deletions.restore(administrator, STUDY)
    log = FactLog(deletions.store, hospital.caller.institution_id, deletions.key_file)
    assert [fact.content["kind"] for fact in log.facts()] == ["study-deleted", "study-restored"]
    events = hospital.rows("SELECT kind FROM event WHERE kind LIKE 'study-%' ORDER BY sequence")
    assert [kind for (kind,) in events][-2:] == ["study-deleted", "study-restored"]
    assert hospital.rows("SELECT action FROM audit_event WHERE action LIKE 'study-%' ORDER BY sequence") == [
        ("study-deleted",),
        ("study-restored",),
    ]


def test_a_study_is_erased_when_its_period_is_over_and_then_sent_anew(
    hospital: Hospital, deletions: Deletions, administrator: Caller
) -> None:
    hospital.store(a_ct_slice(1), uid=f"{STUDY}.1.1")
    deletions.delete(administrator, STUDY, reason="test")
    assert deletions.erase_past() == 0
    short = Deletions(deletions.database, deletions.store, deletions.key_file, timedelta(0))
    deletions.restore(administrator, STUDY)
    short.delete(administrator, STUDY, reason="test")
    assert short.erase_past() == 1
    for table in ("study", "deleted_study", "instance", "instance_lookup", "patient"):
        assert hospital.rows(f"SELECT count(*) FROM {table}") == [(0,)], table
    assert hospital.store(a_ct_slice(1), uid=f"{STUDY}.1.1").kind is StoreKind.STORED
    assert visible(hospital) == 1


def test_a_patient_stays_while_one_of_her_studies_can_still_be_restored(
    hospital: Hospital, deletions: Deletions, administrator: Caller
) -> None:
    hospital.store(a_ct_slice(1), uid=f"{STUDY}.1.1")
    hospital.store(a_ct_slice(1, study="1.2.4", series="1.2.4.1"), uid="1.2.4.1.1")
    deletions.delete(administrator, STUDY, reason="test")
    erase_study(administrator, deletions.database, deletions.store, deletions.key_file, "1.2.4", reason="test")
    assert hospital.rows("SELECT count(*) FROM patient") == [(1,)]
    deletions.restore(administrator, STUDY)
    deletions.delete(administrator, STUDY, reason="test")
    assert deletions.erase_now(administrator, STUDY).instance_count == 1
    assert hospital.rows("SELECT count(*) FROM patient") == [(0,)]
    with pytest.raises(NotDeleted):
        deletions.restore(administrator, STUDY)


def test_only_what_is_there_is_deleted_and_only_what_is_deleted_is_restored(
    hospital: Hospital, deletions: Deletions, administrator: Caller
) -> None:
    with pytest.raises(UnknownStudy):
        deletions.delete(administrator, STUDY, reason="test")
    hospital.store(a_ct_slice(1), uid=f"{STUDY}.1.1")
    for verb in (deletions.restore, deletions.erase_now):
        with pytest.raises(NotDeleted):
            verb(administrator, STUDY)
    deletions.delete(administrator, STUDY, reason="test")
    with pytest.raises(UnknownStudy):
        deletions.delete(administrator, STUDY, reason="again")


def test_who_may_not_delete_is_refused_and_another_hospital_sees_nothing(
    hospital: Hospital, deletions: Deletions, administrator: Caller
) -> None:
    hospital.store(a_ct_slice(1), uid=f"{STUDY}.1.1")
    radiologist = Caller(CallerKind.USER, "7", hospital.caller.institution_id, (Role.RADIOLOGIST,))
    with pytest.raises(Refused):
        deletions.delete(radiologist, STUDY, reason="test")
    deletions.delete(administrator, STUDY, reason="test")
    with pytest.raises(Refused):
        deletions.restore(radiologist, STUDY)
    with pytest.raises(Refused):
        deletions.deleted(radiologist)
    elsewhere = system_caller(administrator.institution_id + 1, "test")
    assert deletions.deleted(elsewhere) == []
    with pytest.raises(NotDeleted):
        deletions.restore(elsewhere, STUDY)
