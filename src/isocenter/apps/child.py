"""The entry point of every child process of `up`: `python -m isocenter.apps.child <process> [argument]`."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import suppress

from isocenter.apps.settings_from_environment import settings_from_environment
from isocenter.kit import logging

_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Let the kernel kill this process when the supervisor dies, so that a killed `up` leaves no half of itself."""
    parent = os.getppid()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)


def main(arguments: list[str]) -> int:
    """Run one process until SIGTERM. Imports only what that process needs."""
    end_with_parent()
    process, *rest = arguments
    settings = settings_from_environment()
    logging.configure(settings.log_format, process, gathered=process == "web")
    if process == "listener":
        from isocenter.apps import listener

        return listener.run(settings, *(int(fd) for fd in rest))
    if process == "web":
        from isocenter.apps import web

        return web.run(settings, number=int(rest[0]), socket_fd=int(rest[1]))
    if process == "worker":
        from isocenter.apps.worker import run as run_worker

        return run_worker(settings)
    if process == "keeper":
        from isocenter.apps import keeper

        return keeper.run(settings)
    if process == "samples":
        from isocenter.apps import samples

        return samples.run(settings)
    raise SystemExit(f"There is no process {process}.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
