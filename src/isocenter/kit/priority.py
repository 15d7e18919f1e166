"""Giving way: a process whose work can wait leaves the processors to those that somebody waits for."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Final

_AUTOGROUP: Final = Path("/proc/self/autogroup")
_PRESSURE: Final = Path("/proc/pressure/cpu")
_SHORT_OF_PROCESSORS: Final = 40.0
_LOOK_EVERY_S: Final = 0.25
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


def processors_are_short() -> bool:
    """Whether something stood in line for a processor most of the last ten seconds (Linux PSI, /proc/pressure/cpu).

    False where the kernel does not say.
    """
    try:
        line = _PRESSURE.read_text().split("\n", 1)[0]  # some avg10=73.98 avg60=61.25 avg300=57.83 total=3136398911
        return float(line.split("avg10=", 1)[1].split(" ", 1)[0]) >= _SHORT_OF_PROCESSORS
    except (OSError, IndexError, ValueError):
        return False


def await_processors(stopping: threading.Event, most_s: float) -> None:
    """Before work that can wait: wait while the processors are short, but no longer than this; not while stopping."""
    until = time.monotonic() + most_s
    while time.monotonic() < until and processors_are_short() and not stopping.wait(_LOOK_EVERY_S):
        pass
