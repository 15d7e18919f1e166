"""The two sites: who leads, how far the other is behind, what a take-over missed, comparisons, drills."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from isocenter.access.caller import Caller
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.parts import parts_of
from isocenter.domain.continuity.evidence import EvidenceStores, drill_file, drills
from isocenter.domain.continuity.sites import SiteState, site_state

router = APIRouter(tags=["Operations"])

_Who = Annotated[Caller, Depends(caller)]


class SiteLag(BaseModel):
    """What the other site lacks. seconds: age of the oldest object; removals wait on purpose; stuck: have failed."""

    objects: int
    bytes: int
    seconds: float
    removals: int
    stuck: int
    problem: str | None


class SiteIndexCopy(BaseModel):
    """PostgreSQL's copying of the index. lag_bytes, lag_s: null when not known; lost: a new copy has to be made."""

    has_slot: bool
    connected: bool
    lag_bytes: int | None
    lag_s: float | None
    lost: bool


class SiteLead(BaseModel):
    """Who led from when. account: what the take-over found, as words and numbers."""

    generation: int
    site: str
    since: datetime
    account: dict[str, Any]


class SiteComparison(BaseModel):
    """A comparison of both stores. digests: every byte was read; account: what it found."""

    at: datetime
    digests: bool
    account: dict[str, Any]


class Sites(BaseModel):
    """How the two sites stand. lag, index: null without a second site. missing: objects that a lost site did not copy.

    alarms: other-site-behind, objects-not-copied, index-not-copied, index-copy-lost, index-behind, objects-missing.
    """

    site: str
    has_other: bool
    has_witness: bool
    leads: bool
    generation: int
    lag: SiteLag | None
    index: SiteIndexCopy | None
    objects_copied: int
    bytes_copied: int
    objects_removed: int
    last_copied_at: datetime | None
    missing: int
    alarms: list[str]
    history: list[SiteLead]
    comparisons: list[SiteComparison]


class Drill(BaseModel):
    """A rehearsal. signed: its evidence is as it was filed; where not, nothing else is told. Times in seconds."""

    drill_id: str
    signed: bool
    site: str | None = None
    at: datetime | None = None
    role: str | None = None
    version: str | None = None
    passed: bool | None = None
    rto_s: float | None = None
    rpo_s: float | None = None
    rto_goal_s: float | None = None
    rpo_goal_s: float | None = None
    copy_s: float | None = None
    lease_s: float | None = None
    index_s: float | None = None
    settle_s: float | None = None
    first_store_s: float | None = None
    first_read_s: float | None = None
    index_age_s: float | None = None
    missing: int | None = None
    missing_bytes: int | None = None
    recorded: int | None = None
    damaged: int | None = None
    right: int | None = None
    wrong: int | None = None
    away: int | None = None


class Drills(BaseModel):
    """Newest first."""

    drills: list[Drill]


@router.get("/api/sites", summary="The two sites: who leads, how far the other is behind")
def sites(request: Request, who: _Who) -> Sites:
    """As this site sees it."""
    parts = parts_of(request)
    settings = parts.settings
    state = site_state(
        who,
        parts.database,
        settings.site,
        has_other=settings.second_site_url is not None,
        has_witness=settings.witness_url is not None,
        alarm_after_s=settings.second_site_lag_alarm.total_seconds(),
    )
    return _shown(state, leads=parts.database.leads())


@router.get("/api/drills", summary="Drills that were held")
def list_drills(request: Request, who: _Who) -> Drills:
    """Of both sites, as far as their stores answer."""
    found = drills(who, evidence_of(request))
    known = Drill.model_fields
    return Drills(
        drills=[
            Drill(
                **{name: value for name, value in one.said.items() if name in known},
                drill_id=one.drill_id,
                signed=one.signed,
            )
            for one in found
        ]
    )


@router.get(
    "/api/drills/{drill_id}/evidence",
    summary="The signed evidence of a drill",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}},
)
def drill_evidence(request: Request, drill_id: str, who: _Who) -> Response:
    """Two lines: what was measured, and its signature. 404 unknown-drill."""
    data = drill_file(who, evidence_of(request), drill_id)
    named = {"Content-Disposition": f'attachment; filename="drill-{drill_id}.json"'}
    return Response(data, media_type="application/octet-stream", headers=named)


def evidence_of(request: Request) -> EvidenceStores:
    """Where evidence lies."""
    filed = parts_of(request).evidence
    assert filed is not None
    return filed()


def _shown(state: SiteState, *, leads: bool) -> Sites:
    return Sites(**asdict(state), leads=leads)
