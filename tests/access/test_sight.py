"""What a caller sees inside one institution: held by row-level security, whatever a query forgets."""

from __future__ import annotations

import pytest
from tests.access.builders import a_guest, a_person, a_user, restrict, studies_seen

from isocenter.access.caller import Caller, CallerKind, system_caller
from isocenter.access.roles import Right, Role
from isocenter.access.sight import patients_in_sight, transaction_of
from isocenter.index.institutions import Institution
from isocenter.index.patients import search_patients
from isocenter.index.queries import StudyQuery, search_studies
from isocenter.kit.database import Database


def test_staff_see_every_patient(database: Database, hospital: Institution) -> None:
    radiologist = a_person(7, hospital.institution_id, Role.RADIOLOGIST)
    assert studies_seen(database, radiologist) == {"A1", "A2", "A3", "A4"}


@pytest.mark.parametrize("kind", ["vip", "staff"])
def test_a_restricted_patient_is_seen_by_who_cares_for_her(
    database: Database, hospital: Institution, kind: str
) -> None:
    restrict(database, hospital.institution_id, 1, kind)
    with database.transaction(hospital.institution_id) as connection:
        ada, bert = (a_user(connection, hospital.institution_id, name) for name in ("ada", "bert"))
        connection.execute(
            "INSERT INTO care_relationship (institution_id, user_id, patient_key, source, given_by)"
            " SELECT institution_id, %s, patient_key, 'assigned', '1' FROM patient WHERE patient_id = 'P1'",
            [ada],
        )
    assert "A1" in studies_seen(database, a_person(ada, hospital.institution_id, Role.RADIOLOGIST))
    other = a_person(bert, hospital.institution_id, Role.RADIOLOGIST)
    assert studies_seen(database, other) == {"A2", "A3", "A4"}
    with transaction_of(database, other) as connection:
        assert [one.patient_id for one in search_patients(connection, "P", 10)] == ["P2", "P3"]
    # Neither do machines see her; our own jobs must, or nothing would be sealed.
    assert "A1" not in studies_seen(
        database, Caller(CallerKind.PROGRAM, "token-1", hospital.institution_id, (Role.SERVICE,))
    )
    assert "A1" in studies_seen(database, system_caller(hospital.institution_id, "seal"))


def test_other_restrictions_hide_nothing_at_home(database: Database, hospital: Institution) -> None:
    restrict(database, hospital.institution_id, 1, "no-sharing")
    restrict(database, hospital.institution_id, 2, "legal-hold")
    assert "A1" in studies_seen(database, a_person(7, hospital.institution_id, Role.RADIOLOGIST))


def test_without_the_right_to_every_patient_only_those_in_care_are_seen(
    database: Database, hospital: Institution
) -> None:
    with database.transaction(hospital.institution_id) as connection:
        ada = a_user(connection, hospital.institution_id)
    caller = a_person(ada, hospital.institution_id, Role.REFERRING_PHYSICIAN)
    assert studies_seen(database, caller) == set()
    with database.transaction(hospital.institution_id) as connection:
        connection.execute(
            "INSERT INTO broken_glass (institution_id, user_id, patient_key, reason, until)"
            " SELECT institution_id, %s, patient_key, 'emergency', now() + interval '1 hour'"
            " FROM patient WHERE patient_id IN ('P1', 'P2')",
            [ada],
        )
    assert studies_seen(database, caller) == {"A1", "A2"}
    in_sight = patients_in_sight(database, caller)
    assert in_sight is not None
    with transaction_of(database, caller) as connection:
        rows = search_studies(connection, StudyQuery(patient_keys=in_sight)).studies
        assert {row.accession_number for row in rows} == {"A1", "A2"}
    with database.transaction(hospital.institution_id) as connection:
        connection.execute("UPDATE broken_glass SET until = now()")
    assert studies_seen(database, caller) == set()


def test_a_restriction_follows_a_merge(database: Database, hospital: Institution) -> None:
    restrict(database, hospital.institution_id, 1, "vip")
    with database.transaction(hospital.institution_id) as connection:
        keys = "(SELECT patient_key FROM patient WHERE patient_id = %s)"
        connection.execute(f"UPDATE patient SET merged_into = {keys} WHERE patient_id = 'P1'".encode(), ["P2"])
        connection.execute(f"UPDATE study SET patient_key = {keys}  WHERE accession_number = 'A1'".encode(), ["P2"])
    assert studies_seen(database, a_person(7, hospital.institution_id, Role.RADIOLOGIST)) == {"A3", "A4"}


@pytest.mark.parametrize(
    ("guest", "seen"),
    [
        ({}, {"A1", "A2", "A3", "A4"}),
        ({"modalities": ("CT",)}, {"A1", "A3", "A4"}),
        ({"since": "20230101"}, {"A1", "A2", "A4"}),
        ({"modalities": ("MR", "US"), "since": "20240102"}, {"A2"}),
        ({"modalities": ("US",)}, set()),
    ],
)
def test_a_guest_sees_what_the_rule_gives(
    database: Database, hospital: Institution, guest: dict[str, object], seen: set[str]
) -> None:
    assert studies_seen(database, a_guest(hospital.institution_id, **guest)) == seen  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["vip", "staff", "no-sharing"])
def test_a_guest_never_sees_who_is_not_shared(database: Database, hospital: Institution, kind: str) -> None:
    restrict(database, hospital.institution_id, 2, kind)
    caller = a_guest(hospital.institution_id)
    assert studies_seen(database, caller) == {"A1", "A3", "A4"}
    with transaction_of(database, caller) as connection:
        assert connection.execute("SELECT FROM patient").fetchall() == []


def test_an_unknown_kind_of_sight_sees_nothing(database: Database, hospital: Institution) -> None:
    with database.transaction(hospital.institution_id) as connection:
        connection.execute("SELECT set_config('isocenter.sight', 'everything', true)")
        for table in (b"study", b"patient", b"event", b"patient_identifier"):
            assert connection.execute(b"SELECT FROM " + table).fetchall() == []


def test_scopes_narrow_verbs_and_not_patients(database: Database, hospital: Institution) -> None:
    program = Caller(
        CallerKind.PROGRAM, "token-1", hospital.institution_id, (Role.SERVICE,), only=frozenset({Right.READ})
    )
    assert "A1" in studies_seen(database, program)
