"""Visits and stays: told twice they are one, told wrongly they are refused, and each counts for its patient."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from tests.domain.conftest import Hospital, a_ct_slice
from tests.domain.retention.conftest import STUDY, People

from isocenter.access.caller import Caller
from isocenter.access.restriction.errors import UnknownPatient
from isocenter.access.roles import Role
from isocenter.domain.retention.errors import AlreadyDischarged, InvalidVisit, UnknownVisit, VisitKnown
from isocenter.domain.retention.visits import (
    COLUMNS,
    import_visits,
    record_admission,
    record_discharge,
    record_visit,
    visits_of_patient,
    withdraw_visit,
)
from isocenter.index.retention import kept_until
from isocenter.kit.clock import utc_now
from isocenter.kit.errors import Refused
from isocenter.kit.lists import ListReport, Outcome, lines_of_csv

TODAY = date(2024, 11, 20)


def patient(hospital: Hospital, patient_id: str = "P1") -> int:
    [(key,)] = hospital.rows(f"SELECT patient_key FROM patient WHERE patient_id = '{patient_id}'")
    return int(str(key))


def until(hospital: Hospital) -> date | None:
    with hospital.database.transaction(hospital.caller.institution_id) as connection:
        kept = kept_until(connection, STUDY)
    assert kept is not None
    return kept.until


def imported(hospital: Hospital, caller: Caller, text: str, *, dry_run: bool = False) -> ListReport:
    lines = lines_of_csv(COLUMNS, b"patient_id,kind,number,began_on,ended_on\n" + text.encode())
    return import_visits(hospital.database, caller, lines, dry_run=dry_run)


def test_a_visit_told_twice_is_one_and_with_another_day_it_is_refused(kept: Hospital, administrator: Caller) -> None:
    database, key = kept.database, patient(kept)
    first = record_visit(database, administrator, key, TODAY, "V1")
    assert record_visit(database, administrator, key, TODAY, "V1") == first
    with pytest.raises(VisitKnown):
        record_visit(database, administrator, key, TODAY - timedelta(days=1), "V1")
    assert until(kept) == date(2039, 11, 20)
    withdraw_visit(database, administrator, first.visit_id, "another patient")
    assert until(kept) == date(2039, 1, 31)
    assert record_visit(database, administrator, key, TODAY - timedelta(days=1), "V1") != first
    assert [bool(each.withdrawn_at) for each in visits_of_patient(database, administrator, key)] == [True, False]


def test_a_stay_ends_with_its_number_or_as_the_only_one(kept: Hospital, administrator: Caller) -> None:
    database, key = kept.database, patient(kept)
    with pytest.raises(UnknownVisit):
        record_discharge(database, administrator, key, TODAY)
    record_admission(database, administrator, key, date(2023, 1, 1), "S1")
    assert until(kept) is None
    ended = record_discharge(database, administrator, key, date(2023, 1, 9))
    assert record_discharge(database, administrator, key, date(2023, 1, 9), "S1") == ended
    assert until(kept) == date(2053, 1, 9)
    with pytest.raises(AlreadyDischarged):
        record_discharge(database, administrator, key, date(2023, 1, 8), "S1")
    record_admission(database, administrator, key, date(2024, 1, 1), "S2")
    record_admission(database, administrator, key, date(2024, 2, 1), "S3")
    with pytest.raises(InvalidVisit):
        record_discharge(database, administrator, key, TODAY)
    with pytest.raises(InvalidVisit):
        record_discharge(database, administrator, key, date(2024, 1, 31), "S3")


def test_days_that_are_none_and_people_who_are_unknown_are_refused(
    kept: Hospital, administrator: Caller, person: People
) -> None:
    database, key = kept.database, patient(kept)
    tomorrow = utc_now().date() + timedelta(days=2)
    for day in (date(1899, 12, 31), tomorrow):
        with pytest.raises(InvalidVisit):
            record_visit(database, administrator, key, day)
    with pytest.raises(InvalidVisit):
        record_visit(database, administrator, key, TODAY, "x" * 65)
    with pytest.raises(UnknownPatient):
        record_visit(database, administrator, key + 1, TODAY)
    with pytest.raises(Refused):
        record_visit(database, person(4, Role.RADIOLOGIST), key, TODAY)
    with pytest.raises(UnknownVisit):
        withdraw_visit(database, administrator, 4711, "no such visit")
    assert visits_of_patient(database, administrator, key) == []


def test_a_list_is_all_or_nothing_and_counts_for_patients_who_come_later(kept: Hospital, administrator: Caller) -> None:
    good = "P1,visit,,2024-11-20,\nP7,stay,S1,20230101,20230109\n"
    assert not imported(kept, administrator, good, dry_run=True).applied
    report = imported(kept, administrator, good)
    assert (report.applied, report.count(Outcome.ADDED)) == (True, 2)
    assert imported(kept, administrator, good).count(Outcome.SAME) == 2
    assert until(kept) == date(2039, 11, 20)
    kept.store(a_ct_slice(1, study="1.2.9", series="1.2.9.1", patient_id="P7"), uid="1.2.9.1.1")
    assert len(visits_of_patient(kept.database, administrator, patient(kept, "P7"))) == 1
    assert imported(kept, administrator, "P8,stay,S2,2024-01-01,\n").applied
    assert imported(kept, administrator, "P8,stay,S2,2024-01-01,2024-01-05\n").count(Outcome.CHANGED) == 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("P1,visit,,2024-02-30,", "invalid-visit"),
        ("P1,visit,,22.11.2024,", "invalid-visit"),
        ("P1,visit,,2024-1120,", "invalid-visit"),
        ("P1,holiday,,2024-11-20,", "invalid-visit"),
        ("P1,visit,,2024-11-19,2024-11-20", "invalid-visit"),
        ("P1,stay,,2024-11-20,2024-11-19", "invalid-visit"),
        (",visit,,2024-11-20,", "invalid-line"),
    ],
)
def test_a_wrong_line_refuses_the_list(kept: Hospital, administrator: Caller, line: str, reason: str) -> None:
    report = imported(kept, administrator, f"P1,visit,,2024-11-20,\n{line}\n")
    assert (report.applied, report.lines[1].reason) == (False, reason)
    assert kept.rows("SELECT count(*) FROM visit") == [(0,)]
