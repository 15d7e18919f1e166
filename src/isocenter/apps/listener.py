"""The DICOM listener process: receives objects until SIGTERM or SIGINT (`python -m isocenter.apps.listener`)."""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
import threading
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from isocenter.access.devices.register import Strangers
from isocenter.access.devices.watch import DeviceWatch
from isocenter.access.institutions import ensure_institution
from isocenter.adapters.dimse.admission import DeviceAdmission, admitted_caller
from isocenter.adapters.dimse.get_scp import GetScp
from isocenter.adapters.dimse.move_scp import MoveScp
from isocenter.adapters.dimse.peers_scu import PeersScu
from isocenter.adapters.dimse.query_retrieve_scp import FindScp
from isocenter.adapters.dimse.storage_commitment_scp import StorageCommitmentScp
from isocenter.adapters.dimse.storage_scp import StorageScp
from isocenter.adapters.dimse.verification_scp import VerificationScp
from isocenter.apps.settings_from_environment import settings_from_environment
from isocenter.apps.sites.site import open_database
from isocenter.apps.wiring import open_archive, open_bytes, open_library, tls_files_of
from isocenter.delivery.library import Library
from isocenter.kit.errors import IsocenterError
from isocenter.kit.logging import configure, get_logger
from isocenter.kit.settings import Settings
from isocenter.kit.shared_counts import SharedCounts
from isocenter.wire.listener import Listener
from isocenter.wire.listening_socket import bound_socket
from isocenter.wire.negotiation import Admits
from isocenter.wire.roster import Limits
from isocenter.wire.service import Service
from isocenter.wire.tls import TlsServer

log = get_logger(__name__)

DRAIN_S = 30.0
"""Objects in flight get so long to finish when the process is told to stop."""


def run(settings: Settings, number: int = 1, socket_fd: int | None = None, secure_fd: int | None = None) -> int:
    """Serve until SIGTERM or SIGINT, then drain; returns the exit code. What prevents it is one line in the log.

    number: which of the listeners it is, from 1. socket_fd, secure_fd: bound sockets of `up`, shared by all listeners;
    without them the ports of the settings.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if socket_fd is None:
        settings = replace(settings, listener_processes=1)
    try:
        _serve(settings, stop, number, socket_fd, secure_fd)
    except IsocenterError as error:
        log.error("listener.cannot-run", reason=error.reason, detail=str(error))
        return 1
    return 0


def _serve(
    settings: Settings, stop: threading.Event, number: int, socket_fd: int | None, secure_fd: int | None
) -> None:
    with ExitStack() as stack:
        database = stack.enter_context(open_database(settings))
        institution = ensure_institution(database, settings.institution_name)
        data = open_bytes(settings, database)
        ready_segments = _share(settings.ready_segments, settings)
        archive = stack.enter_context(open_archive(settings, database, data, ready_segments=ready_segments))
        library = stack.enter_context(open_library(database, data))
        strangers = Strangers(institution.institution_id, settings.ae_title.strip(), settings.dicom_accept_from)
        devices = stack.enter_context(DeviceWatch(database, strangers))
        services: list[Service] = [
            StorageScp(archive, admitted_caller, devices),
            VerificationScp(),
            StorageCommitmentScp(database, admitted_caller),
            *query_retrieve_services(settings, library),
        ]
        plain = _bound(socket_fd, settings.dicom_host, settings.dicom_port)
        shares = _shares(settings, number)
        listener = build_listener(settings, plain, services, DeviceAdmission(devices), shares)
        open_secure_port(settings, listener, secure_fd)
        gc.collect()
        gc.freeze()  # what lives as long as the process is not looked through again while objects arrive
        listener.start()
        host, port = listener.address
        log.info("listener.ready", ae_title=settings.ae_title, host=host, port=port)
        stop.wait()
        log.info("listener.draining", associations=len(listener.roster))
        log.info("listener.stopped", cut=listener.stop(DRAIN_S))


def query_retrieve_services(settings: Settings, library: Library) -> list[Service]:
    """C-FIND, C-GET and C-MOVE, in the institution of each association."""
    return [
        FindScp(library, admitted_caller),
        GetScp(library, admitted_caller),
        MoveScp(
            library,
            admitted_caller,
            settings.ae_title.strip(),
            peers=PeersScu(settings.ae_title.strip(), tls_files_of(settings)),
        ),
    ]


def _bound(fd: int | None, host: str, port: int) -> socket.socket:
    return bound_socket(host, port) if fd is None else socket.socket(fileno=fd)


def _share(whole: int, settings: Settings) -> int:
    """What one of the listeners has of something that all have together, rounded up."""
    return -(-whole // settings.listener_processes)


def _shares(settings: Settings, number: int) -> SharedCounts | None:
    """What the listeners under one `up` share, in its folder in memory."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if folder is None or settings.listener_processes == 1:
        return None
    return SharedCounts(Path(folder) / "connections-taken", number - 1, settings.listener_processes)


def build_listener(
    settings: Settings,
    bound: socket.socket,
    services: list[Service],
    admission: Admits,
    shares: SharedCounts | None = None,
) -> Listener:
    """The upper layer with the limits of the settings."""
    total = _share(settings.max_associations, settings)
    return Listener(
        bound,
        admission,
        services,
        limits=Limits(
            total=total,
            per_address=_share(settings.max_associations_per_address, settings),
            reserve=total // 10,
        ),
        artim_s=settings.artim.total_seconds(),
        idle_for_s=settings.association_idle_for.total_seconds(),
        max_pdu_bytes=settings.max_pdu_bytes,
        shares=shares,
    )


def open_secure_port(settings: Settings, listener: Listener, secure_fd: int | None) -> None:
    """The TLS port beside the plain one, where the settings have one. Raises CannotSecure, CannotListen."""
    if settings.dicom_tls_port is not None:
        tls = TlsServer(tls_files_of(settings))
        bound = _bound(secure_fd, settings.dicom_tls_host or settings.dicom_host, settings.dicom_tls_port)
        secure = listener.beside(bound, tls)
        host, port = secure.address
        log.info("listener.secure", host=host, port=port)


if __name__ == "__main__":
    _settings = settings_from_environment()
    configure(_settings.log_format, "listener")
    sys.exit(run(_settings))
