"""What was erased, what there was of it in stores and journals, and what may still be left of it there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.types.json import Jsonb

from isocenter.kit.database import Connection


@dataclass(frozen=True, slots=True)
class ErasedObject:
    """An object of the store that held what was erased. digest: BLAKE3 (hex) of a pack's manifest, '' for others."""

    key: str
    size_bytes: int
    digest: str


@dataclass(frozen=True, slots=True)
class NewRecord:
    """One erasing. sop_instance_uid: None for a whole study. fact: sequence and digest of the fact that tells of it.

    sop_instance_uids: all that was erased, sealed or not. approvals: who approved it, "kind:id", of a destruction.
    """

    study_instance_uid: str
    sop_instance_uid: str | None
    sop_instance_uids: tuple[str, ...]
    instance_count: int
    erased_at: datetime
    reason: str = ""
    caller_kind: str = ""
    caller_id: str = ""
    approvals: tuple[str, ...] = ()
    objects: tuple[ErasedObject, ...] = ()
    fact_sequence: int = 0
    fact_digest: str = ""


@dataclass(frozen=True, slots=True)
class Wipe:
    """What one node's journals held of it was overwritten."""

    node: str
    member_count: int
    wiped_at: datetime


@dataclass(frozen=True, slots=True)
class ErasureRecord:
    """A record as it is kept. certified_at: None as long as something may be left."""

    record_id: int
    erased: NewRecord
    wipes: tuple[Wipe, ...]
    certified_at: datetime | None


_COLUMNS = """
    record_id, certified_at, study_instance_uid, sop_instance_uid, sop_instance_uids, instance_count, erased_at, reason,
    caller_kind, caller_id, approvals, objects, fact_sequence, fact_digest
"""


def add_record(connection: Connection, record: NewRecord) -> int:
    """Keep a record in the transaction that erases; returns its number."""
    row = connection.execute(
        """
        INSERT INTO erasure_record (institution_id, study_instance_uid, sop_instance_uid, sop_instance_uids,
            instance_count, erased_at, reason, caller_kind, caller_id, approvals, objects, fact_sequence, fact_digest)
        VALUES (isocenter_institution(), %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING record_id
        """,
        [
            record.study_instance_uid,
            record.sop_instance_uid,
            list(record.sop_instance_uids),
            record.instance_count,
            record.erased_at,
            record.reason,
            record.caller_kind,
            record.caller_id,
            list(record.approvals),
            Jsonb([{"key": one.key, "size_bytes": one.size_bytes, "digest": one.digest} for one in record.objects]),
            record.fact_sequence,
            record.fact_digest,
        ],
    ).fetchone()
    assert row is not None
    return int(str(row[0]))


def records_of_study(connection: Connection, study_instance_uid: str) -> list[ErasureRecord]:
    """Every erasing of a study and of instances of it, last first."""
    return _records(connection, "study_instance_uid = %s ORDER BY record_id DESC", [study_instance_uid])


def record_of(connection: Connection, record_id: int) -> ErasureRecord | None:
    """One record of the institution."""
    found = _records(connection, "record_id = %s", [record_id])
    return found[0] if found else None


def records(connection: Connection, limit: int, before: int | None = None) -> list[ErasureRecord]:
    """The last records of the institution, last first. before: number of a record, of the page after it."""
    return _records(connection, "record_id < %s ORDER BY record_id DESC LIMIT %s", [before or 1 << 62, limit])


def open_records(connection: Connection, limit: int, after: int = 0) -> list[ErasureRecord]:
    """Records without a certificate, oldest first, a page at a time. after: the last number of the page before."""
    condition = "certified_at IS NULL AND record_id > %s ORDER BY record_id LIMIT %s"
    return _records(connection, condition, [after, limit])


def add_wipe(connection: Connection, record_id: int, node: str, member_count: int, segments: Sequence[str]) -> None:
    """A node holds nothing of it any more but in the store. segments: sources that were overwritten.

    A second time changes nothing.
    """
    connection.execute(
        """
        INSERT INTO journal_wipe (institution_id, record_id, node, member_count, segments)
        VALUES (isocenter_institution(), %s, %s, %s, %s) ON CONFLICT DO NOTHING
        """,
        [record_id, node, member_count, list(segments)],
    )


def certify(connection: Connection, record_id: int, at: datetime) -> None:
    """The certificate is written."""
    connection.execute(
        "UPDATE erasure_record SET certified_at = %s WHERE record_id = %s AND certified_at IS NULL", [at, record_id]
    )


