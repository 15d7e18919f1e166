"""A trail that was written before there were chains is chained by the migration."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import psycopg
import pytest
from alembic import command

from isocenter.access.trail.lines import next_digest, raw_rows
from isocenter.index.migrate import migrate
from isocenter.kit.database import Database

BEFORE_CHAINS = "0012"


def test_rows_of_before_become_the_beginning_of_their_chains(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade = command.upgrade

    def up_to(revision: str) -> None:
        def stopping(config: Any, _head: str) -> None:
            upgrade(config, revision)

        monkeypatch.setattr(command, "upgrade", stopping)
        migrate(empty_database_url)

    up_to(BEFORE_CHAINS)
    with psycopg.connect(empty_database_url) as owner:
        owner.execute("INSERT INTO institution (name, code) VALUES ('A', 'a'), ('B', 'b')")
        owner.execute(
            "INSERT INTO audit_event (institution_id, caller_kind, caller_id, action, detail)"
            " SELECT 1 + i % 2, 'user', i::text, 'signed-in', '{\"from\": \"10.0.0.1\"}' FROM generate_series(1, 9) i"
        )
    up_to("head")
    with closing(Database(empty_database_url)) as database:
        for institution_id, count in ((1, 4), (2, 5)):
            previous = b""
            with database.transaction(institution_id) as connection:
                rows = list(raw_rows(connection))
            assert [(chain, position) for chain, position, _, _ in rows] == [(0, at) for at in range(1, count + 1)]
            for _, _, digest, line in rows:
                assert next_digest(previous, line) == digest
                previous = digest
