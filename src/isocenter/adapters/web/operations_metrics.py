"""The operations page as metrics: read from the database when a monitor asks, nothing of it is kept.

Numbers only; labels are names of nodes, storages and queues, and numbers of institutions.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from isocenter.delivery.alerts import Disk
from isocenter.delivery.operations import Running, Use, running, uses
from isocenter.kit.database import Database, DatabaseAway
from isocenter.kit.errors import Exhausted

UP_STATES = ("up", "draining")


def operations_metrics(database: Database, home: Path) -> bytes:
    """Prometheus text. Without the database it says that, and nothing else of this."""
    registry = CollectorRegistry()
    registry.register(_Operations(database, home))
    return generate_latest(registry)


class _Operations(Collector):
    def __init__(self, database: Database, home: Path) -> None:
        self._database = database
        self._home = home

    def collect(self) -> Iterator[Metric]:
        """Every metric, asked for anew."""
        try:
            if not self._database.answers():  # which is known sooner than that a transaction has to be given up
                raise DatabaseAway("The database does not answer.")
            now, used = running(self._database, self._home, ()), uses(self._database)
        except Exhausted:
            yield GaugeMetricFamily("isocenter_database_up", "1 when the database answers", 0)
            return
        yield GaugeMetricFamily("isocenter_database_up", "1 when the database answers", 1)
        yield GaugeMetricFamily("isocenter_database_bytes", "Size of the index", now.database_bytes)
        yield from _disk(now.disk)
        yield from _nodes(now)
        yield from _storages(now)
        yield from _queues(now)
        yield from _site(now)
        yield from _backups(now)
        text = "Packs with objects that could not be read when they were sealed, and that are tried again"
        yield GaugeMetricFamily("isocenter_opaque_packs", text, now.opaque_packs)
        yield from _uses(used)

    def describe(self) -> list[Metric]:
        """Nothing beforehand: registering asks no database."""
        return []


def _family(name: str, text: str, labels: tuple[str, ...], values: Iterator[tuple[list[str], float]]) -> Metric:
    family = GaugeMetricFamily(f"isocenter_{name}", text, labels=labels)
    for chosen, value in values:
        family.add_metric(chosen, value)
    return family


def _disk(disk: Disk) -> Iterator[Metric]:
    yield GaugeMetricFamily("isocenter_disk_total_bytes", "Size of the disk of this node's home", disk.total_bytes)
    yield GaugeMetricFamily("isocenter_disk_free_bytes", "What is free of it", disk.free_bytes)


def _nodes(now: Running) -> Iterator[Metric]:
    nodes = now.nodes
    yield _family(
        "node_expected",
        "1 for a node that should answer: up or draining",
        ("node",),
        (([each.node], float(each.state in UP_STATES)) for each in nodes),
    )
    yield _family(
        "node_silent_seconds",
        "Time since a node last said that it lives",
        ("node",),
        (([each.node], max(0.0, each.silent_for_s)) for each in nodes),
    )
    yield _family(
        "node_alone_bytes",
        "Received bytes that are on this node's disk alone",
        ("node",),
        (([each.node], each.alone_bytes) for each in nodes),
    )


def _storages(now: Running) -> Iterator[Metric]:
    storages = [each for each in now.storages if each.state != "retired"]
    for name, text, values in (
        ("storage_objects", "Copies in a storage", [each.object_count for each in storages]),
        ("storage_bytes", "Bytes of copies in a storage", [each.byte_count for each in storages]),
        ("storage_max_bytes", "Limit of a storage, 0 without one", [each.max_bytes or 0 for each in storages]),
        ("storage_unverified_copies", "Copies not read back yet", [each.unverified_count for each in storages]),
        ("storage_damaged_copies", "Copies that are damaged", [each.damaged_count for each in storages]),
    ):
        labels = ([each.name, each.role] for each in storages)
        yield _family(name, text, ("storage", "role"), zip(labels, map(float, values), strict=True))
    kinds = sorted({each.kind for each in now.alarms})
    counts = (([kind], float(sum(each.kind == kind for each in now.alarms))) for kind in kinds)
    yield _family("storage_alarms", "Alarms of storages that last", ("kind",), counts)
    yield GaugeMetricFamily("isocenter_suspect_copies", "Copies that a reader found wanting", now.copies.suspects)
    yield GaugeMetricFamily(
        "isocenter_waiting_deletions", "Deletions that have not reached every storage", now.copies.deletions
    )


def _queues(now: Running) -> Iterator[Metric]:
    states = ("todo", "doing", "failed")
    yield _family(
        "jobs",
        "Jobs by queue and state",
        ("queue", "state"),
        (([each.queue, state], getattr(each, state)) for each in now.queues for state in states),
    )
    yield _family(
        "jobs_waiting_seconds",
        "How long the oldest job that is due has waited",
        ("queue",),
        (([each.queue], max(0.0, each.waiting_s)) for each in now.queues),
    )


def _site(now: Running) -> Iterator[Metric]:
    site = now.site
    for name, text, value in (
        ("site_waiting_objects", "Changes that the other site lacks", site.lag.objects),
        ("site_waiting_bytes", "Bytes that the other site lacks", site.lag.bytes),
        ("site_lag_seconds", "Age of the oldest change that the other site lacks", max(0.0, site.lag.seconds)),
        ("site_refused_changes", "Changes that failed at the other site", site.lag.stuck),
        ("site_missing_objects", "Objects that a take-over did not find", site.missing),
    ):
        yield GaugeMetricFamily(f"isocenter_{name}", text, value)


def _backups(now: Running) -> Iterator[Metric]:
    if now.not_backed_up_since is not None:
        age_s = max(0.0, (now.at - now.not_backed_up_since).total_seconds())
        text = "Time since the last backup was finished; without any, since the first institution was set up"
        yield GaugeMetricFamily("isocenter_backup_age_seconds", text, age_s)


def _uses(used: list[Use]) -> Iterator[Metric]:
    counted = [(str(each.institution_id), each.last) for each in used if each.last is not None]
    for name, text, field in (
        ("institution_studies", "Studies that an institution holds", "studies"),
        ("institution_instances", "Instances that an institution holds", "instances"),
        ("institution_packed_bytes", "Bytes of an institution's packs", "packed_bytes"),
        ("institution_open_bytes", "Bytes received and not sealed", "open_bytes"),
        ("institution_copy_bytes", "Bytes of an institution in all storages", "copy_bytes"),
    ):
        values = (([number], float(getattr(last, field) or 0)) for number, last in counted)
        yield _family(name, text, ("institution",), values)
