"""What the other site still has to be told of the object store, in order, and how far behind it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from isocenter.kit.database import Connection

FIRST: Final = 0
"""The lane of facts, keys, journal segments: small, and worth most after a disaster."""
PACKS: Final = 1
LANES: Final = (FIRST, PACKS)
LONGEST_PAUSE_S: Final = 300


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to tell. gone: the object was removed; at: when it was announced (aware UTC)."""

    number: int
    object_key: str
    gone: bool
    size: int
    at: datetime
    failures: int


@dataclass(frozen=True, slots=True)
class Lag:
    """How far behind the other site is. seconds: age of the oldest object it lacks, 0 without one.

    removals: objects that it still has and that are gone here; they wait on purpose. stuck: changes that have failed;
    problem: what the oldest of them met.
    """

    objects: int
    bytes: int
    seconds: float
    removals: int
    stuck: int
    problem: str | None


def lane_of(key: str) -> int:
    """Packs wait behind what is small."""
    return PACKS if key.startswith("packs/") else FIRST


def announce(connection: Connection, key: str, size: int, gone: bool) -> None:
    """Write a change down."""
    connection.execute(
        "INSERT INTO site_change (lane, object_key, size, gone) VALUES (%s, %s, %s, %s)",
        [lane_of(key), key, size, gone],
    )


def next_changes(connection: Connection, lane: int, limit: int, *, removed_after_s: float = 0) -> list[Change]:
    """The oldest changes of a lane that are due, the first of each object: a removal waits for the copy before it.

    removed_after_s: a removal waits so long, unless the object was made anew meanwhile.
    """
    rows = connection.execute(
        """
        SELECT number, object_key, gone, size, at, failures FROM site_change c
        WHERE lane = %(lane)s AND (not_before IS NULL OR not_before <= now())
          AND NOT EXISTS (SELECT FROM site_change e WHERE e.object_key = c.object_key AND e.number < c.number)
          AND (NOT gone OR at <= clock_timestamp() - make_interval(secs => %(wait)s)
               OR EXISTS (SELECT FROM site_change l WHERE l.object_key = c.object_key AND l.number > c.number))
        ORDER BY number LIMIT %(limit)s
        """,
        {"lane": lane, "limit": limit, "wait": removed_after_s},
    ).fetchall()
    return [Change(*row) for row in rows]  # type: ignore[arg-type]


def is_removed_later(connection: Connection, change: Change) -> bool:
    """Whether a removal of the same object was announced after this change."""
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM site_change WHERE object_key = %s AND number > %s AND gone)",
        [change.object_key, change.number],
    ).fetchone()
    return row == (True,)


def told(connection: Connection, lane: int, change: Change, size: int) -> None:
    """The other site has it: the change goes, and is counted."""
    connection.execute("DELETE FROM site_change WHERE number = %s", [change.number])
    connection.execute(
        """
        INSERT INTO site_copied AS s (lane, objects, bytes, removed, last_at)
        VALUES (%(lane)s, %(o)s, %(b)s, %(r)s, now())
        ON CONFLICT (lane) DO UPDATE SET objects = s.objects + %(o)s, bytes = s.bytes + %(b)s,
            removed = s.removed + %(r)s, last_at = now()
        """,
        {"lane": lane, "o": int(not change.gone), "b": size, "r": int(change.gone)},
    )


def forget_change(connection: Connection, change: Change) -> None:
    """It never happened, or was undone before anybody was told."""
    connection.execute("DELETE FROM site_change WHERE number = %s", [change.number])


def try_later(connection: Connection, change: Change, problem: str | None) -> None:
    """Not now; waits double with each failure, up to LONGEST_PAUSE_S. problem: a stable word; None: only not yet."""
    pause_s = min(LONGEST_PAUSE_S, 2 ** min(change.failures + 1, 9)) if problem else 1
    connection.execute(
        """
        UPDATE site_change SET not_before = now() + make_interval(secs => %s), problem = %s, failures = failures + %s
        WHERE number = %s
        """,
        [pause_s, problem, int(problem is not None), change.number],
    )


def lag_of(connection: Connection, lane: int | None = None) -> Lag:
    """How far behind the other site is, in one lane or in all."""
    row = connection.execute(
        """
        SELECT count(*) FILTER (WHERE NOT gone), coalesce(sum(size) FILTER (WHERE NOT gone), 0)::bigint,
               coalesce(extract(epoch FROM clock_timestamp() - min(at) FILTER (WHERE NOT gone)), 0)::float8,
               count(*) FILTER (WHERE gone), count(*) FILTER (WHERE failures > 0),
               (array_agg(problem ORDER BY number) FILTER (WHERE problem IS NOT NULL))[1]
        FROM site_change WHERE %(lane)s::smallint IS NULL OR lane = %(lane)s
        """,
        {"lane": lane},
    ).fetchone()
    assert row is not None
    return Lag(*row)  # type: ignore[arg-type]


def copied(connection: Connection) -> tuple[int, int, int, datetime | None]:
    """Objects and bytes that were copied, objects that were removed, and when last."""
    row = connection.execute(
        "SELECT coalesce(sum(objects), 0)::bigint, coalesce(sum(bytes), 0)::bigint, coalesce(sum(removed), 0)::bigint,"
        " max(last_at) FROM site_copied"
    ).fetchone()
    assert row is not None
    return row  # type: ignore[return-value]


def is_announced(connection: Connection, key: str) -> bool:
    """Whether the other site is still to be told something of this object."""
    row = connection.execute("SELECT EXISTS (SELECT FROM site_change WHERE object_key = %s)", [key]).fetchone()
    return row == (True,)
