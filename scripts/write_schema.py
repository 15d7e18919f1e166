"""Write src/isocenter/index/schema.sql: the schema that the migrations end in, as PostgreSQL itself describes it."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from isocenter.apps.postgres.embedded import EmbeddedPostgres
from isocenter.index.migrate import migrate

TARGET = Path(__file__).parents[1] / "src" / "isocenter" / "index" / "schema.sql"
HEADING = "-- What the migrations end in, for reading. Written by scripts/write_schema.py; a test compares the two.\n\n"
NOISE = re.compile(
    r"--.*|SET .*|SELECT pg_catalog\.set_config.*|\\(un)?restrict .*|CREATE SCHEMA public;|COMMENT ON SCHEMA public .*"
)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        server = EmbeddedPostgres(Path(folder) / "home", durable=False)
        try:
            migrate(server.start())
            assert server.programs is not None
            dump = subprocess.run(
                [str(server.programs.bin / "pg_dump"), "--schema-only", "--no-owner", "--dbname", server.url],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        finally:
            server.stop()
    TARGET.write_text(HEADING + readable(dump))
    return 0


def readable(dump: str) -> str:
    """Without comments, session settings and what every database has; no line that differs from run to run."""
    lines = [line for line in dump.splitlines() if not NOISE.fullmatch(line)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


if __name__ == "__main__":
    sys.exit(main())
