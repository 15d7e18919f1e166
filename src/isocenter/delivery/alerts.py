"""What somebody has to look at: stable words, decided from how things are and from nothing else.

The same limits stand in docs/operations/alerts.yml for Prometheus; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from isocenter.index.nodes import NodeRow
from isocenter.index.operations import QueueState
from isocenter.index.placement import StorageAlarm
from isocenter.index.site_changes import Lag
from isocenter.index.storages import Storage

NODE_SILENT_S: Final = 60
SITE_BEHIND_S: Final = 60
SITE_FAR_BEHIND_S: Final = 900
JOBS_LATE_S: Final = 900
STORAGE_NEARLY_FULL: Final = 0.9
BACKUP_OLD_S: Final = 172_800
OPAQUE_PACKS: Final = 10
DISK_LOW: Final = 0.15
DISK_VERY_LOW: Final = 0.05


class Severity(StrEnum):
    """critical: act now; warning: act this week."""

    CRITICAL = "critical"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing. subject: the name of the node, storage or queue, an institution's number, '' for this node.

    since: None when not known.
    """

    word: str
    severity: Severity
    subject: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk of this node's home, bytes."""

    total_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is looked at. not_backed_up_since: None while there is nothing to back up. opaque_packs: those that wait."""

    at: datetime
    nodes: Sequence[NodeRow]
    storages: Sequence[Storage]
    alarms: Sequence[StorageAlarm]
    lag: Lag
    missing: int
    queues: Sequence[QueueState]
    disk: Disk
    warnings: Sequence[str]
    not_backed_up_since: datetime | None
    opaque_packs: int


def alerts_of(now: Circumstances) -> list[Alert]:
    """Everything that is wrong, critical first."""
    found = [
        *_of_nodes(now),
        *_of_storages(now),
        *_of_site(now),
        *_of_queues(now),
        *_of_backups(now),
        *_of_packs(now),
        *_of_this_node(now),
    ]
    return sorted(found, key=lambda alert: (alert.severity is not Severity.CRITICAL, alert.word, alert.subject))


def _of_nodes(now: Circumstances) -> Iterator[Alert]:
    for node in now.nodes:
        if node.state in ("up", "draining") and node.silent_for_s > NODE_SILENT_S:
            yield Alert("node-silent", Severity.CRITICAL, node.node, node.seen_at)
        elif node.state == "gone" and node.alone_bytes > 0:
            yield Alert("node-gone-with-bytes", Severity.CRITICAL, node.node, node.state_since)


def _of_storages(now: Circumstances) -> Iterator[Alert]:
    for storage in now.storages:
        if storage.state == "retired":
            continue
        if storage.damaged_count:
            yield Alert("copies-damaged", Severity.CRITICAL, storage.name, storage.counted_at)
        if storage.max_bytes and storage.byte_count > STORAGE_NEARLY_FULL * storage.max_bytes:
            yield Alert("storage-nearly-full", Severity.WARNING, storage.name, storage.counted_at)
    for alarm in now.alarms:
        if alarm.ended_at is None:
            yield Alert(alarm.kind, Severity.CRITICAL, alarm.subject, alarm.since)


def _of_site(now: Circumstances) -> Iterator[Alert]:
    if now.lag.seconds > SITE_BEHIND_S:
        far = now.lag.seconds > SITE_FAR_BEHIND_S
        yield Alert("site-behind", Severity.CRITICAL if far else Severity.WARNING)
    if now.lag.stuck:
        yield Alert("site-refuses", Severity.CRITICAL)
    if now.missing:
        yield Alert("site-objects-missing", Severity.CRITICAL)


def _of_queues(now: Circumstances) -> Iterator[Alert]:
    for queue in now.queues:
        if queue.failed:
            yield Alert("jobs-failed", Severity.WARNING, queue.queue)
        if queue.waiting_s > JOBS_LATE_S:
            yield Alert("jobs-late", Severity.WARNING, queue.queue)


def _of_backups(now: Circumstances) -> Iterator[Alert]:
    since = now.not_backed_up_since
    if since is not None and now.at - since > timedelta(seconds=BACKUP_OLD_S):
        yield Alert("backup-old", Severity.WARNING, "", since)


def _of_packs(now: Circumstances) -> Iterator[Alert]:
    if now.opaque_packs >= OPAQUE_PACKS:  # one strange object is nobody's work; many are a fault of ours or of the host
        yield Alert("sealed-opaque", Severity.WARNING)


def _of_this_node(now: Circumstances) -> Iterator[Alert]:
    free = now.disk.free_bytes / max(1, now.disk.total_bytes)
    if free < DISK_LOW:
        yield Alert("disk-low", Severity.CRITICAL if free < DISK_VERY_LOW else Severity.WARNING)
    for word in now.warnings:
        yield Alert(word, Severity.WARNING)
