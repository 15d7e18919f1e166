"""What a tree of processes costs: CPU from /proc (utime + stime, reaped children included) and memory (PSS)."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Process:
    """One line of the process table."""

    pid: int
    parent: int
    cpu_seconds: float


def process_table() -> dict[int, Process]:
    """Every process that can be seen now."""
    table: dict[int, Process] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        table[int(entry.name)] = Process(
            int(entry.name), int(fields[1]), sum(map(int, fields[11:15])) / _TICKS_PER_SECOND
        )
    return table


def tree(roots: Iterable[int]) -> list[Process]:
    """The roots that live and everything below them."""
    table = process_table()
    children: dict[int, list[int]] = {}
    for process in table.values():
        children.setdefault(process.parent, []).append(process.pid)
    found: dict[int, Process] = {}
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        if pid in table and pid not in found:
            found[pid] = table[pid]
            waiting += children.get(pid, [])
    return list(found.values())


def cpu_seconds(roots: Iterable[int]) -> float:
    """CPU time of the whole trees so far."""
    return sum(process.cpu_seconds for process in tree(roots))


def pss_bytes(roots: Iterable[int]) -> int:
    """Proportional set size of the whole trees: memory shared inside a tree is counted once."""
    return sum(_pss(process.pid) for process in tree(roots))


def _pss(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def command_line(pid: int) -> list[str]:
    """The arguments of a process, empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
    except OSError:
        return []
