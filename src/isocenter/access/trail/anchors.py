"""Anchors: the head of every chain of an institution's trail, signed, numbered and chained, in the object store.

Whoever rewrites or cuts off rows of the database cannot change what an anchor said before (docs/formats.md, "Audit
anchors"). Heads are committed synchronously before they are anchored: no crash takes back what an anchor knows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from blake3 import blake3

from isocenter.kit.clock import utc_now
from isocenter.kit.database import Connection, Database
from isocenter.kit.logging import get_logger
from isocenter.storage.errors import NoSuchObject, ObjectExists
from isocenter.storage.facts import SigningKey, line_signed_by, signed
from isocenter.storage.object_store import ObjectStore

log = get_logger(__name__)

ANCHOR_FORMAT: Final = "audit-anchor/1"
CHAINS: Final = 256
"""So many chains an institution has at the most (isocenter_chain_audit_event)."""
_TRIES: Final = 100_000


@dataclass(frozen=True, slots=True)
class Head:
    """The last row of one chain. digest: SHA-256, hex."""

    chain: int
    position: int
    digest: str


@dataclass(frozen=True, slots=True)
class Anchor:
    """One anchor. number: from 1 without gaps in its institution; genuine: signed by one of our keys."""

    number: int
    at: datetime
    heads: tuple[Head, ...]
    previous: str
    digest: str
    genuine: bool


def anchor_trail(database: Database, store: ObjectStore, institution_id: int, key: SigningKey) -> int | None:
    """Anchor what was recorded since the last anchor; its number, or None when nothing was.

    Raises StoreAway or StorageFull; what was committed by then is put into the store by the next call.
    """
    with database.transaction(institution_id) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('audit-anchor', %s))", [institution_id])
        number, body = _last(connection)
        heads = heads_of(connection)
        if body is not None and _parsed(number, body, genuine=True).heads == heads:
            made = None
        else:
            made = number + 1
            while _there(store, institution_id, made) and made < number + _TRIES:
                made += 1  # the store knows more than the database: one that was restored from a backup
            body = _encoded(institution_id, made, _digest_before(store, institution_id, made, body), heads, key)
            connection.execute(
                "INSERT INTO audit_anchor (institution_id, number, at, body) VALUES (%s, %s, %s, %s)",
                [institution_id, made, utc_now(), body],
            )
    if body is not None:
        _put(store, institution_id, made or number, body)
    return made


def heads_of(connection: Connection) -> tuple[Head, ...]:
    """The last row of every chain that has any."""
    rows: list[Any] = connection.execute(
        """
        SELECT chain, position, encode(digest, 'hex') FROM generate_series(0, %s) AS c, LATERAL (
            SELECT chain, position, digest FROM audit_event
            WHERE institution_id = isocenter_institution() AND chain = c ORDER BY position DESC LIMIT 1) head
        ORDER BY chain
        """,
        [CHAINS - 1],
    ).fetchall()
    return tuple(Head(*row) for row in rows)


def anchors_in_store(
    store: ObjectStore, institution_id: int, trusted: Mapping[str, SigningKey]
) -> Iterator[Anchor | int]:
    """Every anchor of the store in order; in the place of one that is missing or unreadable, its number."""
    expected = 1
    for head in store.list(_folder(institution_id)):
        number = _number_of(head.key)
        if number is None:
            continue
        yield from range(expected, number)
        expected = number + 1
        data = store.get(head.key)
        try:
            yield _parsed(number, data, genuine=line_signed_by(trusted, data) is not None)
        except (ValueError, KeyError, TypeError):
            yield number


def last_anchor(connection: Connection) -> tuple[int, datetime] | None:
    """Number and time of the institution's last anchor."""
    row: Any = connection.execute("SELECT number, at FROM audit_anchor ORDER BY number DESC LIMIT 1").fetchone()
    return None if row is None else (row[0], row[1])


def _last(connection: Connection) -> tuple[int, bytes | None]:
    row: Any = connection.execute("SELECT number, body FROM audit_anchor ORDER BY number DESC LIMIT 1").fetchone()
    return (0, None) if row is None else (row[0], bytes(row[1]))


def _encoded(institution_id: int, number: int, previous: str, heads: tuple[Head, ...], key: SigningKey) -> bytes:
    content = {
        "format": ANCHOR_FORMAT,
        "institution_id": institution_id,
        "number": number,
        "previous": previous,
        "at": utc_now().isoformat(timespec="microseconds"),
        "heads": [[head.chain, head.position, head.digest] for head in heads],
    }
    return signed(key, json.dumps(content, separators=(",", ":")).encode())


def _parsed(number: int, data: bytes, *, genuine: bool) -> Anchor:
    """Raises ValueError, KeyError or TypeError when it is no anchor of this number."""
    content = json.loads(data.partition(b"\n")[0])
    if content["format"] != ANCHOR_FORMAT or content["number"] != number:
        raise ValueError
    heads = tuple(Head(int(chain), int(position), str(digest)) for chain, position, digest in content["heads"])
    at = datetime.fromisoformat(content["at"]).astimezone(UTC)
    return Anchor(number, at, heads, str(content["previous"]), blake3(data).hexdigest(), genuine)


def _digest_before(store: ObjectStore, institution_id: int, number: int, last: bytes | None) -> str:
    try:
        return blake3(store.get(_key(institution_id, number - 1))).hexdigest()
    except NoSuchObject:  # the first one, or the one before could not be put yet
        return "" if last is None else blake3(last).hexdigest()


def _put(store: ObjectStore, institution_id: int, number: int, body: bytes) -> None:
    if _there(store, institution_id, number):
        return
    try:
        store.put(_key(institution_id, number), body)
    except ObjectExists:  # another worker was quicker; `verify` compares
        log.info("audit.anchored-twice", institution_id=institution_id, number=number)


def _there(store: ObjectStore, institution_id: int, number: int) -> bool:
    try:
        store.head(_key(institution_id, number))
    except NoSuchObject:
        return False
    return True


def _folder(institution_id: int) -> str:
    return f"audit/{institution_id}/anchors"


def _key(institution_id: int, number: int) -> str:
    return f"{_folder(institution_id)}/{number:012d}.json"


def _number_of(key: str) -> int | None:
    name = key.rpartition("/")[2].removesuffix(".json")
    return int(name) if name.isdigit() and len(name) == 12 else None
