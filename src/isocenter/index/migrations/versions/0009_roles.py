"""People hold several roles, and who gave or ended each one is kept."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Move the one role of an account, an enrolment and a token into what can hold several."""
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    connection.execute(
        """
        -- A role held from since to until (null: still). given_by, ended_by: caller ids.
        CREATE TABLE user_role (
            institution_id integer NOT NULL REFERENCES institution,
            user_id integer NOT NULL REFERENCES user_account ON DELETE CASCADE,
            role text COLLATE "C" NOT NULL,
            since timestamptz NOT NULL DEFAULT now(),
            given_by text COLLATE "C" NOT NULL,
            until timestamptz,
            ended_by text COLLATE "C",
            PRIMARY KEY (institution_id, user_id, role, since)
        );
        CREATE UNIQUE INDEX user_role_held ON user_role (user_id, role) WHERE until IS NULL;
        INSERT INTO user_role (institution_id, user_id, role, since, given_by)
            SELECT institution_id, user_id, role, created_at, 'migration' FROM user_account;
        ALTER TABLE user_account DROP COLUMN role;
        ALTER TABLE enrolment ADD COLUMN roles text[];
        UPDATE enrolment SET roles = ARRAY[role];
        ALTER TABLE enrolment ALTER COLUMN roles SET NOT NULL, DROP COLUMN role;
        ALTER TABLE api_token ADD COLUMN roles text[];
        UPDATE api_token SET roles = ARRAY[role];
        ALTER TABLE api_token ALTER COLUMN roles SET NOT NULL, DROP COLUMN role;
        ALTER TABLE user_role ENABLE ROW LEVEL SECURITY;
        ALTER TABLE user_role FORCE ROW LEVEL SECURITY;
        CREATE POLICY inside_institution ON user_role USING (institution_id = isocenter_institution())
            WITH CHECK (institution_id = isocenter_institution());
        GRANT SELECT, INSERT, UPDATE ON user_role TO isocenter_app;
        """
    )
