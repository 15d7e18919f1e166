"""Where this server may call out to, when people told it the address (server-side request forgery, OWASP A10).

An address is checked after its name is resolved, and the connection goes to what was checked: a name that changes its
mind in between (DNS rebinding) changes nothing. Redirects are not followed; proxies of the environment are not used.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from threading import Timer
from urllib.parse import SplitResult, urlsplit

from isocenter.kit.errors import Exhausted, Invalid

TIMEOUT_S = 10.0
LIMIT_BYTES = 1 << 20
_MAX_URL = 2000
_PORTS = {"https": 443, "http": 80}
_NAT64 = IPv6Network("64:ff9b::/96")

Address = IPv4Address | IPv6Address


class ForbiddenAddress(Invalid):
    """The address is one that this server does not call; an operator may trust it (ISOCENTER_TRUSTED_HOSTS)."""

    reason = "forbidden-address"


class PeerAway(Exhausted):
    """The peer does not answer, or not in time."""

    reason = "peer-away"


class PeerMisbehaves(Invalid):
    """The peer answers with more than is read, or with something that is not HTTP."""

    reason = "peer-misbehaves"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A checked address. addresses: what the name resolved to, all of them allowed; connect to these and no other."""

    scheme: str
    host: str
    port: int
    target: str
    """Path and query, as in a request line."""
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """status: the HTTP status, 3xx included. body: at most the limit."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def check_outgoing(url: str, allowed: Iterable[str]) -> Outgoing:
    """The address, resolved and allowed.

    https to public addresses needs no permission. allowed: what an operator trusts beyond that, also over plain http
    and on private networks: "host", "host:port", an IP address or a network in CIDR form.
    Raises ForbiddenAddress; PeerAway when the name does not resolve.
    """
    parts = _split(url)
    host, port = parts.hostname or "", _port(parts)
    entries = tuple(allowed)
    if parts.scheme != "https" and not _trusted(host, port, entries):
        raise ForbiddenAddress("The address must begin with https://, or an operator must trust its host.")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Outgoing(parts.scheme, host, port, target, check_host(host, port, entries))


def is_allowed_scheme(url: str, allowed: Iterable[str]) -> bool:
    """Whether the address may be shown to a browser: https, or plain http to a trusted host. Nothing is resolved."""
    try:
        parts = _split(url)
    except ForbiddenAddress:
        return False
    return parts.scheme == "https" or _trusted(parts.hostname or "", _port(parts), tuple(allowed))


def check_host(host: str, port: int, allowed: Iterable[str], *, private: bool = False) -> tuple[str, ...]:
    """What the host resolves to, every address of it allowed. private: a hospital's own network is no secret target.

    Loopback, link-local (where clouds keep their credentials), multicast and unspecified addresses are refused either
    way, unless trusted. Raises ForbiddenAddress; PeerAway when the name does not resolve.
    """
    if not 0 < port < 65536:
        raise ForbiddenAddress("A port is a number between 1 and 65535.")
    entries = tuple(allowed)
    found = _resolved(host, port)
    trusted = _trusted(host, port, entries)
    for address in found:
        if not (_in_networks(address, entries) or _may_call(address, trusted=trusted, private=private)):
            raise ForbiddenAddress(
                "This host is on a network that the server does not call; an operator may trust it.", port=port
            )
    return tuple(str(address) for address in found)


def request(
    where: Outgoing,
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    timeout_s: float = TIMEOUT_S,
    limit_bytes: int = LIMIT_BYTES,
) -> Answer:
    """One request to a checked address, over in timeout_s whatever the peer does. Raises PeerAway, PeerMisbehaves."""
    connection = _connection(where, timeout_s)
    sent = {"Accept-Encoding": "identity", "User-Agent": "Isocenter", **(headers or {})}
    with closing(connection), _Deadline(connection, timeout_s) as deadline:
        try:
            connection.request(method, where.target, body, sent)
            answer = connection.getresponse()
            content = answer.read(limit_bytes + 1)
        except (OSError, ValueError, http.client.HTTPException) as error:
            if deadline.passed or isinstance(error, OSError):
                raise PeerAway(f"The server at this address does not answer ({type(error).__name__}).") from None
            raise PeerMisbehaves("The server at this address does not speak HTTP as it should.") from None
    if deadline.passed or answer.length or len(content) > limit_bytes:
        raise PeerMisbehaves("The server answers with more than is read, too slowly, or not to the end.")
    return Answer(answer.status, content, {name.lower(): value for name, value in answer.getheaders()})


def _split(url: str) -> SplitResult:
    if len(url) > _MAX_URL or not url.isascii() or any(c <= " " or c in '"<>\\^`{|}\x7f' for c in url):
        raise ForbiddenAddress("An address has at most 2000 printable ASCII characters and no spaces.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ForbiddenAddress("This is no address.") from None
    if parts.scheme not in _PORTS or not parts.hostname or port == 0:
        raise ForbiddenAddress("The address must begin with https:// and name a host.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise ForbiddenAddress("An address holds neither a password nor a fragment.")
    return parts


def _port(parts: SplitResult) -> int:
    return parts.port or _PORTS[parts.scheme]


def _trusted(host: str, port: int, allowed: tuple[str, ...]) -> bool:
    bare = host.lower().rstrip(".")
    names = {bare, f"{bare}:{port}", f"[{bare}]:{port}"}
    return any(entry.lower() in names for entry in allowed) or _literal_in_networks(bare, allowed)


def _literal_in_networks(host: str, allowed: tuple[str, ...]) -> bool:
    try:
        return _in_networks(ip_address(host), allowed)
    except ValueError:
        return False


def _in_networks(address: Address, allowed: tuple[str, ...]) -> bool:
    for entry in allowed:
        try:
            if address in ip_network(entry, strict=False):
                return True
        except ValueError:
            continue  # a host name
    return False


def _resolved(host: str, port: int) -> tuple[Address, ...]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise PeerAway("The name of this host is not known.") from None
    texts = dict.fromkeys(str(each[4][0]).partition("%")[0] for each in found)
    return tuple(ip_address(text) for text in texts)


def _may_call(address: Address, *, trusted: bool, private: bool) -> bool:
    inner = _inner(address)
    if inner.is_link_local or inner.is_multicast or inner.is_unspecified:
        return False
    if trusted:
        return True
    if inner.is_loopback:
        return False
    return (private and inner.is_private) or inner.is_global


def _inner(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one that only wraps it (mapped, 6to4, Teredo, NAT64)."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)


class _PinnedHttp(http.client.HTTPConnection):
    """Connects to a checked address whatever the name resolves to by now."""

    def __init__(self, where: Outgoing, timeout_s: float) -> None:
        super().__init__(where.host, where.port, timeout=timeout_s)
        self.where, self.timeout_s = where, timeout_s

    def connect(self) -> None:
        self.sock = _dial(self.where, self.timeout_s)


class _PinnedHttps(http.client.HTTPSConnection):
    """The same over TLS; the certificate must be the name's, not the address's."""

    def __init__(self, where: Outgoing, timeout_s: float) -> None:
        self.tls = ssl.create_default_context()
        super().__init__(where.host, where.port, timeout=timeout_s, context=self.tls)
        self.where, self.timeout_s = where, timeout_s

    def connect(self) -> None:
        raw = _dial(self.where, self.timeout_s)
        self.sock = self.tls.wrap_socket(raw, server_hostname=self.where.host, do_handshake_on_connect=False)
        self.sock.do_handshake()


def _connection(where: Outgoing, timeout_s: float) -> http.client.HTTPConnection:
    return _PinnedHttps(where, timeout_s) if where.scheme == "https" else _PinnedHttp(where, timeout_s)


def _dial(where: Outgoing, timeout_s: float) -> socket.socket:
    last = OSError("no address")
    ends_at = time.monotonic() + timeout_s
    for address in where.addresses:
        left = ends_at - time.monotonic()
        if left <= 0:
            break
        try:
            return socket.create_connection((address, where.port), timeout=left)
        except OSError as error:
            last = error
    raise last


class _Deadline:
    """Breaks the connection off when the time is over: timeouts of sockets begin anew with every byte that drips."""

    def __init__(self, connection: http.client.HTTPConnection, seconds: float) -> None:
        self._connection = connection
        self._timer = Timer(seconds, self._break_off)
        self._timer.daemon = True
        self.passed = False

    def __enter__(self) -> _Deadline:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _break_off(self) -> None:
        self.passed = True
        sock = self._connection.sock
        if sock is not None:
            with suppress(OSError):
                # Not the method of SSLSocket, which takes the TLS state away from the thread that reads.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
