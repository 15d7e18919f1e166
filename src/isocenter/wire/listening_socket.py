"""The socket that listeners accept connections on."""

from __future__ import annotations

import socket
from typing import Final

from isocenter.kit.errors import Conflict

BACKLOG: Final = 512


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
    return bound


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
