"""The nodes of a region, and the journal segments that they copied to the object store.

These tables belong to the region: `Database.transaction()` without an institution reads and writes them. All times are
of the database's clock, so that nodes whose clocks differ agree on who is silent.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from isocenter.index.segments import SegmentKey
from isocenter.kit.database import Connection


@dataclass(frozen=True, slots=True)
class NodeRow:
    """A node. silent_for_s: since it last said that it lives. shipped_*: copies of its segments in the store now."""

    node: str
    home_id: UUID
    address: str | None
    version: str
    state: str
    state_since: datetime
    started_at: datetime
    seen_at: datetime
    silent_for_s: float
    two_copies: bool
    alone_bytes: int
    said_by: str | None
    shipped_segments: int
    shipped_bytes: int


@dataclass(frozen=True, slots=True)
class ShippedSegment:
    """A copy of a closed segment in the store. digest: BLAKE3 of all its bytes.

    file_changed_ns: of the file it was copied from, 0 for a replica's. unneeded_since: nothing that is not sealed lies
    in it since then.
    """

    name: SegmentKey
    size_bytes: int
    digest: bytes
    file_changed_ns: int
    shipped_at: datetime
    unneeded_since: datetime | None


_SELECT = """
    SELECT n.node, n.home_id, n.address, n.version, n.state, n.state_since, n.started_at, n.seen_at,
        extract(epoch FROM clock_timestamp() - n.seen_at)::float AS silent_for_s, n.two_copies, n.alone_bytes,
        n.said_by, coalesce(s.segments, 0) AS shipped_segments, coalesce(s.bytes, 0)::bigint AS shipped_bytes
    FROM node n LEFT JOIN (
        SELECT node, count(*) AS segments, sum(size_bytes) AS bytes FROM shipped_segment GROUP BY node
    ) s USING (node)
"""


def nodes(connection: Connection) -> list[NodeRow]:
    """Every node that ever started, by name."""
    with connection.cursor(row_factory=class_row(NodeRow)) as cursor:
        return cursor.execute(_SELECT.encode() + b" ORDER BY n.node").fetchall()


def node_of(connection: Connection, node: str) -> NodeRow | None:
    """One node."""
    with connection.cursor(row_factory=class_row(NodeRow)) as cursor:
        return cursor.execute(_SELECT.encode() + b" WHERE n.node = %s", [node]).fetchone()


def hold(connection: Connection, node: str) -> NodeRow | None:
    """One node, which nobody else changes until the transaction ends."""
    connection.execute("SELECT FROM node WHERE node = %s FOR UPDATE", [node])
    return node_of(connection, node)


def put(connection: Connection, node: str, home_id: UUID, address: str | None, version: str, two_copies: bool) -> None:
    """The node is up, with this home; a row of its name is written over."""
    connection.execute(
        """
        INSERT INTO node (node, home_id, address, version, two_copies) VALUES (%s, %s, %s, %s, %s)
        ON CONFLICT (node) DO UPDATE SET home_id = excluded.home_id, address = excluded.address, state = 'up',
            version = excluded.version, two_copies = excluded.two_copies, said_by = NULL, alone_bytes = 0,
            state_since = clock_timestamp(), started_at = clock_timestamp(), seen_at = clock_timestamp()
        """,
        [node, home_id, address, version, two_copies],
    )


def beat(connection: Connection, node: str, home_id: UUID) -> str | None:
    """The node says that it lives; its state, or None when another home bears its name.

    One that was declared gone and lives is up again; one that was given up is not.
    """
    row = connection.execute(
        """
        UPDATE node SET seen_at = clock_timestamp(),
            state = CASE WHEN state IN ('draining', 'given-up') THEN state ELSE 'up' END
        WHERE node = %s AND home_id = %s RETURNING state
        """,
        [node, home_id],
    ).fetchone()
    return None if row is None else str(row[0])


def set_state(connection: Connection, node: str, state: str, said_by: str | None) -> None:
    """Note a new state, and who said so."""
    connection.execute(
        "UPDATE node SET state = %s, said_by = %s, state_since = clock_timestamp() WHERE node = %s",
        [state, said_by, node],
    )


def set_alone_bytes(connection: Connection, node: str, alone_bytes: int) -> None:
    """How much of the node's journals lies nowhere else."""
    connection.execute(
        "UPDATE node SET alone_bytes = %s WHERE node = %s AND alone_bytes <> %s", [alone_bytes, node, alone_bytes]
    )


