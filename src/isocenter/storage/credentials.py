"""Credentials of object stores: a small file that its owner alone reads; never in a URL or the database."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from isocenter.kit.errors import Invalid

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_LINE = re.compile(r"\s*([a-z_]+)\s*=\s*(\S+)\s*")
_FIELDS = ("access_key_id", "secret_access_key", "session_token")
_MAX_BYTES = 16384


@dataclass(frozen=True, slots=True)
class StoreCredentials:
    """What an S3 store knows us by. The secrets are in no repr."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


def credentials_file(secrets: Path, name: str) -> Path:
    """The file of the credentials of this name: "<secrets>/storage-<name>". Raises Invalid when it is no name."""
    if _NAME.fullmatch(name) is None:
        raise Invalid("A name of credentials is made of a-z, 0-9 and dashes.", name=name[:64])
    return secrets / f"storage-{name}"


def read_credentials(path: Path) -> StoreCredentials:
    """Read lines `access_key_id = …`, `secret_access_key = …` and, if need be, `session_token = …`; # is a comment.

    Raises Invalid, which names the file and never what is in it: when it is not there, when others than its owner may
    read it, when a line or a key is missing or not understood.
    """
    try:
        with path.open("rb") as file:
            mode, data = path.stat().st_mode, file.read(_MAX_BYTES)
        lines = data.decode("ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        message = f"Put access_key_id and secret_access_key into secrets/{path.name}, a file of mode 600."
        raise Invalid(message, file=path.name) from error
    if mode & 0o077:
        raise Invalid(f"Others may read secrets/{path.name}: chmod 600 it.", file=path.name)
    values: dict[str, str] = {}
    for line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None or match[1] not in _FIELDS:
            raise Invalid("A line of a file of credentials is not understood.", file=path.name)
        values[match[1]] = match[2]
    if not {"access_key_id", "secret_access_key"} <= values.keys():
        raise Invalid("A file of credentials needs access_key_id and secret_access_key.", file=path.name)
    return StoreCredentials(**values)
