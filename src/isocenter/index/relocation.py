"""Giving an open instance other bytes with the same digest, because those it had are missing or damaged."""

from __future__ import annotations

from isocenter.index.first_sight import ensure_segment
from isocenter.index.ingest_row import IngestRow
from isocenter.kit.database import Connection


def relocate(connection: Connection, row: IngestRow, study_id: int, ordinal: int) -> bool:
    """Let an open instance's bytes be those of `row`, which has the same digest; false when it is open no more."""
    segment_id = ensure_segment(connection, row.segment_node, row.segment_epoch, row.segment_sequence)
    moved = connection.execute(
        """
        UPDATE instance SET segment_id = %s, member_offset = %s, data_set_offset = %s, data_set_length = %s
        WHERE institution_id = isocenter_institution() AND study_id = %s AND ordinal = %s
        """,
        [
            segment_id,
            row.member_offset,
            row.data_set_offset,
            row.data_set_length,
            study_id,
            ordinal,
        ],
    ).rowcount
    connection.execute(
        "UPDATE study SET version = version + 1 WHERE institution_id = isocenter_institution() AND study_id = %s",
        [study_id],
    )
    return moved == 1
