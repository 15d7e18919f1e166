"""What was erased: instances alone, what there was of it in stores and journals, and its certificate."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Create the records of erasing. Keys themselves lie in the object store, so that no index brings them back."""
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    connection.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
