"""What a worker does for its own home alone, beside the jobs that any worker of the region may take.

Shipping and reclaiming journals, overwriting in them what was erased, watching the home's certificates, taking over
what is replicated here. Each chore is tried again at its next time; none of them stops another.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from isocenter.access.certificates.expiry import watching_task
from isocenter.access.certificates.store import store_of
from isocenter.apps.region import client_of, replicas_of
from isocenter.apps.wiring import erasure_work, node_name
from isocenter.domain.archive.destruction_certificate import finish_erasures
from isocenter.domain.archive.duplicates import Holdings
from isocenter.domain.archive.reclaim import Budget, reclaim_segments
from isocenter.domain.nodes.lost_segments import take_over_lost
from isocenter.domain.nodes.registry import declare_silent_gone
from isocenter.domain.nodes.shipping import Shipper, sweep_orphan_segments
from isocenter.domain.nodes.takeover import take_over
from isocenter.index import nodes as index
from isocenter.kit.database import Database
from isocenter.kit.errors import Exhausted
from isocenter.kit.jobs import Task
from isocenter.kit.logging import get_logger
from isocenter.kit.settings import Settings
from isocenter.storage.borrowed import clear_borrowed
from isocenter.storage.extents import Bytes
from isocenter.storage.segments import is_epoch_live, segments

log = get_logger(__name__)

LAST_PASSES_S: Final = 25.0
"""A worker that is told to stop has so long to ship what the doors of its home closed."""
_SOONEST_S: Final = 0.5


def ships(settings: Settings) -> bool:
    """Whether closed segments are copied to the store: with other nodes or another site, and where the setting says."""
    others = settings.node_port is not None or settings.second_site_url is not None
    return settings.ship_segments == "on" or (settings.ship_segments == "auto" and others)


@dataclass(slots=True)
class Chore:
    """Something that is done every so many seconds."""

    name: str
    every_s: float
    run: Callable[[], object]
    due_at: float = field(default=0.0)


class NodeWork:
    """The chores of one home, in a thread of their own. Use as a context; `finish` first when the home stops."""

    def __init__(self, settings: Settings, database: Database, data: Bytes) -> None:
        self._settings = settings
        self._database = database
        self._data = data
        self._node = node_name(settings)
        self._stopping = threading.Event()
        self._shipper = Shipper(database, data, self._node, self._stopping)
        self._holdings = Holdings(database, data, two_copies=settings.acknowledge_after == "two_copies")
        self._chores = self._all()
        self._thread = threading.Thread(target=self._run, name="node-work", daemon=True)

    def __enter__(self) -> NodeWork:
        clear_borrowed(self._settings.home)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        self._holdings.comparisons.close()

    def _all(self) -> list[Chore]:
        watch = watching_task(store_of(self._settings.home))
        erasing = erasure_work(self._settings, self._database, self._data.store)
        chores = [
            Chore("reclaim", 60.0, self._reclaim),
            Chore(watch.name, 3600.0, watch.function),
            Chore("finish-erasures", 30.0, lambda: finish_erasures(erasing)),
        ]
        if ships(self._settings):
            chores += [Chore("ship", 1.0, self._shipper.ship), Chore("drop-copies", 30.0, self._drop_copies)]
        if self._settings.node_port is not None:
            replicas = self._settings.home / "replicas"
            chores.append(Chore("take-over", 5.0, lambda: take_over(self._holdings, replicas)))
            chores.append(Chore("take-over-lost", 30.0, self._take_over_lost))
        return chores

    def _run(self) -> None:
        while not self._stopping.wait(_SOONEST_S):
            for chore in self._chores:
                if time.monotonic() >= chore.due_at and not self._stopping.is_set():
                    attempt(chore)
                    chore.due_at = time.monotonic() + chore.every_s

    def _reclaim(self) -> None:
        """Every node name that ever wrote into this home: one that was renamed has segments under the old name too."""
        journal = self._data.journal_directory
        budget = Budget(self._settings.hot_cache_bytes, self._settings.hot_cache_for)
        for node in node_folders(journal):
            reclaim_segments(self._database, journal, node, budget)

    def _take_over_lost(self) -> None:
        """What nodes that are up have lost, and is replicated here."""
        with closing(client_of(self._settings, self._database)) as client:
            take_over_lost(self._holdings, replicas_of(self._settings), client.owner_has)

    def _drop_copies(self) -> None:
        """Our own copies, and those of nodes that are not up, which look after theirs."""
        with self._database.transaction() as connection:
            up = {row.node for row in index.nodes(connection) if row.state in ("up", "draining")}
            others = index.who_shipped(connection) - up - {self._node}
        self._shipper.drop_unneeded([self._node, *sorted(others)])

    def finish(self) -> bool:
        """The home stops: ship what its doors have closed, which have ended by now; whether nothing is left."""
        self._stopping.set()
        self._thread.join()
        if not ships(self._settings):
            return True
        journal = self._data.journal_directory
        last = Shipper(self._database, self._data, self._node)
        until = time.monotonic() + LAST_PASSES_S
        while time.monotonic() < until:
            growing = any(is_epoch_live(journal, name.node, name.epoch) for name in segments(journal, self._node))
            try:
                if last.ship().left == 0 and not growing:
                    return True
            except Exhausted as error:
                log.warning("node-work.late", chore="ship", reason=error.reason)
            time.sleep(_SOONEST_S)
        log.warning("node-work.not-all-shipped", node=self._node)
        return False


def attempt(chore: Chore) -> None:
    """Do it now; what goes wrong is in the log."""
    try:
        chore.run()
    except Exhausted as error:
        log.warning("node-work.late", chore=chore.name, reason=error.reason)
    except Exception:
        log.exception("node-work.failed", chore=chore.name)


def node_folders(journal: Path) -> list[str]:
    """Every node that ever wrote into this home."""
    return sorted(path.name for path in journal.iterdir() if path.is_dir()) if journal.is_dir() else []


def region_tasks(settings: Settings, database: Database, data: Bytes) -> list[Task]:
    """What one worker of the region does for all nodes."""

    def sweep() -> None:
        sweep_orphan_segments(database, data.store)

    def declare() -> None:
        declare_silent_gone(database, settings.node_gone_after.total_seconds())

    return [
        Task("sweep-orphan-segments", sweep, every="37 * * * *"),
        Task("declare-silent-nodes-gone", declare, every="* * * * *"),
    ]
