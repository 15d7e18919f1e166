"""What every child process of `up` begins with. `python -m isocenter.apps.child keeper` runs one by itself."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

from isocenter.apps.settings_from_environment import settings_from_environment
from isocenter.kit import logging

_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Let the kernel kill this process when its parent dies, so that a killed `up` leaves no half of itself."""
    parent = os.getppid()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)


def run(process: str, number: int = 1, fds: Sequence[int] = ()) -> int:
    """Run one process until SIGTERM, with the settings of the environment; returns the exit code.

    number: which of the processes of its kind it is. fds: its bound sockets: of the web process one, of the listener
    the plain one and perhaps one for TLS.
    """
    settings = settings_from_environment()
    logging.configure(settings.log_format, process, gathered=process == "web")
    # Imported here: a process by itself loads only what it needs.
    if process == "listener":
        from isocenter.apps import listener

        return listener.run(settings, number, *fds)
    if process == "web":
        from isocenter.apps import web

        return web.run(settings, number=number, socket_fd=fds[0])
    if process == "worker":
        from isocenter.apps import worker

        return worker.run(settings)
    if process == "keeper":
        from isocenter.apps import keeper

        return keeper.run(settings)
    if process == "samples":
        from isocenter.apps import samples

        return samples.run(settings)
    raise SystemExit(f"There is no process {process}.")


if __name__ == "__main__":
    end_with_parent()
    sys.exit(run(sys.argv[1]))
