"""Where the nodes of the region answer each other, as the registry of nodes says."""

from __future__ import annotations

from typing import NamedTuple

from isocenter.kit.database import Connection


class NodeAddress(NamedTuple):
    """A node that may answer. draining: it is about to leave, so nothing new is brought to it."""

    node: str
    host: str
    port: int
    draining: bool


def node_addresses(connection: Connection) -> list[NodeAddress]:
    """The nodes that are up or leaving and answer others."""
    rows = connection.execute(
        "SELECT node, address, state FROM node WHERE state IN ('up', 'draining') AND address IS NOT NULL ORDER BY node"
    ).fetchall()
    found = []
    for node, address, state in rows:
        host, _, port = str(address).rpartition(":")
        if host and port.isdigit():
            found.append(NodeAddress(str(node), host.strip("[]"), int(port), state == "draining"))
    return found
