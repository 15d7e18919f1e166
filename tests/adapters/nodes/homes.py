"""Nodes that answer, without processes of their own."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from isocenter.adapters.nodes.client import Peer
from isocenter.adapters.nodes.server import NodeServer, Served
from isocenter.storage.replicas import Replicas, ReplicaWriter
from isocenter.storage.segments import SegmentName

KEY = bytes(range(32))


@dataclass(frozen=True, slots=True)
class Home:
    """A node that answers."""

    served: Served
    server: NodeServer

    @property
    def peer(self) -> Peer:
        """Where it answers."""
        return Peer(self.served.node, *self.server.address)

    def journal(self, name: SegmentName, content: bytes) -> None:
        """Put a segment into its journal."""
        path = name.path(self.served.journal_directory)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def replica(self, name: SegmentName, content: bytes) -> None:
        """Put a replica of another node's segment there."""
        with closing(ReplicaWriter(self.served.replicas, name.node)) as writer:
            writer.write(name, 0, memoryview(content))
            writer.sync()


def a_home(folder: Path, node: str, *, reserve_bytes: int = 1 << 20) -> Home:
    """A node that answers from now on; stop its server. reserve_bytes: what its disk keeps free."""
    folder.mkdir()
    served = Served(node, KEY, folder / "journal", Replicas(folder / "replicas", reserve_bytes=reserve_bytes))
    made = Home(served, NodeServer("127.0.0.1", 0, served))
    made.server.start()
    return made
