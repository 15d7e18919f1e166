"""Copies: in which storages the bytes of an object lie, how sound they were found, and when.

Functions run inside `Database.transaction(institution_id)` and see that institution's copies alone. A copy's digest is
the BLAKE3 of the bytes as they are stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

from psycopg.rows import class_row

from isocenter.kit.database import Connection, Database

PACKS = "packs/"


@dataclass(frozen=True, slots=True)
class CopyRow:
    """One copy. state: writing, verified, damaged, leaving. verified_at: when it was last read and found sound."""

    object_key: str
    storage_id: int
    state: str
    size_bytes: int
    digest: bytes
    written_at: datetime
    verified_at: datetime | None


@dataclass(frozen=True, slots=True)
class PlacedPack:
    """A pack and what policies ask about it. used_on: when its study was last looked at; None: never since it came.

    storage_ids, states, written: of its copies.
    """

    pack_id: int
    object_key: str
    size_bytes: int
    modalities: list[str]
    last_received_at: datetime
    used_on: date | None
    storage_ids: list[int]
    states: list[str]
    written: list[datetime]


@dataclass(frozen=True, slots=True)
class CopyCount:
    """The copies of one institution in one storage."""

    storage_id: int
    objects: int
    bytes: int
    unverified: int
    damaged: int
    oldest_verified_at: datetime | None


_COLUMNS = ", ".join(CopyRow.__slots__)


@contextmanager
def one_at_a_time(database: Database, object_key: str) -> Iterator[bool]:
    """Whether nobody else works on the copies of this object; if so, nobody does until the block ends.

    The lock is the database's and goes when the connection breaks.
    """
    with database.transaction() as connection:
        row = connection.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended('object-copy/' || %s, 0))", [object_key]
        ).fetchone()
        yield row == (True,)


def copies_of(connection: Connection, object_key: str, *, lock: bool = False) -> list[CopyRow]:
    """The copies of an object. lock: no other transaction changes them until this one ends."""
    query = f"SELECT {_COLUMNS} FROM object_copy WHERE object_key = %s ORDER BY storage_id"  # noqa: S608
    with connection.cursor(row_factory=class_row(CopyRow)) as cursor:
        return cursor.execute((query + " FOR UPDATE" * lock).encode(), [object_key]).fetchall()


def put_copy(
    connection: Connection, object_key: str, storage_id: int, state: str, size_bytes: int, digest: bytes
) -> None:
    """Write down a copy, or what it is now. A copy that becomes verified is so from now on."""
    connection.execute(
        """
        INSERT INTO object_copy (institution_id, object_key, storage_id, state, size_bytes, digest, verified_at)
        VALUES (isocenter_institution(), %(key)s, %(storage)s, %(state)s, %(size)s, %(digest)s,
            CASE WHEN %(state)s = 'verified' THEN now() END)
        ON CONFLICT (institution_id, object_key, storage_id) DO UPDATE SET state = excluded.state,
            size_bytes = excluded.size_bytes, digest = excluded.digest,
            written_at = CASE WHEN excluded.state = 'writing' THEN now() ELSE object_copy.written_at END,
            verified_at = coalesce(excluded.verified_at, object_copy.verified_at)
        """,
        {"key": object_key, "storage": storage_id, "state": state, "size": size_bytes, "digest": digest},
    )


def set_state(connection: Connection, object_key: str, storage_id: int, state: str, *, of: Sequence[str]) -> bool:
    """Change what a copy counts as, when it now counts as one of these; whether it did."""
    done = connection.execute(
        """
        UPDATE object_copy SET state = %(state)s,
            verified_at = CASE WHEN %(state)s = 'verified' THEN now() ELSE verified_at END
        WHERE object_key = %(key)s AND storage_id = %(storage)s AND state = ANY (%(of)s)
        """,
        {"key": object_key, "storage": storage_id, "state": state, "of": list(of)},
    )
    return done.rowcount == 1


def remove_copies(connection: Connection, object_keys: Sequence[str], storage_id: int | None = None) -> int:
    """Forget copies of objects, in one storage or in all."""
    return connection.execute(
        """
        DELETE FROM object_copy
        WHERE object_key = ANY (%(keys)s) AND (%(storage)s::int IS NULL OR storage_id = %(storage)s)
        """,
        {"keys": list(object_keys), "storage": storage_id},
    ).rowcount


def has_pack(connection: Connection, object_key: str) -> bool:
    """Whether the index still names this pack."""
    return connection.execute("SELECT 1 FROM pack WHERE object_key = %s", [object_key]).fetchone() is not None


def packs_without_copy(connection: Connection, limit: int) -> list[str]:
    """Packs of which no copy is written down yet, oldest first."""
    rows = connection.execute(
        """
        SELECT object_key FROM pack p
        WHERE NOT EXISTS (SELECT FROM object_copy c WHERE c.object_key = p.object_key)
        ORDER BY pack_id LIMIT %s
        """,
        [limit],
    ).fetchall()
    return [str(row[0]) for row in rows]


def copies_without_pack(connection: Connection, limit: int) -> list[tuple[str, int]]:
    """(key, storage) of copies of packs that the index does not name any more."""
    rows = connection.execute(
        """
        SELECT object_key, storage_id FROM object_copy c
        WHERE starts_with(object_key, 'packs/') AND written_at < now() - interval '1 hour'
            AND NOT EXISTS (SELECT FROM pack p WHERE p.object_key = c.object_key)
        ORDER BY object_key LIMIT %s
        """,
        [limit],
    ).fetchall()
    return [(str(key), int(str(storage_id))) for key, storage_id in rows]


def records_in(connection: Connection, storage_id: int, limit: int) -> list[str]:
    """Objects besides packs of which a copy is written down in this storage."""
    rows = connection.execute(
        """
        SELECT object_key FROM object_copy WHERE storage_id = %s AND NOT starts_with(object_key, 'packs/')
        ORDER BY object_key LIMIT %s
        """,
        [storage_id, limit],
    ).fetchall()
    return [str(row[0]) for row in rows]


def known_keys(connection: Connection, object_keys: Sequence[str], storage_id: int) -> set[str]:
    """Which of these objects have a copy written down in this storage that counts."""
    rows = connection.execute(
        """
        SELECT object_key FROM object_copy WHERE object_key = ANY (%s) AND storage_id = %s AND state = 'verified'
        """,
        [list(object_keys), storage_id],
    ).fetchall()
    return {str(row[0]) for row in rows}


def placed_packs(connection: Connection, after: int, limit: int) -> list[PlacedPack]:
    """The next packs behind this number, with their copies and what policies ask about them."""
    query = """
        SELECT p.pack_id, p.object_key, p.size_bytes, s.modalities, s.last_received_at, u.used_on,
            array_agg(c.storage_id ORDER BY c.storage_id) AS storage_ids,
            array_agg(c.state ORDER BY c.storage_id) AS states,
            array_agg(c.written_at ORDER BY c.storage_id) AS written
        FROM (SELECT * FROM pack WHERE pack_id > %s ORDER BY pack_id LIMIT %s) p
            JOIN study s ON s.study_id = p.study_id
            JOIN object_copy c ON c.object_key = p.object_key
            LEFT JOIN study_use u ON u.study_instance_uid = s.study_instance_uid
        GROUP BY p.pack_id, p.object_key, p.size_bytes, s.modalities, s.last_received_at, u.used_on
        ORDER BY p.pack_id
    """
    with connection.cursor(row_factory=class_row(PlacedPack)) as cursor:
        return cursor.execute(query.encode(), [after, limit]).fetchall()


def last_pack_within(connection: Connection, after: int, limit: int) -> int:
    """The number of the last of the next packs; 0 when there are fewer, and the round begins anew."""
    row = connection.execute(
        "SELECT max(pack_id), count(*) FROM (SELECT pack_id FROM pack WHERE pack_id > %s ORDER BY pack_id LIMIT %s) p",
        [after, limit],
    ).fetchone()
    assert row is not None
    return int(str(row[0])) if row[1] == limit else 0


def due_for_reading(
    connection: Connection,
    before: datetime,
    limit: int,
    storage_id: int | None = None,
    after: tuple[str, int] = ("", 0),
) -> list[CopyRow]:
    """Copies that nobody has read since then, by key and storage; those that do not count are always due.

    after: key and storage of the last one that was looked at.
    """
    query = f"""
        SELECT {_COLUMNS} FROM object_copy c
        WHERE (verified_at IS NULL OR state <> 'verified' OR verified_at < greatest(%(before)s,
                (SELECT s.verify_asked_at FROM storage s WHERE s.storage_id = c.storage_id)))
            AND (%(storage)s::int IS NULL OR storage_id = %(storage)s)
            AND (object_key, storage_id) > (%(after_key)s, %(after_storage)s)
        ORDER BY object_key, storage_id LIMIT %(limit)s
    """  # noqa: S608 - columns are ours
    values: dict[str, object] = {"before": before, "storage": storage_id, "limit": limit}
    values |= {"after_key": after[0], "after_storage": after[1]}
    with connection.cursor(row_factory=class_row(CopyRow)) as cursor:
        return cursor.execute(query.encode(), values).fetchall()


def count_copies(connection: Connection) -> list[CopyCount]:
    """The copies of the institution in each storage."""
    query = """
        SELECT storage_id, count(*) AS objects, sum(size_bytes)::bigint AS bytes,
            count(*) FILTER (WHERE verified_at IS NULL) AS unverified,
            count(*) FILTER (WHERE state = 'damaged') AS damaged,
            min(verified_at) FILTER (WHERE state = 'verified') AS oldest_verified_at
        FROM object_copy GROUP BY storage_id
    """
    with connection.cursor(row_factory=class_row(CopyCount)) as cursor:
        return cursor.execute(query.encode()).fetchall()
