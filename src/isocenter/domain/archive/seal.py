"""The verb "seal": a quiet study leaves the journals and becomes packs, recompressed, described and checksummed.

Safe to be killed at any moment: instances keep their rows until the pack lies verified in the store, and one
synchronous transaction puts the pack's row in their place. A pack without a row is swept later (`reclaim`).
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from blake3 import blake3

from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.domain.archive.merge import packed_again, put_verified
from isocenter.domain.archive.recompress import Prepared, Received, is_opaque, prepare, unprepared
from isocenter.index.locators import (
    AsideInstance,
    OpenInstance,
    PackRow,
    SeriesRow,
    StudyPlaces,
    aside_instances,
    study_places,
)
from isocenter.index.sealing import NewPack, StudyMoved
from isocenter.index.sealing import seal as put_pack_in_place
from isocenter.kit.confined import Confined, ConfinedFailure
from isocenter.kit.database import Database
from isocenter.kit.logging import get_logger
from isocenter.kit.settings import GIB, MIB
from isocenter.standards.dicom.attributes import default_in
from isocenter.standards.dicom.transfer_syntaxes import transfer_syntax
from isocenter.storage.borrowed import Borrowed
from isocenter.storage.encrypted_store import create_staged, key_for
from isocenter.storage.errors import BytesAway, Damaged
from isocenter.storage.extents import Bytes, Extent
from isocenter.storage.journal_cipher import DecryptedPieces
from isocenter.storage.manifest import read_manifest
from isocenter.storage.manifest_layout import AsideReason
from isocenter.storage.pack import PackedInstance, PackKind, PackWriter, pack_key
from isocenter.storage.segment_format import MemberHeader, MemberLocation, parse_member
from isocenter.storage.segments import SegmentName

log = get_logger(__name__)

MAX_PACK_BYTES: Final = GIB
"""A pack that has reached this length gets no further instance."""
CHILD_MEMORY_BYTES: Final = 3 * GIB
CHILD_TIMEOUT_S: Final = 600.0
NICENESS: Final = 19
MERGE_WHEN_LATE_SHARE: Final = 0.25
"""Late instances are folded into the first packs when they are this much of them."""
_BATCH_INSTANCES: Final = 16
_BATCH_BYTES: Final = 16 * MIB
_PIECE: Final = 4 * MIB
_ASIDE_REASONS: Final = {"other-content": AsideReason.OTHER_CONTENT, "other-study-or-series": AsideReason.MISPLACED}


@dataclass(frozen=True, slots=True)
class SealReport:
    """What sealing a study did. Bytes are of data sets as received, and of the packs.

    left_open: instances that could not be sealed because their bytes are damaged, or that arrived meanwhile.
    """

    study_instance_uid: str
    pack_keys: tuple[str, ...]
    instance_count: int
    recompressed_count: int
    received_bytes: int
    packed_bytes: int
    left_open: int


@dataclass(frozen=True, slots=True)
class _Work:
    """One instance to seal: an open one or a version kept aside."""

    received: Received
    row: OpenInstance | AsideInstance
    series: SeriesRow | None

    @property
    def is_aside(self) -> bool:
        return isinstance(self.row, AsideInstance)


@dataclass(slots=True)
class _Finished:
    """A pack in the store, and what its transaction takes away."""

    pack: NewPack
    ordinals: list[int] = field(default_factory=list)
    aside_ids: list[int] = field(default_factory=list)
    holds_opaque: bool = False


class Sealer:
    """Seals studies for one worker process, with confined children for everything that reads foreign bytes."""

    def __init__(
        self,
        *,
        database: Database,
        data: Bytes,
        processes: int = 1,
        max_pack_bytes: int = MAX_PACK_BYTES,
        pause: Callable[[], None] = lambda: None,
    ) -> None:
        """processes: children that recompress at a time. pause: called before each batch; may wait a moment."""
        self._pause = pause
        self._database = database
        self._data = data
        self._store = data.store
        self._max_pack_bytes = max_pack_bytes
        self._processes = processes
        self._damaged: set[tuple[str, int]] = set()  # reported already: where they lie, until a restart
        self.confined = Confined(  # for others too, while this is open
            processes=processes,
            memory_bytes=CHILD_MEMORY_BYTES,
            timeout_s=CHILD_TIMEOUT_S,
            preload=("isocenter.domain.archive.recompress",),
            nice=NICENESS,
        )
        self._threads = ThreadPoolExecutor(processes, thread_name_prefix="sealer")

    def close(self) -> None:
        """End the children."""
        self._threads.shutdown(cancel_futures=True)
        self.confined.close()

    def seal_study(self, caller: Caller, study_instance_uid: str) -> SealReport | None:
        """Seal what is open of a study; None when nothing is, or there is no such study.

        Raises Refused; Exhausted (database or store away, no space, bytes on another node): try again later.
        """
        caller.require(Right.STORE)
        with self._database.transaction(caller.institution_id) as connection:
            places = study_places(connection, study_instance_uid)
            asides = [] if places is None else aside_instances(connection, places.study_id)
        if places is None or not (places.instances or asides):
            return None
        with Borrowed(self._data) as borrowed:
            work = self._at_hand(borrowed, places, asides)
            return self._sealed(caller, places, work) if work else None

    def _sealed(self, caller: Caller, places: StudyPlaces, work: list[_Work]) -> SealReport | None:
        study_instance_uid = places.study_instance_uid
        sealing = _Sealing(self, caller.institution_id, places.study_id, study_instance_uid, places.packs, work)
        try:
            report = sealing.run()
        except StudyMoved:
            log.info("archive.seal-overtaken", study_instance_uid=study_instance_uid)
            return None
        log.info(
            "archive.sealed",
            study_instance_uid=study_instance_uid,
            instances=report.instance_count,
            recompressed=report.recompressed_count,
            received_bytes=report.received_bytes,
            packed_bytes=report.packed_bytes,
            left_open=report.left_open,
        )
        return report

    def _at_hand(self, borrowed: Borrowed, places: StudyPlaces, asides: Sequence[AsideInstance]) -> list[_Work]:
        """What can be sealed now, with its bytes in files; what lies on a node that is away stays open for another day.

        Raises BytesAway when nothing can.
        """
        series = {one.series_id: one for one in places.series}
        work: list[_Work] = []
        away: dict[str, BytesAway] = {}
        rows: list[OpenInstance | AsideInstance] = [*places.instances, *asides]
        for row in rows:
            if (row.source, row.data_set_offset) in self._damaged or row.source in away:
                continue
            end = row.data_set_offset + row.data_set_length
            try:
                path = borrowed.path(Extent(row.source, row.member_offset, end - row.member_offset))
            except BytesAway as error:
                away[row.source] = error  # not asked for again: a node that does not answer costs seconds
                continue
            belongs = series[row.series_id] if isinstance(row, OpenInstance) else None
            work.append(self._work(row, path, places.study_instance_uid, belongs))
        if away and not work:
            raise next(iter(away.values()))
        return work

    def _work(self, row: OpenInstance | AsideInstance, path: Path, study: str, series: SeriesRow | None) -> _Work:
        study_instance_uid = study if isinstance(row, OpenInstance) else row.study_instance_uid
        received = Received(
            path=str(path),
            offset=row.data_set_offset,
            length=row.data_set_length,
            transfer_syntax_uid=row.transfer_syntax_uid,
            digest=bytes(row.digest),
            number_of_frames=row.number_of_frames if isinstance(row, OpenInstance) else None,
            uids=(row.sop_class_uid, row.sop_instance_uid, study_instance_uid, row.series_instance_uid),
            default_character_set=default_in(row.warnings) if isinstance(row, OpenInstance) else None,
            cipher=self._data.cipher(row.source),
        )
        return _Work(received, row, series)

    def prepared(self, work: Sequence[_Work]) -> Iterator[tuple[_Work, Prepared | None]]:
        """Every instance with its prepared form, in order; None for damaged bytes. Children work some batches ahead."""
        batches = _batches(work)
        running: list[tuple[list[_Work], Future[list[Prepared | None]]]] = []
        while True:
            for batch in islice(batches, 2 * self._processes - len(running)):
                running.append((batch, self._threads.submit(self._prepare, batch)))
            if not running:
                return
            batch, future = running.pop(0)
            yield from zip(batch, future.result(), strict=True)

    def _prepare(self, batch: Sequence[_Work]) -> list[Prepared | None]:
        """A batch in a child; one by one when it fails, so that one bad object costs only itself."""
        self._pause()
        try:
            return list(self.confined.call(prepare, [one.received for one in batch]))
        except (ConfinedFailure, Damaged) as problem:
            if len(batch) > 1:
                return [result for one in batch for result in self._prepare([one])]
            return [self._fallback(batch[0].received, problem)]

    def _fallback(self, received: Received, problem: ConfinedFailure | Damaged) -> Prepared | None:
        """An object that broke its process goes into the pack opaque; one whose bytes are damaged stays where it is."""
        with _Pieces(received) as pieces:
            hasher = blake3()
            for piece in pieces:
                hasher.update(piece)
        if hasher.digest() != received.digest:
            if Path(received.path).is_relative_to(self._data.journal_directory):  # a borrowed copy may be better later
                self._damaged.add((SegmentName.from_path(Path(received.path)).source, received.offset))
            log.error("archive.damaged-in-journal", sop_instance_uid=received.uids[1], segment=Path(received.path).name)
            return None
        log.warning("archive.sealed-opaque", sop_instance_uid=received.uids[1], problem=problem.reason)
        return unprepared(received)


def _batches(work: Sequence[_Work]) -> Iterator[list[_Work]]:
    batch: list[_Work] = []
    size = 0
    for one in work:
        batch.append(one)
        size += one.received.length
        if len(batch) >= _BATCH_INSTANCES or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


class _Sealing:
    """One study being sealed."""

    def __init__(
        self,
        sealer: Sealer,
        institution_id: int,
        study_id: int,
        study_instance_uid: str,
        packs: Sequence[PackRow],
        work: Sequence[_Work],
    ) -> None:
        self._sealer = sealer
        self._institution_id = institution_id
        self._study_id = study_id
        self._study_instance_uid = study_instance_uid
        self._packs = packs
        self._work = work
        self._keys: list[str] = []
        self._sealed_count = self._recompressed_count = self._received_bytes = self._packed_bytes = 0
        self._still_open = self._damaged = 0

    def run(self) -> SealReport:
        if self._merges():
            self._commit(list(self._written(PackKind.BASE, with_packs=True)), replaces=self._packs)
        else:
            kind = PackKind.DELTA if self._packs else PackKind.BASE
            for finished in self._written(kind, with_packs=False):
                self._commit([finished], replaces=())
        return SealReport(
            self._study_instance_uid,
            tuple(self._keys),
            self._sealed_count,
            self._recompressed_count,
            self._received_bytes,
            self._packed_bytes,
            self._still_open if self._keys else self._damaged,
        )

    def _merges(self) -> bool:
        """Whether the packs there are and what is open become new packs: late instances are a quarter of the first."""
        if not self._packs:
            return False
        kinds = [read_manifest(self._sealer._store, pack.object_key, pack.size_bytes).kind for pack in self._packs]
        base = sum(pack.received_bytes for pack, kind in zip(self._packs, kinds, strict=True) if kind is PackKind.BASE)
        deltas = sum(pack.received_bytes for pack in self._packs) - base
        late = deltas + sum(one.received.length for one in self._work)
        return late >= MERGE_WHEN_LATE_SHARE * base

    def _written(self, kind: PackKind, *, with_packs: bool) -> Iterator[_Finished]:
        """Packs in the store, verified, each as long as a pack may be."""
        instances = self._instances(with_packs)
        more = True
        while more:
            store = self._sealer._store
            key, target = key_for(store, pack_key(), self._institution_id), store.staging_path()
            with PackWriter(
                target,
                institution_id=self._institution_id,
                study_instance_uid=self._study_instance_uid,
                kind=kind,
                generation=len(self._packs) + len(self._keys),
                file=create_staged(store, key, target),
            ) as writer:
                finished = _Finished(NewPack("", 0, 0, 0, b""))
                more, received_bytes = self._fill(writer, instances, finished)
                if received_bytes is None:
                    return
                summary = writer.finish()
            finished.pack = put_verified(store, key, summary, received_bytes, holds_opaque=finished.holds_opaque)
            yield finished

    def _fill(
        self, writer: PackWriter, instances: Iterator[tuple[_Work | None, PackedInstance]], finished: _Finished
    ) -> tuple[bool, int | None]:
        """Add instances until the pack is full: (whether there may be more, received bytes or None if empty)."""
        received_bytes = None
        for work, instance in instances:
            writer.add(instance)
            received_bytes = (received_bytes or 0) + instance.received_length
            finished.holds_opaque |= is_opaque(instance.frames.form, instance.header_length, instance.received_length)
            if work is not None:
                self._count(work, instance, finished)
            if writer.length >= self._sealer._max_pack_bytes:
                return True, received_bytes
        return False, received_bytes

    def _count(self, work: _Work, instance: PackedInstance, finished: _Finished) -> None:
        self._sealed_count += 1
        self._recompressed_count += instance.received_parts is not None
        if isinstance(work.row, AsideInstance):
            finished.aside_ids.append(work.row.aside_id)
        else:
            finished.ordinals.append(work.row.ordinal)

    def _instances(self, with_packs: bool) -> Iterator[tuple[_Work | None, PackedInstance]]:
        """What goes into packs: first what older packs hold (without _Work), then what is open."""
        if with_packs:
            for pack in self._packs:
                for instance in packed_again(self._sealer._store, pack.object_key):
                    yield None, instance
        for work, prepared in self._sealer.prepared(self._work):
            if prepared is None:
                self._damaged += 1
                continue
            with _Pieces(work.received) as pieces:
                yield work, _packed_instance(work, prepared, pieces)

    def _commit(self, packs: Sequence[_Finished], *, replaces: Sequence[PackRow]) -> None:
        """One synchronous transaction: the packs' rows come, the instances' rows and replaced packs go."""
        removed: tuple[str, ...] = ()
        with self._sealer._database.transaction(self._institution_id) as connection:
            for number, finished in enumerate(packs, 1):
                sealed = put_pack_in_place(
                    connection,
                    self._study_id,
                    finished.pack,
                    finished.ordinals,
                    aside_ids=finished.aside_ids,
                    replaces=[pack.pack_id for pack in replaces] if number == len(packs) else (),
                )
                self._still_open, removed = sealed.still_open, removed + sealed.removed_keys
        for finished in packs:
            self._keys.append(finished.pack.object_key)
            self._received_bytes += finished.pack.received_bytes
            self._packed_bytes += finished.pack.size_bytes
        for key in removed:
            self._sealer._store.delete(key)


class _Pieces:
    """The received bytes of an instance, mapped from its segment, in pieces; as a context manager.

    Pieces of an encrypted segment are decrypted one by one, as they are asked for.
    """

    def __init__(self, received: Received) -> None:
        self._received = received
        self._views: list[memoryview] = []

    def __enter__(self) -> Sequence[memoryview | bytes]:
        received = self._received
        with _open_segment(received) as file:
            start = received.offset - received.offset % mmap.ALLOCATIONGRANULARITY
            end = received.offset + received.length
            self._map = mmap.mmap(file.fileno(), end - start, access=mmap.ACCESS_READ, offset=start)
        whole = memoryview(self._map)[received.offset - start : end - start]
        self._views = [whole[at : at + _PIECE] for at in range(0, received.length, _PIECE)]
        whole.release()
        return (
            self._views if received.cipher is None else DecryptedPieces(received.cipher, received.offset, self._views)
        )

    def __exit__(self, *exception: object) -> None:
        for view in self._views:
            view.release()
        self._map.close()


def _open_segment(received: Received) -> BinaryIO:
    try:
        return Path(received.path).open("rb")
    except FileNotFoundError as error:
        raise BytesAway("A segment of the journal is not on this node.", segment=Path(received.path).name) from error


def _packed_instance(work: _Work, prepared: Prepared, received_pieces: Sequence[memoryview | bytes]) -> PackedInstance:
    row, received, series = work.row, work.received, work.series
    current = row if isinstance(row, OpenInstance) else None
    header = _member_header(work)
    return PackedInstance(
        ordinal=row.ordinal if isinstance(row, OpenInstance) else row.aside_id,
        series_instance_uid=row.series_instance_uid,
        sop_instance_uid=row.sop_instance_uid,
        sop_class_uid=row.sop_class_uid,
        modality=series.modality if series else None,
        series_number=series.series_number if series else None,
        instance_number=current.instance_number if current else None,
        number_of_frames=prepared.number_of_frames,
        rows=current.rows if current else None,
        columns=current.columns if current else None,
        bits_allocated=current.bits_allocated if current else None,
        samples_per_pixel=current.samples_per_pixel if current else None,
        photometric_interpretation=prepared.photometric_interpretation
        or (current.photometric_interpretation if current else None),
        transfer_syntax_uid=prepared.transfer_syntax_uid,
        data_set=received_pieces if prepared.pieces is None else prepared.pieces,
        json=prepared.json,
        header_length=prepared.header_length,
        pixel_value_offset=prepared.pixel_value_offset,
        pixel_value_length=prepared.pixel_value_length,
        frames=prepared.frames,
        received_transfer_syntax_uid=received.transfer_syntax_uid,
        received_digest=received.digest,
        received_length=received.length,
        received_at=row.received_at,
        received_parts=prepared.received_parts,
        lossy=transfer_syntax(received.transfer_syntax_uid).lossy,
        aside_reason=_ASIDE_REASONS.get(row.reason, AsideReason.OTHER_CONTENT)
        if isinstance(row, AsideInstance)
        else AsideReason.NONE,
        calling_ae_title=row.calling_ae_title,
        called_ae_title=header.called_ae_title if header else "",
        peer_address=header.peer_address if header else "",
        door=row.door,
        hint=MemberLocation(
            SegmentName.from_source(row.source), row.member_offset, row.data_set_offset, row.data_set_length
        ),
    )


def _member_header(work: _Work) -> MemberHeader | None:
    """What the journal says of the member and the index does not: the called AE title and the peer's address."""
    row = work.row
    with (
        _open_segment(work.received) as file,
        closing(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)) as mapped,
        memoryview(mapped) as view,
    ):
        member = parse_member(view, row.member_offset, None)
    return member.header if member else None
