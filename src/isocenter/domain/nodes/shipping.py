"""Shipping: closed segments of this node's journals are copied to the object store, and go when they are sealed.

A segment is closed for good when its epoch's checkpoint lies behind it: it is durable, whole in the index, and nothing
more is appended to it. The copy lies under `SegmentName.key`, whole and with its digest on record, or not at all.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from isocenter.index import nodes as index
from isocenter.index.checkpoints import checkpoints_of
from isocenter.index.ingest_row import Checkpoint
from isocenter.index.nodes import ShippedSegment
from isocenter.index.segments import SegmentKey, live_segments
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Database
from isocenter.kit.errors import Exhausted, IsocenterError
from isocenter.kit.logging import get_logger
from isocenter.storage.copying import Content, content_of, content_of_file, put_staged
from isocenter.storage.errors import Damaged
from isocenter.storage.extents import Bytes
from isocenter.storage.object_store import ObjectStore, copy_into_staging
from isocenter.storage.segments import SegmentName, segments

log = get_logger(__name__)

PAUSE_S: Final = 5.0
"""A store that did not take a segment is left alone for so long."""
KEPT_UNNEEDED_S: Final = 120.0
"""A copy stays so long after its last instance was sealed, for readers that looked at the index before."""
ORPHAN_AFTER: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Shipped:
    """What one pass did. left: closed segments that could not be copied now."""

    segments: int = 0
    bytes: int = 0
    left: int = 0


class Shipper:
    """Ships what processes of this home wrote, under whatever node name. For one thread of the home's worker.

    stopping: when it is set, a pass ends after the segment in hand.
    """

    def __init__(self, database: Database, data: Bytes, node: str, stopping: threading.Event | None = None) -> None:
        self._database = database
        self._data = data
        self._node = node
        self._stopping = stopping or threading.Event()
        self._settled: set[SegmentName] = set()  # sealed or erased when we looked, and never needed again
        self._paused_until = 0.0

    def ship(self) -> Shipped:
        """Copy every closed segment that is still needed and not in the store as it is now.

        A segment that fails does not hold up the others; a store that takes nothing is left alone for a while.
        Raises Exhausted when the database is away.
        """
        total = Shipped()
        for node in _writers(self._data.journal_directory):
            total = self._ship_of(node, total)
        return total

    def _ship_of(self, node: str, total: Shipped) -> Shipped:
        names = segments(self._data.journal_directory, node)
        self._settled.intersection_update({*names, *(one for one in self._settled if one.node != node)})
        with self._database.transaction() as connection:
            checkpoints = checkpoints_of(connection, node)
            shipped = index.shipped_of(connection, node)
        closed = [name for name in names if _is_closed(name, checkpoints)]
        due = [name for name in closed if name not in self._settled and not self._is_there(name, shipped)]
        if due:
            live = live_segments(self._database, node)
            self._settled.update(name for name in due if _key(name) not in live)
        for name in due:
            if name in self._settled:
                continue
            if self._stopping.is_set() or time.monotonic() < self._paused_until:
                total = Shipped(total.segments, total.bytes, total.left + 1)
            else:
                total = self._counted(name, replaces=_key(name) in shipped, total=total)
        if node == self._node:
            self._note_alone(names, checkpoints)
        return total

    def _is_there(self, name: SegmentName, shipped: dict[SegmentKey, ShippedSegment]) -> bool:
        """Whether the copy in the store is of the file as it is now (erased members are overwritten in it)."""
        copy = shipped.get(_key(name))
        if copy is None:
            return False
        try:
            return name.path(self._data.journal_directory).stat().st_mtime_ns == copy.file_changed_ns
        except FileNotFoundError:
            return True

    def _counted(self, name: SegmentName, *, replaces: bool, total: Shipped) -> Shipped:
        try:
            size = ship_file(self._database, self._data.store, name, name.path(self._data.journal_directory), replaces)
        except FileNotFoundError:  # reclaimed between the two looks
            return total
        except (IsocenterError, OSError) as error:
            reason = error.reason if isinstance(error, IsocenterError) else type(error).__name__
            log.warning("nodes.segment-not-shipped", segment=name.source, reason=reason)
            self._paused_until = time.monotonic() + PAUSE_S if isinstance(error, Exhausted) else 0.0
            return Shipped(total.segments, total.bytes, total.left + 1)
        return Shipped(total.segments + 1, total.bytes + size, total.left)

    def _note_alone(self, names: Sequence[SegmentName], checkpoints: dict[int, Checkpoint]) -> None:
        """Write down how many bytes of this node's journals lie nowhere else."""
        alone = 0
        with self._database.transaction() as connection:
            shipped = index.shipped_of(connection, self._node)
            for name in names:
                if name not in self._settled and _key(name) not in shipped:
                    alone += self._length(name, checkpoints.get(name.epoch))
            index.set_alone_bytes(connection, self._node, alone)

    def _length(self, name: SegmentName, checkpoint: Checkpoint | None) -> int:
        """Bytes of a segment; of one that grows those that the index knows: its file is as long as it may become."""
        if checkpoint is not None and name.sequence == checkpoint.sequence:
            return checkpoint.end_offset
        try:
            return name.path(self._data.journal_directory).stat().st_size
        except FileNotFoundError:
            return 0

    def drop_unneeded(self, nodes: Sequence[str], *, kept_s: float = KEPT_UNNEEDED_S) -> int:
        """Remove copies of these nodes' segments in which nothing unsealed has lain for a while; how many."""
        dropped = 0
        for node in nodes:
            with self._database.transaction() as connection:
                known = index.shipped_of(connection, node)
            live = live_segments(self._database, node)  # after, so that what is shipped meanwhile is not judged by it
            with self._database.transaction() as connection:
                index.mark_unneeded(connection, node, [key for key in known if key not in live])
                going = index.unneeded_for(connection, node, kept_s)
            for key in going:
                name = SegmentName(*key)
                if name.path(self._data.journal_directory).exists():  # a hot cache, which is not shipped again
                    self._settled.add(name)
                self._data.store.delete(name.key)
                with self._database.transaction() as connection:
                    index.forget_shipped(connection, [key])
                dropped += 1
        return dropped


