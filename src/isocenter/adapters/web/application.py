"""The FastAPI application: this package's routers, the DICOMweb doors handed in, the web client last."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, FastAPI
from starlette.routing import Mount

from isocenter import __version__
from isocenter.adapters.web import (
    about,
    audit,
    certificates,
    changes,
    continuity,
    corrections,
    deletions,
    departments,
    destinations,
    device_contacts,
    devices,
    download,
    enrolment,
    erasures,
    hanging_protocols,
    health,
    identity_providers,
    institutions,
    invitations,
    keys,
    metrics,
    nodes,
    oauth,
    opening,
    operations,
    people,
    priors,
    programs,
    reading_key_images,
    reading_measurements,
    reading_preferences,
    reading_states,
    received,
    rejections,
    restrictions,
    retention,
    second_factors,
    senders,
    sharing,
    sign_in,
    sign_in_policy,
    single_sign_on,
    status,
    storages,
    studies,
    transfers,
    visits,
)
from isocenter.adapters.web.errors import ErrorAnswer, install_error_handlers
from isocenter.adapters.web.parts import WebParts
from isocenter.adapters.web.security import Security
from isocenter.adapters.web.static import web_client_router

API_ROUTERS = (
    sign_in.router,
    second_factors.router,
    sign_in_policy.router,
    single_sign_on.router,
    identity_providers.router,
    programs.router,
    oauth.router,
    enrolment.router,
    studies.router,
    opening.router,
    priors.router,
    reading_measurements.router,
    reading_states.router,
    reading_key_images.router,
    reading_preferences.router,
    hanging_protocols.router,
    changes.router,
    corrections.router,
    received.router,
    download.router,
    deletions.router,
    erasures.router,
    keys.router,
    destinations.router,
    transfers.router,
    rejections.router,
    institutions.router,
    departments.router,
    people.router,
    invitations.router,
    senders.router,
    sharing.router,
    restrictions.router,
    retention.router,
    visits.router,
    certificates.router,
    devices.router,
    device_contacts.router,
    audit.router,
    status.router,
    storages.router,
    nodes.router,
    operations.router,
    about.router,
    health.router,
    continuity.router,
    metrics.router,
)


def build_application(parts: WebParts | None, doors: tuple[APIRouter, ...], dist: Path | None) -> FastAPI:
    """Put the routers together. parts is None only where the application is described and never served (OpenAPI)."""
    app = FastAPI(
        title="Isocenter",
        version=__version__,
        description="The product's own interface. DICOMweb (PS3.18) is under /dicom-web.",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses={"default": {"model": ErrorAnswer, "description": "An error; its reason is a stable word"}},
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    app.state.parts = parts
    install_error_handlers(app)
    for router in (*doors, *API_ROUTERS):  # frames by the thousand are not matched against every other path
        app.include_router(router)
    app.include_router(web_client_router(dist))
    app.add_middleware(Security, mounts=[route for door in doors for route in door.routes if isinstance(route, Mount)])
    return app
