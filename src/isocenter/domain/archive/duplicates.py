"""An instance arrives whose SOP Instance UID is known: the same object, the same in another encoding, or another.

The answers are those of design §9: a repeat is success and mends what is damaged; the same canonical data set is
success; anything else is kept aside with a quality task, the first stays current, and the sender is warned.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from blake3 import blake3

from isocenter.domain.archive.canonical import same_canonical
from isocenter.domain.archive.looking_again import looked_again
from isocenter.index.checkpoints import checkpoint_of
from isocenter.index.deletions import note_arrival
from isocenter.index.ingest_row import IngestOutcome, IngestResult, IngestRow
from isocenter.index.locators import OpenInstance, open_instance, packs_of
from isocenter.index.relocation import relocate
from isocenter.index.senders import SenderBook
from isocenter.kit.confined import Confined, ConfinedFailure
from isocenter.kit.database import Database
from isocenter.kit.errors import IsocenterError
from isocenter.kit.logging import get_logger
from isocenter.kit.settings import GIB
from isocenter.storage.errors import BytesAway
from isocenter.storage.extents import Bytes, Extent
from isocenter.storage.manifest import InstanceEntry, Manifest, read_manifest
from isocenter.storage.object_store import ObjectStore
from isocenter.storage.segments import SegmentName

log = get_logger(__name__)

COMPARED_BYTES = 512 << 20
"""Objects larger than this are not compared canonically: other bytes then count as other content."""
COMPARISON_TIMEOUT_S = 60.0


KeepAside = Callable[[IngestRow, IngestOutcome, str], bool]
"""Records a version that is not current, with its reason; false when it was there already (`Ingest.keep_aside`)."""


class Ruling(StrEnum):
    """What a known UID turned out to be."""

    SAME_BYTES = "same-bytes"
    SAME_OBJECT = "same-object"
    OTHER_CONTENT = "other-content"


@dataclass(slots=True)
class Holdings:
    """Where what we already have can be looked up. comparisons: children that read both objects.

    senders: what is known of those who send. two_copies: what is acknowledged lies on two nodes.
    """

    database: Database
    data: Bytes
    comparisons: Confined = field(
        default_factory=lambda: Confined(processes=1, memory_bytes=4 * GIB, timeout_s=COMPARISON_TIMEOUT_S)
    )

    two_copies: bool = False
    senders: SenderBook = field(init=False)

    def __post_init__(self) -> None:
        self.senders = SenderBook(self.database)

    @property
    def store(self) -> ObjectStore:
        """Packs and facts."""
        return self.data.store

    @property
    def journal_directory(self) -> Path:
        """Of this node."""
        return self.data.journal_directory


@dataclass(frozen=True, slots=True)
class _Held:
    """The current version: its received digest, and how to get at its received bytes."""

    digest: bytes
    transfer_syntax_uid: str
    open_row: OpenInstance | None
    packed: tuple[Manifest, InstanceEntry] | None

    def data_set(self, holdings: Holdings) -> bytes:
        if self.open_row is not None:
            return holdings.data.read(_extent_of(self.open_row))
        assert self.packed is not None
        from isocenter.domain.archive.recompress import rebuild_received  # numpy and codecs: only when it comes to that

        return rebuild_received(holdings.store, *self.packed)


def rule_on(
    holdings: Holdings, keep_aside: KeepAside, row: IngestRow, outcome: IngestOutcome, *, replayed: bool = False
) -> Ruling:
    """Decide what an arrived instance is to the one we hold, and do what follows from it.

    outcome: EXISTS or MISPLACED, from the index. The arrived bytes lie durable in the journal where `row` says.
    """
    held = _held(holdings, row.institution_id, outcome)
    if outcome.result is IngestResult.EXISTS and held is not None:
        if held.digest == row.digest:
            _mend(holdings, row, outcome, held, replayed)
            return Ruling.SAME_BYTES
        if _same_object(holdings, row, held):
            return Ruling.SAME_OBJECT
    reason = "other-content" if outcome.result is IngestResult.EXISTS else "other-study-or-series"
    if keep_aside(row, outcome, reason):
        log.warning("archive.kept-aside", sop_instance_uid=row.attributes.sop_instance_uid, reason=reason)
    return Ruling.OTHER_CONTENT


def _held(holdings: Holdings, institution_id: int, outcome: IngestOutcome) -> _Held | None:
    return looked_again(lambda: _look(holdings, institution_id, outcome))


def _look(holdings: Holdings, institution_id: int, outcome: IngestOutcome) -> _Held | None:
    with holdings.database.transaction(institution_id) as connection:
        note_arrival(connection, outcome.study_id)
        open_row = open_instance(connection, outcome.study_id, outcome.ordinal)
        if open_row is not None:
            return _Held(open_row.digest, open_row.transfer_syntax_uid, open_row, None)
        keys = [pack.object_key for pack in packs_of(connection, outcome.study_id)]
    for key in reversed(keys):
        manifest = read_manifest(holdings.store, key)
        entry = manifest.by_ordinal(outcome.ordinal)
        if entry is not None:
            return _Held(entry.digest, entry.received_transfer_syntax_uid, None, (manifest, entry))
    return None


def _mend(holdings: Holdings, row: IngestRow, outcome: IngestOutcome, held: _Held, replayed: bool) -> None:
    """The same bytes came again: when the copy we hold is missing or damaged, the new one takes its place."""
    if held.open_row is None:
        return  # packs are verified and repaired as wholes
    try:
        sound = blake3(holdings.data.read(_extent_of(held.open_row))).digest() == held.digest
    except BytesAway:
        sound = replayed and holdings.two_copies  # what is read back has one copy, what is away may have two
    except (IsocenterError, OSError):
        sound = False
    if not sound or _may_go(holdings, row, held.open_row, replayed):
        with holdings.database.transaction(row.institution_id) as connection:
            relocate(connection, row, outcome.study_id, outcome.ordinal)
        log.warning("archive.copy-replaced", sop_instance_uid=row.attributes.sop_instance_uid, sound=sound)


def _may_go(holdings: Holdings, row: IngestRow, held: OpenInstance, replayed: bool) -> bool:
    """Whether the copy we hold is not known to be as safe as the one that arrived: another process may still withdraw
    it, because it is not known to be on the disk; or, with two copies, it may be on one disk only.
    """
    place = SegmentName.from_source(held.source)
    if (place.node, place.epoch) == (row.segment_node, row.segment_epoch):
        return False  # our own: it was durable before its group was answered
    if holdings.two_copies:
        return not replayed
    with holdings.database.transaction() as connection:
        known = checkpoint_of(connection, place.node, place.epoch)
    return known is None or (known.sequence, known.end_offset) <= (place.sequence, held.data_set_offset)


def _same_object(holdings: Holdings, row: IngestRow, held: _Held) -> bool:
    if row.data_set_length > COMPARED_BYTES:
        return False
    try:
        ours = held.data_set(holdings)
        arrived = holdings.data.read(_arrived_extent(row))
        same = holdings.comparisons.call(
            same_canonical, arrived, row.transfer_syntax_uid, ours, held.transfer_syntax_uid
        )
    except ConfinedFailure:
        return False  # no proof that they are the same
    return bool(same)


def _extent_of(row: OpenInstance) -> Extent:
    return Extent(row.source, row.data_set_offset, row.data_set_length)


def _arrived_extent(row: IngestRow) -> Extent:
    source = f"journal/{row.segment_node}/{row.segment_epoch}/{row.segment_sequence}"
    return Extent(source, row.data_set_offset, row.data_set_length)
