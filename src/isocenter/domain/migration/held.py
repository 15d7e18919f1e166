"""Every version of an instance that we keep, with the digest of its received form, and that form read back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from blake3 import blake3

from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.domain.archive.looking_again import looked_again
from isocenter.index.holdings import places_of
from isocenter.index.locators import AsideInstance, OpenInstance, aside_instances, open_instances, packs_of
from isocenter.kit.database import Database
from isocenter.storage.extents import Bytes, Extent
from isocenter.storage.manifest import InstanceEntry, Manifest, read_manifest
from isocenter.storage.manifest_layout import Rebuild

_CHUNK_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class HeldVersion:
    """One version. digest: BLAKE3 of the data set as it was received. place: where it lies."""

    digest: bytes
    place: Extent | tuple[Manifest, InstanceEntry]


@dataclass(frozen=True, slots=True)
class Held:
    """Where what we keep can be looked up."""

    database: Database
    data: Bytes

    def here(self, caller: Caller, sop_instance_uids: Sequence[str]) -> set[str]:
        """Those of the UIDs that the caller's institution has."""
        caller.require(Right.READ)
        with self.database.transaction(caller.institution_id) as connection:
            return set(places_of(connection, sop_instance_uids))

    def versions(self, caller: Caller, sop_instance_uids: Sequence[str]) -> dict[str, list[HeldVersion]]:
        """The versions of each instance that is here: the current one and those kept aside."""
        caller.require(Right.READ)
        return looked_again(lambda: self._versions(caller, sop_instance_uids))

    def _versions(self, caller: Caller, sop_instance_uids: Sequence[str]) -> dict[str, list[HeldVersion]]:
        wanted = set(sop_instance_uids)
        found: dict[str, list[HeldVersion]] = {}
        with self.database.transaction(caller.institution_id) as connection:
            studies = {place.study_id for place in places_of(connection, sop_instance_uids).values()}
            # Rows before packs: what is sealed meanwhile is then found twice, never not at all.
            lying: list[OpenInstance | AsideInstance] = []
            for study in studies:
                lying += open_instances(connection, study)
                lying += aside_instances(connection, study)
            keys = [pack.object_key for study in studies for pack in packs_of(connection, study)]
        for row in lying:
            if row.sop_instance_uid in wanted:
                found.setdefault(row.sop_instance_uid, []).append(HeldVersion(row.digest, _extent(row)))
        for uid, version in self._packed(keys, wanted):
            found.setdefault(uid, []).append(version)
        return found

    def _packed(self, keys: Sequence[str], wanted: set[str]) -> Iterator[tuple[str, HeldVersion]]:
        for key in keys:
            manifest = read_manifest(self.data.store, key)
            for entry in manifest.entries():
                if entry.sop_instance_uid in wanted:
                    yield entry.sop_instance_uid, HeldVersion(entry.digest, (manifest, entry))

    def read_back(self, version: HeldVersion) -> bytes:
        """BLAKE3 of the received form as its bytes are now. Raises what reading raises, Damaged among them."""
        if isinstance(version.place, Extent):
            return self._digest(version.place)
        manifest, entry = version.place
        if entry.rebuild is Rebuild.VERBATIM:
            return self._digest(manifest.data_set(entry))
        from isocenter.domain.archive.recompress import rebuild_received  # numpy and codecs: only when it comes to that

        return blake3(rebuild_received(self.data.store, manifest, entry)).digest()

    def _digest(self, extent: Extent) -> bytes:
        hasher = blake3()
        for offset in range(0, extent.length, _CHUNK_BYTES):
            length = min(_CHUNK_BYTES, extent.length - offset)
            hasher.update(self.data.read(Extent(extent.source, extent.offset + offset, length)))
        return hasher.digest()


def _extent(row: OpenInstance | AsideInstance) -> Extent:
    return Extent(row.source, row.data_set_offset, row.data_set_length)
