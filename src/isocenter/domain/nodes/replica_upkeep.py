"""Which replicas of other nodes' journals are needed no more: what is shipped, or sealed, or erased, lies elsewhere."""

from __future__ import annotations

from isocenter.index import nodes as index
from isocenter.index.checkpoints import checkpoints_of
from isocenter.index.segments import live_segments
from isocenter.kit.database import Database
from isocenter.kit.logging import get_logger
from isocenter.storage.replicas import Replica, Replicas

log = get_logger(__name__)


def drop_unneeded_replicas(database: Database, replicas: Replicas) -> int:
    """Remove replicas whose segments are whole in the store, or in which no instance is needed; how many.

    Raises Exhausted when the database is away: then all stay.
    """
    return sum(_drop_of(database, replicas, node) for node in replicas.nodes())


def _drop_of(database: Database, replicas: Replicas, node: str) -> int:
    # The order of the looks matters: a segment behind the checkpoint gets no further rows, so one that has none
    # afterwards never will.
    kept = replicas.listed(node)
    if not kept:
        return 0
    with database.transaction() as connection:
        checkpoints = checkpoints_of(connection, node)
        shipped = index.shipped_of(connection, node)
    live = live_segments(database, node)

    def unneeded(replica: Replica) -> bool:
        key = (node, replica.name.epoch, replica.name.sequence)
        copy, checkpoint = shipped.get(key), checkpoints.get(replica.name.epoch)
        if checkpoint is None or replica.name.sequence >= checkpoint.sequence:
            return False
        return key not in live or (copy is not None and copy.size_bytes >= replica.length)

    going = [replica for replica in kept if unneeded(replica)]
    for replica in going:
        replicas.drop(replica.name)
    if going:
        log.info("nodes.replicas-dropped", node=node, replicas=len(going), bytes=sum(each.length for each in going))
    return len(going)
