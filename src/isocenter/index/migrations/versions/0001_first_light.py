"""First light: institutions, the DICOM hierarchy, journals and packs, access, outbox, and procrastinate's tables."""

from __future__ import annotations

from pathlib import Path

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create everything. procrastinate's part is that of version 3.10 (a test holds the installed version to it)."""
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    connection.execute(SchemaManager.get_schema())
    connection.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
