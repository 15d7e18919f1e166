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
from isocenter.kit.database import Connection, Database

NAMES = {
    1: "Wang^XiaoMing=王^小明",
    2: "王晓明",
    3: "Yamada^Tarou=山田^太郎=やまだ^たろう",
    4: "Hong^Gildong=洪^吉洞=홍^길동",
    5: "Schmidt^Jürgen",
    6: "Smyth^John",
    7: "Wang^XiaoMing",
    8: "Meyer-Lüdenscheidt^Jean-Pierre",
}
DESCRIPTIONS = {
    21: "TWICE-CURRENT",
    22: "MRT_Schädel (nativ/KM)",
    23: "胸部CT平扫+增强",
    24: "IRM de l'e\u0301paule",
    25: "ＴＨＯＲＡＸ　ap",
    26: "Twice a day: current state",
}


@pytest.fixture
def filled(database: Database, institution: Institution) -> Database:
    ingest = Ingest(database.ingest_connection)
    for number, name in NAMES.items():
        ingest.record([a_row(an_instance(number, patient_name=name))])
    for number, description in DESCRIPTIONS.items():
        attributes = a_row(an_instance(number, patient_name=f"P{number}", study_description=description))
        ingest.record([attributes])
    ingest.close()
    return database


def by_text(database: Database, words: str) -> set[int]:
    with database.transaction(1) as connection:
        found = search_studies(connection, StudyQuery(text=words)).studies
    return {int(study.study_instance_uid.rsplit(".", 1)[1]) for study in found}


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


FOUND_BY_NAME = {
    "schmidt, jürgen": {5},
    "schmidt - jurgen": {5},
    "meyer-lü": {8},
    "ludenscheidt": {8},
    "pierre": {8},
    "Meyer Lüdenscheidt": {8},
    "meyer-jean": {8},
    "smýth": {6},
}
FOUND_BY_DESCRIPTION: dict[str, set[int]] = {
    "TWICE-CURRENT": {21, 26},
    "twice-c": {21, 26},
    "twice_current": {21, 26},
    "twice - current": {21, 26},
    "current": {21, 26},
    "twice-currently": set(),
    "schädel": {22},
    "SCHADEL": {22},
    "mrt schädel/km": {22},
    "mrt_schädel": {22},
    "nativ": {22},
    "胸部CT平扫": {23},
    "胸部": {23},
    "平扫": {23},
    "增强": {23},
    "扫平": set(),
    "épaule": {24},
    "l'epaule": {24},
    "l’épaule": {24},
    "thorax": {25},
    "P21": {21},
    "P21 twice-current": {21},
    "-": set(),
    "ct平扫": {23},
    "平扫ct": {23},
}


def test_words_are_found_whatever_stands_between_them(filled: Database) -> None:
    assert {words: by_words(filled, words) for words in FOUND_BY_NAME} == FOUND_BY_NAME
    assert {words: by_text(filled, words) for words in FOUND_BY_DESCRIPTION} == FOUND_BY_DESCRIPTION


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
        owner.execute("DELETE FROM study_token WHERE kind IN ('y', 'p', 'd')")
        owner.execute("UPDATE study SET token_rules = 0")
    assert by_words(filled, "wxm") == by_text(filled, "增强") == set()
    assert retokenise_studies(filled) == len(NAMES) + len(DESCRIPTIONS)
    assert by_words(filled, "wxm") == {1, 2}
    assert by_text(filled, "增强") == {23}
    assert retokenise_studies(filled) == 0


def test_words_that_only_older_rules_made_go(filled: Database, database_url: str) -> None:
    with filled.transaction(1) as connection:
        as_made_today = tokens_of(connection, 23)
        connection.execute(
            "DELETE FROM study_token t USING study s WHERE s.study_id = t.study_id AND patient_id = 'P23'"
        )
        connection.execute(
            "INSERT INTO study_token SELECT institution_id, study_id, kind, token FROM study,"
            " (VALUES ('d'::\"char\", '胸部ct平扫'), ('d', '增强'), ('n', 'p23'), ('y', '增强')) old (kind, token)"
            " WHERE patient_id = 'P23'"
        )
        connection.execute("UPDATE study SET token_rules = 1 WHERE patient_id = 'P23'")
    assert retokenise_studies(filled) == 1
    with filled.transaction(1) as connection:
        assert tokens_of(connection, 23) == as_made_today


def tokens_of(connection: Connection, number: int) -> list[str]:
    rows = connection.execute(
        "SELECT t.kind::text || ' ' || t.token FROM study_token t JOIN study s USING (study_id)"
        " WHERE s.patient_id = %s ORDER BY 1",
        [f"P{number}"],
    ).fetchall()
    return [str(row[0]) for row in rows]
