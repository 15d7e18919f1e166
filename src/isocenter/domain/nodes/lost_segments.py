"""Segments that their own node has lost: the replica here is read back and shipped in its place.

A node that is gone is taken over as a whole (`takeover`). This is for one that lives: its disk was replaced and a new
home bears its name, or files of it were lost. Who holds a replica that should long have been shipped asks its node.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from isocenter.domain.archive.duplicates import Holdings
from isocenter.domain.archive.recovery import replay_copies
from isocenter.domain.nodes.shipping import ship_file
from isocenter.index import nodes as index
from isocenter.index.segments import live_segments
from isocenter.kit.database import Database
from isocenter.kit.errors import Exhausted
from isocenter.kit.logging import get_logger
from isocenter.storage.replicas import Replica, Replicas
from isocenter.storage.segments import SegmentName

log = get_logger(__name__)

ASKED_AFTER_S: Final = 60.0
"""A replica that has not grown for so long should have been shipped."""


def take_over_lost(
    holdings: Holdings, replicas: Replicas, owner_has: Callable[[SegmentName], bool], *, after_s: float = ASKED_AFTER_S
) -> int:
    """Read back and ship what nodes that are up have lost and is replicated here; how many segments were shipped.

    owner_has: asks the node that wrote a segment whether it still has it; raises Exhausted when it does not answer.
    Raises Exhausted; what was not finished is done the next time.
    """
    with holdings.database.transaction() as connection:
        up = {row.node for row in index.nodes(connection) if row.state in ("up", "draining")}
    shipped = 0
    for node in replicas.nodes():
        due = _overdue(holdings.database, replicas, node, after_s) if node in up else []
        lost = [name for name in due if not _is_there(name, owner_has)]
        if lost:
            shipped += _take_over(holdings, replicas, node, lost)
    return shipped


def _overdue(database: Database, replicas: Replicas, node: str, after_s: float) -> list[SegmentName]:
    before = time.time() - after_s
    with database.transaction() as connection:
        shipped = index.shipped_of(connection, node)

    def is_overdue(replica: Replica) -> bool:
        name = replica.name
        copy = shipped.get((name.node, name.epoch, name.sequence))
        if copy is not None and copy.size_bytes >= replica.length:
            return False
        try:
            return name.path(replicas.directory).stat().st_mtime < before
        except FileNotFoundError:
            return False

    return [replica.name for replica in replicas.listed(node) if is_overdue(replica)]


def _is_there(name: SegmentName, owner_has: Callable[[SegmentName], bool]) -> bool:
    """A node that does not answer may still have it."""
    try:
        return owner_has(name)
    except Exhausted:
        return True


def _take_over(holdings: Holdings, replicas: Replicas, node: str, lost: list[SegmentName]) -> int:
    with tempfile.TemporaryDirectory(dir=replicas.directory.parent, prefix=".lost-") as folder:
        for name in lost:
            path = name.path(Path(folder))
            path.parent.mkdir(parents=True, exist_ok=True)
            os.link(name.path(replicas.directory), path)
        replay_copies(holdings, Path(folder), node)
        live = live_segments(holdings.database, node)
        with holdings.database.transaction() as connection:
            known = index.shipped_of(connection, node)
        shipped = 0
        for name in lost:
            key = (name.node, name.epoch, name.sequence)
            if key not in live:  # it was read back, and nothing of it is needed
                replicas.drop(name)
                continue
            path = name.path(Path(folder))
            ship_file(holdings.database, holdings.store, name, path, key in known, replica=True)
            shipped += 1
    log.warning("nodes.lost-segments-taken-over", node=node, lost=len(lost), shipped=shipped)
    return shipped
