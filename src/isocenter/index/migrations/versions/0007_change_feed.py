"""The change feed: up to which version of a study it has told of what arrived."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """One column with a constant default: no table is rewritten, and arriving instances do not touch it."""
    op.execute("ALTER TABLE study ADD COLUMN told_version bigint NOT NULL DEFAULT 0")
