"""The rows of the trail as lines: what a digest covers, read as a stream from the database.

A line is a JSON array of everything in the row but its digest; the digest of a row is the SHA-256 of the hexadecimal
digest of the row before it in its chain, followed by the line (docs/formats.md, "Audit chains").
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from isocenter.kit.database import Connection


@dataclass(frozen=True, slots=True)
class Link:
    """One row in its chain. digest: SHA-256, lower-case hex."""

    chain: int
    position: int
    at: datetime
    digest: bytes
    line: bytes

    @classmethod
    def of(cls, digest: bytes, line: bytes) -> Link:
        """Read what the line says of itself. Raises ValueError when it is none."""
        _, chain, position, _, at, *_ = json.loads(line)
        return cls(int(chain), int(position), datetime.fromisoformat(str(at)), digest, line)


def next_digest(previous: bytes, line: bytes) -> bytes:
    """The digest of the row with this line that follows the row with the digest `previous` (b"" before the first)."""
    return sha256(previous + line).hexdigest().encode()


def raw_rows(connection: Connection) -> Iterator[tuple[int, int, bytes, bytes]]:
    """Every row of the transaction's institution as (chain, position, digest, line), by chain and position.

    Streamed by COPY, because an auditor verifies millions.
    """
    query = b"""
        COPY (SELECT chain, position, encode(digest, 'hex'), isocenter_audit_line(e) FROM audit_event e
              WHERE institution_id = isocenter_institution() ORDER BY chain, position) TO STDOUT
    """
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        for data in copy:
            chain, position, digest, line = bytes(data).split(b"\t", 3)
            line = line[:-1]
            yield int(chain), int(position), digest, line.replace(b"\\\\", b"\\") if b"\\" in line else line


def links(connection: Connection, *, chain: int, first: int, limit: int) -> list[Link]:
    """Rows of one chain of the transaction's institution from a position on."""
    rows: list[Any] = connection.execute(
        """
        SELECT encode(digest, 'hex'), isocenter_audit_line(e) FROM audit_event e
        WHERE institution_id = isocenter_institution() AND chain = %s AND position >= %s ORDER BY position LIMIT %s
        """,
        [chain, first, limit],
    ).fetchall()
    return [Link.of(digest.encode(), line.encode()) for digest, line in rows]
