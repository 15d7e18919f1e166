"""Whether the process lives, and whether a store and a query would succeed now."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel

from isocenter.adapters.web.parts import parts_of

router = APIRouter(tags=["Health"])


class Health(BaseModel):
    """status is "live" or "ready"; the refusal of readiness is an error with its reason."""

    status: str


@router.get("/health/live", summary="The web process answers")
async def live() -> Health:
    """200 as long as the process can answer at all; asks nobody else."""
    return Health(status="live")


@router.get("/health/ready", summary="A store and a query would succeed")
def ready(request: Request) -> Health:
    """200 only when the journal can be written, the database answers and the DICOM listener answers; else 503."""
    parts_of(request).ready()
    return Health(status="ready")
