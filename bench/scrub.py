"""`python -m bench scrub`: how fast copies are written down, copied, read again, mended and moved, on one machine."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bench.node import new_folder
from isocenter.access.caller import Caller, system_caller
from isocenter.apps.postgres.embedded import EmbeddedPostgres
from isocenter.domain.placement.jobs import move_round, place_round
from isocenter.domain.placement.placing import Placement, Shift
from isocenter.domain.placement.policies import add_policy, change_policy
from isocenter.domain.placement.register import Register, places_of
from isocenter.domain.placement.scrub import Scrub, ScrubReport
from isocenter.domain.placement.storages import add_storage
from isocenter.index.institutions import ensure_institution
from isocenter.index.migrate import migrate
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Database
from isocenter.storage.drivers import open_store
from isocenter.storage.object_store import LocalObjectStore
from isocenter.storage.pack import pack_key

MB = 1_000_000
_SHIFT_S = 3600.0


@dataclass(frozen=True, slots=True)
class Taken:
    """One thing that was done with all packs. problems: how many copies were not as they should be."""

    what: str
    seconds: float
    bytes: int
    problems: int = 0

    @property
    def mb_per_s(self) -> float:
        return self.bytes / MB / self.seconds


def run(packs: int, pack_mb: int, folder: Path | None = None) -> int:
    """Make random packs, do everything with them, print the table; 0 when every copy was sound at the end."""
    work = folder or new_folder("bench-scrub-")
    server = EmbeddedPostgres(work / "home", durable=False)
    try:
        migrate(server.start())
        with closing(Database(server.url)) as database:
            taken, sound = measured(database, work, packs, pack_mb * MB)
    finally:
        server.stop()
        shutil.rmtree(work, ignore_errors=True)
    for each in taken:
        rate = f"{each.mb_per_s:8.0f} MB/s {each.mb_per_s * 60 / 1000:7.1f} GB/min"
        sys.stdout.write(f"{each.what:<44} {each.seconds:7.2f} s {rate} {each.problems:4d} problems\n")
    sys.stdout.write("every copy is sound\n" if sound else "NOT every copy is sound\n")
    return 0 if sound else 1


def measured(database: Database, root: Path, packs: int, pack_bytes: int) -> tuple[list[Taken], bool]:
    """Each step with the time that it took, and whether all copies were sound at the end."""
    with database.transaction() as connection:
        caller = system_caller(ensure_institution(connection, "Bench").institution_id, "bench")
    primary = LocalObjectStore(root / "primary")
    (root / "cold").mkdir()
    cold = add_storage(
        caller,
        database,
        lambda url, _: open_store(url),
        {"name": "cold", "url": (root / "cold").as_uri(), "role": "cold"},
    )
    places = places_of(database, Register(database, primary, lambda url, _: open_store(url)))
    work = Placement(database, places, proven=lambda *_: True, superfluous=lambda _: True)
    keys = [_a_pack(database, caller, primary, number, pack_bytes) for number in range(packs)]
    everything = packs * pack_bytes
    taken = [_timed("write down new packs (each read once)", everything, lambda: place_round(work, _shift()).failed)]
    policy = add_policy(caller, database, {"name": "both", "storage_ids": [1, cold.storage_id]})
    taken.append(_timed("copy, and read the copies back", everything, lambda: place_round(work, _shift()).failed))
    taken.append(_timed("scrub two copies of everything", 2 * everything, lambda: _scrub(work).damaged))
    for key in keys:
        _rot(root / "cold" / key)
    taken.append(_timed("find and mend: one copy of each is rotten", 2 * everything, lambda: _scrub(work).damaged))
    change_policy(caller, database, policy.policy_id, {"storage_ids": [cold.storage_id]})
    taken.append(_timed("leave the first storage", everything, lambda: move_round(work, _shift()).failed))
    return taken, _scrub(work).sound and not any((root / "primary" / key).exists() for key in keys)


def _shift() -> Shift:
    return Shift.of(_SHIFT_S)


def _scrub(work: Placement) -> ScrubReport:
    return Scrub(work, utc_now() + timedelta(seconds=1), _shift()).run()


def _timed(what: str, size: int, work: Callable[[], int]) -> Taken:
    began = time.monotonic()
    problems = work()
    return Taken(what, time.monotonic() - began, size, problems)


def _rot(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(100)
        byte = file.read(1)
        file.seek(100)
        file.write(bytes([byte[0] ^ 0xFF]))


def _a_pack(database: Database, caller: Caller, primary: LocalObjectStore, number: int, size: int) -> str:
    key, staged = pack_key(), primary.staging_path()
    with staged.open("xb") as file:
        for _ in range(max(1, size // (8 * MB))):
            file.write(os.urandom(min(size, 8 * MB)))
    primary.put_file(key, staged)
    with database.transaction(caller.institution_id) as connection:
        row = connection.execute(
            """
            INSERT INTO study (institution_id, study_instance_uid, state, first_received_at, last_received_at)
            VALUES (isocenter_institution(), %s, 'sealed', now(), now()) RETURNING study_id
            """,
            [f"1.2.{number}"],
        ).fetchone()
        assert row is not None
        connection.execute(
            """
            INSERT INTO pack (institution_id, study_id, object_key, size_bytes, received_bytes, instance_count, digest)
            VALUES (isocenter_institution(), %s, %s, %s, %s, 1, '')
            """,
            [row[0], key, size, size],
        )
    return key
