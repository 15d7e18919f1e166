"""The corpus of inputs: a folder for each target, files named by what they hold (seeds) or by their digest (finds)."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

FOLDER = Path(__file__).parent / "corpus"


def entries(target: str) -> dict[str, bytes]:
    """Every entry of a target by the name of its file."""
    return {path.name: path.read_bytes() for path in sorted((FOLDER / target).iterdir()) if path.is_file()}


def keep(target: str, data: bytes) -> Path:
    """Write a find, to be replayed at every run of the tests from then on."""
    path = FOLDER / target / f"find-{sha256(data).hexdigest()[:16]}"
    path.write_bytes(data)
    return path
