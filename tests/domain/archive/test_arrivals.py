"""What arrived, in the trail: one row for each sender, study and sitting, and none is lost by waiting."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.domain.conftest import Hospital, a_ct_slice

from isocenter.access import audit
from isocenter.domain.archive.arrivals import Arrivals
from isocenter.kit.database import Database, DatabaseAway


def rows(hospital: Hospital) -> list[tuple[object, ...]]:
    return hospital.rows(
        "SELECT caller_id, study_instance_uid, (detail->>'objects')::int, address FROM audit_event"
        " WHERE action = 'instances-received'"
    )


def test_many_objects_are_one_row_for_each_sender_study_and_sitting(hospital: Hospital) -> None:
    arrivals = Arrivals(hospital.database)
    token = audit.ADDRESS.set("10.0.0.9")
    for _ in range(500):
        arrivals.add(hospital.caller, "c-store", "1.2.3", "stored")
    audit.ADDRESS.reset(token)
    arrivals.add(replace(hospital.caller, sitting="next"), "c-store", "1.2.3", "already-stored")
    arrivals.add(hospital.caller, "c-store", "1.2.4", "stored")
    arrivals.flush()
    assert rows(hospital) == []  # the sender has not paused
    arrivals.flush(everything=True)
    assert sorted(map(str, rows(hospital))) == [
        "('SCANNER', '1.2.3', 1, None)",
        "('SCANNER', '1.2.3', 500, '10.0.0.9')",
        "('SCANNER', '1.2.4', 1, None)",
    ]
    arrivals.flush(everything=True)
    assert len(rows(hospital)) == 3


def test_what_the_database_does_not_take_waits(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    arrivals = Arrivals(hospital.database)
    arrivals.add(hospital.caller, "c-store", "1.2.3", "stored")
    with monkeypatch.context() as away:
        away.setattr(Database, "transaction", _away)
        arrivals.flush(everything=True)
    arrivals.add(hospital.caller, "c-store", "1.2.3", "stored")
    arrivals.flush(everything=True)
    assert [row[2] for row in rows(hospital)] == [2]


def _away(*_: object) -> None:
    raise DatabaseAway("The database does not answer.")


def test_an_archive_that_closes_has_told_the_trail_what_it_took(hospital: Hospital) -> None:
    hospital.store(a_ct_slice())
    hospital.store(a_ct_slice())  # again: success, nothing changes, and it is told
    hospital.archive.close()
    assert rows(hospital) == [("SCANNER", "1.2.3", 2, None)]
    [(detail,)] = hospital.rows("SELECT detail FROM audit_event WHERE action = 'instances-received'")
    assert detail == {"door": "c-store", "objects": 2, "stored": 1, "already_stored": 1}
