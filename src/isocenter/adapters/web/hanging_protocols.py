"""Hanging protocols: how studies are laid out, kept for a reader, her department or the institution."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, Field

from isocenter.access.caller import Caller
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.parts import parts_of
from isocenter.adapters.web.reading_models import IfMatch, etag_of, revision_of
from isocenter.adapters.web.row_numbers import LARGEST_ID
from isocenter.adapters.web.sign_in import StrictModel
from isocenter.domain.reading import hanging_protocols as verbs
from isocenter.index.reading import HangingProtocolRow

router = APIRouter(tags=["Reading"])

Scope = Literal["user", "department", "institution"]
Name = Annotated[str, Field(min_length=1, max_length=100)]
ProtocolId = Annotated[int, Path(ge=0, le=LARGEST_ID)]


class ProtocolToAdd(StrictModel):
    """document: as the viewer writes it; it holds "version", the version of its own format, a number from 1."""

    scope: Scope
    name: Name
    document: dict[str, Any]


class ProtocolToChange(StrictModel):
    """revision: that of what was changed; the header If-Match goes before it."""

    revision: int | None = Field(None, ge=0)
    name: Name
    document: dict[str, Any]


class HangingProtocol(BaseModel):
    """One of them. editable: whether the caller may change it: her own, and the others with the right to."""

    hanging_protocol_id: int
    scope: Scope
    name: str
    document: dict[str, Any]
    revision: int
    changed_at: AwareDatetime
    editable: bool


class HangingProtocols(BaseModel):
    """Those that hold for the caller: her own first, then her department's, then the institution's; each by name.

    may_add: the scopes that the caller may add to.
    """

    hanging_protocols: list[HangingProtocol]
    may_add: list[Scope]


@router.get("/api/hanging-protocols", summary="Hanging protocols of the caller")
def hanging_protocols(request: Request, who: Annotated[Caller, Depends(caller)]) -> HangingProtocols:
    """Her own, her department's, her institution's."""
    held = verbs.protocols_for(parts_of(request).database, who)
    shown = [_shown(who, each) for each in held.protocols]
    return HangingProtocols(hanging_protocols=shown, may_add=[cast("Scope", each) for each in held.may_add])


@router.post("/api/hanging-protocols", summary="Add a hanging protocol", status_code=201)
def add_hanging_protocol(
    request: Request, response: Response, body: ProtocolToAdd, who: Annotated[Caller, Depends(caller)]
) -> HangingProtocol:
    """For a department or the institution with the right to manage it. 400 no-department, too-large."""
    made = verbs.add_protocol(parts_of(request).database, who, body.scope, body.name, body.document)
    response.headers["ETag"] = etag_of(made.revision)
    return _shown(who, made)


@router.put("/api/hanging-protocols/{hanging_protocol_id}", summary="Change a hanging protocol")
def change_hanging_protocol(
    request: Request,
    response: Response,
    hanging_protocol_id: ProtocolId,
    body: ProtocolToChange,
    who: Annotated[Caller, Depends(caller)],
    if_match: IfMatch = None,
) -> HangingProtocol:
    """400 too-large, 404 unknown-hanging-protocol, 409 changed."""
    before = revision_of(if_match, body.revision)
    changed = verbs.change_protocol(
        parts_of(request).database, who, hanging_protocol_id, before, body.name, body.document
    )
    response.headers["ETag"] = etag_of(changed.revision)
    return _shown(who, changed)


@router.delete("/api/hanging-protocols/{hanging_protocol_id}", summary="Remove a hanging protocol", status_code=204)
def remove_hanging_protocol(
    request: Request,
    hanging_protocol_id: ProtocolId,
    who: Annotated[Caller, Depends(caller)],
    revision: Annotated[int | None, Query(ge=0)] = None,
    if_match: IfMatch = None,
) -> None:
    """404 unknown-hanging-protocol, 409 changed."""
    before = None if if_match is None and revision is None else revision_of(if_match, revision)
    verbs.remove_protocol(parts_of(request).database, who, hanging_protocol_id, before)


def _shown(who: Caller, row: HangingProtocolRow) -> HangingProtocol:
    return HangingProtocol(
        hanging_protocol_id=row.hanging_protocol_id,
        scope=cast("Scope", verbs.scope_of(row)),
        name=row.name,
        document=row.document,
        revision=row.revision,
        changed_at=row.changed_at,
        editable=verbs.may_change(who, row),
    )
