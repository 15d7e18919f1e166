"""What encryption costs: ingest with it beside ingest without, interleaved; and appending and reading alone.

Those two are measured below the servers, as reception and `delivery` do it, in seconds of the processor: what lies in
memory waits for nothing else.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Final

from bench import ingest, servers
from bench.node import new_folder
from bench.servers import Server
from isocenter.delivery.files import Files
from isocenter.kit.clock import utc_now
from isocenter.storage.cipher import encrypted_name
from isocenter.storage.encrypted_store import EncryptedStore
from isocenter.storage.extents import Bytes, Extent, store_source
from isocenter.storage.journal import JournalWriter, MemberHeader
from isocenter.storage.journal_cipher import PLAIN
from isocenter.storage.key_ring import KeyRing
from isocenter.storage.master_keys import MasterKeys, MasterState, master_key_path, new_master_key, write_master_keys
from isocenter.storage.object_store import LocalObjectStore, random_key

SCENES = tuple(scene for scene in ingest.SCENES if scene.name in ("ct1", "ct4", "mr4"))
FRAME_BYTES: Final = 190_000
"""A CT slice of 512 × 512 as HTJ2K."""
FRAMES: Final = 400
SLICE_BYTES: Final = 526_000


@dataclass(frozen=True, slots=True)
class Ratio:
    """One row: what is measured, its unit, without encryption, with it."""

    what: str
    unit: str
    off: float
    on: float

    @property
    def ratio(self) -> float:
        """With encryption over without."""
        return self.on / self.off


def measure_ingest(repeats: int, size: ingest.Size) -> tuple[list[ingest.Run], list[Ratio]]:
    """Both under every scene, in turn; medians."""
    runs = ingest.measure(SERVERS, SCENES, repeats=repeats, size=size)
    summaries = {(each.server, each.scene): each for each in ingest.summarize(runs)}
    ratios = []
    for scene in SCENES:
        off, on = summaries.get((OFF.name, scene.name)), summaries.get((ON.name, scene.name))
        if off is not None and on is not None:
            ratios.append(Ratio(f"ingest, {scene.title}", "MB/s", off.megabytes_per_second, on.megabytes_per_second))
    return runs, ratios


def measure_reading(repeats: int, frames: int = FRAMES) -> list[Ratio]:
    """Appending, frames of a pack and slices of a journal in memory, plain and encrypted in turn."""
    folder = new_folder("isocenter-encryption-")
    write_master_keys(master_key_path(folder), [new_master_key(MasterState.CURRENT)])
    inner = LocalObjectStore(folder / "store")
    store = EncryptedStore(inner, KeyRing(inner, MasterKeys(master_key_path(folder))), encrypts=True)
    data = Bytes(folder / "journal", store)
    files = Files(data)
    content = os.urandom(frames * FRAME_BYTES)
    plain = random_key("packs", ".tar")
    sealed = encrypted_name(random_key("packs", ".tar"), 1)
    for key in (plain, sealed):
        store.put(key, content)
    packs = [
        [Extent(store_source(key), number * FRAME_BYTES, FRAME_BYTES) for number in range(frames)]
        for key in (plain, sealed)
    ]
    slices = [_slices(folder, data, encrypted=encrypted, count=frames // 4) for encrypted in (False, True)]
    appends = [partial(_slices, folder, data, encrypted=encrypted, count=frames // 8) for encrypted in (False, True)]
    found = [
        _in_turn("appending slices of a CT to the journal", appends, frames // 8 * SLICE_BYTES, repeats),
        _in_turn("frames of a sealed pack", [partial(_read, files, each) for each in packs], len(content), repeats),
        _in_turn(
            "slices of a journal",
            [partial(_read, files, each) for each in slices],
            sum(each.length for each in slices[0]),
            repeats,
        ),
    ]
    files.close()
    shutil.rmtree(folder)
    return found


def _slices(folder: Path, data: Bytes, *, encrypted: bool, count: int) -> list[Extent]:
    writer = JournalWriter(folder / "journal", "bench", reserve_bytes=0, keys=data.keys if encrypted else PLAIN)
    content = os.urandom(SLICE_BYTES)
    header = MemberHeader(1, "1.2", "1.2.3", "1.2.840.10008.1.2.1", "", "", "", utc_now(), bytes(32), "bench")
    places = [writer.append(header, [content]) for _ in range(count)]
    writer.close()
    return [Extent(place.segment.source, place.data_set_offset, place.data_set_length) for place in places]


def _read(files: Files, extents: Sequence[Extent]) -> None:
    for extent in extents:
        files.read(extent)


def _in_turn(what: str, both: Sequence[Callable[[], object]], size: int, repeats: int) -> Ratio:
    """The best of all turns, because whatever else runs only makes it slower. size: bytes that each works on."""
    rates: list[list[float]] = [[], []]
    for _ in range(repeats):
        for which, work in enumerate(both):
            began = time.process_time()
            work()
            rates[which].append(size / 1e6 / (time.process_time() - began))
    return Ratio(what, "MB/s of a processor", *(max(each) for each in rates))


def as_json(runs: Sequence[ingest.Run], ratios: Sequence[Ratio]) -> dict[str, object]:
    """For the results file."""
    return {"runs": [asdict(run) for run in runs], "ratios": [asdict(each) | {"ratio": each.ratio} for each in ratios]}


def markdown(ratios: Sequence[Ratio]) -> str:
    """The table for docs/performance.md."""
    rows = ["| | without | encrypted | ratio |", "|---|---|---|---|"]
    rows += [
        f"| {each.what} | {each.off:.0f} {each.unit} | {each.on:.0f} {each.unit} | {each.ratio:.2f} |"
        for each in ratios
    ]
    return "\n".join(rows) + "\n"


OFF = Server("off", "Isocenter, plain", "journal fdatasync + index", servers.isocenter())
ON = Server("on", "Isocenter, encrypted", "the same", servers.isocenter(ISOCENTER_ENCRYPTION="on"))
SERVERS = (OFF, ON)
