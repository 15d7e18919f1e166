"""Rows whose bytes never became durable go, and nothing else with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from tests.index.builders import a_row, an_instance

from isocenter.index.ingest import Ingest
from isocenter.index.ingest_row import IngestResult
from isocenter.index.institutions import Institution
from isocenter.index.relocation import relocate
from isocenter.index.withdrawal import claims_after, withdraw
from isocenter.kit.database import Database
from isocenter.storage.errors import JournalPoisoned


@pytest.fixture
def ingest(database: Database, institution: Institution) -> Iterator[Ingest]:
    with closing(Ingest(database.ingest_connection)) as made:
        made.record([a_row(an_instance(number=1), institution.institution_id)])
        yield made


def known(database: Database, institution: Institution) -> tuple[list[str], int, int]:
    """(SOP Instance UIDs, rows of the lookup, the study's count)."""
    with database.transaction(institution.institution_id) as connection:
        uids = connection.execute("SELECT sop_instance_uid FROM instance ORDER BY 1").fetchall()
        lookup = connection.execute("SELECT count(*) FROM instance_lookup").fetchone()
        counted = connection.execute("SELECT instance_count FROM study").fetchone()
    assert lookup is not None and counted is not None
    return [str(uid[0]).rpartition(".")[2] for uid in uids], int(str(lookup[0])), int(str(counted[0]))


def failing() -> None:
    raise JournalPoisoned("The disk failed.")


def test_a_group_whose_bytes_fail_leaves_no_row_and_can_be_sent_again(
    ingest: Ingest, database: Database, institution: Institution
) -> None:
    rows = [a_row(an_instance(number=number), institution.institution_id) for number in (2, 3)]
    with pytest.raises(JournalPoisoned):
        ingest.record(rows, make_durable=failing)
    assert known(database, institution) == (["1"], 1, 1)
    again = ingest.record(rows, make_durable=lambda: None)
    assert [outcome.result for outcome in again] == [IngestResult.STORED] * 2
    assert known(database, institution) == (["1", "2", "3"], 3, 3)


def test_a_new_series_is_not_written_before_its_bytes_are_durable(
    ingest: Ingest, database: Database, institution: Institution
) -> None:
    with pytest.raises(JournalPoisoned):
        ingest.record([a_row(an_instance(series=2, number=9), institution.institution_id)], make_durable=failing)
    assert known(database, institution) == (["1"], 1, 1)


def test_bytes_are_made_durable_once_and_before_the_outcome(
    ingest: Ingest, institution: Institution, other_institution: Institution
) -> None:
    calls: list[str] = []
    group = [
        a_row(an_instance(number=2), institution.institution_id),
        a_row(an_instance(number=1), institution.institution_id),
        a_row(an_instance(number=2), other_institution.institution_id),
    ]
    outcomes = ingest.record(group, make_durable=lambda: calls.append("synced"))
    assert calls == ["synced"]
    assert [outcome.result for outcome in outcomes] == [IngestResult.STORED, IngestResult.EXISTS, IngestResult.STORED]


def test_what_could_not_be_withdrawn_at_once_is_withdrawn_before_anything_else_is_said(
    ingest: Ingest, database: Database, institution: Institution, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> int:
        import psycopg

        raise psycopg.OperationalError("the server went away")

    monkeypatch.setattr("isocenter.index.ingest.withdraw", away)
    with pytest.raises(JournalPoisoned):
        ingest.record([a_row(an_instance(number=2), institution.institution_id)], make_durable=failing)
    assert known(database, institution)[0] == ["1", "2"]
    monkeypatch.setattr("isocenter.index.ingest.withdraw", withdraw)
    [outcome] = ingest.record([a_row(an_instance(number=2), institution.institution_id)], make_durable=lambda: None)
    assert outcome.result is IngestResult.STORED, "it must not pass for one that we hold"
    assert known(database, institution) == (["1", "2"], 2, 2)


def test_a_row_that_was_given_other_bytes_meanwhile_stays(
    ingest: Ingest, database: Database, institution: Institution
) -> None:
    row = a_row(an_instance(number=1), institution.institution_id)
    with database.transaction(institution.institution_id) as connection:
        claims = [claim for _, claim in claims_after(connection, row.segment_node, row.segment_epoch, 0, 0)]
        assert len(claims) == 1
        elsewhere = a_row(an_instance(number=1), institution.institution_id, member_offset=row.member_offset + 4096)
        assert relocate(connection, elsewhere, claims[0].study_id, claims[0].ordinal)
        assert withdraw(connection, claims) == 0
    assert known(database, institution) == (["1"], 1, 1)


def test_rows_of_another_hospital_are_not_claimed(
    ingest: Ingest, database: Database, other_institution: Institution
) -> None:
    row = a_row(an_instance(number=1))
    with database.transaction(other_institution.institution_id) as connection:
        assert claims_after(connection, row.segment_node, row.segment_epoch, 0, 0) == []
