"""Taking back rows of instances whose bytes never became durable: nobody was told that they are stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from isocenter.index.uid_hash import uid_hash
from isocenter.kit.database import Connection


@dataclass(frozen=True, slots=True)
class Claim:
    """One row of instance and the place in a journal segment that it names. uid_hash: in hexadecimal."""

    study_id: int
    ordinal: int
    uid_hash: str
    segment_id: int
    member_offset: int


def withdraw(connection: Connection, claims: Sequence[Claim]) -> int:
    """Remove rows that still name the claimed places, from the transaction's institution; returns how many.

    A row that was given other bytes meanwhile (`relocation`) stays, and so does one that was sealed.
    """
    row = connection.execute(
        """
        WITH claim AS (
            SELECT * FROM unnest(%s::integer[], %s::integer[], %s::uuid[], %s::integer[], %s::bigint[])
                AS c (study_id, ordinal, uid_hash, segment_id, member_offset)
        ), gone AS (
            DELETE FROM instance i USING claim c
            WHERE i.institution_id = isocenter_institution() AND i.study_id = c.study_id AND i.ordinal = c.ordinal
                AND i.segment_id = c.segment_id AND i.member_offset = c.member_offset
            RETURNING i.study_id, i.ordinal, c.uid_hash
        ), unknown AS (
            DELETE FROM instance_lookup l USING gone g
            WHERE l.uid_hash = g.uid_hash AND l.study_id = g.study_id AND l.ordinal = g.ordinal
        ), counted AS (
            UPDATE study s SET instance_count = s.instance_count - g.instances, version = s.version + 1
            FROM (SELECT study_id, count(*)::integer AS instances FROM gone GROUP BY study_id) g
            WHERE s.institution_id = isocenter_institution() AND s.study_id = g.study_id
        )
        SELECT count(*) FROM gone
        """,
        [
            [claim.study_id for claim in claims],
            [claim.ordinal for claim in claims],
            [claim.uid_hash for claim in claims],
            [claim.segment_id for claim in claims],
            [claim.member_offset for claim in claims],
        ],
    ).fetchone()
    assert row is not None
    return int(str(row[0]))


def claims_after(connection: Connection, node: str, epoch: int, sequence: int, offset: int) -> list[tuple[int, Claim]]:
    """(segment sequence, claim) of the institution's open instances in this epoch of a journal from this place on."""
    institution = connection.execute("SELECT isocenter_institution()").fetchone()
    assert institution is not None
    rows = connection.execute(
        """
        SELECT g.sequence, i.study_id, i.ordinal, i.sop_instance_uid, i.segment_id, i.member_offset
        FROM segment g JOIN instance i ON i.segment_id = g.segment_id
        WHERE g.node = %s AND g.epoch = %s AND (g.sequence, i.member_offset) >= (%s, %s)
        """,
        [node, epoch, sequence, offset],
    ).fetchall()
    found = []
    for at, study_id, ordinal, sop_instance_uid, segment_id, member_offset in rows:
        key = uid_hash(int(str(institution[0])), str(sop_instance_uid)).hex
        claim = Claim(int(str(study_id)), int(str(ordinal)), key, int(str(segment_id)), int(str(member_offset)))
        found.append((int(str(at)), claim))
    return found
