"""How long `isocenter up` takes to be ready, what that costs, and how soon a killed process answers again."""

from __future__ import annotations

import statistics
import time

from bench.node import Node, eventually, kill, new_folder
from bench.processes import cpu_seconds, pss_bytes
from bench.servers import answers_echo

_SETTLES_IN_S = 3.0


def run(repeats: int) -> int:
    """Print one line for each start and the medians of all but the first, which makes the home."""
    folder = new_folder("isocenter-start-")
    node = Node(folder / "home")
    rows: list[tuple[float, ...]] = []
    try:
        for number in range(repeats + 1):
            rows.append(_one_start(node))
            print(("first" if number == 0 else f"next {number}") + ": " + _told(rows[-1]))
    finally:
        node.remove()
        folder.rmdir()
    print("median of the next: " + _told(tuple(map(statistics.median, zip(*rows[1:], strict=True)))))
    return 0


def _one_start(node: Node) -> tuple[float, ...]:
    """Seconds to ready, processor seconds of all processes and their memory in MB after three more seconds, seconds
    until killed listeners and killed web processes answer again, seconds to stop.
    """
    ready_s = node.start()
    time.sleep(_SETTLES_IN_S)
    cpu, memory = cpu_seconds([node.pid]), pss_bytes([node.pid]) / 1e6
    again = [_killed(node, role) for role in ("listener", "web")]
    began = time.monotonic()
    node.stop()
    return ready_s, cpu, memory, *again, time.monotonic() - began


def _killed(node: Node, role: str) -> float:
    """Kill all processes of a role at once; seconds until they answer again."""
    kill(node.pids_of(role))
    began = time.monotonic()
    answers = node.ready if role == "web" else lambda: answers_echo(node.dicom_port, node.ae_title)
    assert eventually(answers, 30), f"no {role} answers"
    return time.monotonic() - began


def _told(row: tuple[float, ...]) -> str:
    ready_s, cpu, memory, listener_s, web_s, stop_s = row
    return (
        f"ready after {ready_s:.2f} s, {cpu:.1f} s of a processor, {memory:.0f} MB; "
        f"killed and answering again: listeners {listener_s:.2f} s, web {web_s:.2f} s; stopped in {stop_s:.2f} s"
    )
