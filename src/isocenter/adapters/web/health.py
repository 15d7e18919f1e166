"""Whether the process lives, and whether a store and a query would succeed now."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from fastapi import APIRouter, Request
from pydantic import BaseModel

from isocenter.access.certificates.expiry import warnings
from isocenter.access.certificates.store import store_of
from isocenter.adapters.web.parts import parts_of
from isocenter.kit.errors import Exhausted

router = APIRouter(tags=["Health"])

READY_WITHIN_S = 5.0
"""A database that hangs instead of failing is not ready either."""
_prober = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ready")  # one probe may hang, not one per question


class NoAnswer(Exhausted):
    """Something that a store or a query needs does not answer in time."""

    reason = "no-answer"


class Health(BaseModel):
    """status is "live" or "ready"; the refusal of readiness is an error with its reason.

    warnings: words for what will fail if nobody acts, such as "web-certificate-expires-soon"; only with "ready".
    """

    status: str
    warnings: list[str] = []


@router.get("/health/live", summary="The web process answers")
async def live() -> Health:
    """200 as long as the process can answer at all; asks nobody else."""
    return Health(status="live")


@router.get("/health/ready", summary="A store and a query would succeed")
async def ready(request: Request) -> Health:
    """200 only when the journal can be written, the database answers and the DICOM listener answers; else 503."""
    probe = asyncio.get_running_loop().run_in_executor(_prober, parts_of(request).ready)
    try:
        await asyncio.wait_for(probe, READY_WITHIN_S)
    except TimeoutError:
        raise NoAnswer("The database or the listener does not answer in time.") from None
    return Health(status="ready", warnings=warnings(store_of(parts_of(request).settings.home)))
