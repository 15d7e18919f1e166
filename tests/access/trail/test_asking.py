"""Queries in the trail: what was asked by, once an hour for the same question, and never a name."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from isocenter.access.caller import Caller, CallerKind, system_caller
from isocenter.access.roles import Role
from isocenter.access.trail import asking
from isocenter.access.trail.asking import queried
from isocenter.index.institutions import Institution
from isocenter.kit.database import Database

PATIENT_NAME, PATIENT_ID, STUDY_DATE = 0x00100010, 0x00100020, 0x00080020


@pytest.fixture
def reader(institution: Institution) -> Caller:
    return Caller(CallerKind.USER, "12", institution.institution_id, (Role.RADIOLOGIST,), "sitting")


def recorded(database: Database, institution: Institution) -> list[dict[str, object]]:
    with database.transaction(institution.institution_id) as connection:
        rows = connection.execute(
            "SELECT detail FROM audit_event WHERE action = 'queried' ORDER BY sequence"
        ).fetchall()
    return [json.loads(json.dumps(row[0])) for row in rows]


def test_the_keys_are_kept_the_ids_too_and_names_are_not(
    database: Database, institution: Institution, reader: Caller
) -> None:
    queried(
        database, reader, "qido-rs", "STUDY", [(PATIENT_NAME, ["Secret^Name"]), (PATIENT_ID, ["P-1"]), (STUDY_DATE, [])]
    )
    assert recorded(database, institution) == [
        {"door": "qido-rs", "level": "STUDY", "keys": ["00100010", "00100020"], "patient_id": ["P-1"]}
    ]


def test_a_list_that_asks_every_ten_seconds_is_one_row_an_hour(
    database: Database, institution: Institution, reader: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(asking.time, "monotonic", lambda: now)
    for _ in range(20):
        queried(database, reader, "web", "STUDY", [(STUDY_DATE, ["20260101-"])])
    assert len(recorded(database, institution)) == 1
    queried(database, reader, "web", "STUDY", [(PATIENT_ID, ["P-2"])])
    queried(database, replace(reader, sitting="another"), "web", "STUDY", [(STUDY_DATE, ["20260101-"])])
    assert len(recorded(database, institution)) == 3
    now += asking.ASKED_ANEW_AFTER_S
    queried(database, reader, "web", "STUDY", [(STUDY_DATE, ["20260101-"])])
    assert len(recorded(database, institution)) == 4


def test_our_own_jobs_ask_nothing(database: Database, institution: Institution) -> None:
    queried(database, system_caller(institution.institution_id, "seal"), "job", "STUDY", [(PATIENT_ID, ["P-1"])])
    assert recorded(database, institution) == []


def test_values_of_any_length_and_number_are_bounded(
    database: Database, institution: Institution, reader: Caller
) -> None:
    queried(database, reader, "c-find", "STUDY", [(PATIENT_ID, ["x" * 10_000, "a\0b", *map(str, range(500))])])
    (detail,) = recorded(database, institution)
    values = detail["patient_id"]
    assert isinstance(values, list)
    assert (len(values), len(values[0]), values[1]) == (20, 128, "a\ufffdb")
