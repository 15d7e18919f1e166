"""The first frame of a cold study whose pack lies in an S3 store: what we add to the store's own latency.

Cold: sealed, its journal segments reclaimed, the processes started anew. Each study is asked for once. Beside every
answer, in turn, the store itself is asked for as many bytes of the same pack, by the same driver on a warm connection:
that is the store's own latency.
"""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial

from bench.blast import blast
from bench.data import CT, Instance, folder_of, load
from bench.node import Node, eventually, new_folder
from bench.sealing import sealed_instances
from bench.swift import CREDENTIALS, start_swift
from isocenter.storage.drivers import open_store
from isocenter.storage.object_store import ObjectStore

GOAL_MS = 300
SLICES = 40
_RECLAIMED_WITHIN_S = 900
_LOOK_EVERY_S = 2.0


@dataclass(frozen=True, slots=True)
class ColdRead:
    """One study, opened once. Milliseconds to the first frame, and of the store alone for as many bytes."""

    first_frame_ms: float
    store_ms: float
    frame_bytes: int

    @property
    def beyond_ms(self) -> float:
        """What we add."""
        return self.first_frame_ms - self.store_ms


def measure(*, studies: int, slices: int = SLICES, say: Callable[[str], None] = print) -> list[ColdRead]:
    """Store studies into an archive on Swift, let them go cold, open each once."""
    instances = load([folder_of(CT, studies, slices)])
    swift = start_swift()
    place = new_folder("isocenter-bench-")
    node = Node(
        place / "home",
        ISOCENTER_QUIET_FOR="1s",
        ISOCENTER_HOT_CACHE_BYTES="0",
        ISOCENTER_HOT_CACHE_FOR="0s",
        ISOCENTER_STORAGE_URL=swift.url("cold"),
        ISOCENTER_STORAGE_ACCESS_KEY_ID=CREDENTIALS.access_key_id,
        ISOCENTER_STORAGE_SECRET_ACCESS_KEY=CREDENTIALS.secret_access_key,
    )
    try:
        node.start()
        blast(node.dicom_port, node.ae_title, instances, 1)
        say("stored; waiting until all is sealed and the journal is empty")
        if not eventually(partial(_cold, node, len(instances)), _RECLAIMED_WITHIN_S):
            raise RuntimeError(f"the studies did not go cold\n{node.logged()}")
        node.stop()
        node.start()
        return _reads(node, open_store(swift.url("cold"), credentials=CREDENTIALS), instances, say)
    finally:
        node.stop()
        swift.stop()
        shutil.rmtree(place, ignore_errors=True)


def _cold(node: Node, instances: int) -> bool:
    """Sealed, and no member left in a journal."""
    time.sleep(_LOOK_EVERY_S)
    if sealed_instances(node) < instances:
        return False
    return all(path.stat().st_size < 1 << 20 for path in (node.home / "journal").rglob("*.tar"))


def _reads(node: Node, store: ObjectStore, instances: Sequence[Instance], say: Callable[[str], None]) -> list[ColdRead]:
    packs = sorted(store.list("packs"), key=lambda head: -head.size)
    firsts = {instance.study_instance_uid: instance for instance in reversed(instances)}
    store.get_range(packs[0].key, 0, 1)
    node.get("/api/status")
    done = []
    for instance, pack in zip(firsts.values(), packs, strict=False):
        path = (
            f"/dicom-web/studies/{instance.study_instance_uid}/series/{instance.series_instance_uid}"
            f"/instances/{instance.sop_instance_uid}/frames/1"
        )
        began = time.monotonic()
        reply = node.get(path, 'multipart/related; type="application/octet-stream"; transfer-syntax=*')
        answered = time.monotonic()
        if reply.status != 200:
            raise RuntimeError(f"{reply.status} {reply.body[:200]!r}")
        store.get_range(pack.key, pack.size // 2, len(reply.body))
        got = time.monotonic()
        done.append(ColdRead((answered - began) * 1000, (got - answered) * 1000, len(reply.body)))
        say(line(done[-1]))
    return done


def line(done: ColdRead) -> str:
    """One study for the terminal."""
    return (
        f"first frame {done.first_frame_ms:.0f} ms ({done.frame_bytes >> 10} KiB), the store alone {done.store_ms:.0f} "
        f"ms: {done.beyond_ms:.0f} ms beyond it"
    )


def markdown(done: Sequence[ColdRead]) -> str:
    """The table for docs/performance.md."""
    columns = [
        [each.first_frame_ms for each in done],
        [each.store_ms for each in done],
        [each.beyond_ms for each in done],
    ]
    cells = " | ".join(f"{statistics.median(one):.0f} ({min(one):.0f}–{max(one):.0f})" for one in columns)
    head = "| cold studies | first frame, ms: median (range) | the store alone | beyond it | goal |\n"
    head += "|---|---|---|---|---|\n"
    return f"{head}| {len(done)} | {cells} | ≤ {GOAL_MS} |\n"


def as_json(done: Sequence[ColdRead]) -> dict[str, object]:
    """For the results file."""
    return {"cold": [asdict(each) for each in done]}
