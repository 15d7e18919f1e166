"""What runs on this node, how much is held, how full the disk is, what waits: told by web and command line."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from isocenter import __version__
from isocenter.access.caller import Caller
from isocenter.access.certificates.expiry import warnings
from isocenter.access.certificates.store import store_of
from isocenter.access.roles import Right
from isocenter.index.queries import totals
from isocenter.kit.database import Database
from isocenter.kit.jobs import job_counts
from isocenter.kit.settings import Settings

_WAITING = ("todo", "doing", "failed")


@dataclass(frozen=True, slots=True)
class DicomAddress:
    """Where a modality sends to."""

    ae_title: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Process:
    """One process of this node."""

    name: str
    pid: int | None
    running: bool
    restarts: int


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk of the home folder, bytes."""

    total_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True)
class Status:
    """counts: studies, sealed_studies, series, instances, bytes and more; queue: jobs todo, doing, failed.

    warnings: words for what will fail if nobody acts, as of /health/ready.
    """

    version: str
    dicom: DicomAddress
    processes: list[Process]
    counts: dict[str, int]
    disk: Disk
    queue: dict[str, int]
    warnings: list[str]


def dicom_address(settings: Settings) -> DicomAddress:
    """Of the listener of this node."""
    return DicomAddress(ae_title=settings.ae_title, host=settings.dicom_host, port=settings.dicom_port)


def status_of_node(settings: Settings, database: Database, who: Caller, run_state: Mapping[str, Any] | None) -> Status:
    """How this node is. run_state: what `up` wrote about its processes, None without it. Raises Refused."""
    who.require(Right.SEE_STATUS)
    with database.transaction(who.institution_id) as connection:
        held = totals(connection)
        jobs = job_counts(connection)
    disk = shutil.disk_usage(settings.home)
    return Status(
        version=__version__,
        dicom=dicom_address(settings),
        processes=[Process(**each) for each in (run_state or {}).get("processes", [])],
        counts=asdict(held),
        disk=Disk(total_bytes=disk.total, free_bytes=disk.free),
        queue={state: count for state, count in jobs.items() if state in _WAITING},
        warnings=warnings(store_of(settings.home)),
    )
