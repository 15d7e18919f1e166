"""The worker process: jobs of the rooms, one at a time per study, at low priority."""

from __future__ import annotations

import signal
import threading

from isocenter.kit.settings import Settings


def run(settings: Settings) -> int:
    """Work until SIGTERM."""
    del settings
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    stop.wait()
    return 0
