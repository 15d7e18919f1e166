"""Giving way: a process whose work can wait leaves the processors to those that somebody waits for."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

_AUTOGROUP: Final = Path("/proc/self/autogroup")
_TRIES: Final = 20
_BETWEEN_TRIES_S: Final = 0.1


def give_way(niceness: int) -> bool:
    """Lower the priority of this process and of all that it starts, 1 to 19. Called once, by the first of its session.

    Linux shares processors among sessions before it looks at nice values within them (sched(7), autogroup), so the
    session is made as nice as the process. False when the kernel did not let us do that; the nice value counts then.
    """
    os.nice(niceness)
    for _ in range(_TRIES):
        try:
            _AUTOGROUP.write_text(str(niceness))
        except BlockingIOError:  # ordinary users may do this ten times a second, all together
            time.sleep(_BETWEEN_TRIES_S)
        except FileNotFoundError:
            return True  # a kernel without autogroups
        except OSError:
            return False
        else:
            return True
    return False
