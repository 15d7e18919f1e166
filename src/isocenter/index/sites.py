"""Who leads and since when, the sign of life of the leading site, what a take-over found missing, comparisons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from isocenter.kit.database import Connection


@dataclass(frozen=True, slots=True)
class Beat:
    """The newest sign of life here. age_s: how old it is by this server's clock."""

    site: str
    generation: int
    at: datetime
    age_s: float


@dataclass(frozen=True, slots=True)
class Lead:
    """One entry of the history: who led from when. account: what the take-over found."""

    generation: int
    site: str
    since: datetime
    account: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Missing:
    """An object that this index knows of and that did not come before its site was lost. found_at: when it came."""

    object_key: str
    size: int
    found_at: datetime | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison of both sites. digests: whether every byte was read; account: what it found."""

    at: datetime
    digests: bool
    account: Mapping[str, Any]


def beat(connection: Connection, site: str, generation: int) -> None:
    """Say that the leading site lives."""
    connection.execute(
        "INSERT INTO site_beat (site, generation, at) VALUES (%(s)s, %(g)s, clock_timestamp())"
        " ON CONFLICT (beat) DO UPDATE SET site = %(s)s, generation = %(g)s, at = clock_timestamp()",
        {"s": site, "g": generation},
    )


def newest_beat(connection: Connection) -> Beat | None:
    """The newest sign of life that this database has."""
    row = connection.execute(
        "SELECT site, generation, at, extract(epoch FROM clock_timestamp() - at)::float8 FROM site_beat"
    ).fetchone()
    return None if row is None else Beat(*row)  # type: ignore[arg-type]


def record_lead(connection: Connection, generation: int, site: str, account: Mapping[str, Any]) -> None:
    """Write down who leads from now on; the first account of a generation stays."""
    connection.execute(
        "INSERT INTO site_lead (generation, site, since, account) VALUES (%s, %s, clock_timestamp(), %s)"
        " ON CONFLICT (generation) DO NOTHING",
        [generation, site, Jsonb(dict(account))],
    )


def leads(connection: Connection) -> list[Lead]:
    """Who led, newest first."""
    rows = connection.execute(
        "SELECT generation, site, since, account FROM site_lead ORDER BY generation DESC LIMIT 100"
    ).fetchall()
    return [Lead(*row) for row in rows]  # type: ignore[arg-type]


def take_over_changes(connection: Connection) -> list[tuple[str, int]]:
    """What the lost site had not copied when this database last heard of it, as (key, size); the list is empty then."""
    rows = connection.execute(
        "SELECT DISTINCT ON (object_key) object_key, size, gone FROM site_change ORDER BY object_key, number DESC"
    ).fetchall()
    connection.execute("DELETE FROM site_change")
    return [(str(key), int(str(size))) for key, size, gone in rows if not gone]


def note_missing(connection: Connection, generation: int, objects: Sequence[tuple[str, int]]) -> None:
    """Remember objects that did not come."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO site_missing (object_key, size, generation) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            [(key, size, generation) for key, size in objects],
        )


def missing_objects(connection: Connection, *, limit: int = 1000) -> list[Missing]:
    """Objects that did not come, those still missing first."""
    rows = connection.execute(
        "SELECT object_key, size, found_at FROM site_missing ORDER BY found_at NULLS FIRST, object_key LIMIT %s",
        [limit],
    ).fetchall()
    return [Missing(*row) for row in rows]  # type: ignore[arg-type]


def missing_count(connection: Connection) -> int:
    """How many objects have not come yet."""
    row = connection.execute("SELECT count(*) FROM site_missing WHERE found_at IS NULL").fetchone()
    assert row is not None
    return int(str(row[0]))


def is_missing(connection: Connection, key: str) -> bool:
    """Whether this object is one that did not come yet."""
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM site_missing WHERE object_key = %s AND found_at IS NULL)", [key]
    ).fetchone()
    return row == (True,)


def note_found(connection: Connection, key: str) -> None:
    """It came after all."""
    connection.execute("UPDATE site_missing SET found_at = now() WHERE object_key = %s", [key])


