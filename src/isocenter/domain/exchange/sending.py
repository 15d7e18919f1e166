"""The verb "send": a study, series or single objects to a destination, worked off by jobs until it is done.

One job at a time works for a destination, and only when something is due there: a destination that does not answer
costs the others nothing but the seconds until that is known. What was answered is recorded as it goes, so that whatever
interrupts a transfer, the next attempt goes on where it ended.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Final

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.access.sight import transaction_of
from isocenter.domain.archive.errors import UnknownStudy
from isocenter.domain.exchange.destinations import UnknownDestination
from isocenter.domain.exchange.peers import Progress, Sender, WantedInstances
from isocenter.index import transfers as index
from isocenter.index.destinations import Destination, destination_by_id
from isocenter.index.locators import study_version
from isocenter.index.transfers import Transfer
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Connection, Database
from isocenter.kit.errors import Conflict, IsocenterError, NotFound, Refused
from isocenter.kit.jobs import defer
from isocenter.kit.logging import get_logger

log = get_logger(__name__)

SENDING_QUEUE: Final = "sending"
SEND_TO_DESTINATION: Final = "send-to-destination"
FIRST_WAIT: Final = timedelta(seconds=10)
LONGEST_WAIT: Final = timedelta(hours=1)
MOST_ATTEMPTS: Final = 80
"""The waits before them add up to three days."""
TRANSFERS_AT_ONCE: Final = 200
_RECORDED_EVERY_S: Final = 1.0
_RECORDED_EVERY: Final = 100


class UnknownTransfer(NotFound):
    """The caller's institution has no such transfer."""

    reason = "unknown-transfer"


class SendingNotAllowed(Refused):
    """Nothing may be sent to this destination."""

    reason = "sending-not-allowed"


class SendingDefect(IsocenterError):
    """A defect of ours ended an attempt; it is tried again like any other."""

    reason = "defect"


class NothingToRetry(Conflict):
    """The transfer is done, or under way."""

    reason = "nothing-to-retry"


def send(caller: Caller, database: Database, destination_id: int, wanted: WantedInstances) -> int:
    """Order objects to be sent; returns the transfer's number. They go out in the background.

    Raises Refused, SendingNotAllowed, UnknownDestination, UnknownStudy.
    """
    caller.require(Right.SEND)
    with transaction_of(database, caller) as connection:
        destination = destination_by_id(connection, destination_id)
        if destination is None:
            raise UnknownDestination("There is no such destination.")
        if not destination.send_allowed:
            raise SendingNotAllowed("Nothing may be sent to this destination.", destination_id=destination_id)
        if study_version(connection, wanted.study_instance_uid) is None:
            raise UnknownStudy("There is no such study.", study_instance_uid=wanted.study_instance_uid)
        transfer_id = index.insert_transfer(
            connection,
            destination_id=destination_id,
            destination_name=destination.name,
            study_instance_uid=wanted.study_instance_uid,
            series_instance_uids=wanted.series_instance_uids,
            sop_instance_uids=wanted.sop_instance_uids,
            caller=(str(caller.kind), caller.id),
        )
        uid = wanted.study_instance_uid
        audit.record(
            connection, caller, audit.Action.STUDY_SENT, uid, transfer_id=transfer_id, ae_title=destination.ae_title
        )
        _defer(connection, caller.institution_id, destination_id)
    return transfer_id


def transfers(caller: Caller, database: Database, limit: int = 100) -> list[Transfer]:
    """The newest transfers of the caller's institution. Raises Refused."""
    caller.require(Right.SEND)
    with transaction_of(database, caller) as connection:
        return index.recent_transfers(connection, limit)


def transfer(caller: Caller, database: Database, transfer_id: int) -> tuple[Transfer, list[index.Failure]]:
    """One transfer and the objects that were not taken. Raises Refused, UnknownTransfer."""
    caller.require(Right.SEND)
    with transaction_of(database, caller) as connection:
        found = index.transfer_by_id(connection, transfer_id)
        failures = index.failures_of(connection, transfer_id)
    if found is None:
        raise UnknownTransfer("There is no such transfer.")
    return found, failures


def retry_transfer(caller: Caller, database: Database, transfer_id: int) -> None:
    """Send what was not taken once more, now. Raises Refused, UnknownTransfer, UnknownDestination, NothingToRetry."""
    caller.require(Right.SEND)
    with transaction_of(database, caller) as connection:
        found = index.transfer_by_id(connection, transfer_id)
        if found is None:
            raise UnknownTransfer("There is no such transfer.")
        if destination_by_id(connection, found.destination_id) is None:
            raise UnknownDestination("The destination of this transfer is gone.")
        if not index.reopen_transfer(connection, transfer_id):
            raise NothingToRetry("The transfer is done, or under way.", transfer_id=transfer_id)
        _defer(connection, caller.institution_id, found.destination_id)


