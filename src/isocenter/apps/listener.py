"""The DICOM listener process: receives objects until SIGTERM or SIGINT (`python -m isocenter.apps.listener`)."""

from __future__ import annotations

import signal
import socket
import sys
import threading
from contextlib import ExitStack, closing

from isocenter.access.institutions import ensure_institution
from isocenter.adapters.dimse.storage_scp import StorageScp
from isocenter.adapters.dimse.verification_scp import VerificationScp
from isocenter.apps.settings_from_environment import settings_from_environment
from isocenter.domain.archive.store import Archive
from isocenter.kit.database import Database
from isocenter.kit.errors import Invalid, IsocenterError
from isocenter.kit.logging import configure, get_logger
from isocenter.kit.settings import Settings
from isocenter.storage.object_store import open_store
from isocenter.wire.listener import Listener
from isocenter.wire.negotiation import Admission
from isocenter.wire.roster import Limits
from isocenter.wire.service import Service

log = get_logger(__name__)

DRAIN_S = 30.0
"""Objects in flight get so long to finish when the process is told to stop."""


def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT, then drain; returns the exit code. What prevents it is one line in the log."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        _serve(settings, stop)
    except IsocenterError as error:
        log.error("listener.cannot-run", reason=error.reason, detail=str(error))
        return 1
    return 0


def _serve(settings: Settings, stop: threading.Event) -> None:
    if settings.database_url is None:
        raise Invalid("The listener needs ISOCENTER_DATABASE_URL; `isocenter up` starts it with one.")
    storage_url = settings.storage_url or (settings.home / "store").absolute().as_uri()
    with ExitStack() as stack:
        database = stack.enter_context(closing(Database(settings.database_url)))
        institution = ensure_institution(database, settings.institution_name)
        archive = stack.enter_context(
            Archive(
                journal_directory=settings.home / "journal",
                node=node_name(),
                database=database,
                store=open_store(storage_url),
                max_object_bytes=settings.max_object_bytes,
            )
        )
        listener = build_listener(settings, [StorageScp(archive, institution.institution_id), VerificationScp()])
        listener.start()
        host, port = listener.address
        log.info("listener.ready", ae_title=settings.ae_title, host=host, port=port)
        stop.wait()
        log.info("listener.draining", associations=len(listener.roster))
        log.info("listener.stopped", cut=listener.stop(DRAIN_S))


def build_listener(settings: Settings, services: list[Service]) -> Listener:
    """The upper layer with the limits of the settings."""
    total = settings.max_associations
    return Listener(
        settings.dicom_host,
        settings.dicom_port,
        Admission(settings.ae_title.strip(), settings.dicom_accept_from),
        services,
        limits=Limits(
            total=total,
            per_address=settings.max_associations_per_address,
            reserve=total // 10,
        ),
        artim_s=settings.artim.total_seconds(),
        idle_for_s=settings.association_idle_for.total_seconds(),
        max_pdu_bytes=settings.max_pdu_bytes,
    )


def node_name() -> str:
    """This machine's name in journal paths: letters, digits and dashes."""
    name = "".join(c if c.isalnum() and c.isascii() else "-" for c in socket.gethostname().partition(".")[0])
    return name.strip("-").lower() or "node"


if __name__ == "__main__":
    _settings = settings_from_environment()
    configure(_settings.log_format, "listener")
    sys.exit(run(_settings))
