"""TLS under the upper layer (PS3.15 Annex B, BCP 195 profiles; RFC 9325): contexts that follow their files, sockets.

TLS 1.2 with forward secrecy and authenticated encryption, or 1.3; nothing older, no compression, no renegotiation. A
renewed certificate, a new trust or a revocation holds from the next handshake on; what is connected stays connected.
"""

from __future__ import annotations

import _ssl
import hashlib
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from isocenter.kit.errors import Exhausted
from isocenter.kit.logging import get_logger

log = get_logger(__name__)

SUITES_OF_TLS_1_2: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""RFC 9325 4.2, and ChaCha20-Poly1305. Those of TLS 1.3 are all sound."""
T = TypeVar("T")
C = TypeVar("C", bound=ssl.SSLContext)
LOOKED_AT_EVERY_S: Final = 1.0
ACCEPTED_REMEMBERED: Final = 10_000
BYTES_AT_ONCE: Final = 256 << 10
"""What one send takes: its time-out is for so much."""


class CannotSecure(Exhausted):
    """The certificate or the trusted authorities of a TLS connection cannot be read."""

    reason = "tls-not-usable"


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """own: our private key and certificate chain, PEM. trusted: certificates that callers' chains may end at, PEM.
    authorities: those of them that may say who a host is. revoked: SHA-256 fingerprints that are refused all the same,
    each the first word of a line.
    """

    own: Path
    trusted: Path
    authorities: Path
    revoked: Path


class TlsSocket(ssl.SSLSocket):
    """A TLS connection that behaves as the plain sockets of the upper layer do.

    A time-out is a BlockingIOError, as with the kernel's own; MSG_DONTWAIT is understood; `shutdown` may be called from
    another thread, and says goodbye (close_notify) when it ends the sending side.
    """

    def recv(self, bufsize: int = 1024, flags: int = 0) -> bytes:
        """As of a socket."""
        return self._received(flags, lambda: super(TlsSocket, self).recv(bufsize))

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        """As of a socket; at most one record at a time."""
        return self._received(flags, lambda: super(TlsSocket, self).recv_into(buffer, nbytes or len(buffer)))

    def sendmsg(self, buffers: Iterable[bytes | memoryview], *_: object) -> int:  # type: ignore[override]
        """The first bytes of the buffers; how many."""
        taken: list[memoryview] = []
        room = BYTES_AT_ONCE
        for each in buffers:
            view = memoryview(each)[:room]
            taken.append(view)
            room -= len(view)
            if not room:
                break
        return self.send(b"".join(taken))

    def shutdown(self, how: int) -> None:
        """End one direction or both; the other thread's reading ends, its keys stay."""
        if how == socket.SHUT_WR:
            patience = self.gettimeout()
            self.settimeout(0)
            try:
                self.unwrap()
            except (OSError, ValueError):  # the peer's goodbye is not there yet
                pass
            finally:
                self.settimeout(patience)
        socket.socket.shutdown(self, how)

    def verified_chain(self) -> list[str]:
        """Fingerprints from the peer's certificate to the trusted one that its chain ends at; after a handshake."""
        ours = cast("Any", self)
        if sys.version_info >= (3, 13):
            chain = ours.get_verified_chain()
        else:  # there is it without a public name
            chain = [each.public_bytes(_ssl.ENCODING_DER) for each in ours._sslobj.get_verified_chain()]
        return [hashlib.sha256(each).hexdigest() for each in chain]

    def _received(self, flags: int, receive: Callable[[], T]) -> T:
        patience = self.gettimeout()
        hurried = bool(flags & socket.MSG_DONTWAIT) and patience != 0
        if hurried:
            self.settimeout(0)
        try:
            return receive()
        except (TimeoutError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise BlockingIOError("nothing has come") from None
        finally:
            if hurried:
                self.settimeout(patience)


class _Context(ssl.SSLContext):
    sslsocket_class = TlsSocket


class Renewed:
    """A context made from files, and made again when they change. Thread-safe.

    make: the context from the files as they are now. While the new files do not go together (one is written after the
    other) the context before stays. Raises CannotSecure when there is none yet.
    """

    def __init__(self, watched: Iterable[Path], make: Callable[[], ssl.SSLContext]) -> None:
        self._watched = tuple(watched)
        self._make = make
        self._lock = threading.Lock()
        self._looked_at = time.monotonic()
        self._seen = self._stamps()
        try:
            self._context = make()
        except (OSError, ValueError) as error:
            raise CannotSecure("The certificate of a TLS connection cannot be used.", detail=str(error)) from error

    def context(self) -> ssl.SSLContext:
        """For the next handshake."""
        with self._lock:
            if time.monotonic() - self._looked_at >= LOOKED_AT_EVERY_S:
                self._looked_at = time.monotonic()
                self._look()
            return self._context

    def _look(self) -> None:
        stamps = self._stamps()
        if stamps == self._seen:
            return
        try:
            self._context = self._make()
        except (OSError, ValueError) as error:
            log.warning("tls.renewal-not-usable", detail=str(error))
        else:
            self._seen = stamps
            log.info("tls.renewed")

    def _stamps(self) -> tuple[object, ...]:
        return tuple(_stamp(path) for path in self._watched)


class TlsServer:
    """What the TLS port of the upper layer shows and asks for: callers must hold a certificate that we trust.

    Chains may end at an authority of the files; any other trusted certificate is trusted for itself alone, whatever it
    says of itself: devices sign their own as if they were authorities.
    """

    def __init__(self, files: TlsFiles) -> None:
        self._files = files
        self._revoked: frozenset[str] = frozenset()
        self._authorities: frozenset[str] = frozenset()
        self._accepted: dict[str, None] = {}
        self._renewed = Renewed((files.own, files.trusted, files.authorities, files.revoked), self._make)

    def begin(self, connection: socket.socket) -> TlsSocket:
        """The connection, before its handshake and without waiting for it."""
        made = self._renewed.context().wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        assert isinstance(made, TlsSocket)
        return made

    def objection(self, connection: TlsSocket) -> str | None:
        """Why a caller is refused after its handshake; None when it is not. Called by one thread."""
        fingerprint = fingerprint_of(connection)
        if fingerprint is None:
            return "no certificate"
        if fingerprint in self._revoked:
            return "certificate revoked"
        if connection.session_reused:  # then no chain is verified again
            return None if fingerprint in self._accepted else "session of somebody refused"
        chain = connection.verified_chain()
        if chain[-1] != fingerprint and chain[-1] not in self._authorities:
            return "issued by a certificate that is trusted for itself alone"
        if len(self._accepted) >= ACCEPTED_REMEMBERED:
            self._accepted.clear()
        self._accepted[fingerprint] = None
        return None

    def _make(self) -> ssl.SSLContext:
        context = _hardened(_Context(ssl.PROTOCOL_TLS_SERVER))
        context.load_cert_chain(self._files.own)
        _trust_only(context, self._files.trusted)
        context.num_tickets = 0  # no session outlives its certificate
        context.options |= ssl.OP_NO_TICKET
        # Ending our own reading (TlsSocket.shutdown) must leave the A-ABORT its way out. A peer's end without goodbye
        # is no loss: an association says itself where it ends, and half a message is none.
        context.options |= getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)  # of OpenSSL 3; the ones before do so anyway
        self._revoked = fingerprints_in(self._files.revoked)
        authorities = certificates_in(self._files.authorities)
        self._authorities = frozenset(hashlib.sha256(each).hexdigest() for each in authorities)
        self._accepted = {}  # sessions of the context before are not known to this one
        return context


