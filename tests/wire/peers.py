"""Peers to call: DCMTK's storescp, pynetdicom as SCP, and ones that break every rule."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from tests.wire.upper_layer import PATIENCE_S

from isocenter.wire.pdu import HEADER, decode_associate_request
from isocenter.wire.remote import Remote

ENVIRONMENT = {**os.environ, "TCP_NODELAY": "1"}


def dcmtk_program(name: str) -> str:
    """DCMTK's program (not pynetdicom's of the same name); skips the test when it is not installed."""
    places = [each for each in os.environ["PATH"].split(os.pathsep) if ".venv" not in each]
    found = shutil.which(name, path=os.pathsep.join(places))
    if found is None:
        pytest.skip(f"DCMTK's {name} is not installed")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@contextmanager
def storescp(folder: Path, *options: str) -> Iterator[Remote]:
    """DCMTK's storescp, writing what it receives bit for bit into the folder."""
    port = free_port()
    command = [dcmtk_program("storescp"), "+B", "+xa", "-od", str(folder), *options, str(port)]
    process = subprocess.Popen(
        command, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not answers(port) and time.monotonic() < deadline:
            time.sleep(0.05)
        yield Remote("STORESCP", "127.0.0.1", port)
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


@contextmanager
def scripted_peer(script: Callable[[socket.socket], None]) -> Iterator[Remote]:
    """A peer for one connection: runs the script on it, then closes."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            connection, _ = listening.accept()
            with connection, suppress(OSError):
                connection.settimeout(PATIENCE_S)
                script(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield Remote("PEER", "127.0.0.1", listening.getsockname()[1], answer_timeout_s=5)
    finally:
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(PATIENCE_S)


def read_pdu(connection: socket.socket) -> tuple[int, bytes]:
    """The next PDU that the requestor sends."""
    kind, length = HEADER.unpack(_exactly(connection, 6))
    return kind, _exactly(connection, length)


def accept_all(connection: socket.socket, *, max_pdu_bytes: int = 16384) -> None:
    """Read the association request and accept every context with its first transfer syntax."""
    from isocenter.wire.pdu import AnsweredContext, ContextResult, encode_associate_accept

    _, body = read_pdu(connection)
    request = decode_associate_request(body)
    contexts = [
        AnsweredContext(each.id, ContextResult.ACCEPTANCE, each.abstract_syntax, each.transfer_syntaxes[0])
        for each in request.contexts
    ]
    connection.sendall(encode_associate_accept(request, contexts, max_pdu_bytes=max_pdu_bytes))


def _exactly(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            raise ConnectionResetError
        data += part
    return data
