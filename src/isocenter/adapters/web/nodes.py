"""Nodes: the hosts of the region, telling one to leave, and declaring one gone."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from isocenter.access.caller import Caller
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.parts import parts_of
from isocenter.domain.nodes import registry as verbs
from isocenter.index.nodes import NodeRow

router = APIRouter(tags=["Operations"])


class Node(BaseModel):
    """A host. silent_for_s: since it last said that it lives. alone_bytes: of its journals, that lie nowhere else.

    state: up, draining (told to leave), stopped (left in order), gone (not expected back), given-up (what it had alone
    is written off). address: where other nodes
    reach it, null when it answers none. two_copies: it acknowledges what lies on another node's disk too.
    """

    node: str
    address: str | None
    version: str
    state: Literal["up", "draining", "stopped", "gone", "given-up"]
    state_since: datetime
    started_at: datetime
    seen_at: datetime
    silent_for_s: float
    two_copies: bool
    alone_bytes: int
    shipped_segments: int
    shipped_bytes: int


class NodeList(BaseModel):
    """By name."""

    nodes: list[Node]


@router.get("/api/nodes", summary="The hosts of the region")
def list_nodes(request: Request, who: Annotated[Caller, Depends(caller)]) -> NodeList:
    """Every node that ever started."""
    return NodeList(nodes=[_shown(each) for each in verbs.nodes(who, parts_of(request).database)])


@router.post("/api/nodes/{node}/drain", summary="Tell a node to leave")
def drain_node(request: Request, node: str, who: Annotated[Caller, Depends(caller)]) -> Node:
    """It takes no more associations, finishes, ships its journals and stops. 404 unknown-node."""
    return _shown(verbs.drain(who, parts_of(request).database, node))


@router.post("/api/nodes/{node}/gone", summary="Declare a node gone")
def declare_node_gone(request: Request, node: str, who: Annotated[Caller, Depends(caller)]) -> Node:
    """Replicas take its place; what it alone had is away until it is back. 404 unknown-node, 409 node-answers."""
    return _shown(verbs.declare_gone(who, parts_of(request).database, node))


def _shown(row: NodeRow) -> Node:
    return Node(**{name: getattr(row, name) for name in Node.model_fields})
