"""A real OpenStack Swift with s3api for tests and benches, started in a second: see swift_server.py."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from isocenter.storage.credentials import StoreCredentials

PYTHON = Path(__file__).parents[2] / ".venv" / "swift" / "bin" / "python"
CREDENTIALS = StoreCredentials("test:tester", "testing")
BUCKET = "isocenter"


@dataclass(slots=True)
class Swift:
    """A running server. port: of its S3 door on loopback; folder: what it keeps."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def endpoint(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

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


def start_swift(parent: Path | None = None) -> Swift:
    """Start one with an empty bucket; its folder needs user attributes, which ext4 has and an old tmpfs has not."""
    if not PYTHON.exists():
        reason = "OpenStack Swift is not here: scripts/set-up --tests puts it into .venv/swift"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="isocenter-swift-", dir=parent or "/var/tmp"))
    command = [str(PYTHON), "-P", "-W", "ignore", str(Path(__file__).with_name("swift_server.py")), str(folder), BUCKET]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    port = process.stdout.readline()
    assert port, "Swift did not start; what it says is above"
    return Swift(int(port), folder, process)
