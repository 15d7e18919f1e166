"""What is known of senders, and that no object costs a query for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from isocenter.index.institutions import Institution
from isocenter.index.senders import UNKNOWN, Sender, SenderBook, put_sender, senders
from isocenter.kit.database import Connection, Database, DatabaseAway


class Counting:
    """Stands before a database: counts the transactions, and can be away."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.transactions = 0
        self.away = False

    @contextmanager
    def transaction(self, institution_id: int | None = None) -> Iterator[Connection]:
        if self.away:
            raise DatabaseAway("away")
        self.transactions += 1
        with self.database.transaction(institution_id) as connection:
            yield connection


def put(database: Database, institution: Institution, *known: Sender) -> None:
    with database.transaction(institution.institution_id) as connection:
        for each in known:
            put_sender(connection, institution.institution_id, each)


def test_a_sender_is_kept_changed_and_forgotten(database: Database, institution: Institution) -> None:
    put(
        database,
        institution,
        Sender("CT1", "GB18030", None),
        Sender("CT1", "GB18030", "HOSPITAL-A"),
        Sender("US", "GBK"),
    )
    put(database, institution, Sender("US", None, None))
    with database.transaction(institution.institution_id) as connection:
        assert senders(connection) == [Sender("CT1", "GB18030", "HOSPITAL-A")]


def test_another_institution_knows_nothing_of_it(
    database: Database, institution: Institution, other_institution: Institution
) -> None:
    put(database, institution, Sender("CT1", "GB18030"))
    book = SenderBook(database)
    assert book.find(institution.institution_id, "CT1").default_character_set == "GB18030"
    assert book.find(other_institution.institution_id, "CT1") is UNKNOWN


def test_a_star_is_every_sender_without_a_row(database: Database, institution: Institution) -> None:
    put(database, institution, Sender("*", "GB18030"), Sender("KR", "ISO 2022 IR 149"))
    book = SenderBook(database)
    found = [book.find(institution.institution_id, title).default_character_set for title in ("KR", "CT9", "")]
    assert found == ["ISO 2022 IR 149", "GB18030", "GB18030"]


def test_a_thousand_objects_cost_one_query(database: Database, institution: Institution) -> None:
    counting = Counting(database)
    book = SenderBook(counting, believed_for_s=3600)  # type: ignore[arg-type]
    for number in range(1000):
        book.find(institution.institution_id, f"CT{number % 7}")
    assert counting.transactions == 1


def test_a_change_is_seen_when_the_page_is_read_again(database: Database, institution: Institution) -> None:
    book = SenderBook(database, believed_for_s=0)
    assert book.find(institution.institution_id, "CT1") is UNKNOWN
    put(database, institution, Sender("CT1", "GB18030"))
    assert book.find(institution.institution_id, "CT1").default_character_set == "GB18030"


def test_what_was_read_holds_while_the_database_is_away(database: Database, institution: Institution) -> None:
    put(database, institution, Sender("CT1", "GB18030"))
    counting = Counting(database)
    book = SenderBook(counting, believed_for_s=0)  # type: ignore[arg-type]
    book.find(institution.institution_id, "CT1")
    counting.away = True
    assert book.find(institution.institution_id, "CT1").default_character_set == "GB18030"
    with pytest.raises(DatabaseAway):
        SenderBook(counting).find(institution.institution_id, "CT1")  # type: ignore[arg-type]
