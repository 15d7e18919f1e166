"""Searching where some words are common: which conditions an index begins with, and that the answers stay the same."""

from __future__ import annotations

from functools import partial

import pytest
from bench.index_fill import PER_STUDY, bytes_by_table, fill

from isocenter.index import matching
from isocenter.index.find import DicomQuery, Key, Level, find
from isocenter.index.institutions import Institution
from isocenter.index.matching import forget_common
from isocenter.index.query_keys import conditions_of
from isocenter.kit.database import Database

STUDIES = 1200


@pytest.fixture
def large(database: Database, database_url: str, institution: Institution) -> Database:
    """Of 1200 studies 120 are of somebody called Wang, all are CT with SR, and 20 share each other family name."""
    fill(database_url, institution.institution_id, STUDIES)
    return database


def a_query(**values: str) -> DicomQuery:
    tags = {"name": (0x00100010, "PN"), "modality": (0x00080061, "CS"), "date": (0x00080020, "DA")}
    return DicomQuery(Level.STUDY, tuple(Key(*tags[name], (value,)) for name, value in values.items()))


def begun_with(database: Database, query: DicomQuery) -> int | None:
    """How many studies a search begins with, after the common narrowings were forgotten; None: with all by date."""
    with database.transaction(1) as connection:
        conditions = conditions_of(connection, query)
        few = forget_common(connection, conditions)
    lists = [values[0] for clause, values in conditions.parts if "= ANY" in clause]
    assert few == bool(lists)
    assert not any("IN (SELECT" in clause for clause in conditions.clauses)
    return len(lists[0]) if lists else None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("query", "begins_with"),
    [
        ({"name": "Wang*"}, None),
        ({"name": "Family7"}, 18),
        ({"name": "Family7^Giv*"}, 18),
        ({"name": "Wang^XiaoMing70"}, 2),
        ({"modality": "SR"}, None),
        ({"modality": "SR", "date": "20000105"}, 50),
        ({"modality": "SR", "name": "Nobody"}, 0),
    ],
)
def test_a_search_begins_with_what_is_rare(
    large: Database, monkeypatch: pytest.MonkeyPatch, query: dict[str, str], begins_with: int | None
) -> None:
    monkeypatch.setattr(matching, "COMMON", 60)
    assert begun_with(large, a_query(**query)) == begins_with


@pytest.mark.parametrize(
    "name", ["Wang*", "wang^xiaoming1*", "Family7^Giv*", "*ang^*70", "Wang^*0", "W?ng*", "nobody*"]
)
def test_answers_do_not_depend_on_what_a_search_begins_with(
    large: Database, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def found() -> list[str | None]:
        return [
            one.study_instance_uid for one in find(partial(large.transaction, 1), a_query(name=name, modality="CT"))
        ]

    every = found()
    monkeypatch.setattr(matching, "COMMON", 0)
    assert found() == every
    assert len(set(every)) == len(every)


def test_what_describes_a_sealed_study_stays_small(large: Database, database_url: str) -> None:
    sizes = bytes_by_table(database_url)
    of_studies = sum(sum(both) for name, both in sizes.items() if name != "instance_lookup")
    assert sum(sizes["instance_lookup"]) / (STUDIES * PER_STUDY) < 120
    assert of_studies / STUDIES < 6000
    with large.transaction(1) as connection:
        assert connection.execute("SELECT count(*) FROM instance").fetchone() == (0,)