def ship_file(
    database: Database, store: ObjectStore, name: SegmentName, path: Path, replaces: bool, *, replica: bool = False
) -> int:
    """Copy a segment's file into the store and write that down; returns its bytes.

    replaces: there is an older copy, which goes. replica: the file is a replica, not the node's own.
    Raises Exhausted, Damaged, FileNotFoundError.
    """
    before = path.stat()
    staged = copy_into_staging(store, path)
    try:
        content = content_of_file(staged)
        if path.stat().st_mtime_ns != before.st_mtime_ns:
            raise Damaged("A segment changed while it was copied.", segment=name.source)
        _put(store, name.key, staged, content, replaces)
    finally:
        staged.unlink(missing_ok=True)
    with database.transaction() as connection:
        changed = 0 if replica else before.st_mtime_ns
        index.record_shipped(connection, _key(name), content.size, content.digest, changed)
    log.info("nodes.segment-shipped", segment=name.source, bytes=content.size)
    return content.size


def _put(store: ObjectStore, key: str, staged: Path, content: Content, replaces: bool) -> None:
    if replaces:
        store.delete(key)
    put_staged(store, key, staged, content)  # a worker may have been killed between an earlier copy and its row
    if store.head(key).size != content.size:
        raise Damaged("The copy of a segment is not as long as the segment.", key=key)


def sweep_orphan_segments(database: Database, store: ObjectStore, *, now: datetime | None = None) -> int:
    """Look after copies without a row: those that are needed get one, old ones that are not go; how many went.

    Left by a worker that died in between and never came back, or by an index that was made again.
    """
    before = (now or utc_now()) - ORPHAN_AFTER
    known: dict[str, tuple[set[SegmentKey], set[SegmentKey]]] = {}
    swept = 0
    for head in list(store.list("segments")):
        name = SegmentName.from_path(Path(head.key))
        if name.node not in known:
            with database.transaction() as connection:
                rows = set(index.shipped_of(connection, name.node))
            known[name.node] = rows, live_segments(database, name.node)
        rows, live = known[name.node]
        if _key(name) in rows:
            continue
        if _key(name) in live:
            with database.transaction() as connection:
                index.record_shipped(connection, _key(name), head.size, content_of(store, head.key).digest, 0)
        elif head.last_modified < before:
            store.delete(head.key)
            log.warning("nodes.orphan-segment-swept", key=head.key)
            swept += 1
    return swept


def _writers(directory: Path) -> Iterator[str]:
    """Every node name that ever wrote into this home."""
    yield from sorted(path.name for path in directory.iterdir() if path.is_dir())


def _is_closed(name: SegmentName, checkpoints: dict[int, Checkpoint]) -> bool:
    known = checkpoints.get(name.epoch)
    return known is not None and name.sequence < known.sequence


def _key(name: SegmentName) -> SegmentKey:
    return (name.node, name.epoch, name.sequence)
