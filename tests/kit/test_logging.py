"""Log lines: what they look like, and that those which wait for each other come whole."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import structlog

from isocenter.kit.logging import PlainText

PROGRAM = """
from isocenter.kit.logging import configure, get_logger
configure("json", "web", gathered=True)
for number in range(500):
    get_logger("m").info("Line", number=number)
"""


def test_gathered_lines_come_whole_in_order_and_before_the_end() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True)
    lines = done.stderr.splitlines()
    assert len(lines) == 500
    assert [f'"number": {number},' in line for number, line in enumerate(lines)] == [True] * 500


EVENTS: list[dict[str, Any]] = [
    {"event": "Request", "method": "GET", "path": "/dicom-web/studies/1.2", "status": 200, "ms": 0.3, "caller": None},
    {"event": "with spaces = 'quotes'", "spaced": "a b", "equal": "a=b", "quote": 'a"b', "empty": "", "list": [1, "a"]},
    {"event": "nothing else"},
    {"event": "a long sentence of more than thirty characters", "institution": 1, "bytes": b"x", "text": "中文"},
    {"event": "raised", "exc_info": ValueError("why"), "field": 1},
    {"event": "of a library", "logger": "uvicorn.error", "field": 1},
]


@pytest.mark.parametrize("event", EVENTS)
def test_plain_text_is_what_the_console_renderer_writes(event: dict[str, Any]) -> None:
    event = {"timestamp": "2026-11-23T13:00:00.000001Z", "level": "info", "process": "web-1", **event}
    console = structlog.dev.ConsoleRenderer(colors=False)
    assert PlainText(console)(None, "info", dict(event)) == console(None, "info", dict(event))


def test_what_is_not_printable_cannot_write_on_a_terminal() -> None:
    event = {"timestamp": "now", "level": "info", "event": "Request", "path": "/\x1b[2J"}
    assert PlainText(structlog.dev.ConsoleRenderer(colors=False))(None, "info", event).endswith(r"path='/\x1b[2J'")
