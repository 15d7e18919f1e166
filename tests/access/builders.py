"""People, guests and restrictions for tests of what may be seen."""

from __future__ import annotations

from isocenter.access.caller import Caller, CallerKind, Guest
from isocenter.access.roles import Role
from isocenter.access.sight import transaction_of
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
    restrict_id(database, institution_id, f"P{study}", kind)


def restrict_id(database: Database, institution_id: int, patient_id: str, kind: str) -> None:
    with database.transaction(institution_id) as connection:
        connection.execute(
            "INSERT INTO patient_restriction (institution_id, patient_key, kind, reason, set_by)"
            " SELECT institution_id, patient_key, %s, 'asked for', '1' FROM patient WHERE patient_id = %s",
            [kind, patient_id],
        )
