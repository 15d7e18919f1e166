"""Giving way: a process whose work can wait leaves the processors to those that somebody waits for."""

from __future__ import annotations

import os
from pathlib import Path

from isocenter.kit.logging import get_logger

_AUTOGROUP = Path("/proc/self/autogroup")

_log = get_logger(__name__)


def give_way(niceness: int) -> None:
    """Lower the priority of this process and of all that it starts, 1 to 19. Called once, by the first of its session.

    Linux shares processors among sessions before it looks at nice values within them (sched(7), autogroup), so the
    session is made as nice as the process.
    """
    os.nice(niceness)
    try:
        _AUTOGROUP.write_text(str(niceness))
    except FileNotFoundError:
        pass  # a kernel without autogroups: the nice value is all there is
    except OSError as error:
        _log.warning("priority.session-not-lowered", errno=error.errno)
