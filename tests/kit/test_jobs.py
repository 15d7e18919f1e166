"""Jobs: made with their transaction, once per study, one after the other, tried again."""

from __future__ import annotations

import threading

import pytest

from isocenter.kit.database import Database
from isocenter.kit.jobs import Task, defer, job_counts, work


class ChangedMind(Exception):
    """The transaction is given up."""


def test_a_job_exists_when_its_transaction_commits_and_not_otherwise(database: Database) -> None:
    done: list[int] = []
    with database.transaction() as connection:
        defer(connection, "seal", {"study_id": 1})
    with pytest.raises(ChangedMind), database.transaction() as connection:
        defer(connection, "seal", {"study_id": 2})
        raise ChangedMind
    work(database.url, [Task("seal", lambda study_id: done.append(study_id))], wait=False)
    assert done == [1]
    with database.transaction() as connection:
        assert job_counts(connection).get("todo", 0) == 0


def test_while_a_job_waits_a_second_one_of_its_kind_is_not_made(database: Database) -> None:
    with database.transaction() as connection:
        assert defer(connection, "seal", {"study_id": 1}, once="seal 1") is True
        assert defer(connection, "seal", {"study_id": 1}, once="seal 1") is False
        assert defer(connection, "seal", {"study_id": 2}, once="seal 2") is True
    with database.transaction() as connection:
        assert job_counts(connection) == {"todo": 2}


def test_a_job_that_fails_for_good_is_kept_as_failed(database: Database) -> None:
    def fail(study_id: int) -> None:
        raise ValueError(study_id)

    with database.transaction() as connection:
        defer(connection, "seal", {"study_id": 1})
    work(database.url, [Task("seal", fail, attempts=1)], wait=False)
    with database.transaction() as connection:
        assert job_counts(connection) == {"failed": 1}


def test_a_job_that_fails_waits_to_be_tried_again(database: Database) -> None:
    def fail(study_id: int) -> None:
        raise ValueError(study_id)

    with database.transaction() as connection:
        defer(connection, "seal", {"study_id": 1})
    work(database.url, [Task("seal", fail)], wait=False)
    with database.transaction() as connection:
        [row] = connection.execute("SELECT status::text, scheduled_at > now() FROM procrastinate_jobs").fetchall()
    assert row == ("todo", True)


def test_the_job_of_a_worker_that_was_killed_is_given_out_again(database: Database) -> None:
    done: list[int] = []
    with database.transaction() as connection:
        defer(connection, "seal", {"study_id": 7}, lock="study 7")
        # What a killed worker leaves: its job taken, its last heartbeat long ago.
        connection.execute(
            """
            WITH dead AS (
                INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '10 minutes') RETURNING id)
            UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT id FROM dead)
            """
        )
    work(database.url, [Task("seal", lambda study_id: done.append(study_id))], wait=False)
    assert done == [7]


def test_work_that_comes_back_is_not_given_out_again_beside_its_next_turn(database: Database) -> None:
    done: list[int] = []
    with database.transaction() as connection:
        defer(connection, "look", {"turn": 1}, once="look")
        connection.execute(
            """
            WITH dead AS (
                INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '10 minutes') RETURNING id)
            UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT id FROM dead)
            """
        )
        defer(connection, "look", {"turn": 2}, once="look")
    work(database.url, [Task("look", lambda turn: done.append(turn))], wait=False)
    assert done == [2]
    with database.transaction() as connection:
        assert job_counts(connection) == {}


def test_a_queue_that_hangs_holds_no_other_up(database: Database) -> None:
    other_ran = threading.Event()
    waited: list[bool] = []
    with database.transaction() as connection:
        defer(connection, "hang", {}, queue="slow")
        defer(connection, "run", {}, queue="quick")
    tasks = [
        Task("hang", lambda: waited.append(other_ran.wait(30)), queue="slow"),
        Task("run", lambda: other_ran.set(), queue="quick"),
    ]
    work(database.url, tasks, queues={"slow": 1, "quick": 1}, wait=False)
    assert waited == [True]
