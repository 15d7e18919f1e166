"""Packs that the index does not know are taken in again, as if they had just been sealed.

What the index wants to know of an instance is read from the header of its stored data set; pixels are not touched. The
rows take the same way as at reception (`Ingest.record`), so that patients, words, series and quality tasks come out the
same, and then the pack takes their place (`index.sealing.seal`) under the ordinals that its manifest has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from isocenter.domain.archive.examination import examine
from isocenter.domain.archive.recompress import is_opaque
from isocenter.index.adoption import (
    REBUILDING,
    aside_ids,
    erased_instances,
    erasures,
    forget_rebuilding,
    give_ordinals,
    is_known,
    unnamed_packs,
)
from isocenter.index.deletions import see_deleted
from isocenter.index.ingest import Ingest, ServerChanged
from isocenter.index.ingest_row import IngestOutcome, IngestResult, IngestRow
from isocenter.index.institutions import institutions
from isocenter.index.locators import packs_of
from isocenter.index.replaying import study_number
from isocenter.index.sealing import NewPack, seal
from isocenter.index.senders import SenderBook
from isocenter.kit.database import Database
from isocenter.kit.errors import Invalid
from isocenter.kit.logging import get_logger
from isocenter.storage.errors import Damaged, KeyDestroyed, NoSuchObject, UnknownFormat
from isocenter.storage.manifest import InstanceEntry, Manifest, read_footer, read_manifest
from isocenter.storage.manifest_layout import AsideReason
from isocenter.storage.object_store import ObjectStore

log = get_logger(__name__)

_BATCH_INSTANCES: Final = 256
_BATCH_BYTES: Final = 32 << 20
_REASONS: Final = {AsideReason.OTHER_CONTENT: "other-content", AsideReason.MISPLACED: "other-study-or-series"}


@dataclass(slots=True)
class Adopted:
    """What was taken in. left: packs that others have taken the place of, or of what was erased.

    problems: (key, why) of packs that could not be read.
    """

    packs: int = 0
    instances: int = 0
    left: int = 0
    problems: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Found:
    """A pack of the store that no row names. uids: of what is current in it and was not erased."""

    key: str
    study_instance_uid: str
    order: tuple[int, datetime]
    first_received_at: datetime
    uids: frozenset[str]


def institution_of(store: ObjectStore, key: str) -> int | None:
    """Whose a pack is; None when it cannot be read (`adopt_packs` says so)."""
    try:
        return read_manifest(store, key).institution_id
    except (Damaged, NoSuchObject, UnknownFormat):
        return None


def adopt_packs(database: Database, store: ObjectStore) -> Adopted:
    """Take in every pack of the store that no row names. Whatever is interrupted, the next call goes on."""
    with database.transaction() as connection:
        every = [one.institution_id for one in institutions(connection)]
    adopted = Adopted()
    with closing(Ingest(database.ingest_connection)) as ingest:
        adopting = _Adopting(database, store, ingest, SenderBook(database), adopted)
        for institution_id in every:
            adopting.institution(institution_id)
    with database.transaction() as connection:
        forget_rebuilding(connection)
    return adopted


@dataclass(slots=True)
class _Adopting:
    database: Database
    store: ObjectStore
    ingest: Ingest
    senders: SenderBook
    adopted: Adopted
    found: dict[int, list[_Found]] | None = None

    def institution(self, institution_id: int) -> None:
        """Studies in the order in which they began, so that the first one names its patient as it did."""
        studies: dict[str, list[_Found]] = {}
        for found in self._found_in(institution_id):
            studies.setdefault(found.study_instance_uid, []).append(found)
        for packs in sorted(studies.values(), key=lambda packs: min(pack.first_received_at for pack in packs)):
            standing = _standing(packs)
            self.adopted.left += len(packs) - len(standing)
            for pack in standing:
                self._adopt(institution_id, pack.key)

    def _found_in(self, institution_id: int) -> list[_Found]:
        if self.found is None:
            self.found = self._look_around()
        return self.found.get(institution_id, [])

    def _look_around(self) -> dict[int, list[_Found]]:
        """Every pack that no row names, by institution: one small read each."""
        by_institution: dict[int, list[_Found]] = {}
        gone: dict[int, _Gone] = {}
        for key in self._unnamed():
            try:
                manifest = read_manifest(self.store, key)
            except KeyDestroyed:
                self.adopted.left += 1
                continue
            except (Damaged, NoSuchObject, UnknownFormat) as error:
                self.adopted.problems.append((key, error.reason))
                continue
            number = manifest.institution_id
            if number not in gone:
                with self.database.transaction(number) as connection:
                    gone[number] = _Gone(erasures(connection), erased_instances(connection))
            live = list(_live(manifest, gone[number]))
            if not live:
                self.adopted.left += 1
                continue
            by_institution.setdefault(number, []).append(
                _Found(
                    key,
                    manifest.study_instance_uid,
                    (manifest.generation, manifest.sealed_at),
                    min(entry.received_at for entry in live),
                    frozenset(entry.sop_instance_uid for entry in live if entry.aside_reason is AsideReason.NONE),
                )
            )
        return by_institution

    def _unnamed(self) -> list[str]:
        keys = {head.key for head in self.store.list("packs")}
        with self.database.transaction() as connection:
            every = [one.institution_id for one in institutions(connection)]
        for institution_id in every:
            with self.database.transaction(institution_id) as connection:
                keys = unnamed_packs(connection, keys)
        return sorted(keys)

    def _adopt(self, institution_id: int, key: str) -> None:
        footer = read_footer(self.store, key)
        manifest = read_manifest(self.store, key, footer.pack_length)
        received_bytes = sum(entry.received_length for entry in manifest.entries())
        opaque = any(is_opaque(one.frame_form, one.header_length, one.received_length) for one in manifest.entries())
        pack = NewPack(key, footer.pack_length, received_bytes, footer.instance_count, footer.manifest_digest, opaque)
        with self.database.transaction(institution_id) as connection:
            gone = _Gone(erasures(connection), erased_instances(connection))
        live = sorted(_live(manifest, gone), key=lambda entry: entry.received_at)
        asides = [entry for entry in live if entry.aside_reason is not AsideReason.NONE]
        try:  # all is read before any row is written
            current_rows = list(
                self._rows(manifest, [entry for entry in live if entry.aside_reason is AsideReason.NONE])
            )
            aside_rows = list(self._rows(manifest, asides))
        except (Damaged, NoSuchObject) as error:
            self.adopted.problems.append((key, error.reason))
            return
        taken = [pair for pair in self._recorded(current_rows) if _is_open(*pair)]
        self._keep_aside(manifest, aside_rows)
        self._seal(institution_id, manifest, pack, taken, asides)

    def _seal(
        self,
        institution_id: int,
        manifest: Manifest,
        pack: NewPack,
        taken: Sequence[tuple[InstanceEntry, IngestOutcome]],
        asides: Sequence[InstanceEntry],
    ) -> None:
        """The pack takes the place of the rows, and of packs of the study that are not there any more."""
        with self.database.transaction(institution_id) as connection:
            see_deleted(connection)
            study_id = study_number(connection, manifest.study_instance_uid)
            if study_id is None:
                self.adopted.problems.append((manifest.key, "study-not-made"))
                return
            versions = aside_ids(connection, study_id, {(entry.sop_instance_uid, entry.digest) for entry in asides})
            older = [row.pack_id for row in packs_of(connection, study_id) if not self._is_there(row.object_key)]
            if not taken and not versions and not older:
                self.adopted.left += 1
                return
            ordinals = [outcome.ordinal for _, outcome in taken]
            seal(connection, study_id, pack, ordinals, aside_ids=versions, replaces=older)
            give_ordinals(connection, study_id, {entry.sop_instance_uid: entry.ordinal for entry, _ in taken})
        self.adopted.packs += 1
        self.adopted.instances += len(taken)

    def _is_there(self, key: str) -> bool:
        try:
            self.store.head(key)
        except NoSuchObject:
            return False
        return True

    def _rows(self, manifest: Manifest, entries: Sequence[InstanceEntry]) -> Iterator[tuple[InstanceEntry, IngestRow]]:
        """Rows as reception makes them; an instance that cannot be read is named, and the others go on."""
        for batch in _batches(entries):
            ranges = [(entry.data_set_offset, entry.header_length) for entry in batch]
            for entry, head in zip(batch, self.store.get_ranges(manifest.key, ranges), strict=True):
                try:
                    yield entry, self._row(manifest, entry, head)
                except Invalid as error:
                    self.adopted.problems.append((f"{manifest.key} {entry.sop_instance_uid}", error.reason))

    def _recorded(
        self, rows: Sequence[tuple[InstanceEntry, IngestRow]]
    ) -> Iterator[tuple[InstanceEntry, IngestOutcome]]:
        for start in range(0, len(rows), _BATCH_INSTANCES):
            batch = rows[start : start + _BATCH_INSTANCES]
            outcomes = self._record([row for _, row in batch])
            yield from zip((entry for entry, _ in batch), outcomes, strict=True)

    def _record(self, rows: Sequence[IngestRow]) -> list[IngestOutcome]:
        try:
            return self.ingest.record(rows)
        except ServerChanged:  # a fresh connection: nothing that it may have lost was acknowledged
            return self.ingest.record(rows)

    def _keep_aside(self, manifest: Manifest, rows: Sequence[tuple[InstanceEntry, IngestRow]]) -> None:
        for entry, row in rows:
            with self.database.transaction(manifest.institution_id) as connection:
                known = is_known(connection, entry.sop_instance_uid)
            if not known:
                self.adopted.problems.append((manifest.key, "aside-without-current"))
                continue
            [outcome] = self._record([row])
            self.ingest.keep_aside(row, outcome, _REASONS[entry.aside_reason])

    def _row(self, manifest: Manifest, entry: InstanceEntry, head: bytes) -> IngestRow:
        sender = self.senders.find(manifest.institution_id, entry.calling_ae_title)
        _, attributes = examine(
            memoryview(head), entry.transfer_syntax_uid, sender.default_character_set, sender.issuer_of_patient_id
        )
        node, epoch, sequence = REBUILDING
        return IngestRow(
            institution_id=manifest.institution_id,
            attributes=attributes,
            segment_node=node,
            segment_epoch=epoch,
            segment_sequence=sequence,
            member_offset=0,
            data_set_offset=0,
            data_set_length=entry.received_length,
            digest=entry.digest,
            received_at=entry.received_at,
            calling_ae_title=entry.calling_ae_title,
            transfer_syntax_uid=entry.received_transfer_syntax_uid,
            pixel_value_offset=None,
            pixel_length=None,
            header_length=entry.received_length,
            door=entry.door,
        )


@dataclass(frozen=True, slots=True)
class _Gone:
    """When studies were erased, and instances by themselves, by UID."""

    studies: Mapping[str, datetime]
    instances: Mapping[str, datetime]


def _live(manifest: Manifest, gone: _Gone) -> Iterator[InstanceEntry]:
    """What of a pack was not erased since it was received."""
    moment = gone.studies.get(manifest.study_instance_uid)
    for entry in manifest.entries():
        alone = gone.instances.get(entry.sop_instance_uid)
        if not any(end is not None and entry.received_at <= end for end in (moment, alone)):
            yield entry


def _standing(packs: Sequence[_Found]) -> list[_Found]:
    """The packs of a study in their order, without those all of whose instances lie in later ones (a merge)."""
    covered: set[str] = set()
    standing = []
    for pack in sorted(packs, key=lambda pack: pack.order, reverse=True):
        if not pack.uids or not pack.uids <= covered:
            standing.append(pack)
            covered |= pack.uids
    return standing[::-1]


def _is_open(entry: InstanceEntry, outcome: IngestOutcome) -> bool:
    """Whether a row of the instance is there to be put into the pack: just recorded, or left in a journal."""
    if outcome.result is IngestResult.STORED:
        return True
    return outcome.result is IngestResult.EXISTS and outcome.existing_digest == entry.digest


def _batches(entries: Iterable[InstanceEntry]) -> Iterator[list[InstanceEntry]]:
    batch: list[InstanceEntry] = []
    size = 0
    for entry in entries:
        batch.append(entry)
        size += entry.header_length
        if len(batch) >= _BATCH_INSTANCES or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
