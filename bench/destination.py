"""A cheap Storage SCP (PS3.8, PS3.7 9.1.1) that drops what it receives: it measures who sends and not itself.

A few processes wait at one port, so that parallel associations do not wait for each other in one interpreter. Of an
object only the headers of its PDUs are looked at.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.pdus import (
    COMMAND,
    LAST,
    RELEASE_RESPONSE,
    Incoming,
    command_pdu,
    item,
    items,
    negotiation,
    pdu,
    read_command_set,
)

_PROCESSES = 8


@contextmanager
def running(port: int) -> Iterator[None]:
    """The destination as a process of its own, listening."""
    with subprocess.Popen(
        [sys.executable, "-c", f"from bench.destination import serve; serve({port})"],
        cwd=Path(__file__).parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        try:
            yield
        finally:
            process.stdin.close()
            process.wait(30)


def serve(port: int) -> None:
    """Take associations on loopback until standard input ends; says "ready" when it listens."""
    with socket.create_server(("127.0.0.1", port), backlog=64) as listening:
        children = [_forked(listening) for _ in range(_PROCESSES)]
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.read()
        for child in children:
            os.kill(child, signal.SIGTERM)
            os.waitpid(child, 0)


def _forked(listening: socket.socket) -> int:
    child = os.fork()
    if child:
        return child
    while True:
        connection, _ = listening.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection:
            try:
                _serve(connection)
            except (EOFError, OSError):
                continue  # the sender went away


def _serve(connection: socket.socket) -> None:
    """One association: accept everything, answer every object with success. Raises EOFError when the sender goes."""
    incoming = Incoming(connection)
    request: dict[int, bytes] = {}
    while True:
        kind, length = incoming.pdu_head()
        if kind == 1:
            connection.sendall(_acceptance(incoming.take(length)))
        elif kind == 4:
            for context, control, content in incoming.fragments(length):
                if control & COMMAND:
                    request = read_command_set(content)
                elif control & LAST:
                    connection.sendall(_success(context, request))
        else:
            if kind == 5:
                connection.sendall(RELEASE_RESPONSE)
            return


def _acceptance(request: bytes) -> bytes:
    """A-ASSOCIATE-AC for the body of an A-ASSOCIATE-RQ: every context with its first transfer syntax (PS3.8 9.3.3)."""
    accepted = b""
    for kind, content in items(request[68:]):
        if kind == 0x20:
            syntax = next(value for kind, value in items(content[4:]) if kind == 0x40)
            accepted += item(0x21, bytes([content[0], 0, 0, 0]) + item(0x40, syntax))
    return pdu(2, request[:68] + negotiation(accepted))


def _success(context: int, request: dict[int, bytes]) -> bytes:
    """C-STORE-RSP (PS3.7 9.3.1.2)."""
    return command_pdu(
        context,
        {
            0x2: request[0x2],
            0x100: b"\1\x80",
            0x120: request[0x110],
            0x800: b"\1\1",
            0x900: b"\0\0",
            0x1000: request[0x1000],
        },
    )
