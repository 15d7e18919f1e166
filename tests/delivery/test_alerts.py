"""What is wrong is said by a stable word; what is right says nothing."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest

from isocenter.delivery.alerts import Alert, Circumstances, Disk, Severity, alerts_of
from isocenter.index.nodes import NodeRow
from isocenter.index.operations import QueueState
from isocenter.index.placement import StorageAlarm
from isocenter.index.site_changes import Lag
from isocenter.index.storages import Storage

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
T = TypeVar("T")


def a_row(kind: type[T], **known: object) -> T:
    """A row in which nothing else than this is of interest."""
    named: Any = kind
    return kind(**{field.name: known.get(field.name) for field in fields(named)})


NODE = a_row(NodeRow, node="north-1", state="up", state_since=AT, seen_at=AT, silent_for_s=2.0, alone_bytes=100)
STORAGE = a_row(
    Storage,
    name="primary",
    state="active",
    max_bytes=1000,
    byte_count=899,
    unverified_count=1,
    damaged_count=0,
    counted_at=AT,
)
ALARM = StorageAlarm("mass-deletion", "7", AT, AT, {}, None)
QUEUE = QueueState("default", todo=5, doing=1, failed=0, waiting_s=900.0)
LAG = a_row(Lag, objects=3, bytes=100, seconds=60.0, stuck=0)
WELL = Circumstances(
    at=AT,
    nodes=[NODE],
    storages=[STORAGE],
    alarms=[replace(ALARM, ended_at=AT)],
    lag=LAG,
    missing=0,
    queues=[QUEUE],
    disk=Disk(100, 15),
    warnings=(),
    not_backed_up_since=AT - timedelta(days=2),
    opaque_packs=9,
)
CRITICAL, WARNING = Severity.CRITICAL, Severity.WARNING


def test_when_all_is_well_nothing_is_said() -> None:
    assert alerts_of(WELL) == []
    assert alerts_of(replace(WELL, not_backed_up_since=None)) == []


@pytest.mark.parametrize(
    ("now", "alert"),
    [
        (replace(WELL, nodes=[replace(NODE, silent_for_s=61.0)]), Alert("node-silent", CRITICAL, "north-1", AT)),
        (
            replace(WELL, nodes=[replace(NODE, state="gone", silent_for_s=1e6)]),
            Alert("node-gone-with-bytes", CRITICAL, "north-1", AT),
        ),
        (
            replace(WELL, storages=[replace(STORAGE, damaged_count=1)]),
            Alert("copies-damaged", CRITICAL, "primary", AT),
        ),
        (
            replace(WELL, storages=[replace(STORAGE, byte_count=901)]),
            Alert("storage-nearly-full", WARNING, "primary", AT),
        ),
        (replace(WELL, alarms=[ALARM]), Alert("mass-deletion", CRITICAL, "7", AT)),
        (replace(WELL, lag=replace(LAG, seconds=61.0)), Alert("site-behind", WARNING)),
        (replace(WELL, lag=replace(LAG, seconds=901.0)), Alert("site-behind", CRITICAL)),
        (replace(WELL, lag=replace(LAG, stuck=1)), Alert("site-refuses", CRITICAL)),
        (replace(WELL, missing=1), Alert("site-objects-missing", CRITICAL)),
        (replace(WELL, queues=[replace(QUEUE, failed=1)]), Alert("jobs-failed", WARNING, "default")),
        (replace(WELL, queues=[replace(QUEUE, waiting_s=901.0)]), Alert("jobs-late", WARNING, "default")),
        (replace(WELL, disk=Disk(100, 14)), Alert("disk-low", WARNING)),
        (replace(WELL, disk=Disk(100, 4)), Alert("disk-low", CRITICAL)),
        (
            replace(WELL, not_backed_up_since=AT - timedelta(days=2, seconds=1)),
            Alert("backup-old", WARNING, "", AT - timedelta(days=2, seconds=1)),
        ),
        (replace(WELL, opaque_packs=10), Alert("sealed-opaque", WARNING)),
        (
            replace(WELL, warnings=["web-certificate-expires-soon"]),
            Alert("web-certificate-expires-soon", WARNING),
        ),
    ],
)
def test_what_is_wrong_is_said(now: Circumstances, alert: Alert) -> None:
    assert alerts_of(now) == [alert]


def test_what_is_meant_to_be_silent_may_be() -> None:
    stopped = replace(NODE, state="stopped", silent_for_s=1e6)
    gone = replace(NODE, state="gone", silent_for_s=1e6, alone_bytes=0)
    retired = replace(STORAGE, state="retired", damaged_count=9)
    assert alerts_of(replace(WELL, nodes=[stopped, gone], storages=[retired])) == []


def test_the_critical_come_first() -> None:
    now = replace(WELL, nodes=[replace(NODE, silent_for_s=61.0)], disk=Disk(100, 14), missing=2)
    assert [alert.word for alert in alerts_of(now)] == ["node-silent", "site-objects-missing", "disk-low"]
