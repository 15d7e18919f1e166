"""The change feed: what happened to the studies of an institution, in order, for programs that follow along."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel

from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.access.sight import transaction_of
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.parts import parts_of
from isocenter.index.outbox import Event, events_after

router = APIRouter(tags=["Changes"])

MAX_CHANGES = 1000
LARGEST = 2**63 - 1


class Change(BaseModel):
    """One thing that happened. at: UTC; detail holds UIDs, numbers and times, never names."""

    sequence: int
    at: datetime
    kind: str
    study_instance_uid: str | None
    detail: dict[str, Any]


class Changes(BaseModel):
    """Changes in order. next_after: give it back as `after` to go on; more: there are further ones already."""

    changes: list[Change]
    next_after: int
    more: bool


@router.get("/api/changes", summary="Follow what happens to studies")
def changes(
    request: Request,
    who: Annotated[Caller, Depends(caller)],
    after: Annotated[int, Query(ge=0, le=LARGEST)] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_CHANGES)] = 100,
) -> Changes:
    """Events behind the sequence number `after`, oldest first. Numbers grow and have gaps; nothing comes in between.

    study-arrived and study-changed: once per study when it has gone quiet, not per instance. study-deleted,
    study-restored, study-erased and the kinds of corrections: when they were done.
    """
    who.require(Right.READ)
    with transaction_of(parts_of(request).database, who) as connection:
        found = events_after(connection, after, limit + 1)
    shown = [_change(event) for event in found[:limit]]
    return Changes(changes=shown, next_after=shown[-1].sequence if shown else after, more=len(found) > limit)


def _change(event: Event) -> Change:
    return Change(
        sequence=event.sequence,
        at=event.at,
        kind=event.kind,
        study_instance_uid=event.study_instance_uid,
        detail=event.detail,
    )
