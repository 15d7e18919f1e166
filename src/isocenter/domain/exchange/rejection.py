"""The verb "reject" (IHE RAD-66, IOCM): a rejection note takes what it refers to out of sight, until it is restored.

A note is an object like any other and acknowledged as fast; a trigger puts every key object selection on a list in the
transaction that makes it visible, and a job reads it in a confined process. What is rejected stays where it lies, byte
for byte; every door leaves it out. A note may come before what it refers to: that is hidden when it arrives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.access.sight import transaction_of
from isocenter.domain.archive.errors import UnknownStudy
from isocenter.domain.exchange.commitment import PROMISES_QUEUE
from isocenter.index import rejections as index
from isocenter.index.availability import want_notices
from isocenter.index.locators import PackRow, open_instance, packs_of, resolve, study_version
from isocenter.index.outbox import append_event
from isocenter.index.quality import raise_task
from isocenter.index.rejections import ArrivedKeyObject, Rejection
from isocenter.kit.confined import Confined
from isocenter.kit.database import Connection, Database
from isocenter.kit.errors import Conflict, Exhausted, Invalid, NotFound
from isocenter.kit.jobs import Task, defer
from isocenter.kit.logging import get_logger
from isocenter.standards.dicom.rejection_note import NOTE_IS_HIDDEN_TOO, RejectionNote, read_rejection_note
from isocenter.storage.errors import Damaged, NoSuchObject
from isocenter.storage.extents import Bytes, Extent
from isocenter.storage.facts import FactLog
from isocenter.storage.manifest import read_manifest
from isocenter.storage.object_store import ObjectStore

log = get_logger(__name__)

READ_KEY_OBJECTS: Final = "read-key-objects"
"""The job that the trigger of migration 0003 enqueues."""
REFRESH_REJECTIONS: Final = "refresh-rejections"
MAX_NOTE_BYTES: Final = 32 << 20
_AT_ONCE: Final = 100
_HIDDEN_NOTES: Final = sorted(NOTE_IS_HIDDEN_TOO)


class UnknownRejection(NotFound):
    """The caller's institution has no such rejection."""

    reason = "unknown-rejection"


class AlreadyRestored(Conflict):
    """The rejection was taken back before."""

    reason = "already-restored"


@dataclass(frozen=True, slots=True)
class RejectionWork:
    """What reading notes needs. key_file: signs the facts."""

    database: Database
    data: Bytes
    key_file: Path
    confined: Confined


def rejections(caller: Caller, database: Database, study_instance_uid: str) -> list[Rejection]:
    """Notes in a study or about it, oldest first. Raises Refused, UnknownStudy."""
    caller.require(Right.READ)
    with transaction_of(database, caller) as connection:
        if study_version(connection, study_instance_uid) is None:
            raise UnknownStudy("There is no such study.", study_instance_uid=study_instance_uid)
        return index.rejections_of(connection, study_instance_uid)


def restore_rejection(
    caller: Caller, database: Database, store: ObjectStore, key_file: Path, rejection_id: int
) -> Rejection:
    """Take a rejection back: what it hid is seen again at every door.

    Raises Refused, UnknownRejection, AlreadyRestored.
    """
    caller.require(Right.CORRECT)
    with transaction_of(database, caller) as connection:
        found = index.rejection_by_id(connection, rejection_id)
    if found is None:
        raise UnknownRejection("There is no such rejection.", rejection_id=rejection_id)
    if found.state != "active":
        raise AlreadyRestored("This rejection has been taken back already.", rejection_id=rejection_id)
    FactLog(store, caller.institution_id, key_file).append(
        {
            "kind": "rejection-restored",
            "sop_instance_uid": found.sop_instance_uid,
            "study_instance_uid": found.study_instance_uid,
            "caller_kind": str(caller.kind),
            "caller_id": caller.id,
        }
    )
    with transaction_of(database, caller) as connection:
        restored = index.restore(connection, rejection_id, f"{caller.kind} {caller.id}")
        if restored is None:
            raise AlreadyRestored("This rejection has been taken back already.", rejection_id=rejection_id)
        _refresh_all(connection, store, rejection_id, "rejection-restored")
        audit.record(
            connection,
            caller,
            audit.Action.REJECTION_RESTORED,
            restored.study_instance_uid,
            rejection_id=rejection_id,
            sop_instance_uid=restored.sop_instance_uid,
        )
    return restored


def rejection_tasks(work: RejectionWork) -> list[Task]:
    """What a worker that reads rejection notes can do."""

    def read(institution_id: int) -> None:
        read_key_objects(work, institution_id)

    def refresh(institution_id: int) -> None:
        refresh_changed(work.database, work.data.store, institution_id)

    return [
        Task(READ_KEY_OBJECTS, read, attempts=3, queue=PROMISES_QUEUE),
        Task(REFRESH_REJECTIONS, refresh, attempts=3, queue=PROMISES_QUEUE),
    ]


def defer_due_rejections(connection: Connection, institution_id: int) -> int:
    """Jobs for notes that nobody has read and studies with rejections that changed; returns how many were enqueued."""
    due = [
        (READ_KEY_OBJECTS, bool(index.arrived_key_objects(connection, 1))),
        (REFRESH_REJECTIONS, bool(index.changed_studies(connection, 1))),
    ]
    return sum(_defer(connection, institution_id, name) for name, is_due in due if is_due)


