"""No name, password or token in any log of the whole suite: what tests plant is looked for wherever we log.

Every test's standard error and log lines are searched when it ends, and all logs of every process that a `Node` started
when that is stopped. A find fails the test; the message says where and what kind, and never repeats the line.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path

import pytest
from bench.node import Node

MARKERS: dict[str, re.Pattern[str]] = {
    "a person's name as DICOM writes it": re.compile(r"[^\W\d_]\^[^\W\d_]"),
    "a person's name": re.compile(r"Dr Chen|Ada Lovelace|王小东|小东"),
    "a password": re.compile(r"horse staple battery|orchid lamp river"),
    "a bearer token or cookie": re.compile(r"Bearer [\w-]{20}|isocenter_session=[\w-]{20}"),
}
_LOG_LINE = re.compile(r"^\W*\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d|^\{")
_MOST_BYTES = 64 << 20


def found_in(lines: Iterable[str], secrets: Iterable[str] = ()) -> list[str]:
    """The kinds of markers in the lines. secrets: further texts that must not be there."""
    wanted = list(secrets)
    found: set[str] = set()
    for line in lines:
        found.update(kind for kind, pattern in MARKERS.items() if pattern.search(line))
        if any(secret in line for secret in wanted):
            found.add("a token")
    return sorted(found)


def logs_of(node: Node) -> Iterator[Path]:
    """Every log that the node's processes wrote; what `up` says to the terminal too."""
    yield from sorted((node.home / "logs").glob("*"))
    if node.log.is_file():
        yield node.log


def check_logs(node: Node) -> None:
    """Raise AssertionError when a log of the node holds a marker."""
    leaks = []
    for path in logs_of(node):
        with path.open(errors="replace") as file:
            kinds = found_in(file.read(_MOST_BYTES).splitlines(), node.secrets())
        leaks += [f"{path.name}: {kind}" for kind in kinds]
    assert not leaks, f"logs hold what they must never hold: {', '.join(leaks)}"


Node.when_stopped = staticmethod(check_logs)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test whose log lines hold a marker has failed, whatever else it did."""
    report = yield
    if report.when == "teardown" and report.passed:
        kinds = found_in(_log_lines(report.sections))
        if kinds:
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid}: the log holds {', '.join(kinds)}"
    return report


def _log_lines(sections: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Standard error whole; of standard output, where commands print what they were asked for, only log lines."""
    for name, text in sections:
        if "stderr" in name:
            yield from text.splitlines()
        elif "stdout" in name:
            yield from (line for line in text.splitlines() if _LOG_LINE.match(line))
