"""The audit trail: how many events a second are verified and written.

    python -m bench.audit --events 500000 --docs

Runs a private PostgreSQL (fsync on) in a temporary folder. Verifying is what `isocenter audit verify` does: the whole
chain, with its anchors, recomputed outside the database.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bench import report
from isocenter.access import audit
from isocenter.access.caller import Caller, CallerKind
from isocenter.access.roles import Role
from isocenter.access.trail.anchors import anchor_trail
from isocenter.access.trail.verify import verify_trail
from isocenter.apps.postgres.embedded import EmbeddedPostgres
from isocenter.index.institutions import ensure_institution
from isocenter.index.migrate import migrate
from isocenter.kit.database import Database
from isocenter.storage.drivers import open_store
from isocenter.storage.facts import SigningKey, make_key_file, read_key_file
from isocenter.storage.object_store import ObjectStore

FILL = """
    INSERT INTO audit_event (institution_id, caller_kind, caller_id, roles, action, address, study_instance_uid,
        sitting, detail)
    SELECT %s, 'user', (i %% 300)::text, ARRAY['radiologist'], 'study-opened', '10.20.' || i %% 250 || '.7',
        '1.2.840.113619.2.55.3.604688119.969.' || i, md5((i / 40)::text), '{}' FROM generate_series(%s::int, %s) i
"""
SINGLES = 500
STEP = 50_000


@dataclass(frozen=True, slots=True)
class Figures:
    """verified_per_s: of each repeat. recorded_ms: one event in a transaction of its own, synchronous."""

    events: int
    verified_per_s: tuple[float, ...]
    recorded_ms: tuple[float, ...]
    bytes_per_event: float


def measure(events: int, repeats: int) -> Figures:
    """Fill a trail and verify it again and again."""
    with tempfile.TemporaryDirectory(prefix="isocenter-bench-") as folder:
        Path(folder).chmod(0o755)
        server = EmbeddedPostgres(Path(folder) / "home")
        try:
            url = server.start()
            migrate(url)
            make_key_file(Path(folder) / "key")
            store = open_store((Path(folder) / "store").as_uri())
            with closing(Database(url)) as database:
                return _measured(database, store, read_key_file(Path(folder) / "key"), events, repeats)
        finally:
            server.stop()


def _measured(database: Database, store: ObjectStore, key: SigningKey, events: int, repeats: int) -> Figures:
    with database.transaction() as connection:
        institution_id = ensure_institution(connection, "Bench").institution_id
    for first in range(1, events + 1, STEP):
        with database.transaction(institution_id) as connection:
            connection.execute(FILL, [institution_id, first, min(events, first + STEP - 1)])
        anchor_trail(database, store, institution_id, key)
    recorded = _record_one_by_one(database, institution_id)
    rates = []
    for _ in range(repeats):
        began = time.perf_counter()
        found = verify_trail(database, store, institution_id, {key.key_id: key})
        rates.append(found.events / (time.perf_counter() - began))
        assert found.sound and found.events == events + SINGLES, found.problems[:3]
    with database.transaction(institution_id) as connection:
        row = connection.execute("SELECT pg_total_relation_size('audit_event')").fetchone()
    assert row is not None
    return Figures(events + SINGLES, tuple(rates), recorded, int(str(row[0])) / (events + SINGLES))


def _record_one_by_one(database: Database, institution_id: int) -> tuple[float, ...]:
    caller = Caller(CallerKind.USER, "1", institution_id, (Role.RADIOLOGIST,), "sitting")
    took = []
    for number in range(SINGLES):
        began = time.perf_counter()
        with database.transaction(institution_id) as connection:
            audit.record(connection, caller, audit.Action.STUDY_OPENED, f"1.2.{number}")
        took.append((time.perf_counter() - began) * 1000)
    return tuple(took)


def markdown(figures: Figures) -> str:
    """One row for each thing measured: median, and range or 95th percentile."""
    rates, singles = sorted(figures.verified_per_s), sorted(figures.recorded_ms)
    return "\n".join(
        (
            "| audit trail | median | range |",
            "|---|---|---|",
            f"| verified, events/s ({figures.events:,} events, {len(rates)} repeats) "
            f"| {statistics.median(rates):,.0f} | {rates[0]:,.0f}–{rates[-1]:,.0f} |",
            f"| one event in a transaction of its own, ms | {statistics.median(singles):.2f} "
            f"| to {singles[int(len(singles) * 0.95)]:.2f} (95 %) |",
            f"| on disk with its indexes, bytes an event | {figures.bytes_per_event:.0f} | |",
            "",
        )
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table and save it; 1 when fewer than 100,000 events a second were verified."""
    parser = argparse.ArgumentParser(prog="python -m bench.audit", description=__doc__)
    parser.add_argument("--events", type=int, default=500_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--docs", action="store_true", help="write the table into docs/performance.md")
    chosen = parser.parse_args(arguments)
    figures = measure(chosen.events, chosen.repeats)
    table = markdown(figures)
    results = {"verified_per_s": figures.verified_per_s, "recorded_ms": statistics.median(figures.recorded_ms)}
    path = report.save("audit", results, table, into_docs=chosen.docs)
    print(f"\n{table}\nsaved: {path}")
    return int(statistics.median(figures.verified_per_s) < 100_000)


if __name__ == "__main__":
    raise SystemExit(main())
