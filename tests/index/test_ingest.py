"""The hot path of the index: what is written, what is found to be known, and what a crash or a race does to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest
from tests.index.builders import a_row, an_instance, rows_of_a_study

from isocenter.index.ingest import Ingest
from isocenter.index.ingest_row import Checkpoint, IngestResult
from isocenter.index.institutions import Institution
from isocenter.kit.database import Database


@pytest.fixture
def ingest(database: Database, institution: Institution) -> Iterator[Ingest]:
    made = Ingest(database.ingest_connection)
    yield made
    made.close()


def one(database: Database, institution: Institution, query: str) -> object:
    with database.transaction(institution.institution_id) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0] if len(row) == 1 else row


def test_a_group_of_several_studies_is_written_with_its_counts(
    database: Database, institution: Institution, ingest: Ingest
) -> None:
    rows = rows_of_a_study(1, slices=3) + rows_of_a_study(2, slices=2) + rows_of_a_study(1, slices=2, series=2)
    outcomes = ingest.record(rows)
    assert [outcome.result for outcome in outcomes] == [IngestResult.STORED] * 7
    assert len({(outcome.study_id, outcome.ordinal) for outcome in outcomes}) == 7
    with database.transaction(institution.institution_id) as connection:
        studies = connection.execute(
            "SELECT study_instance_uid, series_count, instance_count, modalities FROM study ORDER BY 1"
        ).fetchall()
        paired = connection.execute(
            "SELECT count(*) FROM instance JOIN instance_lookup USING (institution_id, study_id, series_id, ordinal)"
        ).fetchone()
    assert studies == [("1.2.826.0.1.1", 2, 5, ["CT"]), ("1.2.826.0.1.2", 1, 2, ["CT"])]
    assert paired == (7,)


def test_ordinals_follow_the_outcomes(database: Database, institution: Institution, ingest: Ingest) -> None:
    rows = rows_of_a_study(2, slices=2) + rows_of_a_study(1, slices=3)
    ingest.record(rows)
    later = [a_row(an_instance(2, 1, 9)), a_row(an_instance(1, 1, 8)), a_row(an_instance(2, 1, 7))]
    for outcome, row in zip(ingest.record(later), later, strict=True):
        found = one(
            database,
            institution,
            "SELECT sop_instance_uid FROM instance "
            f"WHERE study_id = {outcome.study_id} AND ordinal = {outcome.ordinal}",
        )
        assert found == row.attributes.sop_instance_uid


def test_the_same_instance_again_exists_with_its_digest(ingest: Ingest) -> None:
    rows = rows_of_a_study(1, slices=2)
    first = ingest.record(rows)
    again = ingest.record([*rows, a_row(an_instance(1, 1, 3))])
    assert [outcome.result for outcome in again] == ["exists", "exists", "stored"]
    assert again[0].existing_digest == rows[0].digest
    assert (again[1].study_id, again[1].ordinal) == (first[1].study_id, first[1].ordinal)


def test_the_same_instance_twice_in_one_group_is_stored_once(ingest: Ingest) -> None:
    row = a_row(an_instance())
    other = a_row(an_instance(), content=b"other bytes")
    outcomes = ingest.record([row, other, row])
    assert [outcome.result for outcome in outcomes] == ["stored", "exists", "exists"]
    assert outcomes[1].existing_digest == row.digest


@pytest.mark.parametrize("new_home", [{"study_instance_uid": "1.2.9"}, {"series_instance_uid": "1.2.8"}])
def test_a_known_uid_in_another_study_or_series_is_misplaced_and_makes_no_empty_study(
    database: Database, institution: Institution, ingest: Ingest, new_home: dict[str, str]
) -> None:
    ingest.record([a_row(an_instance())])
    stray, good = a_row(an_instance(**new_home)), a_row(an_instance(number=2))
    outcomes = ingest.record([stray, good])
    assert [outcome.result for outcome in outcomes] == ["misplaced", "stored"]
    assert one(database, institution, "SELECT count(*) FROM study") == 1
    assert one(database, institution, "SELECT count(*) FROM series") == 1


def test_the_same_uids_at_two_hospitals_are_two_objects(
    database: Database, institution: Institution, other_institution: Institution, ingest: Ingest
) -> None:
    here = rows_of_a_study(1, slices=2, institution_id=institution.institution_id)
    there = rows_of_a_study(1, slices=2, institution_id=other_institution.institution_id)
    outcomes = ingest.record([here[0], there[0], here[1], there[1]])
    assert {outcome.result for outcome in outcomes} == {IngestResult.STORED}
    assert one(database, institution, "SELECT count(*) FROM instance") == 2
    assert one(database, other_institution, "SELECT count(*) FROM instance") == 2


def test_a_patient_who_differs_inside_a_study_raises_one_task_not_one_per_slice(
    database: Database, institution: Institution, ingest: Ingest
) -> None:
    ingest.record(rows_of_a_study(1, slices=2))
    strange = [a_row(an_instance(1, 1, number, patient_id="P2")) for number in (5, 6, 7)]
    outcomes = ingest.record(strange)
    assert [outcome.tasks for outcome in outcomes] == [("patient-data-differ",), (), ()]
    fresh = Ingest(database.ingest_connection)  # another listener, which has not seen the first difference
    assert fresh.record([a_row(an_instance(1, 1, 8, patient_id="P2"))])[0].tasks == ()
    fresh.close()
    assert one(database, institution, "SELECT count(*) FROM quality_task") == 1
    assert one(database, institution, "SELECT patient_id FROM study") == "P1"


def test_trailing_delimiters_case_and_missing_values_are_no_difference(ingest: Ingest) -> None:
    ingest.record([a_row(an_instance(1, 1, 1, patient_name="DOE^JANE"))])
    same = a_row(an_instance(1, 1, 2, patient_name="Doe^Jane^^", patient_birth_date=None))
    assert ingest.record([same])[0].tasks == ()


def test_text_that_postgresql_cannot_hold_is_stored_without_it(
    database: Database, institution: Institution, ingest: Ingest
) -> None:
    odd = an_instance(1, 1, 1, patient_name='N\0ul^"\ud800"\\,(){}', study_description="a\0b\udfff")
    rows = [
        a_row(odd, calling_ae_title='A"E\\,\0{}'),
        a_row(
            replace(odd, sop_instance_uid="1.2.3", photometric_interpretation='"', warnings=("a", "b")), door="import"
        ),
    ]
    outcomes = ingest.record(rows)
    assert [outcome.result for outcome in outcomes] == ["stored", "stored"]
    assert one(database, institution, "SELECT patient_name FROM study") == 'Nul^"\ufffd"\\,(){}'
    assert one(database, institution, "SELECT calling_ae_title FROM instance WHERE ordinal = 0") == 'A"E\\,{}'
    assert one(database, institution, "SELECT warnings FROM instance WHERE ordinal = 1") == "a b"


def test_text_that_grows_when_folded_is_stored_and_poisons_no_group(
    database: Database, institution: Institution, ingest: Ingest
) -> None:
    ligatures, emoji = "\ufdfa" * 512, "\U0001f600" * 512
    huge = an_instance(
        1,
        patient_name=ligatures + "^\u0390",
        patient_id=emoji,
        issuer_of_patient_id=emoji,
        accession_number=emoji,
        study_description=emoji + " " + ligatures,
        modality=emoji,
        series_description=emoji,
    )
    outcomes = ingest.record([a_row(huge), *rows_of_a_study(2, slices=2)])
    assert [outcome.result for outcome in outcomes] == ["stored"] * 3


def test_a_study_that_was_erased_meanwhile_is_made_again(
    database: Database, institution: Institution, ingest: Ingest
) -> None:
    ingest.record(rows_of_a_study(1, slices=2))
    with database.transaction(institution.institution_id) as connection:
        for table in ("study", "series", "instance", "instance_lookup", "study_token"):
            connection.execute(f"DELETE FROM {table}".encode())
    assert ingest.record([a_row(an_instance(1, 1, 3))])[0].result == IngestResult.STORED
    assert one(database, institution, "SELECT instance_count FROM study") == 1


def test_two_listeners_sending_the_same_studies_at_once_lose_and_double_nothing(
    database: Database, institution: Institution
) -> None:
    rows = [row for study in range(4) for row in rows_of_a_study(study, slices=8)]
    results: list[list[str]] = [[], []]

    def send(number: int) -> None:
        ingest = Ingest(database.ingest_connection)
        order = rows if number else rows[::-1]
        for start in range(0, len(order), 3):
            results[number] += [str(outcome.result) for outcome in ingest.record(order[start : start + 3])]
        ingest.close()

    threads = [threading.Thread(target=send, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    both = results[0] + results[1]
    assert (both.count("stored"), both.count("exists")) == (32, 32)
    assert one(database, institution, "SELECT sum(instance_count) FROM study") == 32
    assert one(database, institution, "SELECT count(*) FROM instance") == 32


def test_a_checkpoint_moves_forward_only(database: Database, ingest: Ingest) -> None:
    ingest.record([a_row(an_instance())], Checkpoint("node-a", 1, 2, 100))
    ingest.record_checkpoint(Checkpoint("node-a", 1, 1, 900))
    ingest.record_checkpoint(Checkpoint("node-a", 2, 1, 7))
    with database.transaction() as connection:
        kept = connection.execute("SELECT epoch, sequence, end_offset FROM checkpoint ORDER BY epoch").fetchall()
    assert kept == [(1, 2, 100), (2, 1, 7)]


def test_another_version_is_kept_aside_once_with_a_task(
    database: Database, institution: Institution, ingest: Ingest
) -> None:
    ingest.record([a_row(an_instance())])
    other = a_row(an_instance(), content=b"other bytes")
    outcome = ingest.record([other])[0]
    assert ingest.keep_aside(other, outcome, "other-content") is True
    assert ingest.keep_aside(other, outcome, "other-content") is False
    assert one(database, institution, "SELECT count(*), min(reason) FROM aside_instance") == (1, "other-content")
    assert one(database, institution, "SELECT count(*) FROM quality_task") == 1


def test_the_update_of_the_study_row_touches_no_index(
    database_url: str, institution: Institution, ingest: Ingest
) -> None:
    """Heap-only updates: a study's row is written for every group of every scanner, its eight indexes are not."""
    for number in range(1, 61):
        ingest.record([a_row(an_instance(1, 1, number))])
    ingest.close()
    with psycopg.connect(database_url, autocommit=True) as connection:
        for _attempt in range(100):  # counters of a closed session arrive a moment later
            row = connection.execute(
                "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'study'"
            ).fetchone()
            if row is not None and row[0] >= 60:
                break
            threading.Event().wait(0.05)
    assert row is not None
    updated, heap_only = row
    assert updated >= 60
    assert heap_only >= updated - 3


def test_the_rehearsal_leaves_nothing_behind(ingest: Ingest, database: Database, institution: Institution) -> None:
    assert ingest.server_life
    with database.transaction(institution.institution_id) as connection:
        for table in ("study", "patient", "series", "instance_lookup", "segment", "study_token", "quality_task"):
            assert connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() == (0,), table


def test_what_follows_a_rollback_is_written(
    ingest: Ingest, institution: Institution, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("in the middle of a transaction")

    rows = [a_row(an_instance(study), institution.institution_id) for study in (1, 2)]
    with monkeypatch.context() as patched:
        patched.setattr("isocenter.index.ingest.write_group", broken)
        with pytest.raises(RuntimeError):
            ingest.record(rows[:1])
    for number in range(1, 4):  # known series go the quick way, by the statement that the rollback took along
        more = [a_row(an_instance(study, number=number), institution.institution_id) for study in (1, 2)]
        assert [each.result for each in ingest.record(more)] == [IngestResult.STORED] * 2
