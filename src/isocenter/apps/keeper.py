"""The keeper process: answers other nodes, and keeps their replicas for as long as they are needed."""

from __future__ import annotations

import signal
import threading
from contextlib import ExitStack, closing

from isocenter.adapters.nodes.server import NodeServer, Served
from isocenter.apps.region import replicas_of
from isocenter.apps.wiring import node_name, tls_files_of
from isocenter.domain.nodes.replica_upkeep import drop_unneeded_replicas
from isocenter.kit.database import Database
from isocenter.kit.errors import Exhausted, Invalid, IsocenterError
from isocenter.kit.logging import get_logger
from isocenter.kit.settings import Settings
from isocenter.storage.cluster_key import read_cluster_key
from isocenter.storage.replicas import Replicas
from isocenter.wire.tls import TlsServer

log = get_logger(__name__)

LOOK_EVERY_S = 10.0
"""So often it is asked which replicas are needed no more."""


def run(settings: Settings) -> int:
    """Answer until SIGTERM or SIGINT; returns the exit code. What prevents it is one line in the log."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        _keep(settings, stop)
    except IsocenterError as error:
        log.error("keeper.cannot-run", reason=error.reason, detail=str(error))
        return 1
    return 0


def _keep(settings: Settings, stop: threading.Event) -> None:
    if settings.node_port is None:
        raise Invalid("This process needs ISOCENTER_NODE_PORT; without it a node is alone.")
    served = Served(
        node_name(settings), read_cluster_key(settings.home), settings.home / "journal", replicas_of(settings)
    )
    with ExitStack() as stack:
        tls = TlsServer(tls_files_of(settings)) if settings.node_tls == "on" else None
        server = NodeServer(settings.node_host, settings.node_port, served, tls=tls)
        stack.callback(server.stop)
        server.start()
        host, port = server.address
        log.info("keeper.ready", node=served.node, host=host, port=port)
        if settings.database_url is None:
            stop.wait()
            return
        database = stack.enter_context(closing(Database(settings.database_url, max_connections=1)))
        while not stop.wait(LOOK_EVERY_S):
            _look_after(database, served.replicas)


def _look_after(database: Database, replicas: Replicas) -> None:
    """Replicas stay while the database is away, or when anything else is wrong: that they go is never urgent."""
    try:
        drop_unneeded_replicas(database, replicas)
    except Exhausted as error:
        log.warning("keeper.replicas-stay", reason=error.reason)
    except Exception:
        log.exception("keeper.replicas-stay")
