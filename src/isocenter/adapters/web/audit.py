"""The audit trail for auditors: searching, exporting, and how it is kept."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel, Field

from isocenter.access.audit import Action
from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.access.trail.messages import Event
from isocenter.access.trail.search import LONGEST_PAGE, TrailQuery, export_trail, search_trail, state_of_trail
from isocenter.access.trail.told import told_of
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.parts import parts_of
from isocenter.adapters.web.sign_in import StrictModel

router = APIRouter(tags=["Audit trail"])

_Who = Annotated[Caller, Depends(caller)]
_HEADING = (
    "sequence",
    "at",
    "who",
    "kind",
    "roles",
    "action",
    "event",
    "outcome",
    "address",
    "study_instance_uid",
    "patient_id",
    "detail",
    "chain",
    "position",
    "digest",
)


class AuditSearch(StrictModel):
    """What is looked for; everything may be left out. A body, because patient IDs never stand in addresses.

    who: a user name, or the id of a program, application entity or job. until: exclusive. failed: only what was refused
    or went wrong. before: next_before of the page before.
    """

    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    who: str = Field("", max_length=200)
    actions: list[Action] = Field([], max_length=100)
    study_instance_uid: str = Field("", max_length=64)
    patient_id: str = Field("", max_length=64)
    failed: bool = False

    def query(self, before: int | None = None) -> TrailQuery:
        """The room's form of it; NUL, which nothing holds, is looked for as U+FFFD."""
        words: dict[str, Any] = {
            name: value.replace("\0", "\ufffd").encode("utf-8", "replace").decode() if isinstance(value, str) else value
            for name, value in self.model_dump(include=set(AuditSearch.model_fields)).items()
        }
        return TrailQuery(**words | {"actions": tuple(str(action) for action in self.actions), "before": before})


class AuditPageSearch(AuditSearch):
    """A search, page by page."""

    before: int | None = Field(None, ge=1, lt=1 << 63)
    limit: int = Field(50, ge=1, le=LONGEST_PAGE)


class AuditEvent(BaseModel):
    """One row. who: the user name, or the id of what is no user. event: what PS3.15 A.5.3 calls it.

    outcome: 0 success, 4 refused, 8 begun and not finished, 12 not available. patient_id: the study's, as known now.
    """

    sequence: int
    at: AwareDatetime
    who: str
    caller_kind: str
    caller_id: str
    roles: list[str]
    action: str
    event: str
    outcome: int
    address: str | None
    study_instance_uid: str | None
    patient_id: str
    detail: dict[str, Any]
    chain: int
    position: int
    digest: str


class AuditPage(BaseModel):
    """Newest first. next_before: null at the end."""

    events: list[AuditEvent]
    next_before: int | None


class AuditState(BaseModel):
    """How the trail is kept. waiting: events that the audit repository does not have; null when there is none.

    problems: of the last verification, null when it was never verified. kept_for_days: then it is sealed away.
    """

    events: int
    archived: int
    chains: int
    waiting: int | None
    anchor: int | None
    anchored_at: AwareDatetime | None
    verified_at: AwareDatetime | None
    verified_events: int | None
    problems: int | None
    kept_for_days: int
    actions: list[str]


@router.get("/api/audit/state", summary="How the audit trail is kept")
def audit_state(request: Request, who: _Who) -> AuditState:
    """For auditors. actions: every word that can be searched for."""
    who.require(Right.READ_AUDIT)
    parts = parts_of(request)
    values = asdict(state_of_trail(parts.database, who))
    if parts.settings.audit_syslog is None:
        values["waiting"] = None
    days = parts.settings.audit_kept_for.days
    return AuditState(**values, kept_for_days=days, actions=[str(action) for action in Action])


@router.post("/api/audit/search", summary="Search the audit trail")
def search_audit(request: Request, body: AuditPageSearch, who: _Who) -> AuditPage:
    """For auditors, in their institution; the search itself is recorded."""
    events = search_trail(parts_of(request).database, who, body.query(body.before), body.limit)
    more = len(events) == body.limit
    return AuditPage(events=[_shown(each) for each in events], next_before=events[-1].sequence if more else None)


@router.post(
    "/api/audit/export",
    summary="The audit trail as CSV",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "CSV, newest first"}},
)
def export_audit(request: Request, body: AuditSearch, who: _Who) -> StreamingResponse:
    """UTF-8 with a byte order mark, for spreadsheets. At the most 100,000 events; the export itself is recorded."""
    events = export_trail(parts_of(request).database, who, body.query())
    headers = {"Content-Disposition": 'attachment; filename="audit.csv"'}
    return StreamingResponse(_csv(events), media_type="text/csv; charset=utf-8", headers=headers)


def _shown(event: Event) -> AuditEvent:
    values = asdict(event)
    return AuditEvent(
        **{name: values[name] for name in AuditEvent.model_fields if name in values} | {"roles": list(event.roles)},
        who=event.username or event.caller_id,
        event=told_of(event.action).event.meaning,
    )


def _csv(events: Iterator[Event]) -> Iterator[bytes]:
    yield ("\ufeff" + _line(_HEADING)).encode()
    for event in events:
        shown = _shown(event)
        detail = json.dumps(event.detail, ensure_ascii=False)
        yield _line(
            (
                shown.sequence,
                shown.at.isoformat(),
                shown.who,
                shown.caller_kind,
                " ".join(shown.roles),
                shown.action,
                shown.event,
                shown.outcome,
                shown.address or "",
                shown.study_instance_uid or "",
                shown.patient_id,
                detail,
                shown.chain,
                shown.position,
                shown.digest,
            )
        ).encode()


def _line(cells: tuple[object, ...]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerow([_inert(cell) if isinstance(cell, str) else cell for cell in cells])
    return text.getvalue()


def _inert(text: str) -> str:
    """An apostrophe before what a spreadsheet would take for a formula (OWASP, CSV injection)."""
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
