"""What the processes of this node count, and how the whole runs, for Prometheus. Numbers only: no UIDs, no names."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from isocenter.access.certificates.expiry import measure
from isocenter.access.certificates.store import store_of
from isocenter.adapters.web.operations_metrics import operations_metrics
from isocenter.adapters.web.parts import parts_of

router = APIRouter(tags=["Health"])


@router.get("/metrics", summary="Counters of all processes (Prometheus text)", response_class=Response)
def metrics(request: Request) -> Response:
    """Adds up what listener, web and worker wrote to the node's folder; the process alone where there is none.

    Then how the whole runs, as every node says it: let Prometheus ask one, or take the largest of what they say.
    """
    parts = parts_of(request)
    measure(store_of(parts.settings.home))
    registry: CollectorRegistry = REGISTRY
    try:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    except ValueError:  # no folder: a test or a single process
        registry = REGISTRY
    text = generate_latest(registry) + operations_metrics(parts.database, parts.settings.home)
    return Response(text, media_type=CONTENT_TYPE_LATEST)
