"""Jobs of the archive: sealing studies that have gone quiet, and trying again what went in opaque."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from isocenter.access.caller import system_caller
from isocenter.domain.archive.prepare_again import PreparingAgain, prepare_due_packs
from isocenter.domain.archive.seal import Sealer
from isocenter.index.availability import want_notices
from isocenter.index.institutions import institutions
from isocenter.index.outbox import tell_of_quiet_studies
from isocenter.index.sealing import due_studies
from isocenter.index.tokens import retokenise_batch
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Database
from isocenter.kit.jobs import Task, defer

SEAL_STUDY = "seal-study"
EVERY_FIVE_SECONDS = "* * * * * */5"
_DUE_AT_ONCE = 200
_TOKENISED_AT_ONCE = 100
_BATCHES_AT_ONCE = 100
_AGAIN_WITHIN_S: Final = 50.0


def sealing_tasks(database: Database, sealer: Sealer, quiet_for: timedelta) -> list[Task]:
    """What a worker that seals can do: look for due studies, and seal one. quiet_for: without a new instance."""

    def seal_study(institution_id: int, study_instance_uid: str) -> None:
        sealer.seal_study(system_caller(institution_id, SEAL_STUDY), study_instance_uid)

    def defer_due() -> None:
        defer_due_studies(database, quiet_for)

    return [
        Task(SEAL_STUDY, seal_study, attempts=50),
        Task("defer-due-studies", defer_due, every=EVERY_FIVE_SECONDS),
    ]


def defer_due_studies(database: Database, quiet_for: timedelta) -> int:
    """Enqueue a job for every study that has been quiet for so long and waits for none yet; returns how many.

    The change feed tells of the study in the same transaction, and destinations that want to know will be told.
    """
    quiet_before = utc_now() - quiet_for
    with database.transaction() as connection:
        every = institutions(connection)
    return sum(_defer_due(database, one.institution_id, quiet_before) for one in every)


def _defer_due(database: Database, institution_id: int, quiet_before: datetime) -> int:
    with database.transaction(institution_id) as connection:
        want_notices(connection, tell_of_quiet_studies(connection, quiet_before))
        due = due_studies(connection, quiet_before, _DUE_AT_ONCE)
        deferred = 0
        for study in due:
            word = f"{SEAL_STUDY}/{institution_id}/{study.study_instance_uid}"
            arguments = {"institution_id": institution_id, "study_instance_uid": study.study_instance_uid}
            deferred += defer(connection, SEAL_STUDY, arguments, lock=word, once=word)
        return deferred


def preparing_again_task(again: PreparingAgain, queue: str, is_stopped: Callable[[], bool]) -> Task:
    """Try again what lies in packs opaque. queue: one that sealing does not wait for."""

    def prepare_again() -> None:
        prepare_due_packs(again, _AGAIN_WITHIN_S, is_stopped)

    return Task("prepare-again", prepare_again, queue=queue, every="* * * * *")


def tokenising_task(database: Database) -> Task:
    """Make what studies are found by anew after an upgrade that changed the rules; nothing to do otherwise."""

    def retokenise() -> None:
        retokenise_studies(database)

    return Task("retokenise-studies", retokenise, every="* * * * *")


def retokenise_studies(database: Database) -> int:
    """Studies of all institutions whose tokens were made by older rules, in short transactions; returns how many."""
    with database.transaction() as connection:
        every = institutions(connection)
    done = 0
    for one in every:
        for _ in range(_BATCHES_AT_ONCE):
            with database.transaction(one.institution_id) as connection:
                batch = retokenise_batch(connection, _TOKENISED_AT_ONCE)
            done += batch
            if batch < _TOKENISED_AT_ONCE:
                break
    return done
