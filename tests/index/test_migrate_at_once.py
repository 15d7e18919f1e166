"""Nodes that start at the same time: one migrates, the others wait and find everything done."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
from tests.conftest import new_database

from isocenter.apps.postgres.embedded import EmbeddedPostgres
from isocenter.index.migrate import migrate, newest_revision


def test_three_nodes_that_start_at_once_migrate_an_empty_database_once(postgres: EmbeddedPostgres) -> None:
    with contextmanager(new_database)(postgres, "template1") as url, ThreadPoolExecutor(3) as pool:
        list(pool.map(migrate, [url] * 3))
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(newest_revision(),)]
