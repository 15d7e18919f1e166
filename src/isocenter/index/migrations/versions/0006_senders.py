"""Senders: the character set and the issuer of patient IDs that an application entity leaves unsaid."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the table. ae_title '*' stands for every sender without a row of its own."""
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    connection.execute(
        """
        CREATE TABLE sender (
            institution_id integer NOT NULL REFERENCES institution,
            ae_title text COLLATE "C" NOT NULL,
            default_character_set text COLLATE "C",
            issuer_of_patient_id text COLLATE "C",
            changed_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (institution_id, ae_title)
        );
        ALTER TABLE sender ENABLE ROW LEVEL SECURITY;
        ALTER TABLE sender FORCE ROW LEVEL SECURITY;
        CREATE POLICY inside_institution ON sender USING (institution_id = isocenter_institution())
            WITH CHECK (institution_id = isocenter_institution());
        GRANT SELECT, INSERT, UPDATE, DELETE ON sender TO isocenter_app;
        """
    )
