"""The verb "prepare again": instances that lie in a pack opaque are read once more, and a better pack takes its place.

They are there because what read them broke off: out of memory or time, or for a fault of ours that is mended since. An
instance is never given up for it: until then it leaves as it came. Safe to be killed at any moment, like sealing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from isocenter.domain.archive.merge import packed_again, written_in_place_of
from isocenter.domain.archive.recompress import Prepared, Received, is_opaque, prepare_data_set
from isocenter.index import opaque_packs
from isocenter.index.locators import packs_of, study_places
from isocenter.index.sealing import NewPack, StudyMoved, seal
from isocenter.index.senders import SenderBook
from isocenter.kit.confined import Confined, ConfinedFailure
from isocenter.kit.database import Database
from isocenter.kit.errors import Exhausted
from isocenter.kit.logging import get_logger
from isocenter.storage.errors import Damaged, NoSuchObject
from isocenter.storage.manifest import Manifest, read_manifest
from isocenter.storage.manifest_layout import AsideReason
from isocenter.storage.object_store import ObjectStore
from isocenter.storage.pack import PackedInstance

log = get_logger(__name__)

_AT_ONCE: Final = 100
_LATER: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PreparingAgain:
    """What it takes. confined: with isocenter.domain.archive.recompress. pause: called before each instance."""

    database: Database
    store: ObjectStore
    confined: Confined
    senders: SenderBook
    pause: Callable[[], None] = lambda: None


@dataclass(slots=True)
class _Tried:
    """What became of a pack's opaque instances. broke_off: their process did, which another day it may not."""

    prepared: int = 0
    broke_off: int = 0


def prepare_due_packs(work: PreparingAgain, within_s: float, is_stopped: Callable[[], bool] = lambda: False) -> int:
    """Look at packs that are due until none is, or the time is over; how many instances are no longer opaque.

    Raises Exhausted when the database is away.
    """
    ends, prepared = time.monotonic() + within_s, 0
    while True:
        with work.database.transaction() as connection:
            keys = opaque_packs.due_opaque_packs(connection, _AT_ONCE)
        for key in keys:
            if is_stopped() or time.monotonic() > ends:
                return prepared
            prepared += _looked_at(work, key)
        if not keys:
            return prepared


def _looked_at(work: PreparingAgain, key: str) -> int:
    """Try one pack, and write down when to try it again; how many of its instances were prepared."""
    tried = _Tried()
    try:
        manifest = read_manifest(work.store, key)
        if not any(is_opaque(one.frame_form, one.header_length, one.received_length) for one in manifest.entries()):
            with work.database.transaction() as connection:
                opaque_packs.forget_opaque_pack(connection, key)
            return 0
        _prepare_pack(work, manifest, tried)
    except (
        Damaged,
        NoSuchObject,
        Exhausted,
        StudyMoved,
    ) as problem:  # bytes that are not well have alarms of their own
        log.info("archive.prepare-again-put-off", key=key, reason=problem.reason)
        with work.database.transaction() as connection:
            opaque_packs.put_off(connection, key)
        return 0
    return tried.prepared


def _prepare_pack(work: PreparingAgain, manifest: Manifest, tried: _Tried) -> None:
    with work.database.transaction(manifest.institution_id) as connection:
        places = study_places(connection, manifest.study_instance_uid)
        packs = [] if places is None else packs_of(connection, places.study_id)
        row = next((pack for pack in packs if pack.object_key == manifest.key), None)
        if places is None or row is None:  # deleted, and may come back
            opaque_packs.put_off(connection, manifest.key, _LATER)
            return
    new = written_in_place_of(work.store, manifest, _instances(work, manifest, tried))
    if tried.prepared:
        _swap(work, manifest, places.study_id, row.pack_id, new)
    else:
        work.store.delete(new.object_key)
    log.info(
        "archive.prepared-again",
        study_instance_uid=manifest.study_instance_uid,
        instances=tried.prepared,
        broke_off=tried.broke_off,
    )
    with work.database.transaction() as connection:
        key = new.object_key if tried.prepared else manifest.key
        if tried.broke_off:
            opaque_packs.note_failed_again(connection, key)
        else:
            opaque_packs.note_unreadable(connection, key)


def _swap(work: PreparingAgain, manifest: Manifest, study_id: int, pack_id: int, new: NewPack) -> None:
    """The new pack takes the place of the old one. Raises StudyMoved: another one did, and the new one is swept."""
    with work.database.transaction(manifest.institution_id) as connection:
        sealed = seal(connection, study_id, new, [], replaces=[pack_id])
    for key in sealed.removed_keys:
        work.store.delete(key)


def _instances(work: PreparingAgain, manifest: Manifest, tried: _Tried) -> Iterator[PackedInstance]:
    for instance in packed_again(work.store, manifest.key):
        if is_opaque(instance.frames.form, instance.header_length, instance.received_length):
            yield _prepared_again(work, manifest, instance, tried)
        else:
            yield instance


def _prepared_again(
    work: PreparingAgain, manifest: Manifest, instance: PackedInstance, tried: _Tried
) -> PackedInstance:
    """The instance with its elements and frames known; as it is where that fails again."""
    work.pause()
    received = _received(work, manifest, instance)
    try:
        prepared: Prepared = work.confined.call(prepare_data_set, b"".join(instance.data_set), received)
    except ConfinedFailure as problem:
        log.warning("archive.opaque-still", sop_instance_uid=instance.sop_instance_uid, problem=problem.what)
        tried.broke_off += 1
        return instance
    if is_opaque(prepared.frames.form, prepared.header_length, instance.received_length):
        return instance
    tried.prepared += 1
    return replace(
        instance,
        number_of_frames=prepared.number_of_frames,
        photometric_interpretation=prepared.photometric_interpretation or instance.photometric_interpretation,
        transfer_syntax_uid=prepared.transfer_syntax_uid,
        data_set=instance.data_set if prepared.pieces is None else prepared.pieces,
        json=prepared.json,
        header_length=prepared.header_length,
        pixel_value_offset=prepared.pixel_value_offset,
        pixel_value_length=prepared.pixel_value_length,
        frames=prepared.frames,
        received_parts=prepared.received_parts,
    )


def _received(work: PreparingAgain, manifest: Manifest, instance: PackedInstance) -> Received:
    """What was known of it when it was sealed. The sender's character set is today's: packs do not keep it."""
    is_current = instance.aside_reason is AsideReason.NONE
    return Received(
        path="",
        offset=0,
        length=instance.received_length,
        transfer_syntax_uid=instance.received_transfer_syntax_uid,
        digest=instance.received_digest,
        number_of_frames=instance.number_of_frames if is_current else None,
        uids=(
            instance.sop_class_uid,
            instance.sop_instance_uid,
            manifest.study_instance_uid,
            instance.series_instance_uid,
        ),
        default_character_set=work.senders.find(
            manifest.institution_id, instance.calling_ae_title
        ).default_character_set,
    )
