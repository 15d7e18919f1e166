"""A slow, long line between two hosts, where the kernel has no netem: packets wait their turn in this process.

Each direction has a rate, a delay and a queue; what does not fit into the queue is dropped, as by a router.
"""

from __future__ import annotations

import fcntl
import os
import select
import struct
import subprocess
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Final

from bench.namespaces import Namespaces

_TUNSETIFF: Final = 0x400454CA
_IFF_TUN_NO_PI: Final = 0x1001
_QUEUE_BYTES: Final = 512 << 10
_MTU: Final = 1500


class SlowLine:
    """addresses: of its two ends, by host. Close it."""

    def __init__(self, network: Namespaces, hosts: Sequence[str], mbit: float, delay_ms: float) -> None:
        """delay_ms: of a round trip."""
        number = network.network.split(".")[2]
        self.addresses = {host: f"10.78.{number}.{end}" for end, host in enumerate(hosts, 1)}
        self._files = [_tun(network, host, f"sl{number}{host}"[:15], self.addresses[host]) for host in hosts]
        for host, peer in zip(hosts, reversed(hosts), strict=True):
            _run(
                *network.prefix(host),
                "ip",
                "route",
                "add",
                f"{self.addresses[peer]}/32",
                "dev",
                f"sl{number}{host}"[:15],
            )
        self._cut, self._closed = threading.Event(), threading.Event()
        self._threads = [
            threading.Thread(target=self._carry, args=(*ends, mbit * 125_000, delay_ms / 2000), daemon=True)
            for ends in (self._files, self._files[::-1])
        ]
        for thread in self._threads:
            thread.start()

    def cut(self) -> None:
        """Nothing passes any more, and nobody is told."""
        self._cut.set()

    def mend(self) -> None:
        """As before."""
        self._cut.clear()

    def close(self) -> None:
        """Take it down."""
        self._closed.set()
        for thread in self._threads:
            thread.join()
        for file in self._files:
            os.close(file)

    def _carry(self, source: int, target: int, bytes_per_s: float, delay_s: float) -> None:
        waiting: deque[tuple[float, bytes]] = deque()
        free_at, queued = 0.0, 0
        while not self._closed.is_set():
            pause_s = 0.05 if not waiting else max(0.0, min(0.05, waiting[0][0] - time.monotonic()))
            if select.select([source], [], [], pause_s)[0]:
                packet = os.read(source, _MTU + 100)
                now = time.monotonic()
                if queued + len(packet) <= _QUEUE_BYTES and not self._cut.is_set():
                    free_at = max(now, free_at) + len(packet) / bytes_per_s
                    waiting.append((free_at + delay_s, packet))
                    queued += len(packet)
            while waiting and waiting[0][0] <= time.monotonic():
                packet = waiting.popleft()[1]
                queued -= len(packet)
                try:
                    os.write(target, packet)
                except OSError:  # the end is down
                    continue


def _tun(network: Namespaces, host: str, name: str, address: str) -> int:
    file = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
    fcntl.ioctl(file, _TUNSETIFF, struct.pack("16sH", name.encode(), _IFF_TUN_NO_PI))
    space = network.prefix(host)[-1]
    _run("ip", "link", "set", name, "netns", space)
    _run("ip", "-n", space, "addr", "add", f"{address}/32", "dev", name)
    _run("ip", "-n", space, "link", "set", name, "mtu", str(_MTU), "up")
    return file


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)
