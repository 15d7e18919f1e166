"""The socket that a listener accepts connections on."""

from __future__ import annotations

import socket
from typing import Final

from isocenter.kit.errors import Conflict

BACKLOG: Final = 512


class CannotListen(Conflict):
    """The address or port of the listener cannot be had."""

    reason = "cannot-listen"


def listening_socket(host: str, port: int) -> socket.socket:
    """Bound, listening, and never waiting. Raises CannotListen."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError as error:
        raise CannotListen("The DICOM listener's address is not known here.", host=host, port=port) from error
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        message = f"The DICOM listener cannot use its address: {error.strerror}. Is another program there?"
        raise CannotListen(message, host=host, port=port) from error
    return listening
