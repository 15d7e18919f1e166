"""Put a gzip form beside every text file of the built web client, for browsers behind slow lines."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

WORTH_IT = {".js", ".css", ".html", ".svg", ".json", ".wasm", ".map", ".txt"}


def main(dist: Path) -> None:
    """Compress once; the answer is sent as it lies there."""
    for path in sorted(dist.rglob("*")):
        if path.is_file() and path.suffix in WORTH_IT and path.stat().st_size > 1024:
            packed = gzip.compress(path.read_bytes(), compresslevel=9, mtime=0)
            path.with_name(path.name + ".gz").write_bytes(packed)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
