"""The operations page: how nodes, storages, copies, queues and the other site are, what is wrong, who uses how much."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from isocenter.access.caller import Caller
from isocenter.access.certificates.expiry import warnings
from isocenter.access.certificates.store import store_of
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.lists import EXPORT_ANSWER, ListForm, list_file
from isocenter.adapters.web.parts import parts_of
from isocenter.delivery import operations as room
from isocenter.delivery.operations import MeterLine, Running, Use

router = APIRouter(tags=["Operations"])

_Who = Annotated[Caller, Depends(caller)]


class OperationsAlert(BaseModel):
    """What somebody has to look at. word: stable; subject: the node, storage, queue or institution, '' for
    the node that answers.
    """

    word: str
    severity: str
    subject: str
    since: datetime | None


class OperationsNode(BaseModel):
    """A host. alone_bytes: received, and on no other disk yet; silent_for_s: since it last said that it lives."""

    name: str
    version: str
    state: str
    state_since: datetime
    silent_for_s: float
    alone_bytes: int
    two_copies: bool


class OperationsStorage(BaseModel):
    """A storage, as counted at counted_at. max_bytes: its limit, None without one."""

    name: str
    role: str
    state: str
    objects: int
    bytes: int
    max_bytes: int | None
    unverified: int
    damaged: int
    oldest_verified_at: datetime | None
    counted_at: datetime | None


class OperationsQueue(BaseModel):
    """Jobs of one kind. waiting_s: how long the oldest that is due has waited."""

    queue: str
    todo: int
    doing: int
    failed: int
    waiting_s: float


class OperationsSite(BaseModel):
    """The other site: how much it lacks, and for how long the oldest of that has waited."""

    waiting_objects: int
    waiting_bytes: int
    lag_s: float
    refused: int
    copied_objects: int
    copied_bytes: int
    last_at: datetime | None
    leader: str | None
    led_since: datetime | None
    missing: int


class OperationsUse(BaseModel):
    """What one institution holds. Counts are None until they are counted first, at most an hour after the start.

    recent_studies: studies that began to arrive in the last 30 days.
    """

    institution_id: int
    name: str
    counted_at: datetime | None
    studies: int | None
    instances: int | None
    packed_bytes: int | None
    open_bytes: int | None
    copy_bytes: int | None
    recent_studies: int


class Operations(BaseModel):
    """Everything at one moment. site: None where there is, and was, no other site."""

    at: datetime
    alerts: list[OperationsAlert]
    nodes: list[OperationsNode]
    storages: list[OperationsStorage]
    suspect_copies: int
    waiting_deletions: int
    queues: list[OperationsQueue]
    site: OperationsSite | None
    disk_total_bytes: int
    disk_free_bytes: int
    database_bytes: int
    use: list[OperationsUse]


class MeteredLine(BaseModel):
    """One day (UTC) of one institution. Held at the last count of that day; None when nobody counted."""

    day: date
    institution_id: int
    institution: str
    studies: int | None
    instances: int | None
    packs: int | None
    packed_bytes: int | None
    open_bytes: int | None
    copy_bytes: int | None
    first_received: int


class MeteredDays(BaseModel):
    """The meter, institution by institution, oldest day first."""

    days: list[MeteredLine]


@router.get("/api/operations", summary="Nodes, storages, copies, queues, the other site, alerts, use")
def see_operations(request: Request, who: _Who) -> Operations:
    """For administrators and security officers; the use of others only for the region's. 403."""
    parts = parts_of(request)
    home = parts.settings.home
    running, used = room.operations(who, parts.database, home, warnings(store_of(home)))
    return _shown(running, used)


@router.get("/api/metered-days", summary="What institutions used, day by day")
def list_metered_days(request: Request, who: _Who, first: date | None = None, last: date | None = None) -> MeteredDays:
    """From first to last, UTC, at most three years; without them the last 30 days. 400 invalid, 403."""
    lines = room.meter(who, parts_of(request).database, *room.period(first, last))
    return MeteredDays(days=[_line(each) for each in lines])


@router.get("/api/metered-days/export", summary="The meter as a list", response_class=Response, responses=EXPORT_ANSWER)
def export_metered_days(
    request: Request,
    who: _Who,
    first: date | None = None,
    last: date | None = None,
    form: Annotated[ListForm, Query(alias="as")] = "csv",
) -> Response:
    """The same as a file for a spreadsheet. 400 invalid, 403."""
    lines = room.meter(who, parts_of(request).database, *room.period(first, last))
    return list_file("use", form, room.COLUMNS, room.meter_rows(lines))


def _shown(now: Running, used: list[Use]) -> Operations:
    return Operations(
        at=now.at,
        alerts=[OperationsAlert(**asdict(each)) for each in now.alerts],
        nodes=_nodes(now),
        storages=_storages(now),
        suspect_copies=now.copies.suspects,
        waiting_deletions=now.copies.deletions,
        queues=[OperationsQueue(**asdict(each)) for each in now.queues],
        site=_site(now) if now.site.known else None,
        disk_total_bytes=now.disk.total_bytes,
        disk_free_bytes=now.disk.free_bytes,
        database_bytes=now.database_bytes,
        use=[_use(each) for each in used],
    )


def _nodes(now: Running) -> list[OperationsNode]:
    return [
        OperationsNode(
            name=each.node,
            version=each.version,
            state=each.state,
            state_since=each.state_since,
            silent_for_s=max(0.0, each.silent_for_s),
            alone_bytes=each.alone_bytes,
            two_copies=each.two_copies,
        )
        for each in now.nodes
    ]


def _storages(now: Running) -> list[OperationsStorage]:
    return [
        OperationsStorage(
            name=each.name,
            role=each.role,
            state=each.state,
            objects=each.object_count,
            bytes=each.byte_count,
            max_bytes=each.max_bytes,
            unverified=each.unverified_count,
            damaged=each.damaged_count,
            oldest_verified_at=each.oldest_verified_at,
            counted_at=each.counted_at,
        )
        for each in now.storages
    ]


def _site(now: Running) -> OperationsSite:
    site = now.site
    return OperationsSite(
        waiting_objects=site.lag.objects,
        waiting_bytes=site.lag.bytes,
        lag_s=max(0.0, site.lag.seconds),
        refused=site.lag.stuck,
        copied_objects=site.copied_objects,
        copied_bytes=site.copied_bytes,
        last_at=site.last_at,
        leader=site.leader,
        led_since=site.led_since,
        missing=site.missing,
    )


def _use(use: Use) -> OperationsUse:
    last = use.last
    return OperationsUse(
        institution_id=use.institution_id,
        name=use.name,
        counted_at=last.counted_at if last else None,
        studies=last.studies if last else None,
        instances=last.instances if last else None,
        packed_bytes=last.packed_bytes if last else None,
        open_bytes=last.open_bytes if last else None,
        copy_bytes=last.copy_bytes if last else None,
        recent_studies=use.recent_studies,
    )


def _line(line: MeterLine) -> MeteredLine:
    values = {name: getattr(line.day, name) for name in MeteredLine.model_fields if name != "institution"}
    return MeteredLine(institution=line.institution, **values)
