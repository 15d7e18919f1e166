"""Searching studies and series: matching of PS3.4 C.2.2.2, order, pages, bounds, and that indexes serve it."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from tests.index.builders import a_row, an_instance

from isocenter.index.ingest import Ingest
from isocenter.index.institutions import Institution
from isocenter.index.matching import InvalidQuery
from isocenter.index.queries import (
    SeriesQuery,
    StudyQuery,
    StudySort,
    count_studies,
    search_series,
    search_studies,
    study_by_uid,
    study_conditions,
    totals,
)
from isocenter.kit.database import Connection, Database

PEOPLE = [
    # study, patient_name, patient_id, study_date, modality, accession number
    (1, "Doe^Jane", "P-001", "20240101", "CT", "ACC1"),
    (2, "DOE^JOHN^^^", "P-002", "20240215", "MR", "ACC2"),
    (3, "Müller^Jürgen", "Q-100", "20240215", "CT", "ACC10"),
    (4, "Wang^XiaoDong=王^小东", "Q-101", None, "US", None),
    (5, "O'Brien-Smith^Anne Marie", "p-001", "20231231", "CT", "acc1"),
    (6, None, None, "20250101", "CT", "X_%1"),
]


@pytest.fixture
def filled(database: Database, institution: Institution) -> Database:
    ingest = Ingest(database.ingest_connection)
    for study, name, patient_id, date, modality, accession in PEOPLE:
        changes = {"patient_name": name, "patient_id": patient_id, "study_date": date, "modality": modality}
        ingest.record([a_row(an_instance(study, 1, 1, accession_number=accession, **changes))])
    ingest.record([a_row(an_instance(1, 2, 1, modality="SR", series_description="Dose report"))])
    ingest.close()
    return database


def found(database: Database, **query: object) -> list[int]:
    """Numbers of the studies that match, in order of arrival."""
    with database.transaction(1) as connection:
        page = search_studies(connection, StudyQuery(**query), sort=StudySort.RECEIVED_AT)  # type: ignore[arg-type]
        assert count_studies(connection, StudyQuery(**query)) == (len(page.studies), True)  # type: ignore[arg-type]
    return [int(study.study_instance_uid.rsplit(".", 1)[1]) for study in page.studies]


@pytest.mark.parametrize(
    ("pattern", "studies"),
    [
        ("DOE^JANE", [1]),
        ("doe^jane^^", [1]),
        ("doe", [1, 2]),
        ("DO*", [1, 2]),
        ("DOE^J*", [1, 2]),
        ("DOE^JA?E", [1]),
        ("D?E^J*N", [2]),
        ("*JANE*", [1]),
        ("^john", [2]),
        ("jane", []),
        ("Müller*", [3]),
        ("MÜLLER^JÜRGEN", [3]),
        ("王*", [4]),
        ("王^小东", [4]),
        ("wang^xiao*=王", [4]),
        ("o'brien*", [5]),
        ("O'BRIEN-SMITH^ANNE MARIE", [5]),
        ("o'brien-*", [5]),
        ("*", [1, 2, 3, 4, 5, 6]),
        ("do[e", []),
        ("(doe)", []),
        ("d.*", []),
    ],
)
def test_names_match_without_case_by_component_with_wildcards(
    filled: Database, pattern: str, studies: list[int]
) -> None:
    assert found(filled, patient_name=pattern) == studies


@pytest.mark.parametrize(
    ("words", "studies"),
    [
        ("jane", [1]),
        ("ja do", [1]),
        ("muller", [3]),
        ("王小", [4]),
        ("小东", [4]),
        ("smith", [5]),
        ("anne", [5]),
        ("", [1, 2, 3, 4, 5, 6]),
    ],
)
def test_words_of_the_list_match_beginnings_of_name_parts(filled: Database, words: str, studies: list[int]) -> None:
    assert found(filled, name_words=words) == studies


@pytest.mark.parametrize(
    ("query", "studies"),
    [
        ({"patient_id": "P-001"}, [1]),
        ({"patient_id": "P-*"}, [1, 2]),
        ({"patient_id": "?-001"}, [1, 5]),
        ({"patient_id": "*10*"}, [3, 4]),
        ({"accession_number": "ACC1*"}, [1, 3]),
        ({"accession_number": "X_%1"}, [6]),
        ({"study_date": "20240215"}, [2, 3]),
        ({"study_date": "20240101-20240215"}, [1, 2, 3]),
        ({"study_date": "-20240101"}, [1, 5]),
        ({"study_date": "20240215-"}, [2, 3, 6]),
        ({"modalities": ["MR", "US"]}, [2, 4]),
        ({"modalities": ["SR"]}, [1]),
        ({"modalities": ["CT"], "study_date": "2024010" + "1-20240301"}, [1, 3]),
        ({"study_instance_uids": ["1.2.826.0.1.2", "1.2.826.0.1.4", "9.9"]}, [2, 4]),
        ({"study_description": "ct ch*"}, [1, 2, 3, 4, 5, 6]),
        ({"study_time": "10"}, [1, 2, 3, 4, 5, 6]),
        ({"study_time": "1011-1200"}, []),
        ({"text": "doe ACC2"}, [2]),
        ({"text": "q-10"}, [3, 4]),
        ({"text": "chest jane"}, [1]),
        ({"text": "%"}, []),
        ({"patient_name": "DOE*", "modalities": ["MR"]}, [2]),
    ],
)
def test_keys_match_as_the_standard_says(filled: Database, query: dict[str, object], studies: list[int]) -> None:
    assert found(filled, **query) == studies


@pytest.mark.parametrize(
    "query",
    [{"study_date": "2024"}, {"study_date": "20240101-2"}, {"patient_name": "x" * 600}, {"study_time": "noon"}],
)
def test_values_that_cannot_be_matched_by_are_refused(filled: Database, query: dict[str, str]) -> None:
    with pytest.raises(InvalidQuery):
        found(filled, **query)


def test_text_that_postgresql_cannot_hold_finds_nothing_and_breaks_nothing(filled: Database) -> None:
    for value in ("a\0b", "\ud800", "\\", "'", '"', "%s", "[", "((((", "^", "="):
        found(filled, patient_name=value)
        found(filled, patient_id=value)
        found(filled, name_words=value)
        found(filled, text=value)
        found(filled, study_description=value)


@pytest.mark.parametrize("sort", list(StudySort))
def test_pages_by_cursor_give_every_study_once_in_order(filled: Database, sort: StudySort) -> None:
    seen, cursor = [], None
    with filled.transaction(1) as connection:
        whole = search_studies(connection, StudyQuery(), sort=sort).studies
        for _page in range(10):
            page = search_studies(connection, StudyQuery(), sort=sort, limit=2, cursor=cursor)
            seen += page.studies
            cursor = page.next_cursor
            if cursor is None:
                break
    assert seen == whole
    assert len(seen) == 6


def test_a_cursor_of_another_search_is_refused(filled: Database) -> None:
    with filled.transaction(1) as connection:
        page = search_studies(connection, StudyQuery(), sort=StudySort.PATIENT_NAME, limit=1)
        for cursor in (page.next_cursor, "AAAA", "é", ""):
            with pytest.raises(InvalidQuery):
                search_studies(connection, StudyQuery(), sort=StudySort.RECEIVED_AT, cursor=cursor)


def test_counting_is_bounded(filled: Database) -> None:
    with filled.transaction(1) as connection:
        assert count_studies(connection, StudyQuery(), at_most=4) == (4, False)
        assert count_studies(connection, StudyQuery(), at_most=6) == (6, True)


def test_series_are_found_over_studies_with_their_counts(filled: Database) -> None:
    with filled.transaction(1) as connection:
        pairs = search_series(connection, StudyQuery(), SeriesQuery(modalities=["SR"]))
        [(study, series)] = pairs
        assert (study.study_instance_uid, series.series_description) == ("1.2.826.0.1.1", "Dose report")
        assert (series.instance_count, series.frame_count, series.open_instance_count) == (1, 1, 1)
        by_uid = search_series(connection, StudyQuery(), SeriesQuery(series_instance_uids=["1.2.826.0.1.3.1"]))
        assert [series.series_instance_uid for _, series in by_uid] == ["1.2.826.0.1.3.1"]
        assert len(search_series(connection, StudyQuery(patient_name="DOE*"), SeriesQuery(), limit=2)) == 2


def test_totals_and_one_study(filled: Database) -> None:
    with filled.transaction(1) as connection:
        assert (totals(connection).studies, totals(connection).series, totals(connection).instances) == (6, 7, 7)
        study = study_by_uid(connection, "1.2.826.0.1.1")
        assert study is not None
        assert (study.series_count, study.instance_count, study.modalities) == (2, 2, ["CT", "SR"])
        assert study_by_uid(connection, "1.2.3") is None


MANY = 30_000


@pytest.fixture
def many_studies(database: Database, institution: Institution, database_url: str) -> Iterator[Database]:
    """Enough studies of two institutions that the planner has a choice."""
    with database.transaction(institution.institution_id) as connection:
        connection.execute(
            f"""
            INSERT INTO study (institution_id, study_instance_uid, patient_id, study_date, sort_name, patient_name,
                accession_number, first_received_at, last_received_at, state, instance_count)
            SELECT 1, '1.2.' || n, 'P' || n, to_char(date '2010-01-01' + n % 5000, 'YYYYMMDD'),
                'family' || n % 5000 || '^given' || n % 100, 'x', 'A' || n, now(), now(), 'sealed', 1
            FROM generate_series(1, {MANY}) n
            """.encode()
        )
        connection.execute(
            b"""
            INSERT INTO study_token (institution_id, study_id, kind, token)
            SELECT 1, study_id, 'n', unnest(string_to_array(sort_name, '^')) FROM study
            """
        )
        connection.execute(
            b"""
            INSERT INTO study_modality (institution_id, study_id, modality, study_date)
            SELECT 1, study_id, CASE WHEN study_id % 200 = 0 THEN 'XA' ELSE 'CT' END, study_date FROM study
            """
        )

    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("ANALYZE")
    yield database


def test_searches_are_served_by_indexes_under_row_level_security(many_studies: Database) -> None:
    newest = StudySort.STUDY_DATE_DESCENDING
    asked = [
        (StudyQuery(), newest),
        (StudyQuery(), StudySort.PATIENT_NAME),
        (StudyQuery(), StudySort.RECEIVED_AT_DESCENDING),
        (StudyQuery(patient_id="P1234"), newest),
        (StudyQuery(patient_id="P123*"), newest),
        (StudyQuery(accession_number="A77"), newest),
        (StudyQuery(patient_name="FAMILY77^*"), newest),
        (StudyQuery(name_words="family77"), StudySort.PATIENT_NAME),
        (StudyQuery(text="family77"), newest),
        (StudyQuery(text="P1234"), newest),
        (StudyQuery(study_date="20150101-20150107"), newest),
        (StudyQuery(modalities=("XA",)), newest),
        (StudyQuery(study_instance_uids=("1.2.5", "1.2.9")), newest),
    ]
    with many_studies.transaction(1) as connection:
        for query, sort in asked:
            plan = explained(connection, query, sort)
            assert "Seq Scan" not in plan, plan
            assert "Rows Removed by Filter" not in plan, plan
            assert len(search_studies(connection, query, sort=sort).studies) > 0


def explained(connection: Connection, query: StudyQuery, sort: StudySort) -> str:
    conditions = study_conditions(query)
    column = {"study_date": "study_date", "patient_name": "sort_name", "received_at": "study_id"}[sort.lstrip("-")]
    direction = "DESC" if sort.startswith("-") else "ASC"
    statement = f"""
        EXPLAIN (ANALYZE, TIMING OFF) SELECT * FROM study s WHERE {conditions.sql()}
        ORDER BY s.{column} {direction}, s.study_id {direction} LIMIT 51
    """
    rows = connection.execute(statement.encode(), conditions.parameters, prepare=False).fetchall()
    return "\n".join(str(row[0]) for row in rows)
