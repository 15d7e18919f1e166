"""Log lines that wait for each other."""

from __future__ import annotations

import subprocess
import sys

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
