"""Associations that break in mid object leave nothing behind, and the sender's retry succeeds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bench.association import Association, contexts_of
from bench.data import CT, Instance, folder_of, load, renamed
from bench.faults import a_large_instance
from bench.node import Node, eventually

from bench import dicomweb

ENDINGS: dict[str, Callable[[Association], None]] = {"abort": Association.abort, "reset": Association.reset}


@pytest.fixture(scope="module")
def node(a_node: Callable[..., Node]) -> Node:
    return a_node()


def bytes_of_journals(home: Path) -> int:
    """Bytes of all members on disk that are not padding: what is allocated ahead does not count."""
    return sum(path.stat().st_blocks * 512 for path in home.rglob("journal/**/*") if path.is_file())


@pytest.fixture(params=["ordinary", "large"])
def instance(request: pytest.FixtureRequest) -> Instance:
    one = load([folder_of(CT, 1, 8)])[0] if request.param == "ordinary" else a_large_instance()
    return renamed(one, request.node.name)


@pytest.mark.parametrize("ending", list(ENDINGS))
@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_an_association_that_breaks_stores_nothing_and_the_retry_succeeds(
    ending: str, share: float, instance: Instance, node: Node
) -> None:
    broken = Association(node.dicom_port, called=node.ae_title, contexts=contexts_of([instance]))
    broken.store_in_part(instance, int(instance.length * share))
    ENDINGS[ending](broken)

    assert dicomweb.query(node, "studies", StudyInstanceUID=instance.study_instance_uid) == []
    retry = Association(node.dicom_port, called=node.ae_title, contexts=contexts_of([instance]))
    assert retry.store(instance).status == 0
    retry.release()
    found = dicomweb.instances(node, instance.study_instance_uid, instance.transfer_syntax_uid)
    assert [bytes(part.data_set) for part in found.values()] == [b"".join(instance.data_set)]


def test_broken_associations_leave_no_open_files_behind(node: Node) -> None:
    instance = renamed(a_large_instance(), "open files")
    before = open_files(node)
    for _ in range(10):
        broken = Association(node.dicom_port, called=node.ae_title, contexts=contexts_of([instance]))
        broken.store_in_part(instance, instance.length // 2)
        broken.reset()

    assert eventually(lambda: open_files(node) <= before + 2, 10), (before, open_files(node))


def open_files(node: Node) -> int:
    return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in node.pids_of("listener"))


@pytest.fixture(scope="module", autouse=True)
def _listener_is_the_same_afterwards(node: Node) -> Iterator[None]:
    before = node.pids_of("listener")
    yield
    assert node.pids_of("listener") == before
