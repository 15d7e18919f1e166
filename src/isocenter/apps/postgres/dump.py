"""The index written to one file by pg_dump and read from it by pg_restore, of the version of the server or newer."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import psycopg

from isocenter.apps.postgres.programs import client_program
from isocenter.index.snapshot import NOT_COUNTED
from isocenter.kit.database import translated_errors
from isocenter.kit.errors import Exhausted

LONGEST_S = 6 * 3600.0


class DumpFailed(Exhausted):
    """pg_dump or pg_restore did not end well; the message says what it said."""

    reason = "dump-failed"


def dump_index(url: str, snapshot_id: str, path: Path) -> None:
    """Write the index as of an exported snapshot. Raises DumpFailed, PostgresMissing."""
    command = [str(_program("pg_dump", url)), "-Fc", "-Z", "1", "--no-owner", f"--snapshot={snapshot_id}"]
    command += [f"--exclude-table-data={name}" for name in sorted(NOT_COUNTED)]
    _run([*command, "-f", str(path), "-d", url])


def load_index(url: str, path: Path) -> None:
    """Load a dump into an empty database, all of it or nothing. Raises DumpFailed, PostgresMissing."""
    command = [str(_program("pg_restore", url)), "--no-owner", "--exit-on-error", "--single-transaction"]
    _run([*command, "-d", url, str(path)])


def _program(name: str, url: str) -> Path:
    with translated_errors(), psycopg.connect(url, connect_timeout=10) as connection:
        return client_program(name, connection.info.server_version // 10000)


def _run(command: list[str]) -> None:
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": os.environ.get("HOME", "/")}
    finished = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=LONGEST_S,
    )
    if finished.returncode != 0:
        said = finished.stderr.strip().splitlines()[-1:] or ["nothing"]
        raise DumpFailed(f"{Path(command[0]).name} failed: {said[0][:300]}")
