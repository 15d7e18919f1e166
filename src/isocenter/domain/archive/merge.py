"""Instances of a pack taken over into another as they are stored, without coding anything again; packs so written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from blake3 import blake3

from isocenter.domain.archive.recompress import is_opaque
from isocenter.index.sealing import NewPack
from isocenter.storage.encrypted_store import create_staged, key_for
from isocenter.storage.errors import Damaged
from isocenter.storage.extents import Extent
from isocenter.storage.manifest import InstanceEntry, Manifest, decode_json, decode_received, read_manifest
from isocenter.storage.manifest_layout import FrameForm
from isocenter.storage.object_store import ObjectStore
from isocenter.storage.pack import (
    Frames,
    PackedInstance,
    PackSummary,
    PackWriter,
    ReceivedParts,
    pack_key,
    verify_pack,
)


def written_in_place_of(store: ObjectStore, manifest: Manifest, instances: Iterable[PackedInstance]) -> NewPack:
    """A verified pack in the store, of the study, kind and generation of another one. Raises Damaged, StorageFull."""
    key, target = key_for(store, pack_key(), manifest.institution_id), store.staging_path()
    received_bytes, opaque = 0, False
    with PackWriter(
        target,
        institution_id=manifest.institution_id,
        study_instance_uid=manifest.study_instance_uid,
        kind=manifest.kind,
        generation=manifest.generation,
        file=create_staged(store, key, target),
    ) as writer:
        for instance in instances:
            writer.add(instance)
            received_bytes += instance.received_length
            opaque |= is_opaque(instance.frames.form, instance.header_length, instance.received_length)
        summary = writer.finish()
    return put_verified(store, key, summary, received_bytes, holds_opaque=opaque)


def put_verified(
    store: ObjectStore, key: str, summary: PackSummary, received_bytes: int, *, holds_opaque: bool
) -> NewPack:
    """Put a finished pack into the store and read it back. Raises Damaged, and it is gone again, when that fails."""
    store.put_file(key, summary.path)
    if problems := verify_pack(store, key):
        store.delete(key)
        raise Damaged("A pack that was just written cannot be read back.", key=key, reason=problems[0].reason)
    return NewPack(
        key, summary.pack_length, received_bytes, summary.instance_count, summary.manifest_digest, holds_opaque
    )


def packed_again(store: ObjectStore, key: str) -> Iterator[PackedInstance]:
    """Every instance of a stored pack, ready for a new one. Raises Damaged when a stored data set lost its digest."""
    manifest = read_manifest(store, key)
    series = {one.series_instance_uid: one for one in manifest.series}
    for entry in manifest.entries():
        one = series[entry.series_instance_uid]
        data_set = _read(store, manifest.data_set(entry))
        if blake3(data_set).digest() != entry.stored_digest:
            raise Damaged("A stored data set has not its digest.", key=key, sop_instance_uid=entry.sop_instance_uid)
        yield PackedInstance(
            ordinal=entry.ordinal,
            series_instance_uid=entry.series_instance_uid,
            sop_instance_uid=entry.sop_instance_uid,
            sop_class_uid=entry.sop_class_uid,
            modality=one.modality or None,
            series_number=one.series_number,
            instance_number=entry.instance_number,
            number_of_frames=entry.number_of_frames,
            rows=entry.rows,
            columns=entry.columns,
            bits_allocated=entry.bits_allocated or None,
            samples_per_pixel=entry.samples_per_pixel or None,
            photometric_interpretation=entry.photometric_interpretation or None,
            transfer_syntax_uid=entry.transfer_syntax_uid,
            data_set=(data_set,),
            json=decode_json(_read(store, manifest.json(entry))),
            header_length=entry.header_length,
            pixel_value_offset=None
            if entry.pixel_value_offset is None
            else entry.pixel_value_offset - entry.data_set_offset,
            pixel_value_length=entry.pixel_value_length,
            frames=_frames(manifest, entry),
            received_transfer_syntax_uid=entry.received_transfer_syntax_uid,
            received_digest=entry.digest,
            received_length=entry.received_length,
            received_at=entry.received_at,
            received_parts=_parts(store, manifest, entry, data_set[: entry.header_length]),
            lossy=entry.lossy,
            aside_reason=entry.aside_reason,
            calling_ae_title=entry.calling_ae_title,
            called_ae_title=entry.called_ae_title,
            peer_address=entry.peer_address,
            door=entry.door,
            hint=entry.hint,
        )


def _read(store: ObjectStore, extent: Extent) -> bytes:
    return store.get_range(extent.source.removeprefix("store/"), extent.offset, extent.length)


def _frames(manifest: Manifest, entry: InstanceEntry) -> Frames:
    if entry.frame_form is not FrameForm.TABLE:
        return Frames(entry.frame_form, frame_length=entry.frame_length)
    start = entry.data_set_offset
    table = [
        [(extent.offset - start, extent.length) for extent in manifest.frame(entry, index) or ()]
        for index in range(entry.number_of_frames)
    ]
    return Frames(FrameForm.TABLE, table=table)


def _parts(store: ObjectStore, manifest: Manifest, entry: InstanceEntry, stored_head: bytes) -> ReceivedParts | None:
    extents = manifest.received_parts(entry)
    if extents is None:
        return None
    head, tail = (decode_received(_read(store, extent), stored_head) if extent.length else b"" for extent in extents)
    return ReceivedParts(head, tail)
