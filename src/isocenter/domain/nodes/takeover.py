"""Taking over what a node left that is gone: replicas of its journals are read back and shipped in its place.

What it had shipped needs nothing: it is in the index, and everybody reads it from the store. What it had not, and what
no replica holds, is answered with 503 until it comes back; nothing of it is forgotten.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from isocenter.domain.archive.duplicates import Holdings
from isocenter.domain.archive.recovery import Replay, replay_copies
from isocenter.domain.nodes.shipping import ship_file
from isocenter.index import nodes as index
from isocenter.index.checkpoints import checkpoint_of
from isocenter.index.segments import live_segments
from isocenter.kit.database import Database
from isocenter.kit.errors import IsocenterError
from isocenter.kit.logging import get_logger
from isocenter.storage.copying import fetch_object
from isocenter.storage.object_store import ObjectStore
from isocenter.storage.segments import SegmentName, segments

log = get_logger(__name__)


def take_over(holdings: Holdings, replicas: Path) -> int:
    """Read back and ship the replicas here of every node that is gone; how many segments were shipped.

    replicas: the folder of replicas of this home. May be repeated; several nodes may do it at once.
    Raises Exhausted; what was not finished is done the next time.
    """
    with holdings.database.transaction() as connection:
        gone = [row.node for row in index.nodes(connection) if row.state in ("gone", "given-up")]
    shipped = 0
    for node in gone:
        if segments(replicas, node):
            shipped += _take_over_one(holdings, replicas, node)
    return shipped


def _take_over_one(holdings: Holdings, replicas: Path, node: str) -> int:
    due = _unshipped(holdings.database, replicas, node)
    if not due:
        return 0
    replay_copies(holdings, replicas, node)
    live = live_segments(holdings.database, node)
    shipped = 0
    for name, replaces in due:
        if (name.node, name.epoch, name.sequence) not in live:  # it was read back, and nothing of it is needed
            name.path(replicas).unlink(missing_ok=True)
            continue
        try:
            path = name.path(replicas)
            ship_file(holdings.database, holdings.store, name, path, replaces, replica=True)
            shipped += 1
        except FileNotFoundError:  # dropped meanwhile: it is in the store
            continue
    log.warning("nodes.taken-over", node=node, segments=shipped)
    return shipped


def _unshipped(database: Database, replicas: Path, node: str) -> list[tuple[SegmentName, bool]]:
    """Replicas that the store has no copy of, or a shorter one (true then)."""
    with database.transaction() as connection:
        shipped = index.shipped_of(connection, node)
    due = []
    for name in segments(replicas, node):
        copy = shipped.get((name.node, name.epoch, name.sequence))
        if copy is None or copy.size_bytes < _length(name.path(replicas)):
            due.append((name, copy is not None))
    return due


def _length(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def replay_shipped(holdings: Holdings) -> Replay:
    """Record what shipped segments hold after the checkpoints that the index knows, as far as it lacks it.

    For an index that is older than the store: a standby that takes over, a restored one. Segments are fetched one node
    after the other into a folder beside the journals that goes afterwards. Raises Exhausted, Damaged.
    """
    total = Replay()
    beside = holdings.journal_directory.parent
    beside.mkdir(parents=True, exist_ok=True)
    by_node: dict[str, list[SegmentName]] = {}
    for name in _in_store(holdings.store):
        by_node.setdefault(name.node, []).append(name)
    for node, names in sorted(by_node.items()):
        with tempfile.TemporaryDirectory(dir=beside, prefix=".shipped-") as folder:
            for name in names:
                if not _is_before_checkpoint(holdings.database, name):
                    path = name.path(Path(folder))
                    path.parent.mkdir(parents=True, exist_ok=True)
                    fetch_object(holdings.store, name.key, path)
            total.add(replay_copies(holdings, Path(folder), node))
    return total


def _in_store(store: ObjectStore) -> Iterator[SegmentName]:
    for head in store.list("segments"):
        try:
            yield SegmentName.from_path(Path(head.key))
        except IsocenterError:
            log.warning("nodes.no-segment", key=head.key)


def _is_before_checkpoint(database: Database, name: SegmentName) -> bool:
    with database.transaction() as connection:
        known = checkpoint_of(connection, name.node, name.epoch)
    return known is not None and name.sequence < known.sequence
