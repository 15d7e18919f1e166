"""Devices: the application entities of an institution, admitted by title, address and certificate."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0013"
down_revision = "0014"


def upgrade() -> None:
    """Create the tables; what was said of senders moves into devices."""
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    connection.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