def read_key_objects(work: RejectionWork, institution_id: int) -> None:
    """The job: look into the key object selections that arrived, and hide what rejection notes among them refer to."""
    with work.database.transaction(institution_id) as connection:
        arrived = index.arrived_key_objects(connection, _AT_ONCE)
    facts = FactLog(work.data.store, institution_id, work.key_file)
    for each in arrived:
        try:
            note = _read_note(work, institution_id, each)
        except Exhausted as error:
            log.warning("rejection.later", sop_instance_uid=each.sop_instance_uid, reason=error.reason)
            continue
        except (Invalid, NoSuchObject, Damaged) as error:
            _give_up(work.database, institution_id, each, error.reason)
            continue
        _settle(work, facts, institution_id, each, note)


def refresh_changed(database: Database, store: ObjectStore, institution_id: int) -> None:
    """The job: studies that changed may hold late instances that are rejected already."""
    with database.transaction(institution_id) as connection:
        changed = index.changed_studies(connection, _AT_ONCE)
    for study_instance_uid in changed:
        with database.transaction(institution_id) as connection:
            index.refresh_study(connection, study_instance_uid, _HIDDEN_NOTES, _frames_of(connection, store))


def _settle(
    work: RejectionWork, facts: FactLog, institution_id: int, arrived: ArrivedKeyObject, note: RejectionNote | None
) -> None:
    """Fact first, rows after: whatever is interrupted, the note is read again and nothing rejected comes back."""
    if note is not None:
        facts.append(
            {
                "kind": "instances-rejected",
                "sop_instance_uid": arrived.sop_instance_uid,
                "study_instance_uid": arrived.study_instance_uid,
                "code": note.code,
                "references": [list(each) for each in note.references],
                "calling_ae_title": arrived.calling_ae_title,
            }
        )
    with work.database.transaction(institution_id) as connection:
        index.forget_arrived(connection, arrived)
        if note is None:
            return
        rejection_id = index.insert_rejection(connection, arrived, note.code, note.references)
        if rejection_id is None:
            return
        hidden = _refresh_all(connection, work.data.store, rejection_id, "instances-rejected")
    log.info(
        "rejection.applied",
        sop_instance_uid=arrived.sop_instance_uid,
        code=note.code,
        references=len(note.references),
        hidden=hidden,
        calling_ae_title=arrived.calling_ae_title,
    )


def _refresh_all(connection: Connection, store: ObjectStore, rejection_id: int, kind: str) -> int:
    """Every study that the note touches, and an event for each; how many instances are hidden in them."""
    hidden = 0
    for study_instance_uid in index.studies_of(connection, rejection_id):
        done = index.refresh_study(connection, study_instance_uid, _HIDDEN_NOTES, _frames_of(connection, store))
        if done is not None:
            hidden += done.hidden
            append_event(connection, kind, study_instance_uid, rejection_id=rejection_id, hidden=done.hidden)
            want_notices(connection, [study_instance_uid])
    return hidden


def _frames_of(connection: Connection, store: ObjectStore) -> index.FramesOf:
    def frames_of(study_id: int, ordinals: Sequence[int]) -> Mapping[int, int]:
        missing: set[int] = set(ordinals)
        found: dict[int, int] = {}
        for pack in packs_of(connection, study_id) if missing else ():
            manifest = read_manifest(store, pack.object_key, pack.size_bytes)
            for ordinal in sorted(missing):
                entry = manifest.by_ordinal(ordinal)
                if entry is not None:
                    found[ordinal] = entry.number_of_frames
            missing -= found.keys()
        return found

    return frames_of


def _read_note(work: RejectionWork, institution_id: int, arrived: ArrivedKeyObject) -> RejectionNote | None:
    with work.database.transaction(institution_id) as connection:
        place = resolve(connection, arrived.sop_instance_uid)
        row = None if place is None else open_instance(connection, place.study_id, place.ordinal)
        packs = [] if place is None or row is not None else packs_of(connection, place.study_id)
    if place is None:
        return None
    if row is not None:
        extent, syntax = Extent(row.source, row.data_set_offset, row.data_set_length), row.transfer_syntax_uid
    else:
        extent, syntax = _packed(work.data.store, packs, place.ordinal)
    if extent.length > MAX_NOTE_BYTES:
        raise Invalid("A key object selection is too long to be read.", length=extent.length)
    data = work.data.read(extent)
    note = work.confined.call(read_rejection_note, data, syntax)
    assert note is None or isinstance(note, RejectionNote)
    return note


def _packed(store: ObjectStore, packs: Sequence[PackRow], ordinal: int) -> tuple[Extent, str]:
    for pack in reversed(packs):
        manifest = read_manifest(store, pack.object_key, pack.size_bytes)
        entry = manifest.by_ordinal(ordinal)
        if entry is not None:
            return manifest.data_set(entry), entry.transfer_syntax_uid
    raise NoSuchObject("No pack of the study has this instance.")


def _give_up(database: Database, institution_id: int, arrived: ArrivedKeyObject, reason: str) -> None:
    """It cannot be read: a person must look, for it may be a rejection."""
    with database.transaction(institution_id) as connection:
        detail: dict[str, object] = {"sop_instance_uid": arrived.sop_instance_uid, "reason": reason}
        raise_task(
            connection, institution_id, arrived.study_id, "unreadable-key-object", arrived.sop_instance_uid, detail
        )
        index.forget_arrived(connection, arrived)
    log.warning("rejection.unreadable", sop_instance_uid=arrived.sop_instance_uid, reason=reason)


def _defer(connection: Connection, institution_id: int, name: str) -> bool:
    word = f"{name}/{institution_id}"
    return defer(connection, name, {"institution_id": institution_id}, queue=PROMISES_QUEUE, lock=word, once=word)