def defer_due_transfers(connection: Connection, institution_id: int) -> int:
    """A job for each destination that something is due at; returns how many were enqueued."""
    due = index.due_destinations(connection, utc_now())
    return sum(_defer(connection, institution_id, destination_id) for destination_id in due)


def send_to_destination(
    database: Database, sender: Sender, stopping: Callable[[], bool], institution_id: int, destination_id: int
) -> None:
    """The job: work off what is due at one destination, oldest first, until it is away or nothing is due."""
    for _ in range(TRANSFERS_AT_ONCE):
        if stopping():
            return
        with database.transaction(institution_id) as connection:
            destination = destination_by_id(connection, destination_id)
            found = None if destination is None else index.take_transfer(connection, destination_id, utc_now())
        if destination is None or found is None:
            return
        if not _attempt(database, sender, stopping, institution_id, destination, found):
            return


def wait_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts: doubling, up to an hour."""
    doubled: timedelta = FIRST_WAIT * (1 << min(max(attempts - 1, 0), 20))
    return min(doubled, LONGEST_WAIT)


def _defer(connection: Connection, institution_id: int, destination_id: int) -> bool:
    word = f"{SEND_TO_DESTINATION}/{institution_id}/{destination_id}"
    arguments = {"institution_id": institution_id, "destination_id": destination_id}
    return defer(connection, SEND_TO_DESTINATION, arguments, queue=SENDING_QUEUE, lock=word, once=word)


def _attempt(
    database: Database,
    sender: Sender,
    stopping: Callable[[], bool],
    institution_id: int,
    destination: Destination,
    found: Transfer,
) -> bool:
    """One attempt at a transfer; whether the destination can take the next one."""
    wanted = WantedInstances(
        found.study_instance_uid, tuple(found.series_instance_uids), tuple(found.sop_instance_uids)
    )

    def write() -> AbstractContextManager[Connection]:
        return database.transaction(institution_id)

    with write() as connection:
        already = index.answered(connection, found.transfer_id)
    answers = _Answers(write, found.transfer_id)
    error: IsocenterError | None = None
    try:
        sender.send(institution_id, destination, wanted, already, Progress(answers.planned, answers.add, stopping))
    except IsocenterError as raised:
        error = raised
    except Exception:
        log.exception("transfer.defect", transfer_id=found.transfer_id)
        error = SendingDefect("Sending failed for a reason of ours; the log has it.")
    finally:
        answers.flush()
    with write() as connection:
        return _settle(connection, destination, found, error, stopped=stopping())


def _settle(
    connection: Connection, destination: Destination, found: Transfer, error: IsocenterError | None, *, stopped: bool
) -> bool:
    transfer_id = found.transfer_id
    if stopped:
        index.postpone_transfer(connection, transfer_id, None, utc_now())
        return False
    later = error is not None or index.waits_for_another_attempt(connection, transfer_id)
    if isinstance(error, NotFound) or (later and found.attempts >= MOST_ATTEMPTS) or not later:
        word = None if error is None else error.reason
        failures = index.failures_of(connection, transfer_id, 1) if word is None else []
        state = index.finish_transfer(connection, transfer_id, word or (_words_of(failures[0]) if failures else None))
        log.info("transfer.finished", transfer_id=transfer_id, state=state, destination_id=destination.destination_id)
        return True
    until = utc_now() + wait_after(found.attempts)
    index.postpone_transfer(connection, transfer_id, "out-of-resources" if error is None else error.reason, until)
    if error is not None:
        index.postpone_destination(connection, destination.destination_id, until)
        log.warning("transfer.postponed", transfer_id=transfer_id, reason=error.reason, attempts=found.attempts)
    return error is None


def _words_of(failure: index.Failure) -> str:
    return f"{failure.status:04X} {failure.comment or ''}".strip()


class _Answers:
    """Collects answers and records them once in a while. Safe for threads."""

    def __init__(self, write: Callable[[], AbstractContextManager[Connection]], transfer_id: int) -> None:
        self._write = write
        self._transfer_id = transfer_id
        self._waiting: list[tuple[str, int, str]] = []
        self._recorded_at = time.monotonic()
        self._lock = threading.Lock()

    def planned(self, total: int) -> None:
        with self._write() as connection:
            index.plan_transfer(connection, self._transfer_id, total)

    def add(self, sop_instance_uid: str, status: int, comment: str) -> None:
        with self._lock:
            self._waiting.append((sop_instance_uid, status, comment))
            late = time.monotonic() - self._recorded_at > _RECORDED_EVERY_S
            if late or len(self._waiting) >= _RECORDED_EVERY:
                self._record()

    def flush(self) -> None:
        with self._lock:
            self._record()

    def _record(self) -> None:
        waiting: Sequence[tuple[str, int, str]] = self._waiting
        self._waiting, self._recorded_at = [], time.monotonic()
        if waiting:
            with self._write() as connection:
                index.record_answers(connection, self._transfer_id, waiting)
