"""Giving room back: journal segments beyond the hot cache's budget, and packs that no row names.

A segment goes only when the index is complete up to its end (checkpoint) and no unsealed or aside instance lies in it:
then everything in it lies in a pack, or was erased.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from isocenter.index.adoption import erased_instances, kept_aside, known_instances
from isocenter.index.checkpoints import checkpoint_of
from isocenter.index.erasures import erased_at
from isocenter.index.institutions import institutions
from isocenter.index.segments import forget_segments, live_segments
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Database, set_institution
from isocenter.kit.logging import get_logger
from isocenter.storage.errors import Damaged, KeyDestroyed, KeyLost, NoSuchObject, UnknownFormat
from isocenter.storage.journal import SegmentName, segments
from isocenter.storage.manifest import read_manifest
from isocenter.storage.manifest_layout import AsideReason
from isocenter.storage.object_store import ObjectHead, ObjectStore

log = get_logger(__name__)

ORPHAN_AFTER = timedelta(hours=1)
"""A pack without a row may be one whose transaction is about to commit; after this long it is not."""
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Budget:
    """How much of what is sealed stays in the journals as received, for reading without decoding."""

    hot_bytes: int
    hot_for: timedelta


@dataclass(frozen=True, slots=True)
class Reclaimed:
    """What was given back."""

    segment_count: int
    byte_count: int


@dataclass(frozen=True, slots=True)
class _Candidate:
    name: SegmentName
    size: int
    closed_at: float


def reclaim_segments(database: Database, journal_directory: Path, node: str, budget: Budget) -> Reclaimed:
    """Remove segments of this node that nobody needs and that are beyond the budget, oldest first."""
    names = segments(journal_directory, node)
    removable = _removable(database, node, names)
    candidates = sorted(_sizes(journal_directory, removable), key=lambda candidate: candidate.closed_at)
    total = sum(candidate.size for candidate in _sizes(journal_directory, names))
    oldest_kept = (utc_now() - budget.hot_for).timestamp()
    gone: list[_Candidate] = []
    for candidate in candidates:
        if total <= budget.hot_bytes and candidate.closed_at >= oldest_kept:
            continue
        with contextlib.suppress(FileNotFoundError):
            candidate.name.path(journal_directory).unlink()
        total -= candidate.size
        gone.append(candidate)
    if gone:
        with database.transaction() as connection:
            forget_segments(connection, [(each.name.node, each.name.epoch, each.name.sequence) for each in gone])
        log.info("archive.reclaimed", segments=len(gone), bytes=sum(each.size for each in gone))
    return Reclaimed(len(gone), sum(each.size for each in gone))


def sweep_orphan_packs(database: Database, store: ObjectStore, *, now: datetime | None = None) -> int:
    """Delete packs that no row names, left by a worker that died between the pack and its row; returns how many.

    Only those whose every instance the index knows elsewhere, or knows to be erased: an index that is older than the
    store, or does not see all of it, is no reason to delete anything. `isocenter rebuild-index` takes those in.
    """
    before = (now or utc_now()) - ORPHAN_AFTER
    old = (head for head in store.list("packs") if head.last_modified < before)
    swept = 0
    while batch := list(islice(old, _BATCH)):
        for key in sorted({head.key for head in batch} - _named(database, batch)):
            if not is_superfluous(database, store, key):
                log.error("archive.unknown-pack-kept", key=key)
                continue
            with contextlib.suppress(NoSuchObject):
                store.delete(key)
            log.warning("archive.orphan-pack-swept", key=key)
            swept += 1
    return swept


def is_superfluous(database: Database, store: ObjectStore, key: str) -> bool:
    """Whether everything in a pack is known without it, or gone for good."""
    try:
        manifest = read_manifest(store, key)
    except KeyDestroyed:
        return True
    except (Damaged, NoSuchObject, UnknownFormat, KeyLost):
        return False
    entries = list(manifest.entries())
    with database.transaction(manifest.institution_id) as connection:
        known = known_instances(connection, [entry.sop_instance_uid for entry in entries])
        aside = kept_aside(connection, [entry.digest for entry in entries])
        gone, alone = erased_at(connection, manifest.study_instance_uid), erased_instances(connection)
    return all(
        (entry.sop_instance_uid in known if entry.aside_reason is AsideReason.NONE else entry.digest in aside)
        or any(end is not None and entry.received_at <= end for end in (gone, alone.get(entry.sop_instance_uid)))
        for entry in entries
    )


def _removable(database: Database, node: str, names: Sequence[SegmentName]) -> list[SegmentName]:
    """Closed, complete in the index, and without unsealed instances. The order of the two looks matters: a segment
    before the checkpoint gets no further rows, so one that has none afterwards never will."""
    with database.transaction() as connection:
        checkpoints = {epoch: checkpoint_of(connection, node, epoch) for epoch in {name.epoch for name in names}}
    live = live_segments(database, node)
    return [
        name
        for name in names
        if (checkpoint := checkpoints[name.epoch]) is not None
        and name.sequence < checkpoint.sequence
        and (name.node, name.epoch, name.sequence) not in live
    ]


def _sizes(directory: Path, names: Sequence[SegmentName]) -> Iterator[_Candidate]:
    for name in names:
        try:
            status = name.path(directory).stat()
        except FileNotFoundError:
            continue
        yield _Candidate(name, status.st_blocks * 512, status.st_mtime)


def _named(database: Database, batch: Sequence[ObjectHead]) -> set[str]:
    """Which of these packs a row of any institution names."""
    keys = [head.key for head in batch]
    named: set[str] = set()
    with database.transaction() as connection:
        for institution in institutions(connection):
            set_institution(connection, institution.institution_id)
            rows = connection.execute("SELECT object_key FROM pack WHERE object_key = ANY (%s)", [keys]).fetchall()
            named |= {str(row[0]) for row in rows}
    return named
