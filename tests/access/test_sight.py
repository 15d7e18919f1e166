"""What a caller sees inside one institution: held by row-level security, whatever a query forgets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.index.builders import a_row, an_instance

from isocenter.access.caller import Caller, CallerKind, Guest, system_caller
from isocenter.access.roles import Right, Role
from isocenter.access.sight import transaction_of
from isocenter.index.ingest import Ingest
from isocenter.index.institutions import Institution
from isocenter.index.patients import search_patients
from isocenter.kit.database import Connection, Database


def studies_seen(database: Database, caller: Caller) -> set[str]:
    with transaction_of(database, caller) as connection:
        rows = connection.execute("SELECT accession_number FROM study").fetchall()
    return {str(row[0]) for row in rows}


def a_user(connection: Connection, institution_id: int, username: str = "ada") -> int:
    row = connection.execute(
        "INSERT INTO user_account (institution_id, username, display_name, password_hash) VALUES (%s, %s, 'A', '')"
        " RETURNING user_id",
        [institution_id, username],
    ).fetchone()
    assert row is not None
    return int(str(row[0]))


def a_person(user_id: int, institution_id: int, *roles: Role) -> Caller:
    return Caller(CallerKind.USER, str(user_id), institution_id, roles, "sitting")


def a_guest(institution_id: int, modalities: tuple[str, ...] = (), since: str = "") -> Caller:
    guest = Guest(home_institution_id=99, rule_id=1, modalities=modalities, since=since)
    return Caller(CallerKind.USER, "5", institution_id, (Role.GUEST,), "sitting", guest=guest)


def restrict(database: Database, institution_id: int, study: int, kind: str) -> None:
    with database.transaction(institution_id) as connection:
        connection.execute(
            "INSERT INTO patient_restriction (institution_id, patient_key, kind, reason, set_by)"
            " SELECT institution_id, patient_key, %s, 'asked for', '1' FROM patient WHERE patient_id = %s",
            [kind, f"P{study}"],
        )


@pytest.fixture
def hospital(database: Database, institution: Institution) -> Iterator[Institution]:
    """Three studies of three patients: A1 CT of 2024, A2 MR of 2024, A3 CT of 2020; A4 has no patient ID."""
    instances = [
        an_instance(1),
        an_instance(2, modality="MR"),
        an_instance(3, study_date="20200101"),
        an_instance(4, patient_id=None),
    ]
    ingest = Ingest(database.ingest_connection)
    ingest.record([a_row(one, institution.institution_id) for one in instances])
    yield institution
    ingest.close()


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
