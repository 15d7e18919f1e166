"""Destinations that are called over TLS, and the one certificate that a destination may be bound to."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0013"


def upgrade() -> None:
    """certificate: SHA-256 of its DER, lower-case hex digits; null: any that an authority gave to the host."""
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    connection.execute(
        """
        ALTER TABLE destination
            ADD COLUMN tls boolean NOT NULL DEFAULT false,
            ADD COLUMN certificate text COLLATE "C" CHECK (certificate ~ '^[0-9a-f]{64}$');
        """
    )
