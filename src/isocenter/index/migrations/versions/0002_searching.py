"""Searching: which studies still have the tokens of an older program, studies of a patient, events in order."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Expand only: tokens of older studies are written anew by the worker, in batches (isocenter.index.tokens)."""
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    connection.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
