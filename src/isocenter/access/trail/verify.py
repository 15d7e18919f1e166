"""Verifying the trail: every row follows from the one before it, none is missing, and the anchors say the same.

What this finds: an edited row, a row removed or exchanged, rows cut off at the end, a chain written anew (by its
anchors), a missing or forged anchor or archive. What it cannot find without the audit repository outside: rows cut off
that are younger than the last anchor, and a forgery by somebody who has the signing key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from isocenter.access.trail.anchors import Anchor, anchors_in_store
from isocenter.access.trail.archives import Archived, DamagedArchive, archives_of, read_archive
from isocenter.access.trail.lines import next_digest, raw_rows
from isocenter.kit.database import Connection, Database
from isocenter.storage.errors import NoSuchObject
from isocenter.storage.facts import SigningKey
from isocenter.storage.object_store import ObjectStore

MOST_PROBLEMS: Final = 200
"""So many are told one by one; all are counted."""

Row = tuple[int, int, bytes, bytes]


@dataclass(frozen=True, slots=True)
class Problem:
    """kind: edited, missing, doubled, cut-off, rewritten, anchor-missing, anchor-forged, archive-damaged, unprotected.

    position is 0, and chain -1, where it is about no row.
    """

    kind: str
    chain: int
    position: int
    detail: str


@dataclass(slots=True)
class Report:
    """What was looked at, and everything that is wrong."""

    institution_id: int
    events: int = 0
    archived: int = 0
    anchors: int = 0
    problem_count: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return self.problem_count == 0

    def tell(self, kind: str, chain: int, position: int, detail: str) -> None:
        """One more problem."""
        self.problem_count += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(kind, chain, position, detail))


def verify_trail(
    database: Database, store: ObjectStore, institution_id: int, trusted: Mapping[str, SigningKey]
) -> Report:
    """Verify the whole trail of one institution, archives included. trusted: the keys that sign anchors, by key id."""
    report = Report(institution_id)
    known = _anchored(store, institution_id, trusted, report)
    with database.transaction(institution_id) as connection:
        _check_anchor_rows(connection, report)
        _check_protection(connection, report)
        archives = archives_of(connection)
        starts = _verify_archives(store, archives, trusted, known, report)
        reached = dict(starts)
        for chain, position, digest in _follow(raw_rows(connection), starts, known, report):
            reached[chain] = (position, digest)
    for chain, positions in known.items():
        last = max(positions, default=0)
        if last > reached.get(chain, (0, b""))[0]:
            report.tell("cut-off", chain, last, "An anchor knows rows behind the last one of the chain.")
    return report


def _anchored(
    store: ObjectStore, institution_id: int, trusted: Mapping[str, SigningKey], report: Report
) -> dict[int, dict[int, bytes]]:
    """What genuine anchors say: chain, position, digest."""
    known: dict[int, dict[int, bytes]] = {}
    previous: str | None = ""
    for anchor in anchors_in_store(store, institution_id, trusted):
        if not isinstance(anchor, Anchor):
            report.tell("anchor-missing", -1, anchor, f"Anchor {anchor} is missing or unreadable.")
            previous = None
            continue
        report.anchors += 1
        if not anchor.genuine:
            report.tell("anchor-forged", -1, anchor.number, f"The signature of anchor {anchor.number} is wrong.")
        elif previous is not None and anchor.previous != previous:
            report.tell("anchor-forged", -1, anchor.number, f"Anchor {anchor.number} does not follow the one before.")
        else:
            for head in anchor.heads:
                known.setdefault(head.chain, {})[head.position] = head.digest.encode()
        previous = anchor.digest
    return known


def _check_anchor_rows(connection: Connection, report: Report) -> None:
    """Anchors that the database remembers and the store has no more. The very last one may still be on its way."""
    row: Any = connection.execute("SELECT coalesce(max(number), 0) FROM audit_anchor").fetchone()
    for number in range(report.anchors + 1, int(row[0])):
        if not any(each.kind == "anchor-missing" and each.position == number for each in report.problems):
            report.tell("anchor-missing", -1, number, f"Anchor {number} is missing from the object store.")


def _check_protection(connection: Connection, report: Report) -> None:
    """The database's own locks on the trail are closed."""
    row: Any = connection.execute(
        """
        SELECT count(*) FROM pg_trigger WHERE tgrelid = 'audit_event'::regclass AND NOT tgisinternal
            AND tgname IN ('chained', 'kept', 'kept_whole') AND tgenabled IN ('O', 'A')
        """
    ).fetchone()
    if row[0] != 3:
        report.tell("unprotected", -1, 0, "A trigger that keeps the trail append-only is gone or disabled.")


def _verify_archives(
    store: ObjectStore,
    archives: Iterable[Archived],
    trusted: Mapping[str, SigningKey],
    known: Mapping[int, Mapping[int, bytes]],
    report: Report,
) -> dict[int, tuple[int, bytes]]:
    """Verify every archive; position and digest of the last row that each chain has in them."""
    starts: dict[int, tuple[int, bytes]] = {}
    for archived in archives:
        start = {archived.chain: starts.get(archived.chain, (0, b""))}
        before = report.events
        try:
            rows = ((link.chain, link.position, link.digest, link.line) for link in _opened(store, archived, trusted))
            for _, position, digest in _follow(rows, start, known, report):
                starts[archived.chain] = (position, digest)
        except (DamagedArchive, NoSuchObject, ValueError):
            report.tell("archive-damaged", archived.chain, archived.first_position, archived.object_key)
        report.archived += report.events - before
        report.events = before
        expected = (archived.last_position, archived.last_digest.encode())
        if starts.get(archived.chain) != expected:
            report.tell("rewritten", archived.chain, archived.last_position, "The archive does not end as recorded.")
            starts[archived.chain] = expected
    return starts


def _opened(store: ObjectStore, archived: Archived, trusted: Mapping[str, SigningKey]) -> Iterator[Any]:
    return read_archive(store, archived.object_key, trusted)


def _follow(
    rows: Iterable[Row],
    starts: Mapping[int, tuple[int, bytes]],
    known: Mapping[int, Mapping[int, bytes]],
    report: Report,
) -> Iterator[tuple[int, int, bytes]]:
    """Go along the rows, which come by chain and position; gives each chain's last position and digest.

    After a problem the next row is held to the stored digest, so that each problem is told once.
    """
    present, position, previous = -1, 0, b""
    anchored: Mapping[int, bytes] = {}
    checked = 0
    for chain, place, digest, line in rows:
        if chain != present:
            if present >= 0:
                yield present, position, previous
            present = chain
            position, previous = starts.get(chain, (0, b""))
            anchored = known.get(chain, {})
        checked += 1
        position += 1
        if place != position:
            _tell_of_gap(report, chain, position, place)
            position = place
        elif next_digest(previous, line) != digest:
            report.tell("edited", chain, place, "The row is not what its digest was made of.")
        if place in anchored and anchored[place] != digest:
            report.tell("rewritten", chain, place, "The row is another than the one that was anchored.")
        previous = digest
    report.events += checked
    if present >= 0:
        yield present, position, previous


def _tell_of_gap(report: Report, chain: int, expected: int, found: int) -> None:
    if found > expected:
        report.tell("missing", chain, expected, f"Rows {expected} to {found - 1} are missing.")
    else:
        report.tell("doubled", chain, found, "The row comes again, or stands in the place of an archived one.")
