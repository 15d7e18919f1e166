"""The web process: the product's API, DICOMweb, health, metrics and the web client on one socket."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from isocenter.access.attempts import SignInAttempts
from isocenter.access.certificates.facts import Kind
from isocenter.access.certificates.store import store_of
from isocenter.access.federation.discovery import Discovery
from isocenter.access.sealed_secrets import sealing_key_of
from isocenter.adapters.dicomweb.at_once import AnswersAtOnce as DicomwebAtOnce
from isocenter.adapters.dicomweb.router import DicomwebService, dicomweb_router
from isocenter.adapters.dimse.peers_scu import PeersScu
from isocenter.adapters.scim.router import scim_router
from isocenter.adapters.web.application import build_application
from isocenter.adapters.web.authentication import Authenticator, caller
from isocenter.adapters.web.parts import WebParts
from isocenter.adapters.web.security import LINES_OF_EVERY_ANSWER, note_request
from isocenter.apps.home import run_state_for_status
from isocenter.apps.http_protocol import AnswersAtOnce, DirectHttpProtocol, Headers
from isocenter.apps.sites.site import evidence_stores_of, open_database
from isocenter.apps.wiring import (
    deletions_of,
    open_archive,
    open_bytes,
    open_library,
    opening_of,
    tls_files_of,
)
from isocenter.delivery.library import Library
from isocenter.domain.archive.erase import facts_key_path
from isocenter.domain.archive.store import Archive
from isocenter.domain.identity.acts import Records
from isocenter.kit.database import Database
from isocenter.kit.errors import Exhausted
from isocenter.kit.logging import get_logger
from isocenter.kit.settings import Settings
from isocenter.kit.shared_change import SharedChange
from isocenter.wire.direct_sending import Piece
from isocenter.wire.tls import https_context

log = get_logger(__name__)

STOP_S = 20


class ListenerAway(Exhausted):
    """The DICOM listener does not answer."""

    reason = "listener-away"


def run(settings: Settings, *, number: int, socket_fd: int) -> int:
    """Serve until SIGTERM. number: which of the web processes this is; socket_fd: the bound, listening socket."""
    with ExitStack() as stack:
        database = stack.enter_context(open_database(settings, max_connections=16))
        data = open_bytes(settings, database)
        archive = stack.enter_context(open_archive(settings, database, data))
        library = stack.enter_context(open_library(database, data))
        app = application(settings, database, archive, library)
        listening = stack.enter_context(socket.socket(fileno=socket_fd))
        log.info("Web server is starting", number=number)
        decoding = settings.web_processes >= len(os.sched_getaffinity(0))
        _server(app, settings, answers_at_once(app.state.dicomweb, decoding=decoding)).run(sockets=[listening])
    return 0


def application(settings: Settings, database: Database, archive: Archive, library: Library) -> FastAPI:
    """The whole application around open parts; its state holds the DICOMweb service as `dicomweb`."""
    deletions = deletions_of(settings, database, library.store)
    dicomweb = DicomwebService(archive, library, caller, deletions)
    parts = WebParts(
        settings=settings,
        database=database,
        authenticator=Authenticator(database, _sessions_changed()),
        attempts=SignInAttempts(database),
        ready=lambda: check_ready(settings, archive),
        run_state=lambda: run_state_for_status(settings.home),
        library=library,
        archive=archive,
        deletions=deletions,
        records=Records(database, library.store, facts_key_path(settings.home), library.data),
        echo=PeersScu(settings.ae_title, tls_files_of(settings)).echo,
        sealing_key=sealing_key_of(settings.home),
        discovery=Discovery(settings.trusted_hosts),
        evidence=lambda: evidence_stores_of(settings),
        opening=opening_of(settings),
    )
    doors = (dicomweb_router(dicomweb), scim_router(database, caller))
    app = build_application(parts, doors, web_client_folder())
    app.state.dicomweb = dicomweb
    return app


def _sessions_changed() -> SharedChange:
    """What the web processes under one `up` share, in its folder in memory."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    return SharedChange(None if folder is None else Path(folder) / "sessions-changed")


def answers_at_once(dicomweb: DicomwebService, *, decoding: bool) -> AnswersAtOnce:
    """What a connection may answer itself, counted and logged as every request is."""
    ask = DicomwebAtOnce(dicomweb, decoding=decoding)

    def answer(url: bytes, headers: Headers) -> Sequence[Piece] | None:
        began = time.perf_counter()
        found = ask(url, headers)
        if found is None:
            return None
        note_request("GET", found.path, 200, began, found.caller_id)
        return (LINES_OF_EVERY_ANSWER + found.head + b"\r\n", *found.pieces)

    return answer


def check_ready(settings: Settings, archive: Archive) -> None:
    """Raise Exhausted unless a store (by either door) and a query would succeed now."""
    archive.writable()
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.dicom_host, settings.dicom_host)  # noqa: S104
    try:
        with socket.create_connection((host, settings.dicom_port), timeout=2):
            pass
    except OSError:
        raise ListenerAway("The DICOM listener does not answer.") from None
    if not listener_lives(run_state_for_status(settings.home)):  # `up` holds the port for it
        raise ListenerAway("The DICOM listener is being started again.")


def listener_lives(run_state: dict[str, Any] | None) -> bool:
    """Whether one of the listeners of this home lives; they are nobody's business where `up` does not start them."""
    processes = [] if run_state is None else run_state["processes"]
    listeners = [each for each in processes if each["name"].startswith("listener")]
    return not listeners or any(each["running"] for each in listeners)


def openapi_document() -> str:
    """The OpenAPI document, made without starting anything."""
    return json.dumps(build_application(None, (), None).openapi(), ensure_ascii=False, indent=1) + "\n"


def web_client_folder() -> Path | None:
    """The built web client: inside an installed package, or beside the sources of a checkout."""
    here = Path(__file__).resolve()
    for folder in (here.parents[1] / "web_client", here.parents[3] / "web" / "dist"):
        if (folder / "index.html").is_file():
            return folder
    return None


def _server(app: FastAPI, settings: Settings, at_once: AnswersAtOnce) -> uvicorn.Server:
    class Connection(DirectHttpProtocol):
        answers_at_once = staticmethod(at_once)

    config = uvicorn.Config(
        app,
        http=Connection,
        loop="uvloop",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=65,
        timeout_graceful_shutdown=STOP_S,
        backlog=1024,
    )
    config.load()
    if settings.http_tls == "on":
        config.ssl = https_context(store_of(settings.home).own(Kind.WEB))
    return uvicorn.Server(config)
