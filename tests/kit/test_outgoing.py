"""Where the server may call out to: rows W07 and every way to write an inside address that we know."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from isocenter.kit import outgoing
from isocenter.kit.outgoing import (
    ForbiddenAddress,
    Outgoing,
    PeerAway,
    PeerMisbehaves,
    check_host,
    check_outgoing,
    request,
)

Resolve = Callable[[dict[str, str]], None]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Resolve:
    """Names that resolve as the test says; literal addresses resolve to themselves as ever."""
    known: dict[str, str] = {}
    real = socket.getaddrinfo

    def resolved(host: str, port: int, *args: object, **more: object) -> object:
        return real(known.get(host, host), port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)

    monkeypatch.setattr(outgoing.socket, "getaddrinfo", resolved)
    return known.update


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0.0.0.0",
        "10.1.2.3",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "[::1]",
        "[::]",
        "[fe80::1]",
        "[fd00::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
    ],
)
def test_inside_addresses_are_refused_however_they_are_written(names: Resolve, host: str) -> None:
    with pytest.raises(ForbiddenAddress):
        check_outgoing(f"https://{host}/", ())


@pytest.mark.parametrize(
    "url",
    [
        "http://idp.example/",
        "file:///etc/passwd",
        "gopher://idp.example/",
        "https:///nobody",
        "https://u:p@idp.example/",
        "https://idp.example/#x",
        "https://idp.example\\@127.0.0.1/",
        "https://idp.example:0/",
        "https://idp.example:99999/",
        "https://idp.example/\r\nHost: x",
        "//idp.example/",
        "https://idp.example/" + "a" * 2000,
    ],
)
def test_what_is_no_plain_https_address_is_refused(names: Resolve, url: str) -> None:
    names({"idp.example": "93.184.215.14"})
    with pytest.raises(ForbiddenAddress):
        check_outgoing(url, ())


def test_a_public_https_address_is_allowed_and_resolved(names: Resolve) -> None:
    names({"idp.example": "93.184.215.14"})
    found = check_outgoing("https://idp.example/a?b=c", ())
    assert found == Outgoing("https", "idp.example", 443, "/a?b=c", ("93.184.215.14",))


def test_a_public_name_that_resolves_inside_is_refused(names: Resolve) -> None:
    names({"idp.example": "10.0.0.5"})
    with pytest.raises(ForbiddenAddress):
        check_outgoing("https://idp.example/", ())


@pytest.mark.parametrize("entry", ["idp.example", "IDP.example:8443", "10.0.0.0/8", "10.0.0.5"])
def test_a_trusted_host_may_be_inside(names: Resolve, entry: str) -> None:
    names({"idp.example": "10.0.0.5"})
    assert check_outgoing("https://idp.example:8443/", (entry,)).addresses == ("10.0.0.5",)


def test_trust_is_for_that_port_alone_and_never_for_the_metadata_address(names: Resolve) -> None:
    names({"idp.example": "10.0.0.5", "rebound.example": "169.254.169.254"})
    with pytest.raises(ForbiddenAddress):
        check_outgoing("https://idp.example:22/", ("idp.example:8443",))
    with pytest.raises(ForbiddenAddress):
        check_outgoing("https://rebound.example/", ("rebound.example",))


def test_devices_may_be_on_the_private_network_and_not_on_loopback(names: Resolve) -> None:
    assert check_host("10.1.2.3", 104, (), private=True) == ("10.1.2.3",)
    for host in ("127.0.0.1", "169.254.169.254", "0.0.0.0"):
        with pytest.raises(ForbiddenAddress):
            check_host(host, 104, (), private=True)
    assert check_host("127.0.0.1", 104, ("127.0.0.0/8",), private=True) == ("127.0.0.1",)


@contextmanager
def a_server(*answer: bytes) -> Iterator[int]:
    """Answers each connection with these bytes; an empty piece waits until the caller has gone."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            try:
                made, _ = listening.accept()
            except OSError:
                return
            with made:
                made.recv(65536)
                for piece in answer:
                    made.sendall(piece) if piece else made.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        listening.close()
        thread.join(5)
        assert not thread.is_alive()


def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    with a_server(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi") as port:
        answer = request(Outgoing("http", "name.that.resolves.elsewhere.invalid", port, "/", ("127.0.0.1",)))
    assert (answer.status, answer.body) == (200, b"hi")


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    with a_server(b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n") as port:
        assert request(Outgoing("http", "idp", port, "/", ("127.0.0.1",))).status == 302


@pytest.mark.parametrize("answer", [(b"HTTP/1.1 200 OK\r\nX: ", b""), (b"HTTP/1.1 200 OK\r\n\r\nhal", b"")])
def test_a_peer_that_never_finishes_is_left(answer: tuple[bytes, ...]) -> None:
    with a_server(*answer) as port, pytest.raises((PeerAway, PeerMisbehaves)):
        request(Outgoing("http", "idp", port, "/", ("127.0.0.1",)), timeout_s=0.2)


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 200, b"what?\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"],
)
def test_too_much_and_too_little_are_refused(answer: bytes) -> None:
    with a_server(answer) as port, pytest.raises(PeerMisbehaves):
        request(Outgoing("http", "idp", port, "/", ("127.0.0.1",)), limit_bytes=100)


def test_nobody_there_is_peer_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(PeerAway):
        request(Outgoing("http", "idp", port, "/", ("127.0.0.1",)))
