"""Instances whose bytes lie in one node's journals, and forgetting those that are nowhere any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg.rows import class_row

from isocenter.index.uid_hash import uid_hash
from isocenter.index.withdrawal import Claim, withdraw
from isocenter.kit.database import Connection


@dataclass(frozen=True, slots=True)
class Held:
    """A version of an instance that only a journal has. aside_id: of one that is kept aside, None for the current.

    source: of the segment. segment_id, member_offset: the place that its row names.
    """

    institution_id: int
    study_id: int
    study_instance_uid: str
    sop_instance_uid: str
    ordinal: int
    aside_id: int | None
    source: str
    segment_id: int
    member_offset: int
    data_set_offset: int
    data_set_length: int


_HELD = """
    SELECT %(institution)s::integer AS institution_id, s.study_id, s.study_instance_uid, i.sop_instance_uid, i.ordinal,
        NULL::integer AS aside_id, 'journal/' || g.node || '/' || g.epoch || '/' || g.sequence AS source, i.segment_id,
        i.member_offset, i.data_set_offset, i.data_set_length
    FROM segment g JOIN instance i USING (segment_id) JOIN study s USING (institution_id, study_id)
    WHERE g.node = %(node)s
    UNION ALL
    SELECT %(institution)s::integer, s.study_id, s.study_instance_uid, a.sop_instance_uid, 0, a.aside_id,
        'journal/' || g.node || '/' || g.epoch || '/' || g.sequence, a.segment_id, a.member_offset, a.data_set_offset,
        a.data_set_length
    FROM segment g JOIN aside_instance a USING (segment_id) JOIN study s USING (institution_id, study_id)
    WHERE g.node = %(node)s
    ORDER BY study_id, aside_id NULLS FIRST, ordinal
"""


def held_in_journals_of(connection: Connection, institution_id: int, node: str) -> list[Held]:
    """Every version of the transaction's institution that lies in the node's journals and in no pack, by study."""
    with connection.cursor(row_factory=class_row(Held)) as cursor:
        return cursor.execute(_HELD, {"institution": institution_id, "node": node}).fetchall()


def forget_held(connection: Connection, held: Sequence[Held]) -> None:
    """Remove their rows from the transaction's institution; one that was given other bytes meanwhile stays."""
    withdraw(connection, [_claim(each) for each in held if each.aside_id is None])
    for each in held:
        if each.aside_id is not None:
            connection.execute(
                "DELETE FROM aside_instance WHERE aside_id = %s AND segment_id = %s AND member_offset = %s",
                [each.aside_id, each.segment_id, each.member_offset],
            )


def _claim(held: Held) -> Claim:
    key = uid_hash(held.institution_id, held.sop_instance_uid).hex
    return Claim(held.study_id, held.ordinal, key, held.segment_id, held.member_offset)
