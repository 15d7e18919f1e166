"""A crowd at the door: 500 silent connections and 500 idle associations, and how long a known caller waits for C-ECHO.

The caller has stored before, as every modality of a hospital has; the crowd comes from the same address, which is the
worst case for limits by address. The malformed files have their tests in tests/interop/test_malformed.py.
"""

from __future__ import annotations

import contextlib
import resource
import socket
import sys
import time
from collections.abc import Iterator

from bench.association import (
    IMPLICIT_VR_LITTLE_ENDIAN,
    VERIFICATION,
    Association,
    AssociationError,
    contexts_of,
)
from bench.data import CT, folder_of, load
from bench.node import Node, new_folder
from bench.processes import pss_bytes

SILENT, IDLE = 500, 500
ECHOES = 40
ECHO_WITHIN_S = 1.0
GROWTH_BYTES = 256 << 20
KNOWN = "CT-KNOWN"


def run() -> int:
    """0 when every echo came within a second and the listener's memory stayed within its bound."""
    _allow_open_files(2 * (SILENT + IDLE) + 256)
    folder = new_folder("isocenter-hostile-")
    node = Node(folder / "home")
    node.start()
    try:
        return _beside_the_crowd(node)
    finally:
        node.stop()


def _beside_the_crowd(node: Node) -> int:
    one = load([folder_of(CT, 1, 1)])[0]
    known = Association(node.dicom_port, called=node.ae_title, calling=KNOWN, contexts=contexts_of([one]))
    known.store(one)
    known.release()
    base = _listener_bytes(node)
    with _crowd(node) as accepted:
        waits = [_echo_s(node) for _ in range(ECHOES)]
        grown = _listener_bytes(node) - base
    slowest = max(waits)
    sys.stdout.write(
        f"{SILENT} silent connections, {accepted} of {IDLE} associations held: C-ECHO of a known caller took "
        f"{1e3 * sorted(waits)[len(waits) // 2]:.1f} ms (median of {ECHOES}), {1e3 * slowest:.1f} ms (slowest); "
        f"the listener grew by {grown / 2**20:.0f} MiB\n"
    )
    return int(slowest > ECHO_WITHIN_S or grown > GROWTH_BYTES)


@contextlib.contextmanager
def _crowd(node: Node) -> Iterator[int]:
    """Silent connections and idle associations; gives how many of these were accepted."""
    silent = [socket.create_connection(("127.0.0.1", node.dicom_port), timeout=10) for _ in range(SILENT)]
    held: list[Association] = []
    for number in range(IDLE):
        with contextlib.suppress(AssociationError, OSError, EOFError):
            held.append(
                Association(
                    node.dicom_port,
                    called=node.ae_title,
                    calling=f"IDLE{number}",
                    contexts=[(VERIFICATION, IMPLICIT_VR_LITTLE_ENDIAN)],
                )
            )
    try:
        yield len(held)
    finally:
        for each in silent:
            each.close()
        for association in held:
            with contextlib.suppress(AssociationError, OSError, EOFError):
                association.abort()


def _echo_s(node: Node) -> float:
    """Seconds from the connection to the answer of one C-ECHO, tries that were put off included."""
    started = time.monotonic()
    while True:
        try:
            association = Association(
                node.dicom_port,
                called=node.ae_title,
                calling=KNOWN,
                contexts=[(VERIFICATION, IMPLICIT_VR_LITTLE_ENDIAN)],
            )
            association.echo()
            association.release()
        except (AssociationError, OSError, EOFError):
            if time.monotonic() - started > 10 * ECHO_WITHIN_S:
                raise
            continue
        return time.monotonic() - started


def _listener_bytes(node: Node) -> int:
    return sum(pss_bytes([pid]) for pid in node.pids_of("listener"))


def _allow_open_files(count: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(count, 4096), hard), hard))
