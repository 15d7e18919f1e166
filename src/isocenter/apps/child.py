"""The entry point of every child process of `up`: `python -m isocenter.apps.child <process> [argument]`."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress

from isocenter.apps.settings_from_environment import settings_from_environment
from isocenter.kit import logging
from isocenter.kit.settings import Settings

_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Let the kernel kill this process when the supervisor dies, so that a killed `up` leaves no half of itself."""
    parent = os.getppid()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)


def main(arguments: list[str]) -> int:
    """Run one process until SIGTERM."""
    end_with_parent()
    process, *rest = arguments
    settings = settings_from_environment()
    logging.configure(settings.log_format, process, gathered=process == "web")
    # What is imported stays to the end: the collector need not look at it while it grows, nor ever after.
    gc.disable()
    run = _running(process, rest)
    gc.freeze()
    gc.enable()
    return run(settings)


def _running(process: str, rest: list[str]) -> Callable[[Settings], int]:
    """What the process does. Imports only what that process needs."""
    if process == "listener":
        from isocenter.apps import listener

        return lambda settings: listener.run(settings, *(int(fd) for fd in rest))
    if process == "web":
        from isocenter.apps import web

        return lambda settings: web.run(settings, number=int(rest[0]), socket_fd=int(rest[1]))
    if process == "worker":
        from isocenter.apps import worker

        return worker.run
    if process == "keeper":
        from isocenter.apps import keeper

        return keeper.run
    if process == "samples":
        from isocenter.apps import samples

        return samples.run
    raise SystemExit(f"There is no process {process}.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
