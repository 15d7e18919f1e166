"""A real OpenStack Swift with s3api beside the bench and the tests: one process, an empty bucket, up in a second."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from isocenter.storage.credentials import StoreCredentials

ROOT = Path(__file__).parents[1]
PYTHON = ROOT / ".venv" / "swift" / "bin" / "python"
SERVER = ROOT / "tests" / "storage" / "swift_server.py"
CREDENTIALS = StoreCredentials("test:tester", "testing")
BUCKET = "isocenter"


class SwiftMissingError(RuntimeError):
    """It is not installed."""


@dataclass(slots=True)
class Swift:
    """A running server. port: of its S3 door on loopback, or on another host; folder: what it keeps."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes]
    host: str = "127.0.0.1"

    @property
    def endpoint(self) -> str:
        """Its address."""
        return f"http://{self.host}:{self.port}"

    def url(self, prefix: str = "", **options: str) -> str:
        """The URL of a store in it, for `open_store`."""
        return store_url(self.endpoint, prefix, **options)

    def stop(self) -> None:
        """End it and remove what it kept."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        self.process.wait(10)
        if self.process.stdout is not None:
            self.process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def store_url(endpoint: str, prefix: str = "", **options: str) -> str:
    """The URL of a store in the bucket at an endpoint."""
    more = "".join(f"&{name}={value}" for name, value in options.items())
    return f"s3://{BUCKET}/{prefix}?endpoint={quote(endpoint, safe='')}{more}"


def start_swift(parent: Path | None = None, *, prefix: Sequence[str] = (), host: str = "127.0.0.1") -> Swift:
    """Start one; its folder needs user attributes, as ext4 has and an old tmpfs has not. Raises SwiftMissingError.

    prefix: what runs a program on another host, whose address is `host`.
    """
    if not PYTHON.exists():
        raise SwiftMissingError("OpenStack Swift is not here: scripts/set-up --tests puts it into .venv/swift")
    folder = Path(tempfile.mkdtemp(prefix="isocenter-swift-", dir=parent or "/var/tmp"))
    # -P: the folder of the program holds modules of ours that must not be taken for Swift's
    command = [*prefix, str(PYTHON), "-P", "-W", "ignore", str(SERVER), str(folder), BUCKET, host]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    port = process.stdout.readline()
    if not port:
        raise RuntimeError("Swift did not start; what it says is above")
    return Swift(int(port), folder, process, host)
