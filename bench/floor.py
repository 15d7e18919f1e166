"""The physical limit: length-prefixed objects over TCP, thrown away or written and synced one file each.

No server of images can beat these rows on this machine at the same durability; they say how far there is to go.
Run as `python -m bench.floor PORT FOLDER null|fsync`.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.blast import Load, StartLine, sent_together
from bench.data import Instance

LISTENING = "listening"
"""File in the folder that says that the port is open: a probe connection would count as a client."""
_CHUNK = 1 << 20


def serve(port: int, folder: Path, durable: bool) -> None:
    """Take connections for ever; one byte answers each object."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        (folder / LISTENING).touch()
        number = 0
        while True:
            connection, _ = listener.accept()
            number += 1
            threading.Thread(target=_take, args=(connection, folder / str(number), durable), daemon=True).start()


def _take(connection: socket.socket, prefix: Path, durable: bool) -> None:
    room = memoryview(bytearray(_CHUNK))
    count = 0
    with connection:
        while header := connection.recv(8, socket.MSG_WAITALL):
            count += 1
            descriptor = os.open(f"{prefix}.{count}", os.O_CREAT | os.O_WRONLY, 0o644) if durable else None
            left = struct.unpack("<Q", header)[0]
            while left:
                got = connection.recv_into(room[: min(left, _CHUNK)])
                if descriptor is not None:
                    os.write(descriptor, room[:got])
                left -= got
            if descriptor is not None:
                os.fsync(descriptor)
                os.close(descriptor)
            connection.sendall(b"k")


def send(port: int, instances: Sequence[Instance], connections: int) -> Load:
    """Send the data sets over several connections and wait for each answer."""
    return sent_together(instances, connections, lambda share, start: _sender(port, share, start))


def _sender(port: int, share: Sequence[Instance], start: StartLine) -> Callable[[], list[float]]:
    def work() -> list[float]:
        latencies = []
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            start.wait()
            for instance in share:
                began = time.perf_counter()
                connection.sendall(struct.pack("<Q", instance.length))
                for part in instance.data_set:
                    connection.sendall(part)
                connection.recv(1)
                latencies.append(round((time.perf_counter() - began) * 1000, 3))
        return latencies

    return work


if __name__ == "__main__":
    serve(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "fsync")
