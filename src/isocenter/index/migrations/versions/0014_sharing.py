"""Sharing and sight: alliances, sharing rules, restrictions, care, broken glass, and policies by caller."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0014"
down_revision = "0015"


def upgrade() -> None:
    """Create the tables, what sets a caller's sight, and the policies that hold it."""
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    connection.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
