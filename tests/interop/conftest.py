"""One running Isocenter for all the tests of doors, started as a user starts it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import pytest
from bench.association import Answer, Association, contexts_of
from bench.data import Instance
from bench.node import Node, new_folder
from tests.interop.orthanc import Orthanc

QUIET_FOR_S = 3
"""Studies are sealed after this, so that one session sees both forms; reads right after a store see the open one."""


@pytest.fixture(scope="session")
def node() -> Iterator[Node]:
    """`isocenter up` on a temporary home, loopback, ports of its own."""
    folder = new_folder("isocenter-interop-")
    running = Node(folder / "home", ISOCENTER_QUIET_FOR=f"{QUIET_FOR_S}s")
    try:
        running.start()
        yield running
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def store(node: Node) -> Callable[..., list[Answer]]:
    """C-STORE instances over one association; their answers in order."""

    def store_all(*instances: Instance) -> list[Answer]:
        association = Association(node.dicom_port, called=node.ae_title, contexts=contexts_of(instances))
        answers = [association.store(instance) for instance in instances]
        association.release()
        return answers

    return store_all


@pytest.fixture(scope="session")
def orthanc(node: Node) -> Iterator[Orthanc]:
    """The real Orthanc, which knows our node as modality and DICOMweb server "isocenter"."""
    folder = new_folder("isocenter-orthanc-")
    running = Orthanc(folder, node)
    try:
        running.start()
        yield running
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)
