"""Tokens of names: written at first sight, anew after corrections and upgrades, and what is found by them."""

from __future__ import annotations

from functools import partial

import psycopg
import pytest
from tests.index.builders import a_row, an_instance

from isocenter.domain.archive.jobs import retokenise_studies
from isocenter.index.find import DicomQuery, Key, Level, find
from isocenter.index.ingest import Ingest
from isocenter.index.institutions import Institution
from isocenter.index.queries import StudyQuery, search_studies
from isocenter.index.tokens import retokenise_study
from isocenter.kit.database import Database

NAMES = {
    1: "Wang^XiaoMing=王^小明",
    2: "王晓明",
    3: "Yamada^Tarou=山田^太郎=やまだ^たろう",
    4: "Hong^Gildong=洪^吉洞=홍^길동",
    5: "Schmidt^Jürgen",
    6: "Smyth^John",
    7: "Wang^XiaoMing",
}


@pytest.fixture
def filled(database: Database, institution: Institution) -> Database:
    ingest = Ingest(database.ingest_connection)
    for number, name in NAMES.items():
        ingest.record([a_row(an_instance(number, patient_name=name))])
    ingest.close()
    return database


def by_words(database: Database, words: str) -> set[int]:
    with database.transaction(1) as connection:
        return {
            int(study.study_instance_uid.rsplit(".", 1)[1])
            for query in (StudyQuery(name_words=words), StudyQuery(text=words))
            for study in search_studies(connection, query).studies
        }


def by_name(database: Database, pattern: str, *, fuzzy: bool) -> set[int]:
    query = DicomQuery(Level.STUDY, (Key(0x00100010, "PN", (pattern,)),), fuzzy=fuzzy)
    return {
        int((one.study_instance_uid or "").rsplit(".", 1)[1]) for one in find(partial(database.transaction, 1), query)
    }


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("wang", {1, 2, 7}),
        ("xiaoming", {1, 2, 7}),
        ("wxm", {1, 2}),
        ("wangxm", {1, 2}),
        ("wangxiaom", {1, 2}),
        ("王", {1, 2}),
        ("小明", {1}),
        ("晓明", {2}),
        ("王小明", {1}),
        ("山田", {3}),
        ("たろ", {3}),
        ("taro", {3}),
        ("길동", {4}),
        ("洪", {4}),
        ("jurg", {5}),
        ("schmidt jürgen", {5}),
    ],
)
def test_the_study_list_finds_names_in_every_writing(filled: Database, words: str, found: set[int]) -> None:
    assert by_words(filled, words) == found


@pytest.mark.parametrize(
    ("pattern", "literal", "fuzzy"),
    [
        ("Schmitt", set(), {5, 6}),
        ("Smith^Jon", set(), {6}),
        ("smyth", {6}, {5, 6}),
        ("王", {1}, {1, 2, 7}),
        ("王^晓明", set(), {1, 2, 7}),
        ("wxm", set(), {1, 2}),
        ("*midt", {5}, {5}),
        ("Wang^Xiao*", {1, 7}, {1, 2, 7}),
        ("王??", {2}, {1, 2, 7}),
    ],
)
def test_fuzzy_matching_finds_what_literal_matching_finds_and_more(
    filled: Database, pattern: str, literal: set[int], fuzzy: set[int]
) -> None:
    assert by_name(filled, pattern, fuzzy=False) == literal
    assert by_name(filled, pattern, fuzzy=True) == fuzzy
    assert literal <= fuzzy


@pytest.mark.parametrize("was", [("Schmidt^Jürgen", "CT Chest"), None])
def test_a_corrected_name_is_found_and_the_old_one_is_not(
    filled: Database, was: tuple[str | None, str | None] | None
) -> None:
    with filled.transaction(1) as connection:
        row = connection.execute("SELECT study_id FROM study WHERE patient_id = 'P5'").fetchone()
        assert row is not None
        study_id = int(str(row[0]))
        connection.execute("UPDATE study SET patient_name = 'Brown^Ann=布朗' WHERE study_id = %s", [study_id])
        assert retokenise_study(connection, study_id, was)
        assert not retokenise_study(connection, 999_999)
    assert by_words(filled, "brown") == {5}
    assert by_words(filled, "bulang") == {5}
    assert by_words(filled, "schmidt") == by_words(filled, "jurgen") == set()


def test_studies_of_an_older_program_get_their_tokens(filled: Database, database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("DELETE FROM study_token WHERE kind IN ('y', 'p')")
        owner.execute("UPDATE study SET token_rules = 0")
    assert by_words(filled, "wxm") == set()
    assert retokenise_studies(filled) == len(NAMES)
    assert by_words(filled, "wxm") == {1, 2}
    assert retokenise_studies(filled) == 0
