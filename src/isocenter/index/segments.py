"""Which journal segments are still needed."""

from __future__ import annotations

from collections.abc import Collection

from isocenter.index.institutions import institutions
from isocenter.kit.database import Connection, Database, set_institution

SegmentKey = tuple[str, int, int]
"""(node, epoch, sequence)"""


def live_segments(database: Database, node: str) -> set[SegmentKey]:
    """Segments of a node that unsealed or aside instances of any institution point into.

    A segment may be removed when it is closed, lies before its journal's checkpoint and is not in this set: no further
    row can come to point into it.
    """
    live: set[SegmentKey] = set()
    with database.transaction() as connection:
        for institution in institutions(connection):
            set_institution(connection, institution.institution_id)
            rows = connection.execute(
                """
                SELECT g.node, g.epoch, g.sequence FROM segment g WHERE g.node = %s AND (
                    g.segment_id IN (SELECT i.segment_id FROM instance i)
                    OR g.segment_id IN (SELECT a.segment_id FROM aside_instance a WHERE a.segment_id IS NOT NULL))
                """,
                [node],
            ).fetchall()
            live |= {(str(name), int(str(epoch)), int(str(sequence))) for name, epoch, sequence in rows}
    return live


def forget_segments(connection: Connection, segments: Collection[SegmentKey]) -> None:
    """Forget segments whose files are gone."""
    for node, epoch, sequence in segments:
        connection.execute(
            "DELETE FROM segment WHERE node = %s AND epoch = %s AND sequence = %s", [node, epoch, sequence]
        )
