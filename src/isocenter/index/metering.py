"""The meter: what an institution holds and what arrived, counted into a row for each day (UTC).

Every function runs inside `Database.transaction(institution_id)` and sees that institution alone.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from psycopg.rows import class_row

from isocenter.index.deletions import see_deleted
from isocenter.kit.database import Connection

COUNTED_AGAIN: Final = timedelta(days=2)
"""For so long what arrived on a day is counted anew: an object may be received today and be indexed after midnight."""
_PATIENCE: Final = "30min"


@dataclass(frozen=True, slots=True)
class MeteredDay:
    """One institution's day. Held at counted_at, None when nobody counted: studies, instances, packs, bytes of packs,
    of what is not sealed, of all copies in all storages. first_received: studies whose first object arrived that day.
    """

    institution_id: int
    day: date
    studies: int | None
    instances: int | None
    packs: int | None
    packed_bytes: int | None
    open_bytes: int | None
    copy_bytes: int | None
    first_received: int
    counted_at: datetime | None


_COLUMNS = (
    "institution_id, day, studies, instances, packs, packed_bytes, open_bytes, copy_bytes, first_received, counted_at"
)


def last_count(connection: Connection) -> tuple[datetime, float] | None:
    """When the institution was counted last, and the seconds that took; None: never."""
    row = connection.execute(
        "SELECT counted_at, took_ms FROM metered_day WHERE counted_at IS NOT NULL ORDER BY day DESC LIMIT 1"
    ).fetchone()
    return None if row is None else (_moment(row[0]), int(str(row[1])) / 1000)


def count_day(connection: Connection, now: datetime) -> None:
    """Write today's row, and count anew what arrived on the days before it. now: aware UTC."""
    began = time.monotonic()
    connection.execute(f"SET LOCAL statement_timeout = '{_PATIENCE}'".encode())
    see_deleted(connection)  # what can be restored takes up room
    held = connection.execute(
        """
        SELECT s.studies, s.instances, p.packs, p.bytes, o.bytes, c.bytes, s.newest FROM
            (SELECT count(*) AS studies, coalesce(sum(instance_count), 0)::bigint AS instances,
                coalesce(max(study_id), 0) AS newest FROM study) s,
            (SELECT count(*) AS packs, coalesce(sum(size_bytes), 0)::bigint AS bytes FROM pack) p,
            (SELECT coalesce(sum(data_set_length), 0)::bigint AS bytes FROM instance) o,
            (SELECT coalesce(sum(size_bytes), 0)::bigint AS bytes FROM object_copy
                WHERE state IN ('verified', 'leaving')) c
        """
    ).fetchone()
    assert held is not None
    _write_held(connection, held, now)
    _count_arrivals(connection, now.date())
    took_ms = round((time.monotonic() - began) * 1000)
    connection.execute("UPDATE metered_day SET took_ms = %s WHERE day = %s", [took_ms, now.date()])


def _write_held(connection: Connection, held: Sequence[object], now: datetime) -> None:
    connection.execute(
        """
        INSERT INTO metered_day (institution_id, day, studies, instances, packs, packed_bytes, open_bytes, copy_bytes,
            up_to_study_id, counted_at)
        VALUES (isocenter_institution(), %s, %s, %s, %s, %s, %s, %s, %s, %s)
        ON CONFLICT (institution_id, day) DO UPDATE SET studies = excluded.studies, instances = excluded.instances,
            packs = excluded.packs, packed_bytes = excluded.packed_bytes, open_bytes = excluded.open_bytes,
            copy_bytes = excluded.copy_bytes, up_to_study_id = excluded.up_to_study_id,
            counted_at = excluded.counted_at
        """,
        [now.date(), *held, now],
    )


def _count_arrivals(connection: Connection, today: date) -> None:
    """Of today and the days before; studies get rising numbers, so that only the newest are looked at."""
    first_day = today - COUNTED_AGAIN
    connection.execute(
        """
        WITH arrived AS (
            SELECT (first_received_at AT TIME ZONE 'UTC')::date AS day, count(*) AS studies FROM study
            WHERE study_id > (SELECT coalesce(max(up_to_study_id), 0) FROM metered_day WHERE day < %(first)s)
                AND first_received_at >= %(first)s::timestamp AT TIME ZONE 'UTC'
            GROUP BY 1
        )
        INSERT INTO metered_day (institution_id, day, first_received)
        SELECT isocenter_institution(), day, studies FROM arrived WHERE day <= %(today)s
        ON CONFLICT (institution_id, day) DO UPDATE SET first_received = excluded.first_received
        """,
        {"first": first_day, "today": today},
    )


def metered_days(connection: Connection, first: date, last: date) -> Sequence[MeteredDay]:
    """The institution's days from first to last, oldest first; a day on which nobody counted has no row."""
    with connection.cursor(row_factory=class_row(MeteredDay)) as cursor:
        query = f"SELECT {_COLUMNS} FROM metered_day WHERE day BETWEEN %s AND %s ORDER BY day"  # noqa: S608
        return cursor.execute(query.encode(), [first, last]).fetchall()


def _moment(value: object) -> datetime:
    assert isinstance(value, datetime)
    return value
