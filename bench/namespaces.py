"""Hosts made of network namespaces on one bridge: their lines can be cut as a pulled cable does (Linux, as root)."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress


class NoNamespacesError(RuntimeError):
    """This machine or this user cannot make network namespaces."""


class Namespaces:
    """One namespace per host, joined by a bridge whose address this process uses. Close it."""

    def __init__(self, hosts: Sequence[str]) -> None:
        """hosts: short names. The address of this process ends with .1."""
        if shutil.which("ip") is None or os.geteuid() != 0:
            raise NoNamespacesError("network namespaces need root and the program ip")
        self._salt = f"{os.getpid() % 100000}"
        self._bridge = f"ib{self._salt}"
        self._hosts = list(hosts)
        self.network = network = f"10.77.{os.getpid() % 250}"
        """The first three numbers of the addresses."""
        try:
            _ip("link", "add", self._bridge, "type", "bridge")
            _ip("addr", "add", f"{network}.1/24", "dev", self._bridge)
            _ip("link", "set", self._bridge, "up")
            for host in hosts:
                self._add(host)
        except BaseException:
            self.close()
            raise

    def address(self, host: str) -> str:
        """The IPv4 address of a host."""
        return f"{self.network}.{10 + self._hosts.index(host)}"

    def prefix(self, host: str) -> list[str]:
        """What runs a program on a host."""
        return ["ip", "netns", "exec", self._space(host)]

    def cut(self, host: str) -> None:
        """From now on nothing comes from it or to it, and nobody is told."""
        _ip("link", "set", self._outer(host), "down")

    def mend(self, host: str) -> None:
        """As before."""
        _ip("link", "set", self._outer(host), "up")

    def close(self) -> None:
        """Take it all down."""
        for host in self._hosts:
            for command in (("link", "del", self._outer(host)), ("netns", "del", self._space(host))):
                with suppress(NoNamespacesError):
                    _ip(*command)
        with suppress(NoNamespacesError):
            _ip("link", "del", self._bridge)

    def _add(self, host: str) -> None:
        space, outer, inner = self._space(host), self._outer(host), f"in{self._salt}{self._hosts.index(host)}"
        _ip("netns", "add", space)
        _ip("link", "add", outer, "type", "veth", "peer", "name", inner)
        _ip("link", "set", inner, "netns", space)
        _ip("link", "set", outer, "master", self._bridge, "up")
        inside = ("-n", space)
        _ip(*inside, "addr", "add", f"{self.address(host)}/24", "dev", inner)
        _ip(*inside, "link", "set", inner, "up")
        _ip(*inside, "link", "set", "lo", "up")

    def _space(self, host: str) -> str:
        return f"isocenter-{self._salt}-{host}"

    def _outer(self, host: str) -> str:
        return f"ou{self._salt}{self._hosts.index(host)}"


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoNamespacesError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
