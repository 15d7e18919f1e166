"""Erasing one instance of a study that stays: packs without it take the place of those that hold it.

The order is that of erasing a study: new packs, verified, then in one transaction the fact, the rows and the record,
then the old packs with their keys. Whatever a crash interrupts, the instance is whole or stays gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.access.sight import transaction_of
from isocenter.domain.archive.erase import (
    ErasedStudy,
    delete_objects,
    erase_study,
    erased_pack,
    fact_of,
    manifest_of,
    who_and_why,
)
from isocenter.domain.archive.errors import UnknownInstance, UnknownStudy
from isocenter.domain.archive.keeping import Authority, check_may_go
from isocenter.domain.archive.merge import packed_again, written_in_place_of
from isocenter.index.adoption import note_erased_instance
from isocenter.index.deletions import see_deleted
from isocenter.index.erasure_records import NewRecord, add_record
from isocenter.index.instance_erasure import SealedPart, forget_instance
from isocenter.index.locators import PackRow, packs_of, study_places
from isocenter.index.sealing import NewPack, StudyMoved
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Connection, Database
from isocenter.kit.errors import Conflict
from isocenter.kit.logging import get_logger
from isocenter.storage.facts import FactLog
from isocenter.storage.manifest import InstanceEntry, Manifest
from isocenter.storage.manifest_layout import AsideReason
from isocenter.storage.object_store import ObjectStore

log = get_logger(__name__)

_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class ErasedInstance:
    """What is gone. record_id: of the record that becomes its certificate (`destruction_certificate`)."""

    study_instance_uid: str
    sop_instance_uid: str
    rewritten_packs: int
    record_id: int


@dataclass(frozen=True, slots=True)
class _Found:
    """Where an instance lies. packs: those that hold it or a version kept aside, with their manifests."""

    study_id: int
    is_open: bool
    entry: InstanceEntry | None
    packs: tuple[tuple[PackRow, Manifest], ...]
    is_the_last: bool


@dataclass(frozen=True, slots=True)
class _Erasing:
    """Who erases what, and why."""

    caller: Caller
    database: Database
    store: ObjectStore
    key_file: Path
    study_instance_uid: str
    sop_instance_uid: str
    reason: str
    authority: Authority


def erase_instance(
    caller: Caller,
    database: Database,
    store: ObjectStore,
    key_file: Path,
    study_instance_uid: str,
    sop_instance_uid: str,
    *,
    reason: str,
    authority: Authority = Authority.ONE_PERSON,
) -> ErasedInstance | ErasedStudy:
    """Erase one instance, and versions of it kept aside, for good; with the last one the study goes.

    key_file: signs the fact. reason: a stable word or sentence, kept in the fact log.
    Raises Refused, UnknownStudy, UnknownInstance, OnLegalHold, KeptByLaw, AwaitsApproval, StudyMoved, Exhausted.
    """
    caller.require(Right.ERASE)
    erasing = _Erasing(caller, database, store, key_file, study_instance_uid, sop_instance_uid, reason, authority)
    with database.transaction(caller.institution_id) as connection:
        check_may_go(connection, study_instance_uid, authority)  # before anything is written; it is asked again then
    for tries in range(1, _TRIES + 1):
        with transaction_of(database, caller) as connection:
            found = _found(connection, store, study_instance_uid, sop_instance_uid)
        if found.is_the_last:
            arguments = (caller, database, store, key_file, study_instance_uid)
            return erase_study(*arguments, reason=reason, authority=authority)
        try:
            record, keys = _erased(erasing, found)
        except StudyMoved:  # sealed or merged between the two looks
            if tries == _TRIES:
                raise
            continue
        delete_objects(store, keys)
        log.info("archive.instance-erased", sop_instance_uid=sop_instance_uid, packs=len(found.packs))
        return ErasedInstance(study_instance_uid, sop_instance_uid, len(found.packs), record)
    raise AssertionError("unreachable")


def _found(connection: Connection, store: ObjectStore, study_instance_uid: str, sop_instance_uid: str) -> _Found:
    see_deleted(connection)
    places = study_places(connection, study_instance_uid)
    if places is None:
        raise UnknownStudy("There is no such study.", study_instance_uid=study_instance_uid)
    manifests = [(pack, manifest_of(store, pack)) for pack in packs_of(connection, places.study_id)]
    open_uids = {row.sop_instance_uid for row in places.instances}
    entries: dict[str, InstanceEntry] = {}
    for _, manifest in manifests:
        entries |= {one.sop_instance_uid: one for one in manifest.entries() if one.aside_reason is AsideReason.NONE}
    if sop_instance_uid not in open_uids | entries.keys():
        raise UnknownInstance("The study has no such instance.", sop_instance_uid=sop_instance_uid)
    is_open = sop_instance_uid in open_uids
    return _Found(
        places.study_id,
        is_open,
        None if is_open else entries[sop_instance_uid],
        tuple(each for each in manifests if _holds(each[1], sop_instance_uid)),
        is_the_last=open_uids | entries.keys() == {sop_instance_uid},
    )


def _holds(manifest: Manifest, sop_instance_uid: str) -> bool:
    return any(entry.sop_instance_uid == sop_instance_uid for entry in manifest.entries())


def _erased(erasing: _Erasing, found: _Found) -> tuple[int, tuple[str, ...]]:
    """Write the packs without it and swap; the number of the record, and what is to be deleted."""
    written: dict[int, NewPack | None] = {}
    try:
        for pack, manifest in found.packs:
            written[pack.pack_id] = _without(erasing, pack, manifest)
        return _swapped(erasing, found, written)
    except Conflict:  # nothing was committed; after any other error it may have been, and what has no row is swept
        delete_objects(erasing.store, [pack.object_key for pack in written.values() if pack is not None])
        raise


def _without(erasing: _Erasing, pack: PackRow, manifest: Manifest) -> NewPack | None:
    """A verified copy of a pack without the instance, in the store; None when nothing else is in it."""
    if all(entry.sop_instance_uid == erasing.sop_instance_uid for entry in manifest.entries()):
        return None
    others = (
        instance
        for instance in packed_again(erasing.store, pack.object_key)
        if instance.sop_instance_uid != erasing.sop_instance_uid
    )
    return written_in_place_of(erasing.store, manifest, others)


def _swapped(erasing: _Erasing, found: _Found, written: dict[int, NewPack | None]) -> tuple[int, tuple[str, ...]]:
    caller, moment = erasing.caller, utc_now()
    with erasing.database.transaction(caller.institution_id) as connection:
        check_may_go(connection, erasing.study_instance_uid, erasing.authority)
        entry = found.entry
        sealed = None if entry is None else SealedPart(entry.series_instance_uid, entry.number_of_frames)
        keys = forget_instance(connection, found.study_id, erasing.sop_instance_uid, sealed, written)
        fact = FactLog(erasing.store, caller.institution_id, erasing.key_file).append(
            fact_of(caller, "instance-erased", erasing.study_instance_uid, moment, erasing.reason)
            | {"sop_instance_uid": erasing.sop_instance_uid}
        )
        note_erased_instance(connection, erasing.sop_instance_uid, erasing.study_instance_uid, moment)
        record = replace(_record(erasing, found, moment), **who_and_why(caller, erasing.reason, (), fact))
        return add_record(connection, record), keys


def _record(erasing: _Erasing, found: _Found, moment: datetime) -> NewRecord:
    packs: Sequence[PackRow] = [pack for pack, _ in found.packs]
    return NewRecord(
        erasing.study_instance_uid,
        erasing.sop_instance_uid,
        (erasing.sop_instance_uid,),
        1,
        moment,
        objects=tuple(map(erased_pack, packs)),
    )
