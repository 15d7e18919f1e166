"""Institutions have a code and departments, accounts may have no password, invitations can be listed."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Existing institutions take their number as code."""
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    connection.execute(
        """
        -- code: short, unique, safe in URLs; a random one where nobody chose. deactivated_at: nobody signs in any more.
        ALTER TABLE institution
            ADD COLUMN code text COLLATE "C" DEFAULT substr(gen_random_uuid()::text, 1, 8),
            ADD COLUMN other_name text COLLATE "C" NOT NULL DEFAULT '',
            ADD COLUMN deactivated_at timestamptz;
        UPDATE institution SET code = 'institution-' || institution_id;
        ALTER TABLE institution ALTER COLUMN code SET NOT NULL, ADD UNIQUE (code);

        CREATE TABLE department (
            institution_id integer NOT NULL REFERENCES institution,
            department_id integer GENERATED ALWAYS AS IDENTITY,
            code text COLLATE "C" NOT NULL,
            name text COLLATE "C" NOT NULL,
            other_name text COLLATE "C" NOT NULL DEFAULT '',
            created_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (institution_id, department_id),
            UNIQUE (institution_id, code),
            UNIQUE (institution_id, name)
        );
        ALTER TABLE department ENABLE ROW LEVEL SECURITY;
        ALTER TABLE department FORCE ROW LEVEL SECURITY;
        CREATE POLICY inside_institution ON department USING (institution_id = isocenter_institution())
            WITH CHECK (institution_id = isocenter_institution());
        GRANT SELECT, INSERT, UPDATE, DELETE ON department TO isocenter_app;

        -- password_hash null: signs in by other means, or has not chosen one yet.
        ALTER TABLE user_account
            ALTER COLUMN password_hash DROP NOT NULL,
            ADD COLUMN department_id integer,
            ADD FOREIGN KEY (institution_id, department_id) REFERENCES department;
        CREATE INDEX user_account_by_institution ON user_account (institution_id, username);

        ALTER TABLE enrolment
            ADD COLUMN enrolment_id integer GENERATED ALWAYS AS IDENTITY UNIQUE,
            ADD COLUMN display_name text COLLATE "C" NOT NULL DEFAULT '',
            ADD COLUMN department_id integer,
            ADD COLUMN issued_by text COLLATE "C" NOT NULL DEFAULT '',
            ADD FOREIGN KEY (institution_id, department_id) REFERENCES department;
        """
    )
