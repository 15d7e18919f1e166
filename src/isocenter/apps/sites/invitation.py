"""The file by which one site lets another follow it: where everything is, and the secrets that both must share.

Whoever reads it can read the whole archive: it is written for its owner alone, carried by hand, and deleted after use.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from isocenter.apps.postgres.replication import Source
from isocenter.kit.errors import Conflict, Invalid
from isocenter.kit.files import write_whole

FORMAT: Final = "isocenter-site/1"
_EACH_ITS_OWN: Final = ("replication.key", "storage-")
"""How a site is copied from, and what its object stores know it by, is its own."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """leader: the site that leads now; site: the one that is invited; source: None with a region's own PostgreSQL.

    heard_until: the last sign of life of the site that led before, in the leader's index (ISO 8601).
    leader_store, store: URLs of the two object stores as the leader reaches them. secrets: files of home/secrets.
    """

    leader: str
    site: str
    generation: int
    leader_store: str | None
    store: str | None
    witness_url: str | None
    source: Source | None
    secrets: dict[str, bytes]
    heard_until: str | None = None


def shared_secrets(home: Path) -> dict[str, bytes]:
    """The files of home/secrets that the other site must have too: without them it can neither verify nor decrypt."""
    files = sorted(path for path in (home / "secrets").iterdir() if path.is_file())
    shared = [path for path in files if not path.name.startswith(_EACH_ITS_OWN) and path.suffix != ".new"]
    return {path.name: path.read_bytes() for path in shared}


def write_invitation(path: Path, invitation: Invitation) -> None:
    """Write it for its owner alone. Raises Conflict when the file is there."""
    body = {"format": FORMAT, **asdict(invitation)}
    body["secrets"] = {name: base64.b64encode(data).decode() for name, data in invitation.secrets.items()}
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Conflict("This file is there already; name a new one.", file=path.name) from None
    with os.fdopen(descriptor, "w") as file:
        json.dump(body, file, indent=1)
        file.flush()
        os.fsync(file.fileno())


def read_invitation(path: Path) -> Invitation:
    """Read it. Raises Invalid when it is not one, is cut, or others may read it."""
    try:
        if path.stat().st_mode & 0o077:
            raise Invalid("Others may read this invitation: chmod 600 it, and think about who did.", file=path.name)
        body: dict[str, Any] = json.loads(path.read_text())
        if body.pop("format") != FORMAT:
            raise Invalid("This invitation was written by another version of Isocenter.", file=path.name)
        files = {_plain(name): base64.b64decode(data, validate=True) for name, data in body.pop("secrets").items()}
        source = body.pop("source")
        return Invitation(**body, source=None if source is None else Source(**source), secrets=files)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        raise Invalid("This is not an invitation of a site, or it is cut.", file=path.name) from None


def _plain(name: str) -> str:
    if not name or name.startswith(".") or "/" in name or "\0" in name:
        raise ValueError("not a file name")
    return name


def lay_out_secrets(home: Path, files: dict[str, bytes]) -> None:
    """Put the shared secrets into a home. Raises Conflict when one is there and differs: of another region, then."""
    folder = home / "secrets"
    folder.mkdir(mode=0o700, exist_ok=True)
    for name, data in files.items():
        path = folder / name
        if path.exists() and path.read_bytes() != data and name != "postgres.pgpass":
            raise Conflict("This home has another secret under this name: use an empty home.", file=name)
    for name, data in files.items():
        write_whole(folder / name, data)
