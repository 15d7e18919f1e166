"""How a process talks to the other nodes of its region; a node without ISOCENTER_NODE_PORT has none."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from isocenter.adapters.nodes.client import Member, NodeClient, Peer
from isocenter.adapters.nodes.second_copy import SecondCopies
from isocenter.apps.wiring import node_name, tls_files_of
from isocenter.index.peers import node_addresses
from isocenter.kit.database import Database
from isocenter.kit.errors import Exhausted
from isocenter.kit.settings import Settings
from isocenter.storage.cluster_key import read_cluster_key
from isocenter.storage.replicas import Replicas
from isocenter.storage.second_copy import TwoCopies
from isocenter.wire.tls import TlsClient

PEERS_KNOWN_FOR_S = 1.0
"""The registry is asked again after this."""


def replicas_of(settings: Settings) -> Replicas:
    """What this home keeps of other nodes' journals."""
    return Replicas(settings.home / "replicas")


def client_of(settings: Settings, database: Database) -> NodeClient:
    """Reads what other nodes have; close it, or end with the process."""
    return NodeClient(member_of(settings, database), replicas_of(settings))


def two_copies_of(settings: Settings, database: Database) -> TwoCopies | None:
    """The second copy that an archive waits for before it acknowledges; None when one is enough."""
    if settings.acknowledge_after != "two_copies":
        return None
    return SecondCopies(member_of(settings, database), settings.second_copy_within.total_seconds()).two_copies()


def member_of(settings: Settings, database: Database) -> Member:
    """Who this node is among the others. Raises Invalid without a cluster key."""
    tls = TlsClient(tls_files_of(settings)) if settings.node_tls == "on" else None
    return Member(node_name(settings), read_cluster_key(settings.home), remembered(database), tls)


def remembered(database: Database) -> Callable[[], Sequence[Peer]]:
    """The nodes of the registry, asked at most once a second; while the database is away those it named last."""
    lock = threading.Lock()
    known: list[Peer] = []
    asked_at = float("-inf")

    def peers() -> Sequence[Peer]:
        nonlocal known, asked_at
        with lock:
            if time.monotonic() - asked_at >= PEERS_KNOWN_FOR_S:
                asked_at = time.monotonic()
                known = _asked(database, known)
            return known

    return peers


def _asked(database: Database, before: list[Peer]) -> list[Peer]:
    try:
        with database.transaction() as connection:
            return [Peer(*each) for each in node_addresses(connection)]
    except Exhausted:
        return before
