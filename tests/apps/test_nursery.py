"""The nursery forks processes that are the supervisor's own, and dies without taking any of them along."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bench.node import free_port

from isocenter.apps.log_file import LogFile
from isocenter.apps.nursery import Forked, Nursery, NurseryGone, Order
from isocenter.storage.cluster_key import make_cluster_key

DEADLINE_S = 30.0


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("logs")


@pytest.fixture(scope="module")
def nursery(logs: Path) -> Iterator[Nursery]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ISOCENTER_")}
    nursery = Nursery(inherited | {"PYTHONUNBUFFERED": "1"}, LogFile(logs / "nursery.log"))
    nursery.start()
    yield nursery
    nursery.close()


@pytest.fixture
def said(tmp_path: Path) -> Path:
    """What the forked processes of a test say."""
    return tmp_path / "said"


def descriptors(pid: int | None) -> set[Path]:
    return set(Path(f"/proc/{pid}/fd").iterdir())


def forked(nursery: Nursery, order: Order, said: Path) -> Forked:
    with said.open("ab") as output:
        return nursery.fork(order, [output.fileno()])


@pytest.fixture
def keeper(nursery: Nursery, tmp_path: Path, said: Path) -> Iterator[Forked]:
    """A process that runs until it is told to stop, and needs no database."""
    make_cluster_key(tmp_path)
    settings = {
        "ISOCENTER_HOME": str(tmp_path),
        "ISOCENTER_NODE": "one",
        "ISOCENTER_NODE_PORT": str(free_port()),
    }
    process = forked(nursery, Order("keeper", "keeper", settings), said)
    until(lambda: "keeper.ready" in said.read_text())
    yield process
    process.kill()
    assert process.wait(DEADLINE_S) is not None


def test_a_forked_process_is_ours_and_by_itself(keeper: Forked) -> None:
    status = Path(f"/proc/{keeper.pid}/status").read_text()
    assert f"\nPPid:\t{os.getpid()}\n" in status
    assert os.getsid(keeper.pid) == keeper.pid
    assert Path(f"/proc/{keeper.pid}/cmdline").read_bytes().startswith(b"isocenter: keeper")
    open_files = [str(each.readlink()) for each in descriptors(keeper.pid)]
    assert not [each for each in open_files if "pipe" in each], "nothing of the nursery's is left open"


def test_it_ends_in_order_when_it_is_told_to(keeper: Forked) -> None:
    assert keeper.poll() is None
    keeper.send_signal(signal.SIGTERM)
    assert keeper.wait(DEADLINE_S) == 0
    assert keeper.poll() == 0
    keeper.send_signal(signal.SIGTERM)


def test_it_goes_on_when_the_nursery_dies_and_the_next_order_starts_another(
    nursery: Nursery, keeper: Forked, said: Path
) -> None:
    before = nursery.pid
    assert before is not None
    os.kill(before, signal.SIGKILL)
    nobody = forked(nursery, Order("nobody", "nobody", {}), said)
    assert nobody.wait(DEADLINE_S) == 1
    assert "There is no process nobody." in said.read_text()
    assert nursery.pid != before
    assert keeper.poll() is None


def test_what_it_is_given_reaches_it_and_nothing_of_that_stays_with_the_nursery(nursery: Nursery, said: Path) -> None:
    forked(nursery, Order("nobody", "nobody", {}), said).wait(DEADLINE_S)
    before = descriptors(nursery.pid)
    wrong = forked(nursery, Order("web", "web", {"ISOCENTER_HTTP_PORT": "a secret"}), said)
    assert wrong.wait(DEADLINE_S) == 1
    assert "ISOCENTER_HTTP_PORT" in said.read_text()
    assert descriptors(nursery.pid) == before
    assert b"ISOCENTER" not in Path(f"/proc/{nursery.pid}/environ").read_bytes()


def test_a_nursery_that_cannot_live_is_said(tmp_path: Path) -> None:
    crippled = Nursery({"PYTHONPATH": str(tmp_path), "PYTHONHOME": "/nonexistent"}, LogFile(tmp_path / "nursery.log"))
    crippled.start()
    with (tmp_path / "said").open("wb") as output, pytest.raises(NurseryGone, match=r"nursery\.log"):
        crippled.fork(Order("web", "web", {}), [output.fileno()])
    crippled.close()
    until(lambda: (tmp_path / "nursery.log").read_bytes() != b"")


def test_orphans_are_buried_and_who_is_waited_for_is_found() -> None:
    program = """
        import os, subprocess, time
        from isocenter.apps.nursery import _adopt_orphans, bury_adopted

        _adopt_orphans(True)
        orphaned = subprocess.run(["sh", "-c", "sleep 0.2 & echo $!"], capture_output=True, stdin=None, text=True)
        orphan = int(orphaned.stdout)
        waited_for = subprocess.Popen(["sh", "-c", "sleep 0.1; exit 7"])
        deadline = time.monotonic() + 20
        while os.path.exists(f"/proc/{orphan}"):
            bury_adopted({waited_for.pid})
            if waited_for.poll() is not None:
                assert waited_for.returncode == 7
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert waited_for.wait() == 7
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True, timeout=60)
