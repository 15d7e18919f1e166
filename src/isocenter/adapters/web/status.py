"""What is running, how much is held, how full the disk is, what waits. For administrators."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from isocenter import __version__
from isocenter.access.caller import Caller
from isocenter.access.certificates.expiry import warnings
from isocenter.access.certificates.store import store_of
from isocenter.access.roles import Right
from isocenter.adapters.web.about import DicomAddress
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.parts import parts_of
from isocenter.index.queries import totals
from isocenter.kit.database import Database
from isocenter.kit.jobs import job_counts
from isocenter.kit.settings import Settings

router = APIRouter(tags=["Status"])

_WAITING = ("todo", "doing", "failed")


class Process(BaseModel):
    """One process of this node."""

    name: str
    pid: int | None
    running: bool
    restarts: int


class Disk(BaseModel):
    """The disk of the home folder, bytes."""

    total_bytes: int
    free_bytes: int


class Status(BaseModel):
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


@router.get("/api/status", summary="Processes, counts, disk, queue")
def status(request: Request, who: Annotated[Caller, Depends(caller)]) -> Status:
    """403 without the right to see the status."""
    parts = parts_of(request)
    return status_of_node(parts.settings, parts.database, who, parts.run_state())


def status_of_node(settings: Settings, database: Database, who: Caller, run_state: dict[str, Any] | None) -> Status:
    """How this node is. run_state: what `up` wrote about its processes, None without it. Raises Refused."""
    who.require(Right.SEE_STATUS)
    with database.transaction(who.institution_id) as connection:
        held = totals(connection)
        jobs = job_counts(connection)
    disk = shutil.disk_usage(settings.home)
    return Status(
        version=__version__,
        dicom=DicomAddress(ae_title=settings.ae_title, host=settings.dicom_host, port=settings.dicom_port),
        processes=[Process(**each) for each in (run_state or {}).get("processes", [])],
        counts=asdict(held),
        disk=Disk(total_bytes=disk.total, free_bytes=disk.free),
        queue={state: count for state, count in jobs.items() if state in _WAITING},
        warnings=warnings(store_of(settings.home)),
    )
