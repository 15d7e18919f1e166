"""Up to where each journal is in the index for good (written by `Ingest.record_checkpoint`)."""

from __future__ import annotations

from isocenter.index.ingest_row import Checkpoint
from isocenter.kit.database import Connection


def checkpoint_of(connection: Connection, node: str, epoch: int) -> Checkpoint | None:
    """The checkpoint of one epoch of a node's journal; None when none was recorded."""
    row = connection.execute(
        "SELECT sequence, end_offset FROM checkpoint WHERE node = %s AND epoch = %s", [node, epoch]
    ).fetchone()
    if row is None:
        return None
    sequence, end_offset = row
    assert isinstance(sequence, int) and isinstance(end_offset, int)
    return Checkpoint(node, epoch, sequence, end_offset)


def last_epoch_of(connection: Connection, node: str) -> int:
    """The last epoch of a node's journal that the index has heard of; 0 when there is none.

    A journal that was lost, or restored from an older copy than the database, must not take it again: rows that
    outlived their segments would point into new ones.
    """
    row = connection.execute(
        "SELECT greatest((SELECT max(epoch) FROM checkpoint WHERE node = %(node)s),"
        " (SELECT max(epoch) FROM segment WHERE node = %(node)s), 0)",
        {"node": node},
    ).fetchone()
    assert row is not None and isinstance(row[0], int)
    return row[0]


def checkpoints_of(connection: Connection, node: str) -> dict[int, Checkpoint]:
    """The checkpoints of all epochs of a node's journals, by epoch."""
    rows = connection.execute("SELECT epoch, sequence, end_offset FROM checkpoint WHERE node = %s", [node]).fetchall()
    found = [Checkpoint(node, int(str(epoch)), int(str(at)), int(str(offset))) for epoch, at, offset in rows]
    return {one.epoch: one for one in found}
