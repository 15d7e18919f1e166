"""Versions kept aside that a person made the current ones."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Create the table. attributes: what the index keeps of an instance, of this version."""
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    connection.execute(
        """
        CREATE TABLE chosen_version (
            institution_id integer NOT NULL,
            study_id integer NOT NULL,
            sop_instance_uid text COLLATE "C" NOT NULL,
            digest bytea NOT NULL,
            correction_id integer NOT NULL,
            attributes jsonb NOT NULL DEFAULT '{}',
            PRIMARY KEY (institution_id, study_id, sop_instance_uid)
        );
        ALTER TABLE chosen_version ENABLE ROW LEVEL SECURITY;
        ALTER TABLE chosen_version FORCE ROW LEVEL SECURITY;
        CREATE POLICY inside_institution ON chosen_version USING (institution_id = isocenter_institution())
            WITH CHECK (institution_id = isocenter_institution());
        GRANT SELECT, INSERT, UPDATE, DELETE ON chosen_version TO isocenter_app;
        """
    )
