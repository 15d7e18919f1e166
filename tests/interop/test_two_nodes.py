"""Two real nodes over one database and one store: what one received the other serves at once, and after it has left."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator

import pytest
from bench.association import Association, contexts_of
from bench.cluster import Cluster, Loopback
from bench.data import EXPLICIT_VR_LITTLE_ENDIAN, Instance, digest_of, instance_of
from bench.dicomweb import instances
from bench.node import Node, eventually, new_folder
from tests.interop.builders import a_ct


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    folder = new_folder("isocenter-two-nodes-")
    made = Cluster(folder, ("node-a", "node-b"), Loopback())
    try:
        made.start()
        yield made
    finally:
        made.close()
        shutil.rmtree(folder, ignore_errors=True)


def send(node: Node, *instances: Instance) -> list[int]:
    association = Association(node.dicom_port, called=node.ae_title, contexts=contexts_of(instances))
    statuses = [association.store(instance).status for instance in instances]
    association.release()
    return statuses


def digests(node: Node, study: str) -> dict[str, str]:
    """What a node gives back of a study, by SOP Instance UID."""
    found = instances(node, study, EXPLICIT_VR_LITTLE_ENDIAN)
    return {name: digest_of([part.data_set]) for name, part in found.items()}


def states(node: Node) -> dict[str, str]:
    answer = node.get("/api/nodes", "application/json")
    assert answer.status == 200, answer.body
    return {row["node"]: row["state"] for row in json.loads(answer.body)["nodes"]}


def test_a_node_is_drained_and_nothing_it_received_is_missed(cluster: Cluster) -> None:
    a, b = cluster.nodes["node-a"], cluster.nodes["node-b"]
    first = [instance_of(a_ct("two-nodes", number)) for number in range(3)]
    assert send(a, *first) == [0, 0, 0]
    expected = {instance.sop_instance_uid: instance.digest() for instance in first}
    assert digests(b, first[0].study_instance_uid) == expected, "the newest bytes, from their owner"
    assert states(b) == {"node-a": "up", "node-b": "up"}
    assert a.command("node", "drain", "node-a").returncode == 0
    assert eventually(lambda: not a.alive(), 40)
    assert a.exit_code() == 0, a.said()
    assert states(b) == {"node-a": "stopped", "node-b": "up"}
    assert "stopped" in b.command("node", "list").stdout
    assert list((cluster.folder / "store" / "segments" / "node-a").iterdir()), "shipped before it left"
    assert digests(b, first[0].study_instance_uid) == expected
