"""Connections: roles, institutions, credentials, and a database that is away."""

from __future__ import annotations

import psycopg
import pytest

from isocenter.index.institutions import Institution
from isocenter.kit.database import Database, DatabaseAway, DatabaseBusy, set_institution


def test_connections_act_as_the_application_whatever_options_the_address_has(database_url: str) -> None:
    separator = "&" if "://" in database_url else " "
    database = Database(f"{database_url}{separator}options='-c search_path=public'")
    with database.transaction() as connection:
        row = connection.execute("SELECT current_user, current_setting('search_path')").fetchone()
    assert row == ("isocenter_app", "public")
    connection = database.ingest_connection()
    row = connection.execute("SELECT current_user, current_setting('synchronous_commit')").fetchone()
    assert row == ("isocenter_app", "off")
    connection.close()
    database.close()


def test_an_exception_rolls_back_and_the_institution_does_not_outlive_its_transaction(
    database: Database, institution: Institution
) -> None:
    with pytest.raises(ZeroDivisionError), database.transaction(institution.institution_id) as connection:
        connection.execute("INSERT INTO patient (institution_id, patient_id) VALUES (1, 'P')")
        _ = 1 // 0
    for _attempt in range(3):
        with database.transaction() as connection:
            assert connection.execute("SELECT isocenter_institution()").fetchone() == (None,)
    with database.transaction(institution.institution_id) as connection:
        assert connection.execute("SELECT count(*) FROM patient").fetchone() == (0,)


def test_a_credential_opens_its_own_row_and_no_other(database: Database, institution: Institution) -> None:
    with database.transaction(institution.institution_id) as connection:
        for label, token_hash in (("mine", b"\x01" * 32), ("other", b"\x02" * 32)):
            connection.execute(
                "INSERT INTO api_token (institution_id, token_hash, roles, label) VALUES (1, %s, '{modality}', %s)",
                [token_hash, label],
            )
    with database.credential_transaction("01" * 32) as connection:
        assert connection.execute("SELECT label FROM api_token").fetchall() == [("mine",)]
        assert connection.execute("UPDATE api_token SET label = 'x' WHERE label = 'other'").rowcount == 0
        set_institution(connection, institution.institution_id)
        assert connection.execute("UPDATE api_token SET last_used_at = now() WHERE label = 'mine'").rowcount == 1


def test_a_database_that_is_not_there_is_away_and_not_an_error_of_psycopg() -> None:
    database = Database("postgresql://nobody@/nothing?host=/nonexistent&connect_timeout=1")
    assert database.answers() is False
    with pytest.raises(DatabaseAway):
        database.ingest_connection()
    database.close()
    with pytest.raises(DatabaseAway), database.transaction():
        pass


def test_a_statement_that_takes_too_long_is_given_up_as_busy(database: Database) -> None:
    with pytest.raises(DatabaseBusy), database.transaction() as connection:
        connection.execute("SET LOCAL statement_timeout = '10ms'")
        connection.execute("SELECT pg_sleep(5)")
    assert database.answers() is True


def test_a_mistake_of_ours_stays_a_mistake(database: Database) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable), database.transaction() as connection:
        connection.execute("SELECT * FROM nowhere")
