"""Sealed archives of the trail: what is older than the retention goes into signed, immutable files of the object store.

Only then, and never before half a year, the rows are removed; the database holds to that (isocenter_keep_audit_event).
An archive is read and verified without the database (docs/formats.md, "Audit archives").
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import zstandard

from isocenter.access.trail.anchors import CHAINS
from isocenter.access.trail.lines import Link, links
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Connection, Database
from isocenter.kit.errors import Invalid
from isocenter.storage.errors import ObjectExists
from isocenter.storage.facts import SigningKey, line_signed_by, signed
from isocenter.storage.object_store import ObjectStore

ARCHIVE_FORMAT: Final = "audit-archive/1"
SHORTEST_RETENTION = timedelta(days=183)
"""Half a year, the least that the rules of the field ask for (GB/T 22239-2019, Cybersecurity Law article 21)."""
LONGEST_ARCHIVE: Final = 50_000
_MAX_UNPACKED_BYTES: Final = 1 << 30


class DamagedArchive(Invalid):
    """A file of the archived trail is not what was sealed."""

    reason = "damaged-audit-archive"


@dataclass(frozen=True, slots=True)
class Archived:
    """One archive, as the database remembers it. Positions are inclusive; last_digest: SHA-256, hex."""

    chain: int
    first_position: int
    last_position: int
    last_at: datetime
    last_digest: str
    object_key: str


def archive_trail(
    database: Database, store: ObjectStore, institution_id: int, key: SigningKey, kept_for: timedelta
) -> int:
    """Seal and remove what is older than kept_for; returns how many rows were removed. Safe to repeat and interrupt."""
    until = utc_now() - max(kept_for, SHORTEST_RETENTION)
    removed = 0
    for chain in range(CHAINS):
        while True:
            taken = _archive_some(database, store, institution_id, key, chain, until)
            removed += taken
            if taken < LONGEST_ARCHIVE:
                break
    return removed


def archives_of(connection: Connection) -> list[Archived]:
    """Every archive of the institution, by chain and position."""
    rows: list[Any] = connection.execute(
        """
        SELECT chain, first_position, last_position, last_at, encode(last_digest, 'hex'), object_key
        FROM audit_archive ORDER BY chain, first_position
        """
    ).fetchall()
    return [Archived(*row) for row in rows]


def read_archive(store: ObjectStore, object_key: str, trusted: Mapping[str, SigningKey]) -> Iterator[Link]:
    """The rows of one archive, in order. Raises DamagedArchive unless it is as it was sealed; NoSuchObject."""
    data = store.get(object_key)
    try:
        body = zstandard.ZstdDecompressor().decompress(data, max_output_size=_MAX_UNPACKED_BYTES)
    except zstandard.ZstdError as error:
        raise DamagedArchive("An audit archive cannot be unpacked.", object_key=object_key) from error
    content, separator, seal = body.rpartition(b"\nseal ")
    line = line_signed_by(trusted, seal)
    if not separator or line is None or line != sha256(content).hexdigest().encode():
        raise DamagedArchive("The seal of an audit archive is broken.", object_key=object_key)
    _, *lines = content.split(b"\n")
    for each in lines:
        digest, _, text = each.partition(b"\t")
        yield Link.of(digest, text)


def _archive_some(
    database: Database, store: ObjectStore, institution_id: int, key: SigningKey, chain: int, until: datetime
) -> int:
    with database.transaction(institution_id) as connection:
        last = _last_of_chain(connection, chain)
        first = 1 if last is None else last.last_position + 1
        due = []
        for link in links(connection, chain=chain, first=first, limit=LONGEST_ARCHIVE):
            if link.at >= until:
                break
            due.append(link)
    if not due:
        return 0
    object_key = f"audit/{institution_id}/archive/{chain:03d}-{first:012d}-{due[-1].position:012d}.ndjson.zst"
    previous = "" if last is None else last.last_digest
    _seal(store, object_key, _packed(institution_id, chain, previous, due, key))
    with database.transaction(institution_id) as connection:
        connection.execute(
            """
            INSERT INTO audit_archive (institution_id, chain, first_position, last_position, last_at, last_digest,
                object_key) VALUES (%s, %s, %s, %s, %s, decode(%s, 'hex'), %s)
            """,
            [institution_id, chain, first, due[-1].position, due[-1].at, due[-1].digest.decode(), object_key],
        )
        row: Any = connection.execute(
            "SELECT isocenter_forget_audit_events(%s, %s)", [chain, due[-1].position]
        ).fetchone()
    return int(row[0])


def _last_of_chain(connection: Connection, chain: int) -> Archived | None:
    return max((each for each in archives_of(connection) if each.chain == chain), default=None, key=_last_position)


def _last_position(archived: Archived) -> int:
    return archived.last_position


def _packed(institution_id: int, chain: int, previous: str, due: list[Link], key: SigningKey) -> bytes:
    head = {
        "format": ARCHIVE_FORMAT,
        "institution_id": institution_id,
        "chain": chain,
        "first_position": due[0].position,
        "last_position": due[-1].position,
        "previous": previous,
    }
    lines = [json.dumps(head, separators=(",", ":")).encode(), *(b"%s\t%s" % (link.digest, link.line) for link in due)]
    content = b"\n".join(lines)
    seal = signed(key, sha256(content).hexdigest().encode())
    return zstandard.ZstdCompressor(level=10).compress(content + b"\nseal " + seal)


def _seal(store: ObjectStore, object_key: str, data: bytes) -> None:
    """Put it; one that an interrupted run left there has the same rows, and is kept when it is the same."""
    try:
        store.put(object_key, data)
    except ObjectExists:
        if store.get(object_key) != data:
            raise DamagedArchive("Another audit archive is in the place of this one.", object_key=object_key) from None
