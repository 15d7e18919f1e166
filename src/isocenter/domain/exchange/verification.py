"""Proving that an instance is kept: its bytes are read back from where they lie and have the digest of reception.

What storage commitment promises rests on this (docs/decisions/0111): one verified copy, in the journal while the study
is open and in its pack once it is sealed. Nothing that is only believed counts.
"""

from __future__ import annotations

from typing import Final

from blake3 import blake3

from isocenter.index.locators import OpenInstance, PackRow, Place, open_instance, packs_of, resolve
from isocenter.kit.database import Database
from isocenter.kit.errors import IsocenterError
from isocenter.standards.dicom.storage_commitment import FailureReason
from isocenter.storage.errors import BytesAway, Damaged, NoSuchObject, StoreAway
from isocenter.storage.extents import Bytes, Extent
from isocenter.storage.manifest import InstanceEntry, Manifest, read_manifest
from isocenter.storage.manifest_layout import Rebuild

_CHUNK_BYTES: Final = 8 << 20
_LOOKS: Final = 3
_MANIFESTS_KEPT: Final = 64


class Verifier:
    """Verifies instances of one institution, one after the other, for one job."""

    def __init__(self, database: Database, data: Bytes, institution_id: int) -> None:
        self._database = database
        self._store = data.store
        self._bytes = data
        self._institution_id = institution_id
        self._manifests: dict[str, Manifest] = {}

    def failure_of(self, sop_class_uid: str, sop_instance_uid: str) -> FailureReason | None:
        """Why the instance cannot be vouched for; None: its copy was read and has its digest.

        Raises Exhausted when that cannot be told now (database, object store, or the node that has the bytes away).
        """
        for _ in range(_LOOKS):  # it may be sealed between two looks
            with self._database.transaction(self._institution_id) as connection:
                place = resolve(connection, sop_instance_uid)
                if place is None:
                    return FailureReason.NO_SUCH_OBJECT_INSTANCE
                row = open_instance(connection, place.study_id, place.ordinal)
                packs = [] if row is not None else packs_of(connection, place.study_id)
            failure = self._failure_of_row(row, sop_class_uid) if row else self._failure_in(packs, place, sop_class_uid)
            if failure is not FailureReason.PROCESSING_FAILURE:
                return failure
        return FailureReason.PROCESSING_FAILURE

    def _failure_of_row(self, row: OpenInstance, sop_class_uid: str) -> FailureReason | None:
        if row.sop_class_uid != sop_class_uid:
            return FailureReason.CLASS_INSTANCE_CONFLICT
        extent = Extent(row.source, row.data_set_offset, row.data_set_length)
        return None if self._has_digest(extent, row.digest) else FailureReason.PROCESSING_FAILURE

    def _failure_in(self, packs: list[PackRow], place: Place, sop_class_uid: str) -> FailureReason | None:
        for pack in reversed(packs):
            try:
                manifest = self._manifest(pack)
            except (NoSuchObject, Damaged):
                continue
            entry = manifest.by_ordinal(place.ordinal)
            if entry is not None:
                return self._failure_of_entry(manifest, entry, sop_class_uid)
        return FailureReason.PROCESSING_FAILURE

    def _failure_of_entry(self, manifest: Manifest, entry: InstanceEntry, sop_class_uid: str) -> FailureReason | None:
        if entry.sop_class_uid != sop_class_uid:
            return FailureReason.CLASS_INSTANCE_CONFLICT
        if entry.rebuild is Rebuild.VERBATIM:
            sound = self._has_digest(manifest.data_set(entry), entry.digest)
        else:
            sound = self._rebuilds(manifest, entry)
        return None if sound else FailureReason.PROCESSING_FAILURE

    def _rebuilds(self, manifest: Manifest, entry: InstanceEntry) -> bool:
        from isocenter.domain.archive.recompress import rebuild_received  # numpy and codecs: only when needed

        try:
            rebuild_received(self._store, manifest, entry)
        except (NoSuchObject, Damaged):
            return False
        return True

    def _has_digest(self, extent: Extent, digest: bytes) -> bool:
        hasher = blake3()
        try:
            for start in range(0, extent.length, _CHUNK_BYTES):
                length = min(_CHUNK_BYTES, extent.length - start)
                hasher.update(self._bytes.read(Extent(extent.source, extent.offset + start, length)))
        except StoreAway:
            raise
        except BytesAway:
            if self._bytes.is_of_this_home(extent.source):
                return False  # lost; what another node has may be read when that is back
            raise
        except (IsocenterError, OSError):
            return False
        return hasher.digest() == digest

    def _manifest(self, pack: PackRow) -> Manifest:
        known = self._manifests.get(pack.object_key)
        if known is None:
            if len(self._manifests) >= _MANIFESTS_KEPT:
                self._manifests.clear()
            known = self._manifests[pack.object_key] = read_manifest(self._store, pack.object_key, pack.size_bytes)
        return known
