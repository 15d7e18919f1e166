"""The verb "commit": a peer asks whether its instances are safe here, and is told what was verified (PS3.4 Annex J).

The request is on record before it is answered. A job verifies every instance, records the result, and reports it on a
new association, again and again for a week if the peer is away. A peer that asks again gets a fresh result.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.domain.exchange.peers import CommitmentReporter, Peer, peer_of
from isocenter.domain.exchange.sending import wait_after
from isocenter.domain.exchange.verification import Verifier
from isocenter.index import commitments as index
from isocenter.index.commitments import Commitment
from isocenter.index.destinations import destination_by_ae
from isocenter.index.devices import device_by_ae
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Connection, Database
from isocenter.kit.errors import IsocenterError
from isocenter.kit.jobs import Task, defer
from isocenter.kit.logging import get_logger
from isocenter.standards.dicom.storage_commitment import CommitmentRequest
from isocenter.storage.extents import Bytes

log = get_logger(__name__)

PROMISES_QUEUE: Final = "promises"
REPORT_COMMITMENT: Final = "report-commitment"
TRIED_FOR: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asked: its address is used when no destination has its AE title."""

    calling_ae_title: str
    called_ae_title: str
    address: str


@dataclass(frozen=True, slots=True)
class CommitmentWork:
    """What the job needs. fallback_port: where a requester that is no destination listens for the report."""

    database: Database
    data: Bytes
    report: CommitmentReporter
    fallback_port: int


def request_commitment(caller: Caller, database: Database, asker: Asker, request: CommitmentRequest) -> int:
    """Put a request on record, durably, with its job; returns its number. Raises Refused, Exhausted."""
    caller.require(Right.STORE)
    with database.transaction(caller.institution_id) as connection:
        commitment_id = index.record_request(
            connection,
            transaction_uid=request.transaction_uid,
            calling_ae_title=asker.calling_ae_title,
            called_ae_title=asker.called_ae_title,
            peer_address=asker.address,
            references=request.references,
        )
        _defer(connection, caller.institution_id, commitment_id)
    return commitment_id


def _requester(connection: Connection, asked: Commitment, fallback_port: int) -> Peer:
    """Where the report goes: as entered for a destination or else a device of its title, else where it called from."""
    destination = destination_by_ae(connection, asked.calling_ae_title)
    device = device_by_ae(connection, asked.calling_ae_title)
    if destination is not None:
        peer = peer_of(destination)
    elif device is not None and device.port is not None:
        certificate = device.certificate if device.tls else None
        host = device.host or asked.peer_address
        peer = Peer(device.ae_title, host, device.port, tls=device.tls, certificate=certificate)
    else:
        peer = Peer(asked.calling_ae_title, asked.peer_address, fallback_port)
    return peer if peer.calling_ae_title else replace(peer, calling_ae_title=asked.called_ae_title)


def defer_due_commitments(connection: Connection, institution_id: int) -> int:
    """A job for each request that is due; returns how many were enqueued."""
    due = index.due_commitments(connection, utc_now())
    return sum(_defer(connection, institution_id, commitment_id) for commitment_id in due)


def commitment_tasks(work: CommitmentWork) -> list[Task]:
    """What a worker that keeps this promise can do."""

    def report(institution_id: int, commitment_id: int) -> None:
        verify_and_report(work, institution_id, commitment_id)

    return [Task(REPORT_COMMITMENT, report, attempts=3, queue=PROMISES_QUEUE)]


def verify_and_report(work: CommitmentWork, institution_id: int, commitment_id: int) -> None:
    """The job: verify what was not verified yet, then report. What fails is tried again later, for a week."""
    with work.database.transaction(institution_id) as connection:
        asked = index.begin_attempt(connection, commitment_id, utc_now())
        peer = None if asked is None else _requester(connection, asked, work.fallback_port)
    if asked is None or peer is None:
        return
    try:
        failures = _verified(work, institution_id, asked)
        _report(work, peer, asked, failures)
    except IsocenterError as error:
        _postpone(work.database, institution_id, asked, error)
        return
    with work.database.transaction(institution_id) as connection:
        index.record_reported(connection, asked)
    log.info(
        "commitment.reported",
        transaction_uid=asked.transaction_uid,
        calling_ae_title=asked.calling_ae_title,
        instances=len(asked.references_asked),
        failed=len(failures),
    )


def _verified(work: CommitmentWork, institution_id: int, asked: Commitment) -> list[tuple[str, str, int]]:
    """What failed. The result is recorded, synchronously, before anybody hears of it."""
    if asked.failures is not None:
        return asked.failures
    verifier = Verifier(work.database, work.data, institution_id)
    found = [(each[0], each[1], verifier.failure_of(each[0], each[1])) for each in asked.references_asked]
    failures = [(of, instance, int(reason)) for of, instance, reason in found if reason is not None]
    with work.database.transaction(institution_id) as connection:
        index.record_failures(connection, asked.commitment_id, failures)
    return failures


def _report(work: CommitmentWork, peer: Peer, asked: Commitment, failures: list[tuple[str, str, int]]) -> None:
    failed = {instance for _, instance, _ in failures}
    committed = [(of, instance) for of, instance in asked.references_asked if instance not in failed]
    work.report(peer, asked.transaction_uid, committed, failures)


def _postpone(database: Database, institution_id: int, asked: Commitment, error: IsocenterError) -> None:
    until = utc_now() + wait_after(asked.attempts)
    given_up = until > asked.requested_at + TRIED_FOR
    with database.transaction(institution_id) as connection:
        index.postpone(connection, asked.commitment_id, error.reason, None if given_up else until)
    log.warning(
        "commitment.given-up" if given_up else "commitment.postponed",
        transaction_uid=asked.transaction_uid,
        calling_ae_title=asked.calling_ae_title,
        reason=error.reason,
        attempts=asked.attempts,
    )


def _defer(connection: Connection, institution_id: int, commitment_id: int) -> bool:
    word = f"{REPORT_COMMITMENT}/{institution_id}/{commitment_id}"
    arguments = {"institution_id": institution_id, "commitment_id": commitment_id}
    return defer(connection, REPORT_COMMITMENT, arguments, queue=PROMISES_QUEUE, lock=word, once=word)
