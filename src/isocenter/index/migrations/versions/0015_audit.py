"""The audit trail is chained, anchored, archived and sent."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0015"
down_revision = "0012"


def upgrade() -> None:
    """Chain what is there, create what the trail is archived, anchored and sent by."""
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    connection.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
