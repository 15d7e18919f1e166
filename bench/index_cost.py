"""What the index costs: time per group of arriving instances, four ways side by side, and bytes per sealed instance.

    python -m bench.index_cost --instances 1000000

Runs a private PostgreSQL (fsync on) in a temporary folder. The figures of docs/decisions/0021 come from here.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from blake3 import blake3

from isocenter.apps.postgres.embedded import EmbeddedPostgres
from isocenter.index.ingest import Ingest
from isocenter.index.ingest_row import IngestRow
from isocenter.index.institutions import ensure_institution
from isocenter.index.locators import open_instances
from isocenter.index.migrate import migrate
from isocenter.index.queries import StudyQuery, StudySort, count_studies, search_studies
from isocenter.index.sealing import NewPack, seal
from isocenter.index.uid_hash import uid_hash
from isocenter.kit.database import Database
from isocenter.standards.dicom.attributes import IndexAttributes

SERIES_PER_STUDY = 4
NOW = datetime(2026, 11, 21, tzinfo=UTC)
Writer = Callable[[Sequence[IngestRow]], object]

INSTANCE_COLUMNS = """institution_id, study_id, ordinal, series_id, segment_id, instance_number, number_of_frames, rows,
    columns, bits_allocated, samples_per_pixel, member_offset, data_set_offset, data_set_length, pixel_value_offset,
    pixel_length, header_length, received_at, digest, sop_instance_uid, sop_class_uid, transfer_syntax_uid,
    photometric_interpretation, calling_ae_title, door, warnings"""
INSTANCE_TYPES = (
    ["int4"] * 11 + ["int8"] * 6 + ["timestamptz", "bytea", "text", "text", "text", "text", "text", "text", "text"]
)
LOOKUP_COLUMNS = "institution_id, uid_hash, study_id, series_id, ordinal"
LOOKUP_TYPES = ["int4", "uuid", "int4", "int4", "int4"]


def an_arrival(study: int, number: int, *, random_uids: bool = False) -> IngestRow:
    """One CT slice; study and number decide everything. random_uids: of the 2.25 kind, with nothing in common."""
    series = 1 + number % SERIES_PER_STUDY
    study_uid = f"1.2.840.113619.2.55.3.604688119.969.{1265294412 + study}"
    uid = f"{study_uid}.{series}.{number}"
    if random_uids:
        uid = f"2.25.{int.from_bytes(blake3(uid.encode()).digest(16))}"
    known: dict[str, Any] = {
        "study_instance_uid": study_uid,
        "series_instance_uid": f"{study_uid}.{series}",
        "sop_instance_uid": uid,
        "sop_class_uid": "1.2.840.10008.5.1.4.1.1.2",
        "patient_id": f"PID{study:08d}",
        "patient_name": f"Family{study % 20011}^Given{study % 1009}",
        "patient_birth_date": "19700101",
        "patient_sex": "F",
        "study_date": f"20{10 + study % 16:02d}{1 + study % 12:02d}{1 + study % 28:02d}",
        "study_time": "101010",
        "accession_number": f"ACC{study:09d}",
        "study_id": "1",
        "study_description": "CT chest with contrast",
        "referring_physician_name": "Referring^Doctor",
        "modality": "CT",
        "series_number": series,
        "series_description": "Lung 1.0",
        "body_part_examined": "CHEST",
        "instance_number": number,
        "number_of_frames": 1,
        "rows": 512,
        "columns": 512,
        "bits_allocated": 16,
        "samples_per_pixel": 1,
        "photometric_interpretation": "MONOCHROME2",
        "warnings": (),
    }
    values: dict[str, Any] = {field.name: known.get(field.name) for field in fields(IndexAttributes)}
    attributes = IndexAttributes(**values)
    start = number * 530_000
    return IngestRow(
        1, attributes, "node", 1, 1, start, start + 1536, 526_000, os.urandom(32), NOW, "SCANNER",
        "1.2.840.10008.1.2.1", start + 3300, 524_288, 1712, "dimse",
    )  # fmt: skip


class Alternatives:
    """The ways of writing a group that were compared; each is one transaction on a warm connection."""

    def __init__(self, database: Database, ingest: Ingest, study: int) -> None:
        self._connection = database.ingest_connection()
        self._owner = psycopg.connect(database.url, autocommit=True)
        self._owner.execute("SET synchronous_commit = off")
        self._ingest = ingest
        first = ingest.record([an_arrival(study, number) for number in range(SERIES_PER_STUDY)])
        self._study_id = first[0].study_id

    def one_call(self, rows: Sequence[IngestRow]) -> None:
        """What index/ingest.py does."""
        self._ingest.record(rows)

    def copy(self, rows: Sequence[IngestRow]) -> None:
        """UPDATE … RETURNING, then COPY into both; as the owner, because row-level security forbids COPY FROM."""
        with self._owner.transaction(), self._owner.cursor() as cursor:
            instances, lookups = self._rows(self._begin(cursor, len(rows)), rows)
            for table, columns, types, values in (
                ("instance_lookup", LOOKUP_COLUMNS, LOOKUP_TYPES, lookups),
                ("instance", INSTANCE_COLUMNS, INSTANCE_TYPES, instances),
            ):
                with cursor.copy(f"COPY {table} ({columns}) FROM STDIN (FORMAT binary)".encode()) as copy:
                    copy.set_types(types)
                    for value in values:
                        copy.write_row(value)

    def unnest(self, rows: Sequence[IngestRow]) -> None:
        """UPDATE … RETURNING, then INSERT … SELECT FROM unnest of one array per column."""
        with self._connection.transaction(), self._connection.cursor() as cursor:
            instances, lookups = self._rows(self._begin(cursor, len(rows)), rows)
            for table, columns, types, values in (
                ("instance_lookup", LOOKUP_COLUMNS, LOOKUP_TYPES, lookups),
                ("instance", INSTANCE_COLUMNS, INSTANCE_TYPES, instances),
            ):
                arrays = ", ".join(f"%s::{name}[]" for name in types)
                statement = f"INSERT INTO {table} ({columns}) SELECT * FROM unnest({arrays})"
                cursor.execute(statement.encode(), [list(column) for column in zip(*values, strict=True)], prepare=True)

    def pipelined(self, rows: Sequence[IngestRow]) -> None:
        """UPDATE … RETURNING, then one INSERT per row and table in pipeline mode."""
        with self._connection.transaction(), self._connection.cursor() as cursor:
            instances, lookups = self._rows(self._begin(cursor, len(rows)), rows)
            with self._connection.pipeline():
                for table, columns, values in (
                    ("instance_lookup", LOOKUP_COLUMNS, lookups),
                    ("instance", INSTANCE_COLUMNS, instances),
                ):
                    marks = ", ".join(["%s"] * len(values[0]))
                    for value in values:
                        cursor.execute(
                            f"INSERT INTO {table} ({columns}) VALUES ({marks})".encode(), value, prepare=True
                        )

    def _begin(self, cursor: psycopg.Cursor[Any], count: int) -> int:
        cursor.execute("SELECT set_config('isocenter.institution_id', '1', true)", prepare=True)
        cursor.execute(
            """
            UPDATE study SET next_ordinal = next_ordinal + %(n)s, instance_count = instance_count + %(n)s,
                last_received_at = now(), version = version + 1
            WHERE institution_id = 1 AND study_id = %(study)s RETURNING next_ordinal - %(n)s
            """,
            {"n": count, "study": self._study_id},
            prepare=True,
        )
        row = cursor.fetchone()
        assert row is not None
        return int(row[0])

    def _rows(self, base: int, rows: Sequence[IngestRow]) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
        instances: list[tuple[object, ...]] = []
        lookups: list[tuple[object, ...]] = []
        for ordinal, row in enumerate(rows, base):
            a = row.attributes
            series_id = a.series_number
            instances.append(
                (1, self._study_id, ordinal, series_id, 1, a.instance_number, a.number_of_frames, a.rows, a.columns,
                 a.bits_allocated, a.samples_per_pixel, row.member_offset, row.data_set_offset, row.data_set_length,
                 row.pixel_value_offset, row.pixel_length, row.header_length, row.received_at, row.digest,
                 a.sop_instance_uid, a.sop_class_uid, row.transfer_syntax_uid, a.photometric_interpretation,
                 row.calling_ae_title, row.door, None)
            )  # fmt: skip
            lookups.append((1, uid_hash(1, a.sop_instance_uid), self._study_id, series_id, ordinal))
        return instances, lookups


def measure_time(database: Database, ingest: Ingest, groups: int) -> None:
    """Median microseconds per group, interleaved, of each way at several group sizes."""
    print("| way | " + " | ".join(f"{size} rows" for size in (1, 4, 10, 50)) + " |")
    print("| --- | --- | --- | --- | --- |")
    ways = ("one_call", "unnest", "pipelined", "copy")
    medians: dict[str, list[float]] = {way: [] for way in ways}
    for size in (1, 4, 10, 50):
        written = {way: Alternatives(database, ingest, study) for study, way in enumerate(ways, 10_000_000 + size * 10)}
        times: dict[str, list[float]] = {way: [] for way in ways}
        number = SERIES_PER_STUDY
        for _group in range(groups):
            for study, way in enumerate(ways, 10_000_000 + size * 10):
                rows = [an_arrival(study, number + index) for index in range(size)]
                write: Writer = getattr(written[way], way)
                begin = time.perf_counter()
                write(rows)
                times[way].append(time.perf_counter() - begin)
            number += size
        for way in ways:
            medians[way].append(statistics.median(times[way][groups // 5 :]) * 1e6)
    for way, found in medians.items():
        print(f"| {way} | " + " | ".join(f"{value:.0f} µs" for value in found) + " |")


def fill(database: Database, ingest: Ingest, instances: int, per_study: int, *, random_uids: bool) -> int:
    """Write and seal studies one after the other; returns how many instances there are."""
    for study in range(instances // per_study):
        rows = [an_arrival(study, number, random_uids=random_uids) for number in range(per_study)]
        study_id = 0
        for start in range(0, per_study, 50):
            study_id = ingest.record(rows[start : start + 50])[0].study_id
        with database.transaction(1) as connection:
            ordinals = [row.ordinal for row in open_instances(connection, study_id)]
            key = f"packs/{os.urandom(1).hex()}/{os.urandom(16).hex()}.tar"
            seal(connection, study_id, NewPack(key, 1, 1, per_study, os.urandom(32)), ordinals)
    return instances // per_study * per_study


def measure_size(owner_url: str, instances: int) -> None:
    """Bytes per sealed instance by table, with indexes; instance is left out: it holds open instances only."""
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        rows = connection.execute(
            """
            SELECT relname, pg_table_size(oid), pg_indexes_size(oid) FROM pg_class
            WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'instance'
                AND pg_total_relation_size(oid) > 1000000 ORDER BY pg_total_relation_size(oid) DESC
            """
        ).fetchall()
    print("| table | heap bytes per instance | index bytes per instance |\n| --- | --- | --- |")
    for name, heap, index in rows:
        print(f"| {name} | {heap / instances:.1f} | {index / instances:.1f} |")
    print(f"| all | {sum(row[1] + row[2] for row in rows) / instances:.1f} in sum | |")


def measure_searches(database: Database) -> None:
    """Milliseconds of the searches of the study list, medians of 20."""
    asked = {
        "newest 50": (StudyQuery(), StudySort.STUDY_DATE_DESCENDING),
        "name words": (StudyQuery(name_words="family77"), StudySort.STUDY_DATE_DESCENDING),
        "PN wildcard": (StudyQuery(patient_name="FAMILY77^GIVEN7*"), StudySort.STUDY_DATE_DESCENDING),
        "PN leading wildcard": (StudyQuery(patient_name="*ven77"), StudySort.STUDY_DATE_DESCENDING),
        "patient id": (StudyQuery(patient_id="PID00000042"), StudySort.STUDY_DATE_DESCENDING),
        "text": (StudyQuery(text="family77 contrast"), StudySort.STUDY_DATE_DESCENDING),
        "date range": (StudyQuery(study_date="20200101-20200301"), StudySort.PATIENT_NAME),
    }
    for name, (query, sort) in asked.items():
        times = []
        for _repeat in range(20):
            with database.transaction(1) as connection:
                begin = time.perf_counter()
                found = len(search_studies(connection, query, sort=sort).studies)
                count_studies(connection, query)
                times.append(time.perf_counter() - begin)
        print(f"| {name} | {found} on the page | {statistics.median(times) * 1e3:.2f} ms with bounded count |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=int, default=1_000_000)
    parser.add_argument("--per-study", type=int, default=200)
    parser.add_argument("--groups", type=int, default=200)
    parser.add_argument("--random-uids", action="store_true")
    parser.add_argument("--only", choices=["time", "size"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        server = EmbeddedPostgres(Path(folder) / "home", durable=options.only != "size")
        try:
            migrate(server.start())
            database = Database(server.url)
            with database.transaction() as connection:
                ensure_institution(connection, "Bench")
            ingest = Ingest(database.ingest_connection)
            if options.only != "size":
                measure_time(database, ingest, options.groups)
            if options.only != "time":
                begin = time.perf_counter()
                done = fill(database, ingest, options.instances, options.per_study, random_uids=options.random_uids)
                print(f"{done} instances recorded and sealed in {time.perf_counter() - begin:.0f} s")
                measure_size(server.url, done)
                measure_searches(database)
            ingest.close()
            database.close()
        finally:
            server.stop()


if __name__ == "__main__":
    main()
