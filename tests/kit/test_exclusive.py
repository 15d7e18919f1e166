"""A lock by name excludes whoever reaches the same database."""

from __future__ import annotations

import threading

import psycopg
import pytest

from isocenter.kit import exclusive
from isocenter.kit.database import DatabaseAway, DatabaseBusy
from isocenter.kit.exclusive import exclusive_by_name


def test_one_at_a_time_under_one_name(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exclusive, "WAIT_S", 0.1)
    first, second = exclusive_by_name(database_url), exclusive_by_name(database_url)
    with first("facts/1"), second("facts/2"), pytest.raises(DatabaseBusy), second("facts/1"):
        pytest.fail("two hold it")
    with second("facts/1"):
        pass


def test_who_waits_gets_it_and_a_failure_gives_it_back(database_url: str) -> None:
    lock = exclusive_by_name(database_url)
    order: list[str] = []
    waiting = threading.Thread(target=lambda: _enter(lock, order))
    with pytest.raises(ValueError, match="x"), lock("a"):
        waiting.start()
        assert any(_somebody_waits(database_url) for _ in range(2000))
        order.append("first")
        raise ValueError("x")
    waiting.join(10)
    assert order == ["first", "second"]


def _enter(lock: exclusive.Exclusively, order: list[str]) -> None:
    with lock("a"):
        order.append("second")


def _somebody_waits(url: str) -> bool:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").fetchone()
    return row is not None and row[0] == 1


def test_without_a_database_nobody_enters() -> None:
    with pytest.raises(DatabaseAway), exclusive_by_name("postgresql://127.0.0.1:1/none")("a"):
        pytest.fail("entered")