class TlsClient:
    """How we call peers under TLS: we show our certificate, and theirs must be one that we trust."""

    def __init__(self, files: TlsFiles) -> None:
        self._files = files
        self._revoked: frozenset[str] = frozenset()
        watched = (files.own, files.trusted, files.authorities, files.revoked)
        self._by_authority = Renewed(watched, lambda: self._make(files.authorities))
        self._by_pin = Renewed(watched, lambda: self._make(files.trusted))

    def secured(self, connection: socket.socket, host: str, certificate: str | None) -> TlsSocket:
        """The connection after its handshake, which the socket's time-out bounds.

        certificate: fingerprint of the only one that is the peer's; None: any that an authority gave to that host.
        Raises OSError (ssl.SSLError) and closes the connection.
        """
        renewed = self._by_authority if certificate is None else self._by_pin
        context = renewed.context()
        try:
            made = context.wrap_socket(connection, server_hostname=host)
        except BaseException:
            connection.close()
            raise
        assert isinstance(made, TlsSocket)
        found = fingerprint_of(made)
        theirs = is_for(made.getpeercert() or {}, host) if certificate is None else found == certificate
        if not theirs or found in self._revoked:
            made.close()
            raise ssl.SSLCertVerificationError("the certificate is revoked, or another's")
        return made

    def _make(self, trusted: Path) -> ssl.SSLContext:
        context = _hardened(_Context(ssl.PROTOCOL_TLS_CLIENT))
        context.check_hostname = False  # `secured` does, where no certificate is pinned
        context.load_cert_chain(self._files.own)
        _trust_only(context, trusted)
        self._revoked = fingerprints_in(self._files.revoked)
        return context


