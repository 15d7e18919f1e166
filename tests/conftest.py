"""Fixtures for every floor: a real PostgreSQL with a fresh, migrated database per test, and the real DICOM data."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from itertools import count
from pathlib import Path

import psycopg
import pytest
from argon2 import PasswordHasher
from psycopg.conninfo import make_conninfo
from tests.planted_markers import pytest_runtest_makereport as pytest_runtest_makereport
from tests.storage.swift import Swift, start_swift

from isocenter.access import passwords
from isocenter.access.caller import system_caller
from isocenter.access.sign_in.policy import offer_in_a_demo
from isocenter.apps.postgres.embedded import EmbeddedPostgres
from isocenter.domain.retention.policy import without_retention_in_a_demo
from isocenter.index.institutions import Institution, ensure_institution
from isocenter.index.migrate import migrate
from isocenter.kit.database import Database

TEMPLATE = "isocenter_template"
MEMORY = Path("/dev/shm")
"""A database for each test is hundreds of small files: in memory they cost a tenth, and no busy disk holds them up."""
MEMORY_NEEDED = 2 << 30
_numbers = count(1)


def pytest_collection_finish() -> None:
    """What was imported and collected stays for all of the run: the collector need not look at it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def shipped_hasher() -> Iterator[PasswordHasher]:
    """The hasher of passwords as Isocenter has it. In this process the tests use one that costs a thousandth: hundreds
    of people sign in. Servers that tests start have the real one.
    """
    shipped = passwords.HASHER
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        yield shipped


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """One private PostgreSQL for the session, with a migrated template database."""
    in_memory = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_NEEDED
    home = Path(tempfile.mkdtemp(prefix="isocenter-test-", dir=MEMORY if in_memory else None))
    home.chmod(0o755)  # as root, PostgreSQL runs as another user, who must get in
    programs = os.environ.get("ISOCENTER_TEST_POSTGRES")  # system or wheel; both when not told
    server = EmbeddedPostgres(home, durable=False, origins=(programs,) if programs else ("system", "wheel"))
    try:
        server.start()
        with closing(keeper_of(server.url)) as keeper:
            keeper.execute(f"CREATE DATABASE {TEMPLATE}".encode())
            migrate(make_conninfo(server.url, dbname=TEMPLATE))
            yield server
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def swift() -> Iterator[Swift]:
    """A real OpenStack Swift with s3api and an empty bucket, for the session; give each test a prefix of its own."""
    server = start_swift()
    yield server
    server.stop()


@pytest.fixture
def empty_database_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """Address, as the owner, of a database with nothing in it."""
    yield from new_database(postgres, "template0")


@pytest.fixture
def database_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """Address, as the owner, of a migrated database of this test alone."""
    yield from new_database(postgres, TEMPLATE)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A migrated database of this test alone, reached as the application reaches it."""
    made = Database(database_url)
    yield made
    made.close()


@pytest.fixture
def institution(database: Database) -> Institution:
    """The institution most tests work in; a password alone opens it."""
    return an_institution(database, "Demo")


@pytest.fixture
def other_institution(database: Database, institution: Institution) -> Institution:
    """A second hospital, which must never see the first one's rows."""
    return an_institution(database, "Elsewhere")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real DICOM data: skips with the reason where it is absent, fails in CI."""
    folder = Path(os.environ.get("ISOCENTER_SHARED_DATA") or Path(__file__).parents[2] / "shared" / "data")
    if not folder.is_dir():
        reason = f"the real DICOM data is not here ({folder}); set ISOCENTER_SHARED_DATA"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


def an_institution(database: Database, name: str) -> Institution:
    """An institution of this name, which a password alone opens."""
    with database.transaction() as connection:
        made = ensure_institution(connection, name)
    offer_in_a_demo(database, system_caller(made.institution_id, "test"))
    without_retention_in_a_demo(database, system_caller(made.institution_id, "test"))
    return made


def new_database(postgres: EmbeddedPostgres, template: str) -> Iterator[str]:
    """The address of a database that is there until the iterator goes on."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    keeper = keeper_of(postgres.url)
    # Copied as files, which costs half: the log of PostgreSQL is of no use to a database that lives for a test.
    keeper.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY".encode())
    yield make_conninfo(postgres.url, dbname=name)
    keeper.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@cache
def keeper_of(url: str) -> psycopg.Connection:
    """The owner's connection that makes and drops the databases of the tests."""
    return psycopg.connect(make_conninfo(url, dbname="postgres"), autocommit=True)
