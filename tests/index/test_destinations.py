"""Destinations: found by AE title inside their institution alone, unique by name and title."""

from __future__ import annotations

import pytest

from isocenter.index.destinations import (
    DestinationExists,
    delete_destination,
    destination_by_ae,
    destination_by_id,
    destinations,
    insert_destination,
    update_destination,
)
from isocenter.index.institutions import Institution
from isocenter.kit.database import Database

PACS = {"name": "Second reading", "ae_title": "PACS", "host": "127.0.0.1", "port": 4242}


def test_a_destination_is_found_by_its_ae_title_with_padding_aside(
    database: Database, institution: Institution
) -> None:
    with database.transaction(institution.institution_id) as connection:
        made = insert_destination(connection, PACS)
        assert destination_by_ae(connection, "PACS ") == made
        assert destination_by_ae(connection, "pacs") is None  # AE titles are case sensitive (PS3.5 6.2)
        assert (made.transfer_syntaxes, made.associations, made.send_allowed, made.availability_since) == (
            "stored",
            1,
            True,
            None,
        )


def test_another_hospital_does_not_see_it(
    database: Database, institution: Institution, other_institution: Institution
) -> None:
    with database.transaction(institution.institution_id) as connection:
        insert_destination(connection, PACS)
    with database.transaction(other_institution.institution_id) as connection:
        assert destination_by_ae(connection, "PACS") is None
        insert_destination(connection, PACS)  # the same title is its own destination here
        assert len(destinations(connection)) == 1


def test_names_and_titles_are_unique_and_the_transaction_goes_on(database: Database, institution: Institution) -> None:
    with database.transaction(institution.institution_id) as connection:
        first = insert_destination(connection, PACS)
        with pytest.raises(DestinationExists):
            insert_destination(connection, PACS | {"name": "Other"})
        other = insert_destination(connection, PACS | {"name": "Other", "ae_title": "OTHER"})
        with pytest.raises(DestinationExists):
            update_destination(connection, other.destination_id, {"ae_title": "PACS"})
        changed = update_destination(connection, other.destination_id, {"port": 104})
        assert changed is not None
        assert changed.port == 104
        assert delete_destination(connection, first.destination_id) == first
        assert destination_by_id(connection, first.destination_id) is None
        assert delete_destination(connection, first.destination_id) is None
