"""The worker looks for studies whose tokens were made by rules older than 2 (isocenter.index.tokens.TOKEN_RULES)."""

from __future__ import annotations

from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """The index holds nothing once they are made anew."""
    op.execute("DROP INDEX study_to_tokenise")
    op.execute("CREATE INDEX study_to_tokenise ON study (institution_id, study_id) WHERE token_rules < 2")
