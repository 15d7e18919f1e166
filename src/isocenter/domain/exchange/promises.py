"""Jobs for what was promised to others: transfers, looked for every few seconds so that nothing is forgotten."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from isocenter.domain.exchange.peers import Sender
from isocenter.domain.exchange.sending import (
    SEND_TO_DESTINATION,
    SENDING_QUEUE,
    send_to_destination,
)
from isocenter.index import commitments, transfers
from isocenter.index.institutions import institutions
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Connection, Database
from isocenter.kit.jobs import Task

KEPT_FOR: Final = timedelta(days=90)
"""What was kept or failed is listed for so long."""
EVERY_FIVE_SECONDS = "* * * * * */5"

DeferDue = Callable[[Connection, int], int]
"""Enqueues what is due in an institution; how many jobs that made."""


def sending_tasks(database: Database, sender: Sender, stopping: Callable[[], bool]) -> list[Task]:
    """What a worker that sends can do. stopping: whether the process was told to stop."""

    def send(institution_id: int, destination_id: int) -> None:
        send_to_destination(database, sender, stopping, institution_id, destination_id)

    return [Task(SEND_TO_DESTINATION, send, attempts=3, queue=SENDING_QUEUE)]


def due_task(database: Database, kinds: Sequence[DeferDue]) -> Task:
    """Looks for everything that is due: what waited for its next attempt, and what a crash left without a job."""

    def defer_due() -> None:
        with database.transaction() as connection:
            every = institutions(connection)
        for one in every:
            with database.transaction(one.institution_id) as connection:
                for defer_due_of_kind in kinds:
                    defer_due_of_kind(connection, one.institution_id)

    return Task("defer-due-promises", defer_due, queue=SENDING_QUEUE, every=EVERY_FIVE_SECONDS)


def forgetting_task(database: Database) -> Task:
    """Once a day: forget what was done with long ago."""

    def forget() -> None:
        before = utc_now() - KEPT_FOR
        with database.transaction() as connection:
            every = institutions(connection)
        for one in every:
            with database.transaction(one.institution_id) as connection:
                transfers.forget_finished(connection, before)
                commitments.forget_finished(connection, before)

    return Task("forget-old-promises", forget, queue=SENDING_QUEUE, every="23 3 * * *")
