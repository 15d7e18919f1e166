"""The key by which the nodes of one region know each other: home/secrets/cluster.key, the same file on every node."""

from __future__ import annotations

from pathlib import Path

from isocenter.kit.errors import Invalid
from isocenter.storage.facts import make_key_file, read_key_file


def cluster_key_path(home: Path) -> Path:
    """Where it lies."""
    return home / "secrets" / "cluster.key"


def make_cluster_key(home: Path) -> None:
    """Make it when there is none: right for the first node; the others get a copy of that file before they start."""
    make_key_file(cluster_key_path(home))


def read_cluster_key(home: Path) -> bytes:
    """The key, 32 bytes. Raises Invalid when there is none or it is none."""
    try:
        return read_key_file(cluster_key_path(home)).secret
    except Invalid as error:
        message = "The cluster key cannot be read: copy secrets/cluster.key of another node into this home."
        raise Invalid(message, file="secrets/cluster.key") from error