def shipped_of(connection: Connection, node: str) -> dict[SegmentKey, ShippedSegment]:
    """The copies of a node's segments that lie in the store."""
    rows = connection.execute(
        """
        SELECT epoch, sequence, size_bytes, digest, file_changed_ns, shipped_at, unneeded_since
        FROM shipped_segment WHERE node = %s
        """,
        [node],
    ).fetchall()
    found: dict[SegmentKey, ShippedSegment] = {}
    for epoch, sequence, size, digest, changed, shipped_at, unneeded in rows:
        assert isinstance(digest, bytes) and isinstance(shipped_at, datetime)
        assert unneeded is None or isinstance(unneeded, datetime)
        name = (node, int(str(epoch)), int(str(sequence)))
        found[name] = ShippedSegment(name, int(str(size)), digest, int(str(changed)), shipped_at, unneeded)
    return found


def who_shipped(connection: Connection) -> set[str]:
    """Names of nodes of whose segments there are copies."""
    return {str(row[0]) for row in connection.execute("SELECT DISTINCT node FROM shipped_segment").fetchall()}


def record_shipped(
    connection: Connection, name: SegmentKey, size_bytes: int, digest: bytes, file_changed_ns: int
) -> None:
    """A copy lies in the store, whole; what was said of an older one is written over."""
    connection.execute(
        """
        INSERT INTO shipped_segment (node, epoch, sequence, size_bytes, digest, file_changed_ns)
        VALUES (%s, %s, %s, %s, %s, %s)
        ON CONFLICT (node, epoch, sequence) DO UPDATE SET size_bytes = excluded.size_bytes, digest = excluded.digest,
            file_changed_ns = excluded.file_changed_ns, shipped_at = now(), unneeded_since = NULL
        """,
        [*name, size_bytes, digest, file_changed_ns],
    )


def forget_shipped(connection: Connection, names: Collection[SegmentKey]) -> None:
    """The copies are on their way out of the store."""
    for name in names:
        connection.execute(
            "DELETE FROM shipped_segment WHERE node = %s AND epoch = %s AND sequence = %s",
            list(name),
        )


def mark_unneeded(connection: Connection, node: str, names: Collection[SegmentKey]) -> None:
    """Of a node's copies these are needed no more, and all others are."""
    connection.execute(
        """
        UPDATE shipped_segment s SET unneeded_since = CASE WHEN u.epoch IS NULL THEN NULL ELSE now() END
        FROM shipped_segment k LEFT JOIN unnest(%s::integer[], %s::integer[]) AS u (epoch, sequence)
            USING (epoch, sequence)
        WHERE s.node = %s AND (k.node, k.epoch, k.sequence) = (s.node, s.epoch, s.sequence)
            AND (s.unneeded_since IS NULL) <> (u.epoch IS NULL)
        """,
        [[epoch for _, epoch, _ in names], [sequence for _, _, sequence in names], node],
    )


def unneeded_for(connection: Connection, node: str, seconds: float) -> list[SegmentKey]:
    """The node's copies that have not been needed for so long."""
    rows = connection.execute(
        """
        SELECT epoch, sequence FROM shipped_segment
        WHERE node = %s AND unneeded_since < now() - make_interval(secs => %s) ORDER BY 1, 2
        """,
        [node, seconds],
    ).fetchall()
    return [(node, int(str(epoch)), int(str(sequence))) for epoch, sequence in rows]


def keys_of_region(connection: Connection) -> dict[str, bytes]:
    """Fingerprints of the keys that every node must have, by file name."""
    rows = connection.execute("SELECT name, fingerprint FROM region_key").fetchall()
    return {str(name): bytes(fingerprint) for name, fingerprint in rows if isinstance(fingerprint, bytes)}


def record_keys(connection: Connection, fingerprints: Sequence[tuple[str, bytes]]) -> None:
    """Fingerprints of keys that the region did not know of."""
    for name, fingerprint in fingerprints:
        connection.execute(
            "INSERT INTO region_key (name, fingerprint) VALUES (%s, %s) ON CONFLICT DO NOTHING", [name, fingerprint]
        )