def record_comparison(connection: Connection, *, digests: bool, account: Mapping[str, Any]) -> None:
    """Keep what a comparison found."""
    connection.execute(
        "INSERT INTO site_comparison (digests, account) VALUES (%s, %s)", [digests, Jsonb(dict(account))]
    )


def comparisons(connection: Connection, *, limit: int = 20) -> list[Comparison]:
    """The newest comparisons first."""
    rows = connection.execute(
        "SELECT at, digests, account FROM site_comparison ORDER BY number DESC LIMIT %s", [limit]
    ).fetchall()
    return [Comparison(*row) for row in rows]  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class IndexCopy:
    """PostgreSQL's own copying, as this server sees it. has_slot: the other site was invited; connected: it copies now.

    lag_bytes: of the log that it has not replayed; lag_s: None when this role may not see it; lost: too far behind to
    catch up, a new copy has to be made.
    """

    has_slot: bool
    connected: bool
    lag_bytes: int | None
    lag_s: float | None
    lost: bool


def index_copy(connection: Connection) -> IndexCopy:
    """How PostgreSQL's replication to another site stands; without a slot of ours, nothing is known of it."""
    row = connection.execute(
        """
        SELECT count(*) > 0, coalesce(bool_or(active), false), coalesce(bool_or(wal_status = 'lost'), false),
               max(CASE WHEN pg_is_in_recovery() THEN NULL
                        ELSE pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) END)::bigint
        FROM pg_replication_slots WHERE slot_name LIKE 'isocenter\\_%'
        """
    ).fetchone()
    assert row is not None
    seen = connection.execute(
        """
        SELECT max(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn))::bigint,
               max(extract(epoch FROM coalesce(replay_lag, interval '0')))::float8
        FROM pg_stat_replication WHERE application_name LIKE 'isocenter\\_%' AND state = 'streaming'
          AND NOT pg_is_in_recovery() AND replay_lsn IS NOT NULL
        """
    ).fetchone()
    bytes_seen, seconds = seen if seen is not None else (None, None)
    has_slot, connected, lost, kept = row
    lag_bytes = bytes_seen if bytes_seen is not None else kept
    return IndexCopy(
        bool(has_slot),
        bool(connected),
        None if lag_bytes is None else int(str(lag_bytes)),
        None if seconds is None else float(str(seconds)),
        bool(lost),
    )


def sample_packs(connection: Connection, count: int) -> list[tuple[str, int]]:
    """(key, size) of some packs of an institution: half the newest, half from anywhere."""
    rows = connection.execute(
        """
        (SELECT object_key, size_bytes FROM pack ORDER BY pack_id DESC LIMIT %(half)s)
        UNION
        (SELECT p.object_key, p.size_bytes
         FROM generate_series(1, %(half)s) g,
              LATERAL (SELECT floor(random() * (SELECT max(pack_id) FROM pack))::int + g * 0 AS start) s,
              LATERAL (SELECT object_key, size_bytes FROM pack WHERE pack_id > s.start ORDER BY pack_id LIMIT 1) p)
        """,
        {"half": max(1, count // 2)},
    ).fetchall()
    return [(str(key), int(str(size))) for key, size in rows]


def sample_open_instances(connection: Connection, count: int) -> list[tuple[str, int, int, bytes]]:
    """(source, offset, length, digest) of the data sets of the newest instances that are not sealed yet."""
    rows = connection.execute(
        """
        SELECT 'journal/' || s.node || '/' || s.epoch || '/' || s.sequence,
               i.data_set_offset, i.data_set_length, i.digest
        FROM (SELECT segment_id, node, epoch, sequence FROM segment ORDER BY segment_id DESC LIMIT 20) s
        JOIN instance i USING (segment_id)
        ORDER BY i.received_at DESC LIMIT %s
        """,
        [count],
    ).fetchall()
    return [
        (str(source), int(str(at)), int(str(length)), digest)
        for source, at, length, digest in rows
        if isinstance(digest, bytes)
    ]


def names_pack(connection: Connection, key: str) -> bool:
    """Whether a study of the institution has a pack under this key."""
    row = connection.execute("SELECT EXISTS (SELECT FROM pack WHERE object_key = %s)", [key]).fetchone()
    return row == (True,)
