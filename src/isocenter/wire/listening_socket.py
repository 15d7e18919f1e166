"""The socket that listeners accept connections on."""

from __future__ import annotations

import contextlib
import socket
from typing import Final

from isocenter.kit.errors import Conflict

BACKLOG: Final = 512
_UNPACED: Final = b"reno"
"""The congestion control that every Linux kernel has and everybody may choose (tcp(7), TCP_CONGESTION)."""


class CannotListen(Conflict):
    """The address or port of the listener cannot be had."""

    reason = "cannot-listen"


def bound_socket(host: str, port: int) -> socket.socket:
    """Has its address and refuses connections until somebody listens on it. Raises CannotListen."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError as error:
        raise CannotListen("The DICOM listener's address is not known here.", host=host, port=port) from error
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as error:
        bound.close()
        raise _taken(error, host, port) from error
    without_pacing(bound)
    return bound


def without_pacing(bound: socket.socket) -> None:
    """Let answers to programs on this machine, a proxy most of all, go as fast as they are taken.

    bound: has its address; when that is loopback, there is no network whose capacity has to be found out. A kernel set
    to BBR, as many servers of the Internet are, would pace them all the same (decision 0393). Connections inherit it:
    one that has begun with BBR stays paced.
    """
    host = str(bound.getsockname()[0])
    if host.startswith("127.") or host == "::1":
        with contextlib.suppress(OSError):  # slower, not wrong
            bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, _UNPACED)


def listen(bound: socket.socket) -> None:
    """Take connections from now on, never waiting. Raises CannotListen: a second program may be bound too."""
    try:
        bound.listen(BACKLOG)
        bound.setblocking(False)
    except OSError as error:
        host, port, *_ = bound.getsockname()
        raise _taken(error, str(host), int(port)) from error


def _taken(error: OSError, host: str, port: int) -> CannotListen:
    message = f"The DICOM listener cannot use its address: {error.strerror}. Is another program there?"
    return CannotListen(message, host=host, port=port)
