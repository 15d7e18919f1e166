"""Nothing that the law keeps is erased, by whatever door: not by a person, not by a job, not beside a late hold."""

from __future__ import annotations

from datetime import date

import pytest
from tests.access.builders import restrict_id
from tests.domain.conftest import Hospital, a_ct_slice
from tests.domain.retention.conftest import STUDY, Late

from isocenter.access.caller import Caller, system_caller
from isocenter.access.restriction.errors import InvalidReason
from isocenter.domain.archive.deletions import Deletions
from isocenter.domain.archive.erase import erase_study
from isocenter.domain.archive.errors import AwaitsApproval, KeptByLaw, OnLegalHold
from isocenter.domain.archive.keeping import Authority, check_may_go
from isocenter.domain.retention.errors import InvalidPolicy
from isocenter.domain.retention.policy import policies, set_policy, without_retention_in_a_demo
from isocenter.index.retention import kept_until
from isocenter.index.retention_rule import Because
from isocenter.kit.errors import Refused
from isocenter.storage.facts import FactLog


def erase(deletions: Deletions, caller: Caller, authority: Authority = Authority.ONE_PERSON) -> None:
    erase_study(
        caller,
        deletions.database,
        deletions.store,
        deletions.key_file,
        STUDY,
        reason="test",
        authority=authority,
    )


def facts(deletions: Deletions, caller: Caller) -> list[str]:
    return [
        str(fact.content["kind"])
        for fact in FactLog(deletions.store, caller.institution_id, deletions.key_file).facts()
    ]


def test_before_its_day_nobody_erases_a_study_and_no_fact_says_so(
    hospital: Hospital, deletions: Deletions, administrator: Caller, late: Late
) -> None:
    late(date(2039, 1, 31))
    for authority in (Authority.ONE_PERSON, Authority.APPROVED_TWICE):
        with pytest.raises(KeptByLaw) as refused:
            erase(deletions, administrator, authority)
        assert refused.value.fields["kept_until"] == "2039-01-31"
    deletions.delete(administrator, STUDY, reason="test")
    with pytest.raises(KeptByLaw):
        deletions.erase_now(administrator, STUDY)
    assert facts(deletions, administrator) == ["study-deleted"]
    assert hospital.rows("SELECT count(*) FROM instance_lookup") == [(1,)]


def test_after_its_day_one_person_or_a_job_still_erases_nothing(
    hospital: Hospital, deletions: Deletions, administrator: Caller, late: Late
) -> None:
    deletions.delete(administrator, STUDY, reason="test")
    late(date(2090, 1, 1))
    with pytest.raises(AwaitsApproval):
        deletions.erase_now(administrator, STUDY)
    assert deletions.erase_past() == 0
    assert deletions.restore(administrator, STUDY) == 1
    erase(deletions, administrator, Authority.APPROVED_TWICE)
    assert hospital.rows("SELECT count(*) FROM instance_lookup") == [(0,)]


def test_a_hold_keeps_what_two_people_approved_and_a_sample_too(
    hospital: Hospital, deletions: Deletions, administrator: Caller, late: Late
) -> None:
    late(date(2090, 1, 1))
    restrict_id(hospital.database, administrator.institution_id, "P1", "legal-hold")
    for authority in Authority:
        with pytest.raises(OnLegalHold):
            erase(deletions, administrator, authority)
    assert facts(deletions, administrator) == []


def test_our_own_sample_goes_whenever_it_is_told(
    hospital: Hospital, deletions: Deletions, administrator: Caller
) -> None:
    erase(deletions, administrator, Authority.SAMPLE)
    assert hospital.rows("SELECT count(*) FROM study") == [(0,)]


def test_another_study_of_the_patient_is_a_visit_and_so_is_one_of_whom_she_was_merged_with(
    hospital: Hospital, deletions: Deletions
) -> None:
    hospital.store(a_ct_slice(1, study="1.2.4", series="1.2.4.1", patient_id="P2"), uid="1.2.4.1.1")
    with hospital.database.transaction(hospital.caller.institution_id) as connection:
        connection.execute(
            "UPDATE study SET study_date = '20301231', first_received_at = '2031-01-01' WHERE"
            " study_instance_uid = '1.2.4'"
        )
        before = kept_until(connection, STUDY)
        connection.execute(
            "UPDATE patient SET merged_into = (SELECT patient_key FROM patient WHERE patient_id = 'P1')"
            " WHERE patient_id = 'P2'"
        )
        after = kept_until(connection, STUDY)
    assert before is not None and after is not None
    assert (before.until, after.until) == (date(2039, 1, 31), date(2045, 12, 31))


def test_a_stay_keeps_thirty_years_and_one_without_an_end_keeps_all(hospital: Hospital, deletions: Deletions) -> None:
    add = (
        "INSERT INTO visit (institution_id, patient_id, kind, began_on, ended_on, recorded_by)"
        " VALUES (%s, 'P1', 'stay', %s, %s, '1')"
    )
    institution_id = hospital.caller.institution_id
    with hospital.database.transaction(institution_id) as connection:
        connection.execute(add, [institution_id, "2024-01-30", "2024-02-29"])
        stay = kept_until(connection, STUDY)
        connection.execute(add, [institution_id, "2025-01-01", None])
        admitted = kept_until(connection, STUDY)
    assert stay is not None and admitted is not None
    assert (stay.until, stay.reckoned.because) == (date(2054, 3, 1), Because.INPATIENT)
    assert (admitted.until, admitted.reckoned.because) == (None, Because.ADMITTED)


def test_a_hold_that_is_set_while_a_study_is_being_erased_comes_after(
    hospital: Hospital, deletions: Deletions, late: Late
) -> None:
    late(date(2090, 1, 1))
    database, institution_id = hospital.database, hospital.caller.institution_id
    with database.transaction(institution_id) as erasing:
        check_may_go(erasing, STUDY, Authority.APPROVED_TWICE)
        with database.transaction(institution_id) as holding:
            locked = holding.execute(
                "SELECT pg_try_advisory_xact_lock_shared(hashtext('isocenter.keeping'), isocenter_institution())"
            ).fetchone()
    assert locked == (False,)


def test_the_policy_is_the_laws_unless_somebody_says_why(
    hospital: Hospital, deletions: Deletions, administrator: Caller, region_administrator: Caller
) -> None:
    database = hospital.database
    with pytest.raises(InvalidReason):
        set_policy(database, region_administrator, outpatient_years=10, inpatient_years=30, reason="short")
    with pytest.raises(InvalidPolicy):
        set_policy(
            database, region_administrator, outpatient_years=0, inpatient_years=30, reason="a reason long enough"
        )
    with pytest.raises(Refused):
        set_policy(database, administrator, outpatient_years=20, inpatient_years=30, reason="by contract")
    set_policy(database, region_administrator, outpatient_years=20, inpatient_years=40, reason="by contract")
    without_retention_in_a_demo(database, system_caller(region_administrator.institution_id, "test"))
    now, history = policies(database, region_administrator)
    assert (now.applies, now.outpatient_years, now.inpatient_years) == (True, 20, 40)
    assert [(each.reason, each.set_by) for each in history] == [
        ("by contract", "9"),
        ("by law", "9"),
        ("a demo: its samples can be removed", "test"),
    ]
