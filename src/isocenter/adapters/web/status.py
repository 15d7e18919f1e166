"""GET /api/status: what is running, how much is held, how full the disk is, what waits. For administrators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from isocenter.access.caller import Caller
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.parts import parts_of
from isocenter.domain.nodes.status import Status, status_of_node

router = APIRouter(tags=["Status"])


@router.get("/api/status", summary="Processes, counts, disk, queue")
def status(request: Request, who: Annotated[Caller, Depends(caller)]) -> Status:
    """403 without the right to see the status."""
    parts = parts_of(request)
    return status_of_node(parts.settings, parts.database, who, parts.run_state())
