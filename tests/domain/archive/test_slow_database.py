"""A database that is slow or has no connection left, and a clock that jumps: waiting or refusing, no loss."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from threading import Thread
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from tests.domain.conftest import Hospital, a_ct_slice
from tests.storage.builders import bytes_in

from isocenter.domain.archive.outcome import StoreKind
from isocenter.domain.archive.store import Archive
from isocenter.kit import database as database_kit
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Database
from isocenter.kit.errors import Exhausted
from isocenter.storage.facts import FactLog, make_key_file


def test_a_database_that_does_not_go_on_is_waited_for_and_the_object_is_stored(
    hospital: Hospital, database_url: str
) -> None:
    hospital.store(a_ct_slice(1), uid="1.2.3.1.1")
    kinds: list[StoreKind] = []
    with psycopg.connect(database_url) as slow:
        slow.execute("LOCK TABLE study IN ACCESS EXCLUSIVE MODE")
        waiting = Thread(target=lambda: kinds.append(hospital.store(a_ct_slice(2), uid="1.2.3.1.2").kind))
        waiting.start()
        until_waiting(slow)
        assert kinds == [], "nothing is acknowledged before its row is there"
        slow.rollback()
    waiting.join(30)
    assert kinds == [StoreKind.STORED]
    assert hospital.rows("SELECT count(*) FROM instance") == [(2,)]


def until_waiting(connection: psycopg.Connection[Any]) -> None:
    deadline = time.monotonic() + 30
    waiting = b"SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    while connection.execute(waiting).fetchone() == (0,):
        assert time.monotonic() < deadline, "nobody waits for the lock"
        time.sleep(0.01)


@contextmanager
def one_connection_only(database_url: str) -> Iterator[str]:
    """The address of the database for a role that may connect once."""
    role = f"narrow_{time.monotonic_ns()}"
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'narrow' CONNECTION LIMIT 1 IN ROLE isocenter_app".encode())
        try:
            yield make_conninfo(database_url, user=role, password="narrow", passfile="")
        finally:
            owner.execute(f"DROP ROLE {role}".encode())


def test_a_server_without_a_connection_left_refuses_and_is_used_again_when_there_is_one(
    hospital: Hospital, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_kit, "POOL_TIMEOUT_S", 0.2)
    with one_connection_only(database_url) as url, closing(Database(url)) as narrow:
        taken = narrow.ingest_connection()
        with pytest.raises(Exhausted), narrow.transaction(1) as connection:
            connection.execute("SELECT 1")
        with pytest.raises(Exhausted):
            Archive(data=bytes_in(hospital.home), node="second", database=narrow, max_object_bytes=1 << 20)
        taken.close()
        narrow.close()
        with closing(Database(url)) as again:
            assert again.answers()


@pytest.mark.parametrize("jump", [timedelta(days=1), timedelta(days=-1), timedelta(days=365 * 12)])
def test_a_clock_that_jumps_changes_no_order_and_loses_nothing(
    hospital: Hospital, jump: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Facts, journal and index are in the order of their numbers; times are only said (F17; 2038 is among them)."""
    key_file = hospital.home / "facts.key"
    make_key_file(key_file)
    facts = FactLog(hospital.data.store, hospital.caller.institution_id, key_file)
    facts.append({"number": 1})
    hospital.store(a_ct_slice(1), uid="1.2.3.1.1")
    for name in ("isocenter.storage.facts", "isocenter.domain.archive.reception"):
        monkeypatch.setattr(f"{name}.utc_now", lambda: utc_now() + jump)
    facts.append({"number": 2})
    hospital.store(a_ct_slice(2), uid="1.2.3.1.2")
    monkeypatch.undo()
    facts.append({"number": 3})
    hospital.store(a_ct_slice(3), uid="1.2.3.1.3")
    reread = FactLog(hospital.data.store, hospital.caller.institution_id, key_file)
    assert [fact.content["number"] for fact in reread.facts()] == [1, 2, 3]
    rows = hospital.rows("SELECT sop_instance_uid FROM instance ORDER BY ordinal")
    assert rows == [("1.2.3.1.1",), ("1.2.3.1.2",), ("1.2.3.1.3",)]
    [(first, last)] = hospital.rows("SELECT first_received_at, last_received_at FROM study")
    assert first <= last  # type: ignore[operator]