def nodes_to_wipe(connection: Connection, record_id: int) -> list[str]:
    """Nodes that did not say yet that they hold nothing of a record: all that are not gone, or have journals."""
    rows = connection.execute(
        """
        SELECT n.node FROM (SELECT g.node FROM segment g UNION SELECT o.node FROM node o) n
        WHERE NOT EXISTS (SELECT FROM journal_wipe w WHERE w.record_id = %s AND w.node = n.node)
            AND NOT EXISTS (SELECT FROM node o WHERE o.node = n.node AND o.state IN ('gone', 'given-up')) ORDER BY 1
        """,
        [record_id],
    ).fetchall()
    return [str(row[0]) for row in rows]


def gone_nodes(connection: Connection, record_id: int) -> list[str]:
    """Nodes that were declared gone and never said that they hold nothing of a record: their disks are out of reach."""
    rows = connection.execute(
        """
        SELECT o.node FROM node o WHERE o.state IN ('gone', 'given-up') AND NOT EXISTS (
            SELECT FROM journal_wipe w WHERE w.record_id = %s AND w.node = o.node) ORDER BY 1
        """,
        [record_id],
    ).fetchall()
    return [str(row[0]) for row in rows]


def shipped_before_wiping(connection: Connection, record_id: int) -> list[str]:
    """Sources of segments whose copy in the store was made before they were overwritten, and is still there."""
    rows = connection.execute(
        """
        SELECT source FROM (
            SELECT format('journal/%%s/%%s/%%s', p.node, p.epoch, p.sequence) AS source, w.segments
            FROM shipped_segment p JOIN journal_wipe w ON w.record_id = %s AND p.shipped_at <= w.wiped_at
        ) s WHERE source = ANY (segments) ORDER BY 1
        """,
        [record_id],
    ).fetchall()
    return [str(row[0]) for row in rows]


def copies_left(connection: Connection, keys: Sequence[str], beginnings: Sequence[str]) -> list[tuple[str, str]]:
    """(object key, where) of copies that are still to be deleted: the storage is away or retains it, or the other site
    was not told yet. Of objects with these keys, and of those whose keys begin so.
    """
    rows = connection.execute(
        """
        SELECT l.object_key, l.place FROM (
            SELECT d.object_key, 'storage ' || s.name AS place FROM object_deletion d JOIN storage s USING (storage_id)
            UNION SELECT c.object_key, 'the other site' FROM site_change c WHERE c.gone
        ) l WHERE l.object_key = ANY (%s) OR EXISTS (
            SELECT FROM unnest(%s::text[]) AS b (beginning) WHERE starts_with(l.object_key, b.beginning))
        ORDER BY 1, 2
        """,
        [list(keys), list(beginnings)],
    ).fetchall()
    return [(str(key), str(place)) for key, place in rows]


def _records(connection: Connection, condition: str, parameters: list[object]) -> list[ErasureRecord]:
    query = f"SELECT {_COLUMNS} FROM erasure_record WHERE {condition}"  # noqa: S608 - no value from outside
    rows = connection.execute(query.encode(), parameters).fetchall()
    wipes = _wipes(connection, [int(str(row[0])) for row in rows])
    return [_record(row, tuple(wipes.get(int(str(row[0])), ()))) for row in rows]


def _record(row: Sequence[object], wipes: tuple[Wipe, ...]) -> ErasureRecord:
    number, certified_at, study, instance, uids, count, erased_at, *rest = row
    reason, kind, caller_id, approvals, objects, sequence, digest = rest
    assert isinstance(erased_at, datetime)
    assert isinstance(uids, list)
    assert isinstance(approvals, list)
    assert isinstance(objects, list)
    erased = NewRecord(
        str(study),
        None if instance is None else str(instance),
        tuple(uids),
        int(str(count)),
        erased_at,
        str(reason),
        str(kind),
        str(caller_id),
        tuple(approvals),
        tuple(ErasedObject(one["key"], one["size_bytes"], one["digest"]) for one in objects),
        int(str(sequence)),
        str(digest),
    )
    assert certified_at is None or isinstance(certified_at, datetime)
    return ErasureRecord(int(str(number)), erased, wipes, certified_at)


def _wipes(connection: Connection, numbers: list[int]) -> dict[int, list[Wipe]]:
    rows = connection.execute(
        "SELECT record_id, node, member_count, wiped_at FROM journal_wipe WHERE record_id = ANY (%s) ORDER BY node",
        [numbers],
    ).fetchall()
    found: dict[int, list[Wipe]] = {}
    for number, node, count, at in rows:
        assert isinstance(at, datetime)
        found.setdefault(int(str(number)), []).append(Wipe(str(node), int(str(count)), at))
    return found
