"""Several nodes over one PostgreSQL and one store, each with a home of its own, on hosts that can be cut off."""

from __future__ import annotations

import os
import shutil
import signal
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Protocol

import psycopg

from bench.node import Node, NotReadyError, eventually, free_port, kill
from isocenter.access.institutions import ensure_institution
from isocenter.access.sealed_secrets import sealing_key_of
from isocenter.apps.postgres.embedded import EmbeddedPostgres
from isocenter.domain.archive.erase import facts_key_path
from isocenter.index.migrate import migrate
from isocenter.kit.database import Database
from isocenter.storage.cluster_key import make_cluster_key
from isocenter.storage.facts import make_key_file
from isocenter.storage.master_keys import MasterState, master_key_path, new_master_key, write_master_keys


class Network(Protocol):
    """Where nodes live, and how one is cut off from all others and from those who send."""

    def address(self, host: str) -> str:
        """Its IPv4 address."""

    def prefix(self, host: str) -> list[str]:
        """What runs a program on it."""

    def cut(self, host: str) -> None:
        """Silence."""

    def mend(self, host: str) -> None:
        """No silence."""

    def close(self) -> None:
        """Take it down."""


class Loopback:
    """All on this machine without namespaces: who is cut off is stopped where it stands (SIGSTOP) and goes on later."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self._stopped: dict[str, list[int]] = {}

    def address(self, host: str) -> str:  # noqa: ARG002
        """The same for all."""
        return "127.0.0.1"

    def prefix(self, host: str) -> list[str]:  # noqa: ARG002
        """Nothing."""
        return []

    def cut(self, host: str) -> None:
        """Stop what answers others; not what would take the database with it."""
        node = self.nodes[host]
        self._stopped[host] = [pid for role in ("keeper", "listener") for pid in node.pids_of(role)]
        signal_all(self._stopped[host], signal.SIGSTOP)

    def mend(self, host: str) -> None:
        """Let them go on."""
        signal_all(self._stopped.pop(host, []), signal.SIGCONT)

    def close(self) -> None:
        """Let all go on."""
        for host in list(self._stopped):
            self.mend(host)


def signal_all(pids: Sequence[int], number: signal.Signals) -> None:
    """To those that still live."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


class Cluster:
    """The database, the store and the nodes. `close` ends everything; what it left in the folder stays."""

    def __init__(self, folder: Path, hosts: Sequence[str], network: Network, **settings: str) -> None:
        """folder: empty, and an unprivileged PostgreSQL may enter it. settings: of every node."""
        self.folder = folder
        self.network = network
        self._settings = settings
        (folder / "database").mkdir(mode=0o755)
        self._postgres = EmbeddedPostgres(folder / "database")
        self._postgres.start()
        if len(hosts) > 2:
            self._allow_connections(150 * len(hosts))
        self.nodes: dict[str, Node] = {}
        self._names: dict[str, str] = {}
        self._ports: dict[str, int] = {}
        self._lives: Counter[str] = Counter()
        for host in hosts:
            self.nodes[host] = self._node(host)
            if isinstance(network, Loopback):
                network.nodes[host] = self.nodes[host]

    @property
    def url(self) -> str:
        """Of the database, as its owner."""
        return self._postgres.url

    @property
    def keys(self) -> Path:
        """A folder laid out as a home, with nothing but the secrets of the region."""
        return self.folder / "keys"

    def start(self) -> None:
        """Make the tables and the keys, then start all nodes at once."""
        migrate(self.url)
        with closing(Database(self.url)) as database:
            ensure_institution(database, "My institution")
        keys = self.keys
        for make in (make_cluster_key, lambda home: make_key_file(facts_key_path(home)), sealing_key_of):
            make(keys)
        if self._settings.get("ISOCENTER_ENCRYPTION") == "on":
            write_master_keys(master_key_path(keys), [new_master_key(MasterState.CURRENT)])
        for node in self.nodes.values():
            node.home.mkdir(mode=0o755, exist_ok=True)
            shutil.copytree(keys / "secrets", node.home / "secrets")  # as whoever sets up a node copies them
        with ThreadPoolExecutor(len(self.nodes)) as pool:
            list(pool.map(lambda node: node.start(), self.nodes.values()))
        first, *others = self.nodes.values()
        for node in others:
            node.share_token(first.token)

    def lose_disk(self, host: str) -> None:
        """The host dies and what it had on its disk is gone; nothing runs in its place yet."""
        node = self.nodes[host]
        kill(node.pids())
        eventually(lambda: not node.alive(), 10)
        shutil.rmtree(node.home, ignore_errors=True)

    def replace(self, host: str) -> None:
        """The lost node is declared gone, and a new home under a new name answers at its addresses.

        Blocks for as long as the region waits before it believes that a silent node is gone.
        """
        lost = self.nodes[host]
        other = next(node for name, node in self.nodes.items() if name != host and node.alive())
        name = self._names[host]
        if not eventually(lambda: other.command("node", "gone", name).returncode == 0, 90):
            raise NotReadyError(f"{name} cannot be declared gone: {other.command('node', 'gone', name)}")
        new = self._node(host, lost)
        new.home.mkdir(mode=0o755)
        shutil.copytree(self.keys / "secrets", new.home / "secrets")
        new.share_token(lost.token)
        self.nodes[host] = new
        if isinstance(self.network, Loopback):
            self.network.nodes[host] = new
        new.start(180)

    def kill_database(self) -> None:
        """kill -9 of PostgreSQL's postmaster; commits that were not on its disk are gone."""
        process = self._postgres.process
        assert process is not None
        kill([process.pid])
        process.wait()

    def start_database(self) -> None:
        """After it was killed."""
        self._postgres.start()

    def close(self) -> None:
        """Stop everything."""
        for host in self.nodes:
            self.network.mend(host)
        with ThreadPoolExecutor(max(1, len(self.nodes))) as pool:
            list(pool.map(lambda node: node.stop(), self.nodes.values()))
        self._postgres.stop()

    def _allow_connections(self, count: int) -> None:
        with psycopg.connect(self._postgres.url, autocommit=True) as connection:
            connection.execute(f"ALTER SYSTEM SET max_connections = {count}".encode())
        self._postgres.stop()
        self._postgres.start()

    def _node(self, host: str, before: Node | None = None) -> Node:
        """A node on a host; before: whose addresses it takes."""
        self._lives[host] += 1
        name = self._names[host] = host if before is None else f"{host}-{self._lives[host]}"
        address, port = self.network.address(host), self._ports.setdefault(host, free_port())
        settings = {
            "ISOCENTER_DATABASE_URL": self.url,
            "ISOCENTER_STORAGE_URL": (self.folder / "store").absolute().as_uri(),
            "ISOCENTER_NODE": name,
            "ISOCENTER_NODE_HOST": address,
            "ISOCENTER_NODE_PORT": str(port),
            "ISOCENTER_NODE_ADDRESS": f"{address}:{port}",
            "ISOCENTER_DICOM_HOST": address,
            "ISOCENTER_DICOM_ACCEPT_FROM": "127.0.0.0/8,10.77.0.0/16",
            "ISOCENTER_HTTP_HOST": address,
            "ISOCENTER_HTTP_TLS": "proxy",
        }
        node = Node(self.folder / name, **settings | self._settings)
        node.host, node.prefix = address, self.network.prefix(host)
        if before is not None:
            node.http_port, node.dicom_port = before.http_port, before.dicom_port
        return node
