"""The worker process: sealing, reclaiming, sending; at low priority, so that receiving and reading go first."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import ExitStack, closing
from functools import partial

from isocenter.access.keys.verbs import rewrapping_task
from isocenter.access.trail.jobs import AUDIT_QUEUE, audit_tasks
from isocenter.adapters.dimse.peers_scu import PeersScu
from isocenter.adapters.dimse.storage_scu import StorageScu
from isocenter.apps.audit_trail import trail_work
from isocenter.apps.node_work import NodeWork, region_tasks
from isocenter.apps.placement import pacing_of, placement_of
from isocenter.apps.settings_from_environment import database_url_of
from isocenter.apps.sites.site import open_database, other_site_of
from isocenter.apps.wiring import (
    deletions_of,
    open_bytes,
    open_library,
    staging_folders,
    tls_files_of,
)
from isocenter.delivery.library import Library
from isocenter.domain.archive.deletions import deletion_tasks
from isocenter.domain.archive.erase import facts_key_path
from isocenter.domain.archive.jobs import preparing_again_task, sealing_tasks, tokenising_task
from isocenter.domain.archive.metering import metering_task
from isocenter.domain.archive.prepare_again import PreparingAgain
from isocenter.domain.archive.reclaim import sweep_orphan_packs
from isocenter.domain.archive.seal import Sealer
from isocenter.domain.continuity.copying import SITE_QUEUES, copying_tasks
from isocenter.domain.continuity.institution_book import institution_book_tasks
from isocenter.domain.exchange.availability import AvailabilityWork, availability_tasks, defer_due_notices
from isocenter.domain.exchange.commitment import (
    PROMISES_QUEUE,
    CommitmentWork,
    commitment_tasks,
    defer_due_commitments,
)
from isocenter.domain.exchange.promises import due_task, forgetting_task, sending_tasks
from isocenter.domain.exchange.rejection import RejectionWork, defer_due_rejections, rejection_tasks
from isocenter.domain.exchange.sending import SENDING_QUEUE, defer_due_transfers
from isocenter.domain.placement.jobs import STORAGE_QUEUE, placement_tasks
from isocenter.domain.retention.destroying import RETENTION_QUEUE, Destructions
from isocenter.domain.retention.jobs import retention_tasks
from isocenter.index.senders import SenderBook
from isocenter.kit.database import Database
from isocenter.kit.errors import Exhausted
from isocenter.kit.jobs import QUEUE, Task, work
from isocenter.kit.logging import get_logger
from isocenter.kit.priority import await_processors, give_way
from isocenter.kit.settings import Settings
from isocenter.storage.extents import Bytes
from isocenter.storage.facts import read_key_file
from isocenter.storage.object_store import ObjectStore, clear_staging

log = get_logger(__name__)

NICENESS = 10
SEALING_WAITS_S = 0.5
"""So long a batch of sixteen instances waits while the processors are short: sealing never stands still."""
SENDING_AT_ONCE = 8
"""Destinations that are sent to at one time: so many may hang before another has to wait."""
QUEUES = {
    QUEUE: 1,
    SENDING_QUEUE: SENDING_AT_ONCE,
    PROMISES_QUEUE: 4,
    AUDIT_QUEUE: 1,
    STORAGE_QUEUE: 2,
    RETENTION_QUEUE: 1,
}
STAGED_FOR_S = 86400
"""A file on its way into a store that is older than this belongs to a process that died."""
_PAUSE_S = 1.0


def run(settings: Settings) -> int:
    """Work until SIGTERM or SIGINT; waits for a database that went away."""
    if not give_way(NICENESS):
        log.warning("worker.session-not-lowered")
    url = database_url_of(settings)
    stop = threading.Event()
    with ExitStack() as stack:
        database = stack.enter_context(open_database(settings, max_connections=4 + sum(QUEUES.values())))
        data = open_bytes(settings, database)
        store = data.store
        pause, children = partial(await_processors, stop, SEALING_WAITS_S), max(1, (os.cpu_count() or 1) // 2)
        sealer = stack.enter_context(closing(Sealer(database=database, data=data, processes=children, pause=pause)))
        again = PreparingAgain(database, store, sealer.confined, SenderBook(database), pause)
        library = stack.enter_context(open_library(database, data))
        tasks = [
            *sealing_tasks(database, sealer, settings.quiet_for),
            preparing_again_task(again, STORAGE_QUEUE, stop.is_set),
            *upkeep_tasks(settings, database, store),
            *region_tasks(settings, database, data),
            *promise_tasks(settings, database, data, library, stop),
            *audit_tasks(trail_work(settings, database, store)),
            *placement_tasks(placement_of(settings, database, store), pacing_of(settings), stop),
        ]
        queues = dict(QUEUES)
        other = other_site_of(settings, database, stop)
        if other is not None:
            tasks += copying_tasks(other)
            queues |= SITE_QUEUES
        own = stack.enter_context(NodeWork(settings, database, data))
        while not stop.is_set():
            try:
                work(url, tasks, queues=queues, stopping=stop)
                break
            except Exhausted as error:
                log.warning("worker.waits", reason=error.reason)
                for number in (signal.SIGTERM, signal.SIGINT):
                    signal.signal(number, lambda *_: stop.set())
                stop.wait(_PAUSE_S)
        own.finish()
    return 0


def promise_tasks(
    settings: Settings, database: Database, data: Bytes, library: Library, stop: threading.Event
) -> list[Task]:
    """What other application entities were promised."""
    peers = PeersScu(settings.ae_title, tls_files_of(settings))
    commitment = CommitmentWork(database, data, peers.report_commitment, settings.commitment_report_port)
    rejecting = RejectionWork(database, data, facts_key_path(settings.home), library.confined)
    return [
        *sending_tasks(database, StorageScu(library, peers), stop.is_set),
        *commitment_tasks(commitment),
        *rejection_tasks(rejecting),
        *availability_tasks(AvailabilityWork(database, library.store, peers.notify_availability)),
        forgetting_task(database),
        due_task(database, [defer_due_transfers, defer_due_commitments, defer_due_rejections, defer_due_notices]),
    ]


def upkeep_tasks(settings: Settings, database: Database, store: ObjectStore) -> list[Task]:
    """What gives room back."""

    def sweep() -> None:
        sweep_orphan_packs(database, store)
        for folder in staging_folders(settings):
            clear_staging(folder, older_than_s=STAGED_FOR_S, now=time.time())

    return [
        Task("sweep-orphan-packs", sweep, every="17 * * * *"),
        tokenising_task(database),
        *institution_book_tasks(database, store, read_key_file(facts_key_path(settings.home))),
        metering_task(database),
        rewrapping_task(database, store),
        *deletion_tasks(deletions_of(settings, database, store)),
        *retention_tasks(Destructions(database, store, facts_key_path(settings.home))),
    ]