def https_context(own: Path) -> ssl.SSLContext:
    """A context for the web server whose certificate is read again when the file changes. Raises CannotSecure."""
    renewed = Renewed((own,), lambda: _for_web(own))
    context = _for_web(own)

    def take_the_newest(connection: Any, _name: object, _context: object) -> None:
        """Called in each handshake, whether or not the client names a server."""
        connection.context = renewed.context()

    context.sni_callback = take_the_newest
    return context


def be_patient(connection: socket.socket, seconds: float) -> None:
    """Block, and give up after so long without a byte: by the kernel's own time-out, because Python's costs a poll
    before each call; under TLS by Python's, because OpenSSL tries again after the kernel's.
    """
    if isinstance(connection, TlsSocket):
        connection.settimeout(seconds)
        return
    connection.setblocking(True)
    timeout = struct.pack("ll", int(seconds), int((seconds - int(seconds)) * 1e6))
    for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        connection.setsockopt(socket.SOL_SOCKET, option, timeout)


def fingerprint_of(connection: socket.socket) -> str | None:
    """SHA-256 of the peer's certificate, lower-case hex digits; None without TLS or without one."""
    certificate = connection.getpeercert(binary_form=True) if isinstance(connection, ssl.SSLSocket) else None
    return None if certificate is None else hashlib.sha256(certificate).hexdigest()


def waits_decrypted(connection: socket.socket) -> bool:
    """Whether bytes of a TLS record are still to be read, of which the kernel knows nothing."""
    return isinstance(connection, ssl.SSLSocket) and connection.pending() > 0


def is_for(certificate: Any, host: str) -> bool:
    """Whether a verified certificate (as getpeercert gives it) names the host (RFC 9525; names and addresses)."""
    wanted = host.rstrip(".").casefold()
    for kind, value in certificate.get("subjectAltName", ()):
        name = str(value).casefold()
        if kind == "IP Address" and _same_address(name, wanted):
            return True
        if kind == "DNS" and (name == wanted or (name.startswith("*.") and wanted.partition(".")[2] == name[2:])):
            return True
    return False


def certificates_in(path: Path) -> list[bytes]:
    """Every certificate of a PEM file, DER; a file that is not there has none. Raises OSError, ValueError."""
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    parts = path.read_text("ascii").split(end)[:-1] if path.exists() else []
    return [ssl.PEM_cert_to_DER_cert(part[part.index(begin) :].strip() + "\n" + end) for part in parts]


def fingerprints_in(path: Path) -> frozenset[str]:
    """The first word of each line; a file that is not there has none."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return frozenset()
    return frozenset(line.split()[0] for line in lines if line.strip())


def _for_web(own: Path) -> ssl.SSLContext:
    context = _hardened(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    context.load_cert_chain(own)
    context.set_alpn_protocols(["http/1.1"])
    return context


def _hardened(context: C) -> C:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(SUITES_OF_TLS_1_2)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    return context


def _trust_only(context: ssl.SSLContext, trusted: Path) -> None:
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # what was imported is trusted, root or not
    if trusted.exists() and trusted.stat().st_size:  # else nobody is trusted
        context.load_verify_locations(trusted)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _same_address(one: str, other: str) -> bool:
    try:
        return ip_address(one) == ip_address(other.strip("[]").partition("%")[0])
    except ValueError:
        return False
