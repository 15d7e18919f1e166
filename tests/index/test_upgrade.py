"""Upgrades: a home of the last release opens with everything in it; an interrupted migration did not happen."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
import zstandard
from alembic.config import Config
from alembic.script import ScriptDirectory
from blake3 import blake3
from tests.storage.builders import bytes_in

from isocenter.access.caller import system_caller
from isocenter.apps.postgres.dump import load_index
from isocenter.delivery.library import Library
from isocenter.delivery.received import received_instance
from isocenter.domain.archive.recompress import rebuild_received
from isocenter.domain.archive.store import Archive
from isocenter.index import migrate as migrating
from isocenter.index.deletions import see_deleted
from isocenter.index.migrate import _revisions, knows_revision, migrate, newest_revision, prepare_roles
from isocenter.kit.confined import Confined
from isocenter.kit.database import Database

ROOT = Path(__file__).parents[2]
HOMES = sorted((ROOT / "tests" / "former_homes").glob("*.tar.zst"))
VERSIONS = ROOT / "src" / "isocenter" / "index" / "migrations" / "versions"
CONTRACT = "-- contract:"
"""A line of a migration that takes something away says so with this word and with the version that stopped using it."""
TAKES_AWAY = re.compile(
    r"\b(DROP\s+(TABLE|COLUMN|VIEW|FUNCTION|TYPE)|RENAME\s+(TO|COLUMN)|ALTER\s+COLUMN\s+\w+\s+(SET\s+DATA\s+)?TYPE"
    r"|SET\s+NOT\s+NULL|ADD\s+COLUMN\s+(IF\s+NOT\s+EXISTS\s+)?\w+\s+[^,;]*NOT\s+NULL(?![^,;]*DEFAULT))",
    re.IGNORECASE,
)


def unpacked(home: Path, target: Path) -> dict[str, Any]:
    """Lay a former home out; what is expected of it."""
    data = zstandard.ZstdDecompressor().decompress(home.read_bytes())
    subprocess.run(["tar", "--extract", "--directory", target], input=data, check=True)
    expected: dict[str, Any] = json.loads((target / "expected.json").read_text())
    return expected


@pytest.mark.parametrize("former", HOMES, ids=lambda path: path.name.partition(".")[0])
def test_the_home_of_a_former_version_opens_with_everything_in_it(
    former: Path, empty_database_url: str, tmp_path: Path
) -> None:
    expected = unpacked(former, tmp_path)
    prepare_roles(empty_database_url)
    load_index(empty_database_url, tmp_path / "index.dump")
    migrate(empty_database_url)
    data = bytes_in(tmp_path)
    with closing(Database(empty_database_url)) as database:
        with closing(Archive(data=data, node="now", database=database, max_object_bytes=1 << 20)):
            pass  # reads back what the killed listener left
        with database.transaction(1) as connection:
            studies = connection.execute(
                "SELECT study_instance_uid, instance_count, patient_id, study_description FROM study ORDER BY 1"
            ).fetchall()
            assert [list(row) for row in studies] == expected["studies"]
            assert connection.execute("SELECT kind FROM restricted_patient").fetchall() == [("vip",), ("vip",)]
            see_deleted(connection)
            assert connection.execute("SELECT count(*) FROM deleted_study").fetchone() == (1,)
        somebody = system_caller(1, "test")
        read = {}
        with (
            closing(Confined(processes=1, memory_bytes=1 << 30, timeout_s=20)) as confined,
            closing(
                Library(database=database, data=data, confined=confined, rebuild_received=rebuild_received)
            ) as library,
        ):
            for uid, *_ in studies:
                for one in library.view(somebody, str(uid)).instances:
                    read[one] = blake3(received_instance(somebody, library, str(uid), one).data_set).hexdigest()
    assert read == {uid: expected["digests"][uid] for uid in read}
    assert len(read) == sum(row[1] for row in expected["studies"])


def test_a_migration_only_adds_unless_it_says_that_it_takes_away() -> None:
    """The version before goes on working while hosts are upgraded one after the other (docs/operations/upgrade.md)."""
    found = {}
    for path in sorted([*VERSIONS.glob("*.sql"), *VERSIONS.glob("*.py")]):
        if path.name[:4] > "0016":  # the rule is as old as the first region of several hosts
            lines = path.read_text().splitlines()
            said = [number for number, line in enumerate(lines) if CONTRACT in line]
            taking = [number for number, line in enumerate(lines) if TAKES_AWAY.search(_without_comment(line))]
            found[path.name] = [lines[number] for number in taking if number - 1 not in said]
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "line",
    [
        "ALTER TABLE study DROP COLUMN state;",
        "ALTER TABLE study RENAME COLUMN state TO states;",
        "ALTER TABLE study ALTER COLUMN state TYPE integer;",
        "ALTER TABLE study ADD COLUMN kept_until timestamptz NOT NULL;",
        "drop table study;",
    ],
)
def test_what_takes_away_is_recognised(line: str) -> None:
    assert TAKES_AWAY.search(line)
    assert not TAKES_AWAY.search("ALTER TABLE study ADD COLUMN kept_until timestamptz NOT NULL DEFAULT now();")
    assert not TAKES_AWAY.search(_without_comment(f"-- {line}"))


def _without_comment(line: str) -> str:
    return line.partition("--")[0]


def test_a_migration_that_is_killed_did_not_happen_and_the_next_start_does_it(
    empty_database_url: str, tmp_path: Path
) -> None:
    expected = unpacked(HOMES[-1], tmp_path)
    prepare_roles(empty_database_url)
    load_index(empty_database_url, tmp_path / "index.dump")
    code = f"from isocenter.index.migrate import migrate; migrate({empty_database_url!r})"
    with psycopg.connect(empty_database_url) as blocker:
        # the last table that the migrations touch: all before it is done, and not committed
        blocker.execute("LOCK TABLE alembic_version IN EXCLUSIVE MODE")
        process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
        _until_waiting(blocker)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        blocker.rollback()
    assert _revision(empty_database_url) == expected["revision"]
    migrate(empty_database_url)
    assert _revision(empty_database_url) == newest_revision()


def _until_waiting(connection: psycopg.Connection[Any]) -> None:
    deadline = time.monotonic() + 60
    waiting = b"""
        SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
        WHERE NOT l.granted AND datname = current_database()
    """
    while connection.execute(waiting).fetchone() == (0,):
        assert time.monotonic() < deadline, "the migration never came to the lock"
        time.sleep(0.02)


def _revision(url: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    assert row is not None
    return str(row[0])


def test_an_older_version_refuses_what_a_newer_one_migrated(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999_later'")
    with pytest.raises(migrating.DatabaseUnfit, match="newer Isocenter"):
        migrate(database_url)


def test_migrations_are_named_by_their_files() -> None:
    config = Config()
    config.set_main_option("script_location", str(VERSIONS.parent))
    known = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert known[0] == newest_revision()
    assert sorted(known) == _revisions()
    assert knows_revision(known[-1])
    assert not knows_revision("9999")
