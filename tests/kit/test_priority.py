"""A process that gives way does so as a session, not only within it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

WORK = """
import os
from pathlib import Path
from isocenter.kit.priority import give_way
give_way(7)
group = Path("/proc/self/autogroup")
print(os.getpriority(os.PRIO_PROCESS, 0), group.read_text().split()[-1] if group.exists() else 7)
"""


def test_a_process_and_its_session_give_way() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WORK], start_new_session=True, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["7", "7"]


def test_our_own_session_is_left_alone() -> None:
    before = Path("/proc/self/autogroup").read_text() if Path("/proc/self/autogroup").exists() else ""
    subprocess.run([sys.executable, "-c", WORK], start_new_session=True, check=True, capture_output=True)
    after = Path("/proc/self/autogroup").read_text() if Path("/proc/self/autogroup").exists() else ""
    assert before == after
