"""What a second copy costs: ingest that is acknowledged after two disks beside ingest after one, interleaved.

The second copy goes to a keeper on this machine, so both share its processors and its disk: in a region each node has
its own. What a network adds is a round trip for each group.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from bench import ingest, servers
from bench.node import Node, eventually, free_port, kill
from bench.servers import Running, Server
from isocenter.apps.home import running_state
from isocenter.apps.settings_from_environment import settings_from_environment
from isocenter.kit.database import Database
from isocenter.storage.cluster_key import cluster_key_path, make_cluster_key

SCENES = tuple(scene for scene in ingest.SCENES if scene.name in ("ct1", "ct4", "mr4"))


@dataclass(frozen=True, slots=True)
class Ratio:
    """One scene: rates in MB/s (10⁶ bytes), latencies at the 99th percentile in ms."""

    scene: str
    local: float
    two_copies: float
    local_p99_ms: float
    two_copies_p99_ms: float

    @property
    def ratio(self) -> float:
        """Rate with two copies over the rate with one."""
        return self.two_copies / self.local


def measure(repeats: int, size: ingest.Size) -> tuple[list[ingest.Run], list[Ratio]]:
    """Both servers under every scene, in turn."""
    runs = ingest.measure(SERVERS, SCENES, repeats=repeats, size=size)
    summaries = {(each.server, each.scene): each for each in ingest.summarize(runs)}
    ratios = []
    for scene in SCENES:
        one, two = summaries.get((LOCAL.name, scene.name)), summaries.get((TWO.name, scene.name))
        if one is not None and two is not None:
            rates = (one.megabytes_per_second, two.megabytes_per_second)
            ratios.append(Ratio(scene.title, *rates, one.latency_p99_ms or 0.0, two.latency_p99_ms or 0.0))
    return runs, ratios


def as_json(runs: Sequence[ingest.Run], ratios: Sequence[Ratio]) -> dict[str, object]:
    """For the results file."""
    return {"runs": [asdict(run) for run in runs], "ratios": [asdict(each) | {"ratio": each.ratio} for each in ratios]}


def markdown(ratios: Sequence[Ratio]) -> str:
    """The table for docs/performance.md."""
    rows = [
        "| load | local, MB/s | two copies, MB/s | ratio | p99 local, ms | p99 two copies, ms |",
        "|---|---|---|---|---|---|",
    ]
    for each in ratios:
        rates = f"{each.local:.0f} | {each.two_copies:.0f} | {each.ratio:.2f}"
        rows.append(f"| {each.scene} | {rates} | {each.local_p99_ms:.1f} | {each.two_copies_p99_ms:.1f} |")
    return "\n".join(rows) + "\n"


def _two_copies(folder: Path) -> Running:
    """`isocenter up`, and the keeper of another node beside it."""
    other, home = folder / "other", folder / "home"
    for each in (other, home):
        each.mkdir(mode=0o755)
        (each / "secrets").mkdir(mode=0o700)
    make_cluster_key(other)
    shutil.copy2(cluster_key_path(other), cluster_key_path(home))
    port = free_port()
    keeper = _keeper(other, port)
    node = Node(
        home, ISOCENTER_NODE="bench", ISOCENTER_NODE_PORT=str(free_port()), ISOCENTER_ACKNOWLEDGE_AFTER="two_copies"
    )

    def stop() -> None:
        node.stop()
        kill([keeper.pid])
        keeper.wait()

    try:
        node.spawn()  # it is not ready before it knows the other one
        if not eventually(lambda: servers.answers_echo(node.dicom_port, node.ae_title), 180):
            raise RuntimeError("no C-ECHO")
        _introduce(home, port)
        node.wait_ready(60)
    except BaseException:
        stop()
        raise
    return Running(node.dicom_port, node.ae_title, lambda: [*node.pids(), keeper.pid], stop, node=node)


def _keeper(home: Path, port: int) -> subprocess.Popen[bytes]:
    settings = {"ISOCENTER_HOME": str(home), "ISOCENTER_NODE": "other", "ISOCENTER_NODE_PORT": str(port)}
    with (home / "keeper.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "isocenter.apps.child", "keeper"],
            env=os.environ | settings,
            stdout=log,
            stderr=log,
        )


def _introduce(home: Path, port: int) -> None:
    """Tell the registry of nodes where the other one answers, as its heartbeat would."""
    url = settings_from_environment(running_state([home]).settings).database_url
    assert url is not None
    with closing(Database(url)) as database, database.transaction() as connection:
        connection.execute(
            "INSERT INTO node (node, home_id, address, version) VALUES ('other', %s, %s, 'bench')",
            [uuid.uuid4(), f"127.0.0.1:{port}"],
        )


LOCAL = Server("local", "Isocenter, one copy", "journal fdatasync + index", servers.isocenter())
TWO = Server("two-copies", "Isocenter, two copies", "two fdatasyncs + index", _two_copies)
SERVERS = (LOCAL, TWO)
