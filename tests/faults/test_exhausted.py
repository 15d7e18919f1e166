"""No room, no database: stores are answered A700 or 503, reading goes on, and it recovers by itself."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest
from bench.association import Answer, Association, contexts_of
from bench.data import CT, Instance, endless, folder_of, load, renamed
from bench.node import Node, eventually, new_folder

from bench import dicomweb

OUT_OF_RESOURCES = 0xA700
TMPFS_BYTES = 700 << 20


def stored(node: Node, instance: Instance) -> Answer:
    association = Association(node.dicom_port, called=node.ae_title, contexts=contexts_of([instance]), timeout_s=60)
    answer = association.store(instance)
    association.release()
    return answer


def some_ct(*salt: object) -> Iterator[Instance]:
    return endless(load([folder_of(CT, 1, 8)]), *salt)


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of its own that can be filled; needs the right to mount."""
    folder = new_folder("isocenter-small-disk-")
    command = ["mount", "-t", "tmpfs", "-o", f"size={TMPFS_BYTES},mode=755", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        folder.rmdir()
        pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
    folder.rmdir()


def test_a_full_disk_refuses_stores_keeps_reading_and_recovers(small_disk: Path) -> None:
    node = Node(small_disk / "home")
    balloon = small_disk / "balloon"
    try:
        node.start()
        stream = some_ct("disk full")
        kept = list(islice(stream, 3))
        assert [stored(node, instance).status for instance in kept] == [0, 0, 0]
        with balloon.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, free_bytes(small_disk) - (24 << 20))

        acknowledged, refused = store_until_refused(node, stream, 200)
        assert refused.status == OUT_OF_RESOURCES
        assert refused.comment
        assert not node.ready()
        assert dicomweb.instances(node, kept[0].study_instance_uid, kept[0].transfer_syntax_uid)
        assert dicomweb.query(node, "studies", StudyInstanceUID=kept[0].study_instance_uid)

        balloon.unlink()
        assert eventually(lambda: stored(node, renamed(kept[0], "after")).status == 0, 30)
        assert eventually(node.ready, 30)
        studies = {instance.study_instance_uid for instance in [*kept, *acknowledged]}
        found = {name for study in studies for name in dicomweb.instances(node, study, kept[0].transfer_syntax_uid)}
        assert {instance.sop_instance_uid for instance in [*kept, *acknowledged]} <= found
    finally:
        node.stop()


def free_bytes(folder: Path) -> int:
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


def store_until_refused(node: Node, stream: Iterator[Instance], limit: int) -> tuple[list[Instance], Answer]:
    """What was acknowledged before the first answer that is no success, and that answer."""
    acknowledged: list[Instance] = []
    for instance in islice(stream, limit):
        answer = stored(node, instance)
        if answer.status:
            return acknowledged, answer
        acknowledged.append(instance)
    raise AssertionError("the disk never filled")


def test_a_stopped_database_refuses_stores_and_queries_and_comes_back_by_itself(a_node: Callable[..., Node]) -> None:
    node = a_node()
    stream = some_ct("database away")
    assert stored(node, next(stream)).status == 0
    postmaster = node.pids_of("postgres")[0]
    os.kill(postmaster, signal.SIGSTOP)
    backends = node.pids_of("backend")
    for pid in backends:
        os.kill(pid, signal.SIGSTOP)
    try:
        unknown = next(stream)
        reply = node.get("/health/ready", authorized=False, timeout_s=30)
        assert reply.status == 503
    finally:
        for pid in [postmaster, *backends]:
            os.kill(pid, signal.SIGCONT)
    assert eventually(node.ready, 30)
    assert stored(node, unknown).status == 0


def test_a_killed_database_answers_a700_or_503_until_it_is_back(a_node: Callable[..., Node]) -> None:
    node = a_node()
    stream = some_ct("database killed")
    assert stored(node, next(stream)).status == 0
    os.kill(node.pids_of("postgres")[0], signal.SIGKILL)

    statuses: set[int] = set()

    def answers_success() -> bool:
        try:
            statuses.add(stored(node, next(stream)).status)
        except (OSError, EOFError):
            return False
        return 0 in statuses

    assert eventually(answers_success, 30)
    assert statuses <= {0, OUT_OF_RESOURCES}, [hex(status) for status in statuses]
    assert eventually(node.ready, 10)
