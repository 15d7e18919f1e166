"""What is running, how much is held, how full the disk is, what waits. For administrators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from isocenter.access.caller import Caller, Right
from isocenter.adapters.web.about import DicomAddress
from isocenter.adapters.web.authentication import caller

router = APIRouter(tags=["Status"])


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
    """counts: studies, series, instances, bytes, sealed_studies; queue: jobs by state."""

    version: str
    dicom: DicomAddress
    processes: list[Process]
    counts: dict[str, int]
    disk: Disk
    queue: dict[str, int]


@router.get("/api/status", summary="Processes, counts, disk, queue")
def status(request: Request, who: Annotated[Caller, Depends(caller)]) -> Status:
    """403 without the right to see the status."""
    who.require(Right.SEE_STATUS)
    raise NotImplementedError
