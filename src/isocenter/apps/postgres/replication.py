"""The other site's copy of the index: who may make one, how it is made, and how it is turned into the index.

PostgreSQL's own streaming replication does the work, through a slot, so that nothing is thrown away that the other site
still needs (up to 16 GB). A region's own PostgreSQL is replicated by those who run it; then nothing here is used.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from isocenter.apps.postgres.embedded import (
    REACHABLE_FOLDER,
    Layout,
    PostgresFailed,
    folder_of,
    own_folder,
    prepare_layout,
)
from isocenter.apps.postgres.listening import ROLE, certificate_path, owned_file
from isocenter.apps.postgres.programs import RunAs, find_programs, run_as
from isocenter.kit.database import APPLICATION_ROLE, translated_errors
from isocenter.kit.errors import Conflict, Invalid

BASE_BACKUP_TIMEOUT_S: Final = 24 * 3600
PROMOTION_TIMEOUT_S: Final = 60
_SITE = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")


class NotListening(Conflict):
    """This PostgreSQL cannot be copied by another site."""

    reason = "not-listening"


@dataclass(frozen=True, slots=True)
class Source:
    """What the other site needs to copy our PostgreSQL. certificate: PEM; version: major; password: of ROLE."""

    host: str
    port: int
    slot: str
    password: str
    certificate: str
    version: int


def slot_of(site: str) -> str:
    """The name of a site's replication slot."""
    if _SITE.fullmatch(site) is None:
        raise Invalid("A site is named with lower-case letters, digits and hyphens.", site=site[:60])
    return f"isocenter_{site.replace('-', '_')}"


def allow_standby(home: Path, url: str, site: str, host: str, port: int) -> Source:
    """Let another site copy the private PostgreSQL that runs on a home: a role, a password, a slot.

    host, port: where the other site reaches it. Raises NotListening without ISOCENTER_REPLICATION_ADDRESS.
    """
    root = folder_of(home)
    if root is None or not certificate_path(root).exists():
        raise NotListening("Set ISOCENTER_REPLICATION_ADDRESS to host:port and start this site again: then it listens.")
    password = _password(home)
    with translated_errors(), psycopg.connect(url, autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone()
        verb = sql.SQL("ALTER" if known else "CREATE")
        role = sql.SQL("{} ROLE {} REPLICATION LOGIN PASSWORD {}")
        connection.execute(role.format(verb, sql.Identifier(ROLE), sql.Literal(password)))
        connection.execute(sql.SQL("GRANT pg_read_all_stats TO {}").format(sql.Identifier(APPLICATION_ROLE)))
        slot = slot_of(site)
        if connection.execute("SELECT 1 FROM pg_replication_slots WHERE slot_name = %s", [slot]).fetchone() is None:
            connection.execute("SELECT pg_create_physical_replication_slot(%s, true)", [slot])
        version = connection.info.server_version // 10000
    return Source(host, port, slot, password, certificate_path(root).read_text(), version)


def forget_standby(url: str, site: str) -> bool:
    """Throw away the slot of a site that does not come back, and with it what is kept for it; whether there was one."""
    with translated_errors(), psycopg.connect(url, autocommit=True) as connection:
        dropped = connection.execute(
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %s AND NOT active",
            [slot_of(site)],
        ).fetchone()
    return dropped is not None


def copy_index(home: Path, source: Source, site: str, *, folder: Path | None = None) -> None:
    """Make the data of a standby in a home that has none, by pg_basebackup; it follows the source when it is started.

    folder: where the data comes to lie, instead of what postgres.json says. The password file of the source's owner
    must be in place (it comes with the invitation). Raises PostgresFailed, PostgresVersionMissing.
    """
    user = run_as()
    layout = prepare_layout(home, user, REACHABLE_FOLDER)
    data = folder or layout.data
    if data.exists():
        raise Conflict("This home has a database already; a standby begins without one.")
    programs = find_programs(source.version, layout.root / "programs", user)
    address = _address(layout, source, site, user)
    unfinished = data.with_name(data.name + ".new")
    subprocess.run(["rm", "-rf", str(unfinished)], check=True)
    own_folder(unfinished, user)
    command = [str(programs.bin / "pg_basebackup"), "-d", address, "-D", str(unfinished)]
    command += ["-X", "stream", "-S", source.slot, "-R", "-c", "fast", "--no-password"]
    _run(command, user, "pg_basebackup")
    unfinished.rename(data)


def _address(layout: Layout, source: Source, site: str, user: RunAs) -> str:
    """The address of the source; its secrets are in files that only the user who runs PostgreSQL may read."""
    passwords, certificate = layout.root / "leader.pgpass", layout.root / "leader.crt"
    owned_file(passwords, f"*:*:*:*:{source.password}\n".encode(), user)
    owned_file(certificate, source.certificate.encode(), user)
    return make_conninfo(
        host=source.host,
        port=str(source.port),
        user=ROLE,
        passfile=str(passwords),
        sslmode="verify-ca",
        sslrootcert=str(certificate),
        application_name=slot_of(site),
        connect_timeout="10",
        keepalives_idle="10",
        keepalives_interval="5",
        keepalives_count="3",
    )


def _run(command: list[str], user: RunAs, name: str) -> None:
    done = subprocess.run(  # type: ignore[call-overload]
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=BASE_BACKUP_TIMEOUT_S,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
        **user.popen_arguments(),
    )
    if done.returncode:
        raise PostgresFailed(f"{name} failed: {done.stderr.strip()[-500:]}")


def is_standby(url: str) -> bool:
    """Whether this PostgreSQL follows another."""
    with translated_errors(), psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        return connection.execute("SELECT pg_is_in_recovery()").fetchone() == (True,)


def become_primary(url: str) -> None:
    """End the following: from here on this PostgreSQL goes its own way. Nothing happens when it does already.

    Raises PostgresFailed when it does not within a minute, or the role may not promote it.
    """
    with translated_errors(), psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        if connection.execute("SELECT pg_is_in_recovery()").fetchone() == (False,):
            return
        try:
            done = connection.execute("SELECT pg_promote(true, %s)", [PROMOTION_TIMEOUT_S]).fetchone()
        except psycopg.errors.InsufficientPrivilege:
            raise PostgresFailed(
                "This role may not promote the database: promote it by hand, then give `isocenter promote` again."
            ) from None
    if done != (True,):
        raise PostgresFailed("PostgreSQL was told to take over and did not within a minute; its log says why.")


def set_aside_index(home: Path, word: str) -> Path | None:
    """Rename the data of a home that leads no more, so that a new copy can take its place; where it is now."""
    root = folder_of(home)
    if root is None or not (root / "data").exists():
        return None
    kept = root / f"data.aside-{word}"
    if kept.exists():
        shutil.rmtree(kept)
    (root / "data").rename(kept)
    return kept


def _password(home: Path) -> str:
    path = home / "secrets" / "replication.key"
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
    return path.read_text().strip()
