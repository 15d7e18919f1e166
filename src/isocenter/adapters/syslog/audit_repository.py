"""The audit repository's door: syslog over TLS (RFC 5425; PS3.15 A.6.2, "ATNA syslog over TLS").

The server is known by its certificate (RFC 5425 4.2.1). Syslog has no acknowledgement: a batch counts as delivered when
the peer's system has acknowledged every byte of it and the connection still stands.
"""

from __future__ import annotations

import array
import fcntl
import select
import socket
import ssl
import termios
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from isocenter.access.trail.shipping import AuditMessage
from isocenter.adapters.syslog.message import frame
from isocenter.kit.errors import Exhausted, Invalid

TIMEOUT_S = 10.0
_LOOK_EVERY_S = 0.005


class AuditRepositoryAway(Exhausted):
    """The audit repository does not take messages; they wait in the trail."""

    reason = "audit-repository-away"


class UnusableCertificates(Invalid):
    """The certificates for the audit repository cannot be used."""

    reason = "unusable-certificates"


@dataclass(frozen=True, slots=True)
class RepositoryAddress:
    """Where it is. authorities: PEM file of who may have signed its certificate, None: the system's.

    certificate and key: PEM files that we show, where it asks for them.
    """

    host: str
    port: int
    authorities: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


class SyslogRepository:
    """One connection that is kept while it works. For one thread at a time."""

    def __init__(self, address: RepositoryAddress, hostname: str) -> None:
        """hostname: how we name ourselves in messages. Raises UnusableCertificates."""
        self._address = address
        self._hostname = hostname
        self._context = _context(address)
        self._socket: ssl.SSLSocket | None = None

    def __call__(self, messages: Sequence[AuditMessage]) -> None:
        """Deliver the messages. Raises AuditRepositoryAway; then none of them counts as delivered."""
        data = b"".join(frame(message, self._hostname) for message in messages)
        try:
            connected = self._connected()
            connected.sendall(data)
            _wait_until_taken(connected)
        except OSError as error:  # ssl.SSLError is one
            self.close()
            why = getattr(error, "reason", None) or error.strerror or type(error).__name__
            raise AuditRepositoryAway(f"The audit repository takes nothing: {why}.") from error

    def close(self) -> None:
        """Say goodbye; open again by the next call."""
        connected, self._socket = self._socket, None
        if connected is not None:
            with suppress(OSError):
                connected.settimeout(1.0)
                connected.unwrap()
            connected.close()

    def _connected(self) -> ssl.SSLSocket:
        if self._socket is not None and _closed_by_peer(self._socket):
            self.close()
        if self._socket is None:
            address = (self._address.host, self._address.port)
            plain = socket.create_connection(address, timeout=TIMEOUT_S)
            try:
                self._socket = self._context.wrap_socket(plain, server_hostname=self._address.host)
            except BaseException:
                plain.close()
                raise
        return self._socket


def _context(address: RepositoryAddress) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=None if address.authorities is None else str(address.authorities))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if address.certificate is not None:
            context.load_cert_chain(address.certificate, address.key)
    except (OSError, ssl.SSLError) as error:
        raise UnusableCertificates("The certificates for the audit repository cannot be read.") from error
    return context


def _wait_until_taken(connected: ssl.SSLSocket) -> None:
    """Until no byte is unacknowledged (SIOCOUTQ, tcp(7)). Raises OSError: peer gone, or TIMEOUT_S over."""
    deadline = time.monotonic() + TIMEOUT_S
    waiting = array.array("i", [0])
    while True:
        fcntl.ioctl(connected.fileno(), termios.TIOCOUTQ, waiting)
        if _closed_by_peer(connected):
            raise ConnectionResetError
        if waiting[0] == 0:
            return
        if time.monotonic() > deadline:
            raise TimeoutError
        select.select([connected], [], [], _LOOK_EVERY_S)


def _closed_by_peer(connected: ssl.SSLSocket) -> bool:
    """A repository says nothing; what can be read is the end, or a session ticket (TLS 1.3) that is read away."""
    connected.settimeout(0)
    try:
        return connected.recv(1024) == b""
    except (ssl.SSLWantReadError, BlockingIOError):
        return False
    except OSError:
        return True
    finally:
        connected.settimeout(TIMEOUT_S)
