"""Telling destinations which studies are complete (Instance Availability Notification, PS3.4 Annex R; IHE RAD-49).

A study that went quiet is told of once; again when more arrived, or when something of it was rejected or restored. What
cannot be told is tried again for three days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

from isocenter.domain.archive.errors import UnknownStudy
from isocenter.domain.exchange.commitment import PROMISES_QUEUE
from isocenter.domain.exchange.peers import Peer, peer_of
from isocenter.domain.exchange.sending import wait_after
from isocenter.index import availability as index
from isocenter.index.availability import Notice
from isocenter.index.destinations import Destination, destination_by_id
from isocenter.index.locators import study_places
from isocenter.index.rejections import hidden_uids
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Connection, Database
from isocenter.kit.errors import IsocenterError
from isocenter.kit.jobs import Task, defer
from isocenter.kit.logging import get_logger
from isocenter.standards.dicom.instance_availability import AvailableInstance, InstanceAvailability
from isocenter.standards.dicom.rejection_note import NOTE_IS_HIDDEN_TOO
from isocenter.storage.manifest import read_manifest
from isocenter.storage.manifest_layout import AsideReason
from isocenter.storage.object_store import ObjectStore

log = get_logger(__name__)

TELL_DESTINATION: Final = "tell-destination"
TRIED_FOR: Final = timedelta(days=3)
NOTICES_AT_ONCE: Final = 500


class Notifier(Protocol):
    """Instance Availability Notification SCU."""

    def __call__(self, peer: Peer, study_instance_uid: str, series: Mapping[str, Sequence[AvailableInstance]]) -> None:
        """N-CREATE on an association of its own. Raises an IsocenterError."""


@dataclass(frozen=True, slots=True)
class AvailabilityWork:
    """What the job needs."""

    database: Database
    store: ObjectStore
    notify: Notifier


def availability_tasks(work: AvailabilityWork) -> list[Task]:
    """What a worker that tells of studies can do."""

    def tell(institution_id: int, destination_id: int) -> None:
        tell_destination(work, institution_id, destination_id)

    return [Task(TELL_DESTINATION, tell, attempts=3, queue=PROMISES_QUEUE)]


def defer_due_notices(connection: Connection, institution_id: int) -> int:
    """A job for each destination that a notice is due at; returns how many were enqueued."""
    due = index.due_destinations(connection, utc_now())
    return sum(_defer(connection, institution_id, destination_id) for destination_id in due)


def tell_destination(work: AvailabilityWork, institution_id: int, destination_id: int) -> None:
    """The job: tell a destination of the studies that are due, oldest first, until it is away or none is due."""
    for _ in range(NOTICES_AT_ONCE):
        with work.database.transaction(institution_id) as connection:
            destination = destination_by_id(connection, destination_id)
            notice = None if destination is None else index.begin_notice(connection, destination_id, utc_now())
        if destination is None or notice is None or not _told(work, institution_id, destination, notice):
            return


def instances_of(
    database: Database, store: ObjectStore, institution_id: int, study_instance_uid: str
) -> dict[str, list[AvailableInstance]]:
    """Every instance of a study by Series Instance UID; rejected ones are UNAVAILABLE (IHE RAD-49, IOCM).

    Raises UnknownStudy, and Exhausted when a pack cannot be read now.
    """
    with database.transaction(institution_id) as connection:
        places = study_places(connection, study_instance_uid)
        hidden = hidden_uids(connection, study_instance_uid, sorted(NOTE_IS_HIDDEN_TOO))
    if places is None:
        raise UnknownStudy("There is no such study.", study_instance_uid=study_instance_uid)
    found: dict[str, tuple[str, str]] = {}
    for pack in places.packs:
        for entry in read_manifest(store, pack.object_key, pack.size_bytes).entries():
            if entry.aside_reason is AsideReason.NONE:
                found[entry.sop_instance_uid] = (entry.series_instance_uid, entry.sop_class_uid)
    found |= {row.sop_instance_uid: (row.series_instance_uid, row.sop_class_uid) for row in places.instances}
    series: dict[str, list[AvailableInstance]] = {}
    for uid, (series_uid, sop_class_uid) in found.items():
        availability = InstanceAvailability.UNAVAILABLE if uid in hidden else InstanceAvailability.ONLINE
        series.setdefault(series_uid, []).append(AvailableInstance(sop_class_uid, uid, availability))
    return series


def _told(work: AvailabilityWork, institution_id: int, destination: Destination, notice: Notice) -> bool:
    """One attempt; whether the destination can be told of the next study."""
    error: IsocenterError | None = None
    try:
        series = instances_of(work.database, work.store, institution_id, notice.study_instance_uid)
        work.notify(peer_of(destination), notice.study_instance_uid, series)
    except IsocenterError as raised:
        error = raised
    with work.database.transaction(institution_id) as connection:
        return _settled(connection, destination, notice, error)


def _settled(connection: Connection, destination: Destination, notice: Notice, error: IsocenterError | None) -> bool:
    if error is None or isinstance(error, UnknownStudy):  # a study that is gone needs no word
        index.settle_notice(connection, notice, "told", None)
        return True
    until = utc_now() + wait_after(notice.attempts)
    if until > notice.wanted_at + TRIED_FOR:
        index.settle_notice(connection, notice, "failed", error.reason)
    index.postpone_notices(connection, notice, error.reason, until)
    log.warning("notice.postponed", destination_id=destination.destination_id, reason=error.reason)
    return False


def _defer(connection: Connection, institution_id: int, destination_id: int) -> bool:
    word = f"{TELL_DESTINATION}/{institution_id}/{destination_id}"
    arguments = {"institution_id": institution_id, "destination_id": destination_id}
    return defer(connection, TELL_DESTINATION, arguments, queue=PROMISES_QUEUE, lock=word, once=word)
