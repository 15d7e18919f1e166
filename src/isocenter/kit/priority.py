"""Giving way: a process whose work can wait leaves the processors to those that somebody waits for."""

from __future__ import annotations

import os
from pathlib import Path

_AUTOGROUP = Path("/proc/self/autogroup")


def give_way(niceness: int) -> bool:
    """Lower the priority of this process and of all that it starts, 1 to 19. Called once, by the first of its session.

    Linux shares processors among sessions before it looks at nice values within them (sched(7), autogroup), so the
    session is made as nice as the process. False when the kernel did not let us do that; the nice value counts then.
    """
    os.nice(niceness)
    try:
        _AUTOGROUP.write_text(str(niceness))
    except FileNotFoundError:
        return True  # a kernel without autogroups
    except OSError:
        return False
    return True
